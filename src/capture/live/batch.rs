//! Frames copied out of a ring: the kernel gets its room back at once, and one look ahead is free.

use crate::model::Timestamp;

/// Frames copied at once. A frame of a network has at most 64 KiB, also where the interface has
/// joined segments: 128 × 64 KiB = 8 MiB a ring at worst, 100 KB as a rule.
pub(super) const FRAMES_MAX: usize = 128;

/// Where a frame stands in the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) time: Timestamp,
    pub(super) wire_len: u32,
    start: usize,
    end: usize,
}

/// Frames in the order in which the kernel had them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    places: Vec<Place>,
    bytes: Vec<u8>,
    /// How many of `places` were handed out.
    given: usize,
}

impl Batch {
    /// Makes room for others.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.bytes.clear();
        self.given = 0;
    }

    pub(super) fn push(&mut self, time: Timestamp, wire_len: u32, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.places.push(Place { time, wire_len, start, end: self.bytes.len() });
    }

    /// The time of the next frame.
    pub(super) fn next_time(&self) -> Option<Timestamp> {
        self.places.get(self.given).map(|place| place.time)
    }

    /// Takes the next frame.
    pub(super) fn take(&mut self) -> Option<(Place, &[u8])> {
        let place = *self.places.get(self.given)?;
        self.given += 1;
        Some((place, self.bytes.get(place.start..place.end).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_frames_in_order_and_once() {
        let mut batch = Batch::default();
        for round in 0..2 {
            batch.clear();
            assert_eq!(batch.next_time(), None);
            batch.push(Timestamp::from_nanos(1), 60, b"one");
            batch.push(Timestamp::from_nanos(2), 3, b"two");
            assert_eq!(batch.next_time(), Some(Timestamp::from_nanos(1)), "{round}");
            let (place, bytes) = batch.take().unwrap();
            assert_eq!((place.wire_len, bytes), (60, b"one".as_slice()));
            assert_eq!(batch.take().unwrap().1, b"two");
            assert!(batch.take().is_none());
        }
    }
}
