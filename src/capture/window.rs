//! A fixed buffer that slides over a stream, so that a frame is read in place and never copied alone.

use std::io::{ErrorKind, Read};
use std::ops::Range;

use super::FRAME_BYTES_MAX;

/// Size of a window in bytes: the longest frame with its headers, and as much again, so that there is
/// always room for a large read.
pub(super) const WINDOW_BYTES: usize = 2 * FRAME_BYTES_MAX;

/// Size of the first read in bytes. Reads double from here up to the largest: a look at the first
/// frame of thousands of files stays cheap.
const FIRST_READ_BYTES: usize = 16 * 1024;

/// Size of the largest read in bytes, unless one frame is longer. The part of the window beyond it is
/// never touched where frames are short, and so costs no memory.
const LARGEST_READ_BYTES: usize = 128 * 1024;

/// The window: `start..end` of `buffer` are bytes read and not yet consumed.
pub(super) struct Window<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Where in the stream `buffer` begins.
    base: u64,
    read_bytes: usize,
    ended: bool,
    failure: Option<String>,
    /// More may come after what seems to be the end.
    patient: bool,
    /// A look found less than it wanted, and more may come.
    dry: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Window {
            reader,
            buffer: vec![0; WINDOW_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            base: 0,
            read_bytes: FIRST_READ_BYTES,
            ended: false,
            failure: None,
            patient: false,
            dry: false,
        }
    }

    /// A window over a stream that is still being written: its reader says [`ErrorKind::WouldBlock`]
    /// where there is no more for the moment.
    pub(super) fn patient(reader: R) -> Self {
        Window { patient: true, ..Window::new(reader) }
    }

    /// What stands in the window: at least `wanted` bytes unless the stream ends before. `wanted` is
    /// never more than [`WINDOW_BYTES`].
    #[inline]
    pub(super) fn look(&mut self, wanted: usize) -> &[u8] {
        if self.end - self.start < wanted {
            self.fill(wanted);
        }
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    #[cold]
    fn fill(&mut self, wanted: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted && !self.ended {
            let until = (self.end + self.read_bytes).max(wanted).min(self.buffer.len());
            self.read_bytes = (self.read_bytes * 2).min(LARGEST_READ_BYTES);
            let Some(free) = self.buffer.get_mut(self.end..until).filter(|free| !free.is_empty()) else {
                break;
            };
            match self.reader.read(free) {
                Ok(0) => self.ended = true,
                // A reader that claims more than it was given room for would break every later index.
                Ok(length) => self.end = (self.end + length).min(until),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if self.patient && error.kind() == ErrorKind::WouldBlock => {
                    self.dry = true;
                    break;
                }
                Err(error) => {
                    self.failure = Some(match error.kind() {
                        // Plain files just end; only what undoes a compression says this.
                        ErrorKind::UnexpectedEof => "the compressed file is cut short".to_owned(),
                        _ => error.to_string(),
                    });
                    self.ended = true;
                }
            }
        }
    }

    /// Consumes `header + length` bytes that stand in the window and says where the `length` ones are.
    /// They stay there until the next `look` or `skip`.
    #[inline]
    pub(super) fn take(&mut self, header: usize, length: usize) -> Range<usize> {
        let from = (self.start + header).min(self.end);
        self.start = (from + length).min(self.end);
        from..self.start
    }

    /// Consumes bytes, also more than the window holds; says how many there were.
    pub(super) fn skip(&mut self, length: u64) -> u64 {
        let mut left = length;
        while left > 0 {
            let there = self.look(usize::try_from(left).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES)).len();
            if there == 0 {
                break;
            }
            let step = usize::try_from(left).unwrap_or(there).min(there);
            self.start += step;
            left -= step as u64;
        }
        length - left
    }

    /// The bytes that `take` has named.
    #[inline]
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Where in the stream the first byte not consumed stands.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Why the stream ended, if it did not end by itself.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Whether a look since [`Window::wet`] found less than it wanted and more may come.
    pub(super) fn is_dry(&self) -> bool {
        self.dry
    }

    /// Forgets that it was dry.
    pub(super) fn wet(&mut self) {
        self.dry = false;
    }

    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives a byte a time and is interrupted before each.
    struct Drip<'a>(&'a [u8], bool);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::Interrupted.into());
            }
            let length = self.0.len().min(1).min(buffer.len());
            (&mut self.0).read(&mut buffer[..length])
        }
    }

    #[test]
    fn gathers_what_comes_in_drips() {
        let mut window = Window::new(Drip(b"abcdef", false));
        assert_eq!(window.look(3), b"abc");
        let range = window.take(1, 2);
        assert_eq!(window.bytes(range), b"bc");
        assert_eq!(window.offset(), 3);
        assert_eq!(window.skip(2), 2);
        assert_eq!(window.look(10), b"f");
        assert_eq!(window.skip(10), 1);
        assert!(window.failure().is_none());
    }

    #[test]
    fn slides_over_more_than_it_holds() {
        let stream: Vec<u8> = (0..3 * WINDOW_BYTES).map(|at| (at / 1000) as u8).collect();
        let mut window = Window::new(stream.as_slice());
        let mut seen = Vec::new();
        while window.look(7).len() >= 7 {
            let range = window.take(0, 7);
            seen.extend_from_slice(window.bytes(range));
        }
        assert_eq!(seen, stream[..stream.len() / 7 * 7]);
        let mut window = Window::new(stream.as_slice());
        assert_eq!(window.skip(2 * WINDOW_BYTES as u64 + 1), 2 * WINDOW_BYTES as u64 + 1);
        assert_eq!(window.look(WINDOW_BYTES - 1), &stream[2 * WINDOW_BYTES + 1..]);
    }
}
