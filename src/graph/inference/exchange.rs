//! Turns become exchanges: a request and its answer, as one of the two hosts could have timed them.

use crate::model::{FlowRecord, Nanos, Side, Transport, Turn};

const MILLISECOND: Nanos = 1_000_000;
const SECOND: Nanos = 1000 * MILLISECOND;

/// What a client says within this time after it paused is still the same request: a body after its
/// header, held up by a delayed acknowledgement (40 ms in Linux, at most 500 ms by RFC 9293 §3.8.6.3).
/// Later, and without an answer in between, it was a message that asked for none, and this is another.
const REQUEST_PAUSE_MAX: Nanos = 200 * MILLISECOND;

/// What a server adds within this time after it paused is still the same answer (a page whose head is
/// sent before its body is known). What comes later was pushed, and nobody asked for it.
const ANSWER_PAUSE_MAX: Nanos = 3 * SECOND;

/// An answer that takes longer was none: the server had something else to say.
const ANSWER_DELAY_MAX: Nanos = 60 * SECOND;

/// A connection whose first request follows its SYN within this time was opened for it. A pool that is
/// filled beforehand waits longer for its first use.
const OPENED_FOR_REQUEST_MAX: Nanos = SECOND;

/// Types of TLS records (RFC 8446 §5.1): the first byte of what a side says.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Sizes of a TLS 1.3 client's Finished, which is all that it says before the server may answer: a
/// header of 5 bytes, a message of 4 + 32 or 4 + 48 bytes, its type and a tag of 16 bytes, with or
/// without the change_cipher_spec of 6 bytes before it that middle boxes want to see (RFC 8446 §4.4.4,
/// §5.2, appendix D.4). With a request behind it in the same turn it is longer.
const FINISHED: [u16; 4] = [58, 74, 64, 80];

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exchange {
    /// The first byte of the request; or the SYN, for who opened the connection for it.
    pub start: Nanos,
    /// The last byte of the answer; the start, where there was none.
    pub end: Nanos,
    /// There was an answer.
    pub answered: bool,
    /// Bytes of the request and of the answer, each at most 65,535.
    pub bytes: (u16, u16),
}

/// The exchanges of a flow, in the order of their starts, as its server saw them.
pub fn exchanges(record: &FlowRecord, client: Side, out: &mut Vec<Exchange>) {
    let mut cut = Cut { out, open: None, asked_last: 0, handshake: false };
    let mut client_turns = 0;
    for turn in &record.turns {
        if turn.side == client {
            client_turns += 1;
            if record.tls && is_handshake(turn, client_turns) { cut.shake_hands() } else { cut.ask(turn) }
        } else {
            cut.answer(turn);
        }
    }
    cut.close();
}

/// The same as its client saw them: the first begins with the SYN, if the connection was opened for it.
/// A connection that was accepted and shows no request at all (TLS whose handshake holds the request,
/// one side not heard) is one exchange from its first packet to its last.
pub fn opened(record: &FlowRecord, client: Side, out: &mut Vec<Exchange>) {
    let before = out.len();
    exchanges(record, client, out);
    let opened = record.key.transport == Transport::Tcp && record.ledger.syn_from[client];
    if !opened {
        return;
    }
    let syn = record.first.nanos();
    match out.get_mut(before) {
        Some(first) if first.start - syn <= OPENED_FOR_REQUEST_MAX => first.start = first.start.min(syn),
        Some(_) => {}
        None if record.outcome.answered => {
            out.push(Exchange { start: syn, end: record.last.nanos(), answered: true, bytes: (0, 0) });
        }
        None => {}
    }
}

/// True for what a TLS client says before its first request. From the second turn on, application data
/// is a request unless it has the size of a Finished.
fn is_handshake(turn: &Turn, number: usize) -> bool {
    match turn.opening {
        HANDSHAKE | ALERT => true,
        CHANGE_CIPHER_SPEC => FINISHED.contains(&turn.bytes),
        APPLICATION_DATA => number <= 3 && FINISHED.contains(&turn.bytes),
        _ => false,
    }
}

struct Cut<'a> {
    out: &'a mut Vec<Exchange>,
    open: Option<Exchange>,
    asked_last: Nanos,
    handshake: bool,
}

impl Cut<'_> {
    fn ask(&mut self, turn: &Turn) {
        let start = turn.first.nanos();
        self.handshake = false;
        match &mut self.open {
            Some(open) if !open.answered && start - self.asked_last <= REQUEST_PAUSE_MAX => {
                open.bytes.0 = open.bytes.0.saturating_add(turn.bytes);
            }
            _ => {
                self.close();
                self.open = Some(Exchange { start, end: start, answered: false, bytes: (turn.bytes, 0) });
            }
        }
        self.asked_last = turn.last().nanos();
    }

    fn answer(&mut self, turn: &Turn) {
        // Before the first request a server greets, and within the handshake it shakes hands.
        let Some(open) = self.open.as_mut().filter(|_| !self.handshake) else { return };
        let since = turn.first.nanos() - if open.answered { open.end } else { self.asked_last };
        if since <= if open.answered { ANSWER_PAUSE_MAX } else { ANSWER_DELAY_MAX } {
            open.answered = true;
            open.end = open.end.max(turn.last().nanos());
            open.bytes.1 = open.bytes.1.saturating_add(turn.bytes);
        }
    }

    fn shake_hands(&mut self) {
        self.close();
        self.handshake = true;
    }

    fn close(&mut self) {
        self.out.extend(self.open.take());
    }
}
