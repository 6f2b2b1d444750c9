//! What one direction of a TCP connection has shown: sequence numbers, holes, acknowledgements.

use super::reassembly::{self, distance};
use crate::decode::TcpFlags;

/// Acknowledgements further ahead than this are nonsense, not lost data.
const ACKNOWLEDGED_AHEAD_MAX: i32 = 1 << 30;

/// A SYN this far back is no repetition: nobody repeats one after 16 MiB.
const REPEATED_SYN_MAX: i32 = 1 << 24;

/// What the header of a segment says of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The sequence number of the first byte, or of the SYN.
    pub sequence: u32,
    /// The acknowledgement number, if `flags` say that there is one.
    pub acknowledgement: u32,
    /// Flags.
    pub flags: TcpFlags,
}

/// One direction, as the tap heard it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// The sequence number after the last byte or FIN heard.
    high: u32,
    /// The sequence number of the first byte: after the SYN, where one was heard.
    first: u32,
    /// Where the earliest hole that is still open begins.
    hole_start: u32,
    /// Bytes in holes below `high`.
    hole: u32,
    /// The first and the latest acknowledgement number this direction carried.
    ack_first: u32,
    ack_last: u32,
    started: bool,
    /// It was heard from its SYN on.
    from_syn: bool,
    acks: bool,
    /// A FIN was heard.
    pub fin: bool,
    /// Segments with nothing new.
    pub retransmitted: u32,
    /// Packets that refuse nothing: segments other than RST, SCTP packets other than ABORT, datagrams.
    pub spoken: u32,
    /// Payload came that was not part of the handshake.
    pub payload: bool,
}

impl Heard {
    /// Takes note of a segment of `len` payload bytes; `receiver` is what the other side has
    /// acknowledged so far.
    pub fn segment(&mut self, segment: Segment, len: u32, receiver: Option<u32>) {
        let Segment { sequence, acknowledgement, flags } = segment;
        if !flags.rst() {
            self.spoke();
            self.payload |= len > 0 && !flags.syn();
            self.bytes(sequence, len, flags, receiver);
        }
        if flags.ack() {
            self.acknowledges(acknowledgement);
        }
        self.fin |= flags.fin();
    }

    fn bytes(&mut self, sequence: u32, len: u32, flags: TcpFlags, receiver: Option<u32>) {
        let start = sequence.wrapping_add(u32::from(flags.syn()));
        // A FIN takes a sequence number (RFC 9293 §3.4).
        let end = start.wrapping_add(len).wrapping_add(u32::from(flags.fin()));
        if !self.started {
            self.started = true;
            self.from_syn = flags.syn();
            self.first = start;
            self.high = start;
        }
        let ahead = distance(start, self.high);
        let beyond_reach = |from: u32| distance(start, from) > reassembly::AHEAD_MAX;
        if beyond_reach(self.high) && receiver.is_none_or(beyond_reach) {
            return;
        }
        if distance(end, self.high) > 0 {
            if ahead > 0 {
                if self.hole == 0 {
                    self.hole_start = self.high;
                }
                self.hole = self.hole.saturating_add(ahead.unsigned_abs());
            }
            self.high = end;
        } else if len > 0 {
            // Old bytes: a late arrival closes a hole, anything else was sent again.
            if self.hole > 0 { self.hole = self.hole.saturating_sub(len) } else { self.retransmitted += 1 }
        }
    }

    /// The sequence number after the last byte or FIN heard.
    pub const fn high(&self) -> u32 {
        self.high
    }

    /// A packet that refuses nothing.
    pub const fn spoke(&mut self) {
        self.spoken = self.spoken.saturating_add(1);
    }

    /// True if a RST with this sequence number is of this connection, for all that the tap can tell: near
    /// what was heard or near what the other side has acknowledged. A receiver is stricter (RFC 9293
    /// §3.5.3); it knows its window.
    pub fn may_reset(&self, sequence: u32, receiver: Option<u32>) -> bool {
        let near =
            |number: u32| distance(sequence, number).unsigned_abs() <= reassembly::AHEAD_MAX.unsigned_abs();
        !self.started || near(self.high) || receiver.is_some_and(near)
    }

    /// The sequence number of the first byte, for a direction heard from its SYN on. What comes before
    /// it is no data (a keep-alive repeats the byte before the first), and what comes after a hole is
    /// not the beginning.
    pub const fn first_byte(&self) -> Option<u32> {
        if self.from_syn { Some(self.first) } else { None }
    }

    /// True if a SYN with this sequence number begins another connection than the one heard: a
    /// repeated SYN lies just before what has been heard.
    pub const fn is_elsewhere(&self, sequence: u32) -> bool {
        let ahead = distance(sequence, self.high);
        self.started && (ahead > 0 || ahead < -REPEATED_SYN_MAX)
    }

    /// A SYN with another sequence number than the one heard, before anything came of that one: what was
    /// heard belongs to a connection that never was.
    pub fn begins_again(&mut self, sequence: u32) {
        if self.started && sequence.wrapping_add(1) != self.first {
            *self = Heard { spoken: self.spoken, ..Heard::default() };
        }
    }

    fn acknowledges(&mut self, acknowledgement: u32) {
        if !self.acks {
            self.acks = true;
            self.ack_first = acknowledgement;
            self.ack_last = acknowledgement;
        } else if distance(acknowledgement, self.ack_last) > 0 {
            self.ack_last = acknowledgement;
        }
    }

    /// The latest acknowledgement number this direction carried.
    pub const fn last_ack(&self) -> Option<u32> {
        if self.acks { Some(self.ack_last) } else { None }
    }

    /// This direction's acknowledgements went forward by more than a FIN: the other side's bytes
    /// did arrive, whether or not the tap saw them.
    pub const fn acknowledged_data(&self) -> bool {
        self.acks && distance(self.ack_last, self.ack_first) > 1
    }

    /// Bytes of this direction that the other one acknowledged and the tap never saw.
    pub fn unseen(&self, other: &Heard) -> u64 {
        let (true, Some(ack)) = (self.started, other.last_ack()) else { return 0 };
        // Of holes, what the receiver has: not what lies beyond its acknowledgement.
        let hole = self.hole.min(distance(ack, self.hole_start).max(0).unsigned_abs());
        // One number more than was heard is a FIN that was not, and no data.
        let beyond = distance(ack, self.high) - i32::from(!self.fin);
        let beyond = if (1..ACKNOWLEDGED_AHEAD_MAX).contains(&beyond) { beyond.unsigned_abs() } else { 0 };
        u64::from(hole) + u64::from(beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: TcpFlags = TcpFlags(0x10);

    fn hear(heard: &mut Heard, sequence: u32, len: u32, flags: TcpFlags, acknowledgement: u32) {
        heard.segment(Segment { sequence, acknowledgement, flags }, len, None);
    }

    #[test]
    fn a_hole_that_was_acknowledged_is_unseen() {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        hear(&mut one, 1000, 100, ACK, 1);
        hear(&mut one, 1300, 100, ACK, 1);
        assert_eq!(one.unseen(&other), 0, "nobody has acknowledged it yet");
        hear(&mut other, 1, 0, ACK, 1400);
        assert_eq!(one.unseen(&other), 200);
        hear(&mut one, 1100, 200, ACK, 1);
        assert_eq!((one.unseen(&other), one.retransmitted), (0, 0), "it came late");
    }

    #[test]
    fn a_fin_is_no_unseen_byte() {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        hear(&mut one, 1000, 10, TcpFlags(0x11), 1);
        hear(&mut other, 1, 0, ACK, 1011);
        assert_eq!(one.unseen(&other), 0);
        hear(&mut one, 1011, 0, TcpFlags(0x04), 0);
        assert_eq!(one.unseen(&other), 0, "a reset after it leaves no hole");
    }

    #[test]
    fn acknowledgements_tell_of_a_side_that_is_not_tapped() {
        let mut one = Heard::default();
        hear(&mut one, 0, 0, TcpFlags(0x02), 0);
        hear(&mut one, 1, 0, ACK, 501);
        hear(&mut one, 1, 10, ACK, 501);
        assert!(!one.acknowledged_data());
        hear(&mut one, 11, 0, ACK, 900);
        assert!(one.acknowledged_data());
    }

    #[test]
    fn a_segment_far_ahead_is_no_hole() {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        hear(&mut one, 1000, 100, ACK, 1);
        hear(&mut one, 1_000_001_000, 100, ACK, 1);
        hear(&mut one, 1100, 100, ACK, 1);
        hear(&mut other, 1, 0, ACK, 1200);
        assert_eq!((one.unseen(&other), one.retransmitted), (0, 0));
    }

    #[test]
    fn holes_count_as_far_as_the_receiver_has_them() {
        let (mut one, mut other) = (Heard::default(), Heard::default());
        hear(&mut one, 1000, 100, ACK, 1);
        hear(&mut one, 1200, 100, ACK, 1);
        hear(&mut one, 1_001_300, 100, ACK, 1);
        hear(&mut other, 1, 0, ACK, 1300);
        assert_eq!(one.unseen(&other), 200, "the first hole and, at most, as much of what follows");
    }
}
