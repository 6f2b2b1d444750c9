//! When a certificate holds, and how soon it no longer does (`certificates.md` §2).

use crate::graph::Certificate;
use crate::model::{Nanos, Timestamp};

const SECOND: Nanos = 1_000_000_000;
const HOUR: Nanos = 3_600 * SECOND;
const DAY: Nanos = 24 * HOUR;

/// Clocks of the two ends may differ by this much before a certificate counts as too new.
const SKEW: Nanos = 300 * SECOND;

/// From when to when a certificate holds, both ends included (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Timestamp,
    /// The last second. [`Timestamp::MAX`] stands for every date after 2262, such as the
    /// `99991231235959Z` of certificates that never expire.
    pub not_after: Timestamp,
}

/// Where a certificate stands at some moment; the words of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It holds for long enough.
    Valid,
    /// It should have been renewed.
    Expiring(Urgency),
    /// It holds no more.
    Expired,
    /// It does not hold yet.
    NotYetValid,
}

/// How soon a certificate expires, measured by its own life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Less than 30 days, or a third of its life.
    Warning,
    /// Less than 7 days, or a tenth of its life.
    High,
    /// Less than a day, or a fiftieth of a life below 50 hours.
    Critical,
}

impl Status {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Expiring(_) => "expiring",
            Status::Expired => "expired",
            Status::NotYetValid => "not_yet_valid",
        }
    }
}

impl Validity {
    /// That of a certificate. One that could not be read holds for ever, so nothing is said of it.
    pub const fn of(certificate: &Certificate) -> Validity {
        Validity { not_before: certificate.facts.not_before, not_after: certificate.facts.not_after }
    }

    /// Its length. The last second belongs to it.
    pub fn length(self) -> Nanos {
        (self.not_after - self.not_before).saturating_add(SECOND)
    }

    /// Where it stands.
    ///
    /// Thresholds follow the length: a fixed 30 days would be a permanent alarm for a certificate
    /// that lives 47 days or six. For the same reason the last day only counts inside the last third.
    pub fn status(self, as_of: Timestamp) -> Status {
        if as_of > self.not_after {
            return Status::Expired;
        }
        if self.not_before - as_of > SKEW {
            return Status::NotYetValid;
        }
        let (remaining, length) = (self.not_after - as_of, self.length());
        let warning = (30 * DAY).min(length / 3);
        let high = (7 * DAY).min(length / 10);
        let critical = if length < 50 * HOUR { length / 50 } else { DAY.min(warning) };
        if remaining < critical {
            Status::Expiring(Urgency::Critical)
        } else if remaining < high {
            Status::Expiring(Urgency::High)
        } else if remaining < warning {
            Status::Expiring(Urgency::Warning)
        } else {
            Status::Valid
        }
    }

    /// Whole days until it expires, rounded down: 0 on its last day, −1 on the first day after.
    /// None if it never does.
    pub fn days_left(self, as_of: Timestamp) -> Option<i64> {
        (self.not_after != Timestamp::MAX).then(|| (self.not_after - as_of).div_euclid(DAY))
    }
}

/// How a certificate stood when it was last shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Where it stood.
    pub status: Status,
    /// The moment of it.
    pub at: Timestamp,
    /// It held then, and no longer at the end of what was seen.
    pub expired_since: bool,
}

impl Judgement {
    /// Judges a certificate that was last shown at a moment.
    ///
    /// Captures are long, or merged from several years. What counts is whether the certificate held
    /// when it was used; only a moment that somebody asked for, other than the `end` of what was seen,
    /// goes before that.
    pub fn new(validity: Validity, shown: Timestamp, as_of: Timestamp, end: Option<Timestamp>) -> Judgement {
        if end != Some(as_of) {
            return Judgement { status: validity.status(as_of), at: as_of, expired_since: false };
        }
        let status = validity.status(shown);
        let expired_since = status != Status::Expired && validity.status(as_of) == Status::Expired;
        Judgement { status, at: shown, expired_since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_held_when_it_was_shown_is_not_called_expired() {
        let not_after = Timestamp::from_seconds(1_700_000_000, 0);
        let validity = Validity { not_before: not_after + -398 * DAY, not_after };
        let (before, after) = (not_after + -100 * DAY, not_after + 100 * DAY);
        let judged = |shown, as_of, end| {
            let judged = Judgement::new(validity, shown, as_of, Some(end));
            (judged.status, judged.at, judged.expired_since)
        };
        assert_eq!(judged(before, after, after), (VALID, before, true));
        assert_eq!(judged(after, after, after), (Status::Expired, after, false));
        assert_eq!(judged(before, before, before), (VALID, before, false));
        assert_eq!(judged(before, after, before), (Status::Expired, after, false), "asked for");
        assert_eq!(judged(after, before, after), (VALID, before, false), "asked for");
    }

    /// A certificate of some length, so many hours before its end.
    fn at(length: Nanos, remaining: Nanos) -> Status {
        let not_before = Timestamp::from_seconds(1_700_000_000, 0);
        let not_after = not_before + (length - SECOND);
        Validity { not_before, not_after }.status(not_after + -remaining)
    }

    fn check(length: Nanos, cases: &[(Nanos, Status)]) {
        for (remaining, status) in cases {
            assert_eq!(at(length, *remaining), *status, "{} h left", remaining / HOUR);
        }
    }

    const VALID: Status = Status::Valid;
    const WARNING: Status = Status::Expiring(Urgency::Warning);
    const HIGH: Status = Status::Expiring(Urgency::High);
    const CRITICAL: Status = Status::Expiring(Urgency::Critical);

    #[test]
    fn a_year() {
        check(
            398 * DAY,
            &[(31 * DAY, VALID), (30 * DAY, VALID), (30 * DAY - 1, WARNING), (7 * DAY, WARNING)],
        );
        check(398 * DAY, &[(7 * DAY - 1, HIGH), (DAY, HIGH), (DAY - 1, CRITICAL), (0, CRITICAL)]);
    }

    #[test]
    fn a_month_and_a_half() {
        check(47 * DAY, &[(16 * DAY, VALID), (15 * DAY, WARNING), (5 * DAY, WARNING), (4 * DAY, HIGH)]);
    }

    #[test]
    fn six_days() {
        check(
            6 * DAY,
            &[(60 * HOUR, VALID), (48 * HOUR, VALID), (47 * HOUR, WARNING), (23 * HOUR, CRITICAL)],
        );
    }

    #[test]
    fn hours() {
        check(30 * HOUR, &[(11 * HOUR, VALID), (9 * HOUR, WARNING), (2 * HOUR, HIGH), (HOUR / 2, CRITICAL)]);
        // 24 hours are more than a third of this life: not yet.
        check(60 * HOUR, &[(22 * HOUR, VALID), (19 * HOUR, CRITICAL)]);
    }

    #[test]
    fn the_last_second_belongs_to_it() {
        check(90 * DAY, &[(0, CRITICAL), (-1, Status::Expired)]);
    }

    #[test]
    fn clocks_may_differ_by_five_minutes() {
        let life = 90 * DAY - SECOND;
        check(90 * DAY, &[(life + SKEW, VALID), (life + SKEW + 1, Status::NotYetValid)]);
    }

    #[test]
    fn days_are_whole_and_rounded_down() {
        let end = Timestamp::from_seconds(1_700_000_000, 0);
        let validity = Validity { not_before: end + -90 * DAY, not_after: end };
        for (remaining, days) in [(60 * HOUR, 2), (DAY, 1), (DAY - 1, 0), (0, 0), (-1, -1), (-25 * HOUR, -2)]
        {
            assert_eq!(validity.days_left(end + -remaining), Some(days));
        }
        let never = Validity { not_after: Timestamp::MAX, ..validity };
        assert_eq!((never.days_left(end), never.status(end)), (None, Status::Valid));
    }
}
