//! The system's clocks: the only place of the command line that reads them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::api::auth::Clock;
use crate::model::Timestamp;

/// The clocks of this machine.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Runs from now on.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
    pub fn start() -> SystemClock {
        SystemClock { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are handed")]
    fn time(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    fn running(&self) -> Duration {
        self.start.elapsed()
    }
}

impl crate::pipeline::live::Clock for SystemClock {
    fn elapsed(&self) -> crate::model::Nanos {
        i64::try_from(self.start.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    fn time(&self) -> Timestamp {
        Clock::time(self)
    }
}
