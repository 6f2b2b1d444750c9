//! The time of day and of waiting. Packets bring their own; only what waits for packets needs a clock.

use crate::model::{Nanos, Timestamp};

/// A clock, handed in by whoever starts a sensor, so that tests can drive it.
pub trait Clock: Sync {
    /// Time that only goes forward, from a beginning of the clock's own choice.
    fn elapsed(&self) -> Nanos;

    /// The time of day.
    fn time(&self) -> Timestamp;
}
