//! How much of the map is still new: a young map has seen no night and no month's end.

use crate::graph::Snapshot;
use crate::model::{Nanos, Span};

const HOUR: Nanos = 3_600_000_000_000;

/// How far a map has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learning {
    /// How long somebody watched, pauses left out.
    pub watched: Nanos,
    /// Dependencies used in the last hour.
    pub active: usize,
    /// Of these, those that were never seen before that hour.
    pub new: usize,
}

impl Learning {
    /// Looks at a map.
    pub fn of(snapshot: &Snapshot, watched: &[Span]) -> Learning {
        let watched = watched.iter().map(|span| span.last - span.first).sum();
        let Some(now) = snapshot.last else { return Learning { watched, ..Learning::default() } };
        let recent = |time| now - time <= HOUR;
        let spans = snapshot.dependencies.iter().map(|dependency| dependency.totals.span);
        let (mut active, mut new) = (0, 0);
        for span in spans.filter(|span| recent(span.last)) {
            active += 1;
            new += usize::from(recent(span.first));
        }
        Learning { watched, active, new }
    }

    /// Of the dependencies of the last hour the share that is new, from 0 to 1.
    pub fn share(&self) -> f64 {
        if self.active == 0 { 0.0 } else { self.new as f64 / self.active as f64 }
    }
}
