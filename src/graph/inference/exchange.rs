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
/// header of 5 bytes, a message of 4 + 32 or 4 + 48 bytes, its type and a tag of 16 bytes (RFC 8446
/// §4.4.4, §5.2). With a request behind it in the same turn it is longer.
const FINISHED: [u16; 2] = [58, 74];

/// The same behind the change_cipher_spec of 6 bytes that middle boxes want to see (appendix D.4).
const FINISHED_BEHIND_CHANGE: [u16; 2] = [64, 80];

/// Size of a TLS 1.3 close_notify, which travels as application data and is answered by another: a
/// header of 5 bytes, an alert of 2 bytes, its type and a tag (RFC 8446 §6.1).
const CLOSE_NOTIFY: u16 = 24;

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

/// True for what a TLS client says before its first request and after its last. Application data is a
/// request unless it has the size of a Finished where one may come, or of a close_notify.
fn is_handshake(turn: &Turn, number: usize) -> bool {
    match turn.opening {
        HANDSHAKE | ALERT => true,
        CHANGE_CIPHER_SPEC => FINISHED_BEHIND_CHANGE.contains(&turn.bytes),
        // Right behind the ClientHello; in TLS 1.2 another turn of the handshake stands there.
        APPLICATION_DATA => turn.bytes == CLOSE_NOTIFY || number == 2 && FINISHED.contains(&turn.bytes),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{endpoint, served};
    use crate::model::Timestamp;

    /// Cuts turns `(who, first ms, last ms, bytes, first byte)` of a flow that began 10 ms before zero and
    /// writes exchanges as `start-end`, without an end where nobody answered.
    fn check(tls: bool, turns: &[(char, i64, i64, u16, u8)], as_server: &str, as_client: &str) {
        let at = |ms: i64| Timestamp::from_nanos(SECOND + ms * MILLISECOND);
        let mut record = served(endpoint(1, 40_000), endpoint(2, 443), 0);
        let client = if record.ledger.syn_from[Side::A] { Side::A } else { Side::B };
        record.first = at(-10);
        record.tls = tls;
        let turn = |&(who, first, last, bytes, opening): &(char, i64, i64, u16, u8)| Turn {
            side: if who == 'c' { client } else { client.other() },
            first: at(first),
            lasted_us: ((last - first) * 1000) as u32,
            bytes,
            opening,
        };
        record.turns = turns.iter().map(turn).collect();
        let told = |exchanges: Vec<Exchange>| {
            let ms = |nanos: Nanos| (nanos - SECOND) / MILLISECOND;
            let one = |exchange: &Exchange| match exchange.answered {
                true => format!("{}-{}", ms(exchange.start), ms(exchange.end)),
                false => format!("{}-", ms(exchange.start)),
            };
            exchanges.iter().map(one).collect::<Vec<_>>().join(" ")
        };
        let (mut server, mut caller) = (Vec::new(), Vec::new());
        exchanges(&record, client, &mut server);
        opened(&record, client, &mut caller);
        assert_eq!((told(server).as_str(), told(caller).as_str()), (as_server, as_client));
    }

    #[test]
    fn a_connection_that_stays_holds_many_exchanges() {
        let turns = [
            ('c', 0, 0, 90, b'G'),
            ('s', 5, 9, 900, b'H'),
            ('c', 400, 400, 90, b'G'),
            ('s', 402, 402, 9, b'H'),
        ];
        check(false, &turns, "0-9 400-402", "-10-9 400-402");
    }

    #[test]
    fn a_request_in_two_parts_is_one_and_a_message_without_answer_is_its_own() {
        check(
            false,
            &[('c', 0, 0, 90, b'P'), ('c', 140, 140, 90, b'x'), ('s', 150, 150, 9, b'H')],
            "0-150",
            "-10-150",
        );
        check(false, &[('c', 0, 0, 90, b'<'), ('c', 900, 900, 90, b'<')], "0- 900-", "-10- 900-");
    }

    #[test]
    fn an_answer_in_parts_is_one_and_what_is_pushed_is_none() {
        check(
            false,
            &[('c', 0, 0, 90, b'G'), ('s', 1, 1, 9, b'H'), ('s', 700, 800, 9, b'x')],
            "0-800",
            "-10-800",
        );
        check(
            false,
            &[('c', 0, 0, 90, b'G'), ('s', 1, 1, 9, b'H'), ('s', 9000, 9000, 9, b'x')],
            "0-1",
            "-10-1",
        );
    }

    #[test]
    fn a_greeting_is_no_answer_and_a_pool_is_not_opened_for_its_first_request() {
        check(
            false,
            &[('s', 1, 1, 90, b'2'), ('c', 2000, 2000, 9, b'E'), ('s', 2001, 2001, 9, b'2')],
            "2000-2001",
            "2000-2001",
        );
    }

    #[test]
    fn tls_shakes_hands_before_the_first_request_and_after_the_last() {
        let tls13 = [
            ('c', 0, 0, 517, 22),
            ('s', 1, 1, 1029, 22),
            ('c', 2, 2, 80, 20),
            ('s', 3, 3, 510, 23),
            ('c', 5, 5, 84, 23),
            ('s', 8, 8, 89, 23),
            ('c', 50, 50, 24, 23),
            ('s', 51, 51, 24, 23),
        ];
        check(true, &tls13, "5-8", "-10-8");
        // The Finished and the request in one turn.
        let together =
            [('c', 0, 0, 517, 22), ('s', 1, 1, 1029, 22), ('c', 2, 2, 164, 20), ('s', 3, 9, 510, 23)];
        check(true, &together, "2-9", "-10-9");
        let tls12 = [
            ('c', 0, 0, 200, 22),
            ('s', 1, 1, 1500, 22),
            ('c', 2, 2, 126, 22),
            ('s', 3, 3, 51, 20),
            ('c', 5, 5, 64, 23),
            ('s', 8, 8, 89, 23),
            ('c', 50, 50, 31, 21),
        ];
        check(true, &tls12, "5-8", "-10-8");
        // Without TLS the same sizes and first bytes are a protocol of somebody's own.
        check(false, &[('c', 0, 0, 24, 23), ('s', 8, 8, 89, 22)], "0-8", "-10-8");
    }

    #[test]
    fn a_connection_whose_requests_hide_in_its_handshake_is_one_exchange_for_who_opened_it() {
        let false_start =
            [('c', 0, 0, 200, 22), ('s', 1, 1, 1500, 22), ('c', 2, 2, 500, 22), ('s', 9, 9, 700, 20)];
        check(true, &false_start, "", "-10--1000");
    }
}
