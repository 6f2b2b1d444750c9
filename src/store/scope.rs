//! From when to when a question looks.

use crate::model::{Span, Timestamp};

/// A time: from `since` to before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its first moment.
    pub since: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Scope {
    /// All of time.
    pub const ALL: Scope = Scope { since: Timestamp::MIN, end: Timestamp::MAX };

    /// What `first < ? AND last >= ?` is asked with: whatever was seen in this time.
    pub const fn bounds(&self) -> [i64; 2] {
        [self.end.nanos(), self.since.nanos()]
    }

    /// A span of which only what lies in this time is told.
    pub fn span(&self, first: i64, last: i64) -> Span {
        let last = Timestamp::from_nanos(last);
        let last = if last < self.end { last } else { self.last() };
        Span { first: Timestamp::from_nanos(first).max(self.since), last }
    }

    /// Its last moment.
    pub const fn last(&self) -> Timestamp {
        Timestamp::from_nanos(self.end.nanos().saturating_sub(1))
    }
}
