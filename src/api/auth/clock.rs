//! What time it is, for what must expire: handed in, so that tests drive it.

use std::time::Duration;

use crate::model::Timestamp;

/// Two clocks: one that people read, and one that never jumps.
pub trait Clock: Send + Sync {
    /// The time of day, for what is written down.
    fn time(&self) -> Timestamp;

    /// How long this clock has run, for what expires: setting the time of day neither prolongs a
    /// session nor ends it.
    fn running(&self) -> Duration;
}

/// A clock that a test moves.
#[cfg(test)]
#[derive(Default)]
pub struct Hand(std::sync::atomic::AtomicU64);

#[cfg(test)]
impl Hand {
    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap();
        self.0.fetch_add(nanos, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(test)]
impl Clock for Hand {
    fn time(&self) -> Timestamp {
        Timestamp::from_seconds(1_773_482_640, 0) + i64::try_from(self.running().as_nanos()).unwrap()
    }

    fn running(&self) -> Duration {
        Duration::from_nanos(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
