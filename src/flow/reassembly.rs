//! One direction of a TCP connection: segments in any order become bytes in order, with gaps where
//! the tap missed some.

/// Segments that may wait behind a hole: 64 × one packet, the most that a lost packet holds up
/// before it is taken for lost.
const SEGMENTS_MAX: usize = 64;

/// Bytes that may wait behind a hole in one direction.
const BYTES_MAX: usize = 128 * 1024;

/// Once the receiver has acknowledged past a hole, the missing bytes did arrive there: they are
/// waited for only until this many later segments have come (a mirror reorders a little).
const ACKNOWLEDGED_SEGMENTS_MAX: usize = 3;

/// No segment belongs this far ahead of what was heard and acknowledged: 16 MiB are more than a
/// window holds in practice. Whatever is further off was sent to mislead, or is broken.
pub const AHEAD_MAX: i32 = 1 << 24;

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// This many bytes were not captured.
    Gap(u64),
}

#[derive(Debug)]
struct Segment {
    sequence: u32,
    /// As sent; more than `bytes` where the capture cut it.
    len: u32,
    bytes: Vec<u8>,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Reassembly {
    next: u32,
    started: bool,
    /// In the order of their sequence numbers.
    waiting: Vec<Segment>,
    waiting_bytes: usize,
    /// The receiver has acknowledged everything before this sequence number.
    acknowledged: Option<u32>,
}

/// `a − b` in sequence space (RFC 9293 §3.4): positive if `a` is later.
pub const fn distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}

impl Reassembly {
    /// The first byte to come has this sequence number. Without this call the first segment's counts.
    pub fn begin(&mut self, next: u32) {
        if !self.started {
            self.next = next;
            self.started = true;
        }
    }

    /// Bytes of memory that wait.
    pub const fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// A segment with `len` bytes as sent, of which `bytes` were captured.
    pub fn push(&mut self, sequence: u32, bytes: &[u8], len: u32, out: &mut impl FnMut(Piece<'_>)) {
        if len == 0 {
            return;
        }
        self.begin(sequence);
        let ahead = distance(sequence, self.next);
        if ahead > AHEAD_MAX && self.acknowledged.is_none_or(|ack| distance(sequence, ack) > AHEAD_MAX) {
            return;
        }
        if ahead > 0 {
            self.keep(sequence, bytes, len);
            if self.must_move_on() {
                self.skip_hole(out);
            }
            return;
        }
        self.deliver(sequence, bytes, len, out);
        self.drain(out);
    }

    /// The receiver has acknowledged everything before this sequence number.
    pub fn acknowledge(&mut self, acknowledgement: u32, out: &mut impl FnMut(Piece<'_>)) {
        if self.started && self.acknowledged.is_none_or(|ack| distance(acknowledgement, ack) > 0) {
            self.acknowledged = Some(acknowledgement);
            if self.must_move_on() {
                self.skip_hole(out);
            }
        }
    }

    /// The flow is over: what waits comes out, holes told as gaps.
    pub fn flush(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        while !self.waiting.is_empty() {
            self.skip_hole(out);
        }
    }

    fn must_move_on(&self) -> bool {
        self.waiting.len() > SEGMENTS_MAX
            || self.waiting_bytes > BYTES_MAX
            || (self.waiting.len() > ACKNOWLEDGED_SEGMENTS_MAX && self.hole_is_acknowledged())
    }

    /// The receiver has all bytes before the first waiting segment.
    fn hole_is_acknowledged(&self) -> bool {
        self.acknowledged
            .zip(self.waiting.first())
            .is_some_and(|(ack, segment)| distance(ack, segment.sequence) >= 0)
    }

    fn keep(&mut self, sequence: u32, bytes: &[u8], len: u32) {
        let place = self.waiting.partition_point(|segment| distance(segment.sequence, sequence) < 0);
        let same =
            self.waiting.get(place).is_some_and(|segment| segment.sequence == sequence && segment.len >= len);
        if !same {
            self.waiting_bytes += bytes.len();
            self.waiting.insert(place, Segment { sequence, len, bytes: bytes.to_vec() });
        }
    }

    /// Gives up on the bytes before the first waiting segment.
    fn skip_hole(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        if let Some(segment) = self.waiting.first() {
            let hole = distance(segment.sequence, self.next);
            if hole > 0 {
                out(Piece::Gap(hole.unsigned_abs().into()));
                self.next = segment.sequence;
            }
        }
        self.drain(out);
    }

    /// Delivers waiting segments for as long as they follow on.
    fn drain(&mut self, out: &mut impl FnMut(Piece<'_>)) {
        while self.waiting.first().is_some_and(|segment| distance(segment.sequence, self.next) <= 0) {
            let segment = self.waiting.remove(0);
            self.waiting_bytes -= segment.bytes.len();
            self.deliver(segment.sequence, &segment.bytes, segment.len, out);
        }
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }

    /// Delivers the part of a segment that is new. Where segments overlap, the first to arrive wins.
    fn deliver(&mut self, sequence: u32, bytes: &[u8], len: u32, out: &mut impl FnMut(Piece<'_>)) {
        let old = distance(self.next, sequence).max(0).unsigned_abs();
        if old >= len {
            return;
        }
        let fresh = bytes.get(old as usize..).unwrap_or_default();
        if !fresh.is_empty() {
            out(Piece::Bytes(fresh));
        }
        let cut = len - old - u32::try_from(fresh.len()).unwrap_or(u32::MAX).min(len - old);
        if cut > 0 {
            out(Piece::Gap(cut.into()));
        }
        self.next = self.next.wrapping_add(len - old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays segments `(offset, text)` from a sequence number near the wrap and writes gaps as `[n]`.
    fn check(segments: &[(u32, &str)], expected: &str) {
        let base = u32::MAX - 3;
        let mut stream = Reassembly::default();
        stream.begin(base);
        let mut text = String::new();
        let mut out = |piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            Piece::Gap(len) => text.push_str(&format!("[{len}]")),
        };
        for (offset, bytes) in segments {
            stream.push(base.wrapping_add(*offset), bytes.as_bytes(), bytes.len() as u32, &mut out);
        }
        stream.flush(&mut out);
        assert_eq!(text, expected);
    }

    #[test]
    fn puts_segments_in_order() {
        check(&[(0, "ab"), (4, "ef"), (2, "cd")], "abcdef");
        check(&[(2, "cd"), (0, "ab")], "abcd");
    }

    #[test]
    fn keeps_the_first_of_overlapping_bytes() {
        check(&[(0, "abc"), (1, "XYZ")], "abcZ");
        check(&[(0, "ab"), (0, "ab"), (2, "c")], "abc");
    }

    #[test]
    fn tells_holes_as_gaps() {
        check(&[(0, "ab"), (5, "f")], "ab[3]f");
    }

    #[test]
    fn moves_on_when_the_receiver_has_the_bytes() {
        let mut stream = Reassembly::default();
        stream.begin(0);
        let mut pieces = 0;
        for offset in [10, 20, 30, 40] {
            stream.push(offset, b"0123456789", 10, &mut |_| pieces += 1);
        }
        stream.acknowledge(50, &mut |_| pieces += 1);
        assert_eq!((pieces, stream.waiting_bytes()), (5, 0));
    }

    #[test]
    fn stray_segments_far_ahead_do_not_lead_astray() {
        let mut stream = Reassembly::default();
        stream.begin(0);
        let mut told = Vec::new();
        let mut out = |piece: Piece<'_>| told.push(format!("{piece:?}"));
        for stray in 0..4 {
            stream.push(1_000_000_000 + stray, b"x", 1, &mut out);
        }
        stream.push(0, b"a", 1, &mut out);
        stream.acknowledge(1, &mut out);
        stream.push(1, b"b", 1, &mut out);
        stream.flush(&mut out);
        assert_eq!(told, ["Bytes([97])", "Bytes([98])"]);
    }

    #[test]
    fn a_hole_that_was_not_acknowledged_is_waited_for() {
        let mut stream = Reassembly::default();
        stream.begin(0);
        let mut told = Vec::new();
        let mut out = |piece: Piece<'_>| told.push(format!("{piece:?}"));
        for sequence in [2, 3, 4, 5] {
            stream.push(sequence, b"x", 1, &mut out);
        }
        stream.acknowledge(1, &mut out);
        stream.push(0, b"ab", 2, &mut out);
        assert_eq!(told.first().map(String::as_str), Some("Bytes([97, 98])"));
    }

    #[test]
    fn goes_on_after_a_long_loss_that_the_receiver_did_not_have() {
        let mut stream = Reassembly::default();
        stream.begin(0);
        let mut len = 0;
        let mut out = |piece: Piece<'_>| {
            len += match piece {
                Piece::Bytes(bytes) => bytes.len() as u64,
                Piece::Gap(gap) => gap,
            }
        };
        stream.push(0, b"a", 1, &mut out);
        stream.acknowledge(100_000_001, &mut out);
        stream.push(100_000_001, b"b", 1, &mut out);
        stream.flush(&mut out);
        assert_eq!(len, 100_000_002);
    }

    #[test]
    fn a_cut_segment_leaves_a_gap() {
        let mut told = Vec::new();
        let mut stream = Reassembly::default();
        stream.push(7, b"abc", 5, &mut |piece| told.push(format!("{piece:?}")));
        assert_eq!(told, ["Bytes([97, 98, 99])", "Gap(2)"]);
    }

    proptest! {
        /// Whatever arrives in whatever order, every byte comes out once or is part of a gap.
        #[test]
        fn every_byte_is_told_once(order in Just((0u32..40).collect::<Vec<_>>()).prop_shuffle(), lost in 0u32..40) {
            let mut stream = Reassembly::default();
            stream.begin(0);
            let mut len = 0;
            let mut out = |piece: Piece<'_>| len += match piece {
                Piece::Bytes(bytes) => bytes.len() as u64,
                Piece::Gap(gap) => gap,
            };
            for place in order.into_iter().filter(|place| *place != lost) {
                stream.push(place * 3, b"xyz", 3, &mut out);
            }
            stream.flush(&mut out);
            prop_assert_eq!(len, if lost == 39 { 117 } else { 120 });
        }
    }
}
