//! Time as packets tell it: nanoseconds since 1970 UTC. No clock is read here.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A length of time in nanoseconds; negative where clocks stepped back.
pub type Nanos = i64;

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z (until the year 2262).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is not a moment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimestampError {
    /// No zone was given, so the text means two different moments to two people.
    #[error("`{0}` has no time zone; write `{0}Z` for UTC or add an offset such as `{0}+01:00`")]
    NoZone(String),
    /// Not a date and time at all.
    #[error("`{0}` is no time; write it like `2026-03-14T10:04:00Z`")]
    Unreadable(String),
}

impl Timestamp {
    /// The latest moment that can be told.
    pub const MAX: Timestamp = Timestamp(i64::MAX);
    /// The earliest moment that can be told.
    pub const MIN: Timestamp = Timestamp(i64::MIN);

    /// A moment from nanoseconds since 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Timestamp(nanos)
    }

    /// A moment from seconds and nanoseconds since 1970; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64, nanos: i64) -> Self {
        Timestamp(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Nanoseconds since 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }
}

/// From the first time something was seen to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Span {
    /// Seen once.
    pub const fn at(time: Timestamp) -> Self {
        Span { first: time, last: time }
    }

    /// Seen again in another span.
    pub fn join(&mut self, other: Span) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Sub for Timestamp {
    type Output = Nanos;

    fn sub(self, earlier: Timestamp) -> Nanos {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Nanos> for Timestamp {
    type Output = Timestamp;

    fn add(self, length: Nanos) -> Timestamp {
        Timestamp(self.0.saturating_add(length))
    }
}

/// RFC 3339 in UTC with nine decimals, so that texts of equal length sort like the moments.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(moment) => write!(f, "{moment:.9}"),
            // The whole i64 range lies within what jiff can tell; kept as a number all the same.
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// RFC 3339 with a zone. A time without a zone is refused with the way out.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            let nanos = moment.as_nanosecond().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            return Ok(Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX)));
        }
        if text.parse::<jiff::civil::DateTime>().is_ok() {
            return Err(TimestampError::NoZone(text.to_owned()));
        }
        Err(TimestampError::Unreadable(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_in_utc_with_nine_decimals() {
        assert_eq!(Timestamp::from_seconds(0, 5).to_string(), "1970-01-01T00:00:00.000000005Z");
        assert_eq!(Timestamp::from_seconds(1_773_482_640, 0).to_string(), "2026-03-14T10:04:00.000000000Z");
        assert!(Timestamp::MAX.to_string().starts_with("2262-"));
    }

    #[test]
    fn is_read_with_a_zone_only() {
        let told: Timestamp = "2026-03-14T11:04:00+01:00".parse().unwrap();
        assert_eq!(told, Timestamp::from_seconds(1_773_482_640, 0));
        assert!(matches!("2026-03-14T10:04:00".parse::<Timestamp>(), Err(TimestampError::NoZone(_))));
        assert!(matches!("10 o'clock".parse::<Timestamp>(), Err(TimestampError::Unreadable(_))));
    }
}
