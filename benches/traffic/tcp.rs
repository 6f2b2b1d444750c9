//! A dialogue as TCP: handshake, segments, acknowledgements, losses and the end.

use std::collections::VecDeque;

use super::World;
use super::frame::{self, Party, Route, Segment};
use super::random::Random;
use super::schedule::{Flow, Timed};
use super::talk::{Dialogue, MILLISECOND, Turn};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Time that a full frame takes on a 1 Gbit/s link, nanoseconds.
const FRAME_TIME: u64 = 12_300;

/// A receiver with nothing to say acknowledges after this long (RFC 1122 §4.2.3.2), nanoseconds.
const DELAYED_ACK: u64 = 40 * MILLISECOND;

/// The retransmission timeout of a young Linux connection, nanoseconds.
const RETRANSMISSION_TIMEOUT: u64 = 201 * MILLISECOND;

/// Segments sent before the sender waits for an acknowledgement.
const BURST_SEGMENTS: usize = 16;

/// 2,048 scaled by 2^7: 256 KiB, more than a burst, so the window never fills.
const WINDOW: u16 = 2048;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// This side closes first.
    Fin(Party),
    /// The client resets.
    Reset,
    /// It stays open beyond the capture.
    Open,
}

/// One side's counters.
#[derive(Debug)]
struct Peer {
    sequence: u32,
    ip_id: u16,
    /// What its timestamp clock shows at the start of the capture, milliseconds.
    clock: u32,
}

/// One TCP connection.
pub struct Connection {
    route: Route,
    dialogue: Dialogue,
    random: Random,
    client: Peer,
    server: Peer,
    /// Time of the last packet, nanoseconds.
    now: u64,
    round_trip: u64,
    ending: Ending,
    stage: Stage,
    /// Who sent bytes that are not acknowledged yet.
    unacknowledged: Option<Party>,
    packets: usize,
}

/// What comes next.
enum Stage {
    Handshake,
    Talking,
    /// In the middle of a turn, this many of its bytes sent.
    Sending(Turn, usize),
    Over,
}

impl Connection {
    /// A connection that begins at `start` nanoseconds.
    pub fn new(route: Route, dialogue: Dialogue, start: u64, mut random: Random) -> Self {
        let mut peer = || Peer {
            sequence: random.next() as u32,
            ip_id: random.next() as u16,
            clock: random.next() as u32,
        };
        let (client, server) = (peer(), peer());
        let ending = match random.below(20) {
            0..11 => Ending::Fin(Party::Client),
            11..16 => Ending::Fin(Party::Server),
            16..19 => Ending::Reset,
            _ => Ending::Open,
        };
        let round_trip = MILLISECOND / 5 + random.wait(MILLISECOND);
        Connection {
            route,
            dialogue,
            random,
            client,
            server,
            now: start,
            round_trip,
            ending,
            stage: Stage::Handshake,
            unacknowledged: None,
            packets: 0,
        }
    }

    /// Makes it end politely, whatever chance decided.
    pub fn ending_with_fin(mut self) -> Self {
        self.ending = Ending::Fin(Party::Client);
        self
    }

    fn peer(&mut self, party: Party) -> &mut Peer {
        match party {
            Party::Client => &mut self.client,
            Party::Server => &mut self.server,
        }
    }

    /// A frame sent at `time` that carries `payload` from `sequence` on.
    fn frame(&mut self, time: u64, from: Party, flags: u8, sequence: u32, ack: u32, payload: &[u8]) -> Timed {
        let shown = |peer: &Peer, at: u64| peer.clock.wrapping_add((at / MILLISECOND) as u32).to_be_bytes();
        let (value, echo) = {
            let echo_time = time.saturating_sub(self.round_trip);
            let value = shown(self.peer(from), time);
            (value, shown(self.peer(from.other()), echo_time))
        };
        let mut options = Vec::with_capacity(20);
        if flags & SYN != 0 {
            let largest: u16 = if self.route.is_v6() { 1440 } else { 1460 };
            options.extend([2, 4]);
            options.extend(largest.to_be_bytes());
            options.extend([4, 2]);
        } else {
            options.extend([1, 1]);
        }
        options.extend([8, 10]);
        options.extend(value);
        options.extend(if flags & ACK != 0 { echo } else { [0; 4] });
        if flags & SYN != 0 {
            options.extend([1, 3, 3, 7]);
        }
        let window = if flags & SYN != 0 { 64_240 } else { WINDOW };
        let peer = self.peer(from);
        peer.ip_id = peer.ip_id.wrapping_add(1);
        let id = peer.ip_id;
        let segment = Segment { flags, sequence, acknowledgement: ack, window, options: &options, payload };
        self.packets += 1;
        (time, frame::tcp(&self.route, from, id, &segment))
    }

    /// Sends a segment without payload now; SYN and FIN take one number (RFC 9293 §3.4).
    fn send(&mut self, after: u64, from: Party, flags: u8, out: &mut VecDeque<Timed>) {
        self.now += after;
        let sequence = self.peer(from).sequence;
        let ack = if flags & ACK != 0 { self.peer(from.other()).sequence } else { 0 };
        let frame = self.frame(self.now, from, flags, sequence, ack, &[]);
        out.push_back(frame);
        if flags & (SYN | FIN) != 0 {
            self.peer(from).sequence = sequence.wrapping_add(1);
        }
        if self.unacknowledged == Some(from.other()) {
            self.unacknowledged = None;
        }
    }

    fn handshake(&mut self, out: &mut VecDeque<Timed>) {
        let half = self.round_trip / 2;
        self.send(0, Party::Client, SYN, out);
        self.send(half, Party::Server, SYN | ACK, out);
        self.send(half, Party::Client, ACK, out);
    }

    /// Sends as much of a turn as goes out before an acknowledgement must come back.
    fn burst(&mut self, turn: &Turn, sent: usize, out: &mut VecDeque<Timed>) -> usize {
        let from = turn.from;
        let largest = if self.route.is_v6() { 1428 } else { 1448 };
        let rest = &turn.bytes[sent..];
        let end = rest.len().min(BURST_SEGMENTS * largest);
        let ack = self.peer(from.other()).sequence;
        let mut frames = Vec::new();
        let mut latest = self.now;
        let segments = end.div_ceil(largest);
        // One burst in 300 arrives with two neighbours swapped.
        let swapped = (segments > 2 && self.random.chance(1, 300)).then_some(segments / 2);
        for (index, payload) in rest[..end].chunks(largest).enumerate() {
            let place = match index {
                _ if swapped == Some(index) => index + 1,
                _ if swapped.is_some_and(|first| first + 1 == index) => index - 1,
                _ => index,
            };
            let time = self.now + place as u64 * FRAME_TIME;
            latest = latest.max(time);
            let push = if sent + (index + 1) * largest >= turn.bytes.len() { PSH } else { 0 };
            let sequence = self.peer(from).sequence;
            frames.push(self.frame(time, from, ACK | push, sequence, ack, payload));
            let next = sequence.wrapping_add(payload.len() as u32);
            self.peer(from).sequence = next;
            let last = index + 1 == segments;
            // One burst in 400 loses its last segment behind the tap.
            if last && self.random.chance(1, 400) {
                latest += RETRANSMISSION_TIMEOUT;
                frames.push(self.frame(latest, from, ACK | push, sequence, ack, payload));
            }
            // Every second full segment is acknowledged (RFC 1122 §4.2.3.2); a burst's last one only
            // if more of the turn is to come, else the answer usually does it.
            if index % 2 == 1 || (last && sent + end < turn.bytes.len()) {
                latest += self.round_trip / 2;
                frames.push(self.frame(latest, from.other(), ACK, ack, next, &[]));
                self.unacknowledged = None;
            } else {
                self.unacknowledged = Some(from);
            }
        }
        frames.sort_by_key(|&(time, _)| time);
        self.now = frames.last().map_or(self.now, |&(time, _)| time);
        out.extend(frames);
        sent + end
    }

    fn begin_turn(&mut self, turn: &Turn, out: &mut VecDeque<Timed>) {
        let mut pause = turn.pause.max(self.round_trip / 2);
        if let Some(sender) = self.unacknowledged
            && pause > DELAYED_ACK
        {
            self.send(DELAYED_ACK, sender.other(), ACK, out);
            pause -= DELAYED_ACK;
        }
        self.now += pause;
        if self.unacknowledged == Some(turn.from.other()) {
            self.unacknowledged = None;
        }
    }

    fn end(&mut self, out: &mut VecDeque<Timed>) {
        let half = self.round_trip / 2;
        if let Some(sender) = self.unacknowledged {
            self.send(half, sender.other(), ACK, out);
        }
        let wait = self.dialogue.silence + half;
        match self.ending {
            Ending::Fin(first) => {
                self.send(wait, first, FIN | ACK, out);
                self.send(half, first.other(), FIN | ACK, out);
                self.send(half, first, ACK, out);
            }
            Ending::Reset => self.send(wait, Party::Client, RST | ACK, out),
            Ending::Open => {}
        }
    }
}

impl Flow for Connection {
    fn advance(&mut self, world: &World, out: &mut VecDeque<Timed>) {
        while out.is_empty() {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Handshake => {
                    self.handshake(out);
                    self.stage = Stage::Talking;
                }
                Stage::Talking => match self.dialogue.next(world, self.packets) {
                    Some(turn) => {
                        self.begin_turn(&turn, out);
                        self.stage = Stage::Sending(turn, 0);
                    }
                    None => {
                        self.end(out);
                        return;
                    }
                },
                Stage::Sending(turn, sent) => {
                    let sent = self.burst(&turn, sent, out);
                    self.stage = match turn.bytes.len() {
                        len if sent < len => Stage::Sending(turn, sent),
                        _ => Stage::Talking,
                    };
                }
                Stage::Over => return,
            }
        }
    }

    fn budget(&self) -> usize {
        self.dialogue.budget
    }
}

/// A connection that never comes about.
pub struct Attempt {
    route: Route,
    start: u64,
    /// The server says no with a reset; else it says nothing at all.
    refused: bool,
    sequence: u32,
}

impl Attempt {
    /// An attempt at `start` nanoseconds.
    pub fn new(route: Route, start: u64, refused: bool, mut random: Random) -> Self {
        Attempt { route, start, refused, sequence: random.next() as u32 }
    }
}

impl Flow for Attempt {
    fn advance(&mut self, _: &World, out: &mut VecDeque<Timed>) {
        if self.sequence == 0 {
            return;
        }
        let options = [2, 4, 0x05, 0xb4];
        let (sequence, acknowledgement) = (self.sequence, 0);
        let syn = Segment {
            flags: SYN,
            sequence,
            acknowledgement,
            window: 64_240,
            options: &options,
            payload: &[],
        };
        // Linux asks again after 1 s and after 3 s.
        let tries: &[u64] = if self.refused { &[0] } else { &[0, 1000, 3000] };
        for (id, wait) in tries.iter().enumerate() {
            let time = self.start + wait * MILLISECOND;
            out.push_back((time, frame::tcp(&self.route, Party::Client, id as u16, &syn)));
        }
        if self.refused {
            let acknowledgement = sequence.wrapping_add(1);
            let no = Segment {
                flags: RST | ACK,
                sequence: 0,
                acknowledgement,
                window: 0,
                options: &[],
                payload: &[],
            };
            let time = self.start + MILLISECOND / 3;
            out.push_back((time, frame::tcp(&self.route, Party::Server, 0, &no)));
        }
        self.sequence = 0;
    }

    fn budget(&self) -> usize {
        if self.refused { 2 } else { 3 }
    }
}
