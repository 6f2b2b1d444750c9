//! Handshake messages in pieces (RFC 6347 §4.2.2, §4.2.3).

use crate::protocol::tls::message::LEN_MAX;
use crate::protocol::tls::reader::Reader;

/// Messages of one direction that may be incomplete at the same time. A flight has some five, and
/// only its long ones are cut.
const MESSAGES_MAX: usize = 4;

/// Pieces of one message that are kept: the longest message in pieces of 384 bytes.
const PIECES_MAX: usize = LEN_MAX / 384;

/// A piece of a handshake message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    /// Bytes of the whole message, without its header.
    pub(super) message_len: usize,
    /// Place of the message among those of its sender.
    sequence: u16,
    /// Where in the message the piece belongs.
    offset: usize,
    pub(super) bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// Takes the next piece; `None` if it is cut, or does not lie inside its message.
    pub(super) fn parse(reader: &mut Reader<'a>) -> Option<Fragment<'a>> {
        let kind = reader.u8()?;
        let message_len = reader.u24()?;
        let sequence = reader.u16()?;
        let offset = reader.u24()?;
        let bytes = reader.vector24()?;
        let inside = offset + bytes.len() <= message_len;
        inside.then_some(Fragment { kind, message_len, sequence, offset, bytes })
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.bytes.len() == self.message_len
    }
}

/// The pieces of one message.
#[derive(Debug)]
struct Partial {
    kind: u8,
    sequence: u16,
    message_len: usize,
    /// Offset and bytes, sorted.
    pieces: Vec<(usize, Box<[u8]>)>,
}

/// Joins the messages of one direction. Holds [`LEN_MAX`] bytes at most: an empty piece is not
/// kept, and equal ones are kept once.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    partials: Vec<Partial>,
    held_bytes: usize,
}

impl Joiner {
    /// Adds a piece; gives the body once it is whole.
    pub(super) fn join(&mut self, fragment: &Fragment<'_>) -> Option<Vec<u8>> {
        if fragment.bytes.is_empty() {
            return None;
        }
        // What was begun and never finished makes room.
        while self.held_bytes + fragment.bytes.len() > LEN_MAX && !self.partials.is_empty() {
            self.remove(0);
        }
        let place = self.place_of(fragment);
        let partial = self.partials.get_mut(place)?;
        let key = (fragment.offset, fragment.bytes);
        let Err(at) = partial.pieces.binary_search_by(|(offset, bytes)| (*offset, &**bytes).cmp(&key)) else {
            return None;
        };
        if partial.pieces.len() >= PIECES_MAX {
            return None;
        }
        partial.pieces.insert(at, (fragment.offset, fragment.bytes.into()));
        self.held_bytes += fragment.bytes.len();
        let body = partial.body()?;
        self.remove(place);
        Some(body)
    }

    /// The message that a piece belongs to, begun if there is none yet, in place of the oldest if
    /// there are too many.
    fn place_of(&mut self, fragment: &Fragment<'_>) -> usize {
        let (kind, sequence, message_len) = (fragment.kind, fragment.sequence, fragment.message_len);
        let same = |partial: &Partial| {
            (partial.kind, partial.sequence, partial.message_len) == (kind, sequence, message_len)
        };
        if let Some(place) = self.partials.iter().position(same) {
            return place;
        }
        if self.partials.len() >= MESSAGES_MAX {
            self.remove(0);
        }
        self.partials.push(Partial { kind, sequence, message_len, pieces: Vec::new() });
        self.partials.len() - 1
    }

    /// Bytes of memory held.
    #[cfg(test)]
    pub(super) const fn held(&self) -> usize {
        self.held_bytes
    }

    fn remove(&mut self, place: usize) {
        let removed = self.partials.remove(place);
        self.held_bytes -= removed.pieces.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    }
}

impl Partial {
    /// The body, if the pieces cover it. Where they overlap, the one that begins first counts.
    fn body(&self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        for (offset, bytes) in &self.pieces {
            let known = body.len().checked_sub(*offset)?;
            body.extend_from_slice(bytes.get(known..).unwrap_or_default());
        }
        (body.len() == self.message_len).then_some(body)
    }
}
