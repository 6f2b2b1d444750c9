//! The stream of handshake messages that CRYPTO frames carry (RFC 9000 §19.6). Its pieces come in any
//! order, in several packets, and more than once: some browsers scatter them on purpose.

use crate::protocol::tls::reader::Reader;

/// Bytes of one side's stream that are joined. A ClientHello with a post-quantum key share has about
/// 2 KiB, and receivers need not take more than 4 KiB at once (RFC 9000 §7.5).
const STREAM_BYTES_MAX: usize = 16 * 1024;

/// Ranges of one stream that are kept apart while others are missing. Who scatters a hello makes some
/// twenty pieces of it.
const RANGES_MAX: usize = 64;

/// One side's stream, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Stream {
    bytes: Vec<u8>,
    /// From where to where bytes are known: sorted, and none touches the next.
    known: Vec<(usize, usize)>,
    /// Bytes from the beginning that were read as messages.
    used: usize,
}

impl Stream {
    /// Adds a piece. What lies beyond the bounds is left out.
    pub(super) fn add(&mut self, offset: u64, piece: &[u8]) {
        let Ok(start) = usize::try_from(offset) else { return };
        let end = start.saturating_add(piece.len());
        let closes_a_gap = || self.known.iter().any(|(from, to)| start <= *to && *from <= end);
        let full = self.known.len() >= RANGES_MAX && !closes_a_gap();
        if piece.is_empty() || end > STREAM_BYTES_MAX || full {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(piece);
        }
        self.known.push((start, end));
        self.known.sort_unstable();
        self.known.dedup_by(|next, one| {
            let touches = next.0 <= one.1;
            if touches {
                one.1 = one.1.max(next.1);
            }
            touches
        });
    }

    /// What is known from the first byte on that was not used yet.
    pub(super) fn waiting(&self) -> &[u8] {
        match self.known.first() {
            Some((0, end)) => self.bytes.get(self.used..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// So many bytes were read.
    pub(super) fn consume(&mut self, len: usize) {
        self.used += len;
    }
}

/// Adds what the frames of an Initial packet carry (RFC 9000 §12.4). False if they are not well formed,
/// or are such as no Initial packet may hold.
pub(super) fn read_frames(payload: &[u8], stream: &mut Stream) -> bool {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        if frame(&mut reader, stream).is_none() {
            return false;
        }
    }
    true
}

fn frame(reader: &mut Reader<'_>, stream: &mut Stream) -> Option<()> {
    match reader.varint()? {
        // PADDING and PING are nothing but their type.
        0x00 | 0x01 => {}
        // ACK: the largest, the delay, then pairs of a gap and a range.
        kind @ (0x02 | 0x03) => {
            reader.varint()?;
            reader.varint()?;
            let ranges = reader.varint()?;
            reader.varint()?;
            for _ in 0..ranges {
                reader.varint()?;
                reader.varint()?;
            }
            let marks = if kind == 0x03 { 3 } else { 0 };
            for _ in 0..marks {
                reader.varint()?;
            }
        }
        0x06 => {
            let offset = reader.varint()?;
            let len = reader.varint()?;
            stream.add(offset, reader.take(usize::try_from(len).ok()?)?);
        }
        // CONNECTION_CLOSE: an error, the type of a frame, a reason.
        0x1c => {
            reader.varint()?;
            reader.varint()?;
            let len = reader.varint()?;
            reader.take(usize::try_from(len).ok()?)?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_in_any_order() {
        let mut stream = Stream::default();
        stream.add(6, b"ello");
        assert_eq!(stream.waiting(), b"");
        stream.add(3, b"loh");
        stream.add(0, b"hel");
        assert_eq!(stream.waiting(), b"hellohello", "what touches is one");
    }

    #[test]
    fn what_was_used_does_not_wait_any_more() {
        let mut stream = Stream::default();
        stream.add(0, b"hello");
        stream.consume(2);
        stream.add(3, b"lo, world");
        assert_eq!(stream.waiting(), b"llo, world");
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut stream = Stream::default();
        for place in 0..10_000u64 {
            stream.add(place * 2, b"x");
        }
        assert!(stream.bytes.len() <= STREAM_BYTES_MAX && stream.known.len() <= RANGES_MAX);
        stream.add(u64::MAX >> 2, b"x");
        stream.add(STREAM_BYTES_MAX as u64, b"x");
        assert!(stream.bytes.len() <= STREAM_BYTES_MAX);
    }

    #[test]
    fn frames_of_an_initial_packet_are_read_and_no_others() {
        let read = |payload: &[u8]| {
            let mut stream = Stream::default();
            let whole = read_frames(payload, &mut stream);
            (whole, stream.waiting().to_vec())
        };
        let ack = [0x02, 0x05, 0x00, 0x01, 0x00, 0x00, 0x01];
        let marked = [0x03, 0x05, 0x00, 0x00, 0x00, 1, 2, 3];
        let payload = [&[0, 1][..], &ack, &[6, 0, 2, b'h', b'i', 0, 0], &marked].concat();
        assert_eq!(read(&payload), (true, b"hi".to_vec()));
        assert_eq!(read(&[6, 0, 3, b'h', b'i']), (false, vec![]), "longer than the packet");
        assert_eq!(read(&[6, 0, 2, b'h', b'i', 0x08, 0]), (false, b"hi".to_vec()), "a STREAM frame");
        assert_eq!(read(&[0x1c, 0x41, 0x28, 6, 2, b'n', b'o']), (true, vec![]));
        // So many ranges as no packet has room for.
        assert!(!read(&[0x02, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]).0);
    }
}
