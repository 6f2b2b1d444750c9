//! What happened to a map, numbered, for those who listen: the newest events are kept, so that
//! whoever was away for a moment misses nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::model::Timestamp;

/// Events kept: of a busy sensor that makes a hundred in a second, what passed in 40 seconds; 4,096 ×
/// ~500 B = 2 MB.
const EVENTS_MAX: usize = 4_096;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Event {
    /// Counts up from 1; `Last-Event-ID` names the last one that was read.
    pub number: u64,
    /// What happened: `new-host`, `new-dependency`, `finding`, `ready` …
    pub event: &'static str,
    /// When, by the packets' clock.
    pub time: Option<String>,
    /// What it is about.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// What passed since some event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passed {
    /// The events, oldest first.
    pub events: Vec<Arc<Event>>,
    /// Events that came after it and are kept no longer.
    pub forgotten: u64,
    /// The event to ask after the next time.
    pub last: u64,
}

/// The newest events.
pub struct Journal {
    kept: Mutex<VecDeque<Arc<Event>>>,
    newest: watch::Sender<u64>,
}

impl Default for Journal {
    fn default() -> Self {
        Journal { kept: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

impl Journal {
    /// Adds an event and wakes those who wait.
    pub fn add(&self, event: &'static str, time: Option<Timestamp>, data: Value) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.back().map_or(0, |last| last.number) + 1;
        if kept.len() == EVENTS_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::new(Event { number, event, time: time.map(|time| time.to_string()), data }));
        // Still under the lock, so that numbers only ever go up.
        self.newest.send_replace(number);
    }

    /// What came after the event with this number. A number that was never given is that of another
    /// run; everything is new then.
    pub fn after(&self, number: u64) -> Passed {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.back().map_or(0, |event| event.number);
        let number = if number > last { 0 } else { number };
        let first = kept.front().map_or(1, |event| event.number);
        let events = kept.iter().filter(|event| event.number > number).cloned().collect();
        Passed { events, forgotten: first.saturating_sub(number + 1), last }
    }

    /// The number of the newest event.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_reads_on_and_is_told_what_is_forgotten() {
        let journal = Journal::default();
        assert_eq!(journal.after(0), Passed::default());
        (0..EVENTS_MAX + 3).for_each(|_| journal.add("new-host", None, Value::Null));
        let last = *journal.newest().borrow();
        assert_eq!(last, EVENTS_MAX as u64 + 3);
        let numbers = |after| {
            let passed = journal.after(after);
            (passed.events.first().map(|event| event.number), passed.events.len(), passed.forgotten)
        };
        assert_eq!(numbers(last), (None, 0, 0));
        assert_eq!(numbers(last - 2), (Some(last - 1), 2, 0));
        assert_eq!(numbers(3), (Some(4), EVENTS_MAX, 0));
        assert_eq!(numbers(1), (Some(4), EVENTS_MAX, 2), "two are forgotten");
        assert_eq!(numbers(last + 9), (Some(4), EVENTS_MAX, 3), "a number of another run");
    }
}
