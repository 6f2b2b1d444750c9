//! Whose frame is next, where several rings are read.

use super::ring::BLOCK_MS;
use crate::model::{Nanos, Timestamp};

/// How much later than it was captured a frame may come out of a ring, in nanoseconds: the kernel
/// looks every [`BLOCK_MS`] whether a block that has begun is to be handed over, so it is after two of
/// these; and ten milliseconds for the machine to be busy elsewhere.
pub(super) const LATEST: Nanos = (2 * BLOCK_MS as Nanos + 10) * 1_000_000;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Hand out the next frame of this ring.
    Of(usize),
    /// Wait this long for what may still come before it.
    Wait(Nanos),
    /// No ring has a frame.
    Nothing,
}

/// The ring whose frame is the earliest, if none that is empty can still have an earlier one. `read`
/// is when the empty rings were last found empty.
#[inline]
pub(super) fn turn(heads: impl Iterator<Item = (usize, Option<Timestamp>)>, read: Timestamp) -> Turn {
    let mut first: Option<(Timestamp, usize)> = None;
    let mut empty = false;
    for (place, head) in heads {
        match head {
            Some(time) => first = Some(first.map_or((time, place), |first| first.min((time, place)))),
            None => empty = true,
        }
    }
    let Some((time, place)) = first else { return Turn::Nothing };
    let age = read - time;
    // A frame from the future means that the clock was set back; there is nothing to wait for.
    if !empty || !(-LATEST..LATEST).contains(&age) { Turn::Of(place) } else { Turn::Wait(LATEST - age) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn check(heads: &[Option<i64>], read: i64, expected: Turn) {
        let at = |ms: i64| Timestamp::from_nanos(ms * MS);
        assert_eq!(
            turn(heads.iter().map(|head| head.map(at)).enumerate(), at(read)),
            expected,
            "{heads:?} at {read}"
        );
    }

    #[test]
    fn waits_only_for_rings_that_may_have_something_earlier() {
        check(&[], 0, Turn::Nothing);
        check(&[None, None], 0, Turn::Nothing);
        check(&[Some(1_000)], 1_001, Turn::Of(0));
        check(&[Some(1_000), Some(999)], 1_000, Turn::Of(1));
        check(&[Some(999), Some(999)], 1_000, Turn::Of(0));
        check(&[Some(1_000), None], 1_010, Turn::Wait(40 * MS));
        check(&[Some(1_000), None], 1_050, Turn::Of(0));
        check(&[Some(1_000), None], 900, Turn::Of(0));
    }
}
