//! How much of the map is still new: a young map has seen no night and no month's end.

use crate::graph::Snapshot;
use crate::model::{Nanos, Span};

const HOUR: Nanos = 3_600_000_000_000;

/// How far a map has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learning {
    /// From the first packet ever watched to the last.
    pub watched: Nanos,
    /// Dependencies used in the last hour.
    pub active: usize,
    /// Of these, those that were never seen before that hour.
    pub new: usize,
}

impl Learning {
    /// Looks at a map.
    pub fn of(snapshot: &Snapshot, watched: Option<Span>) -> Learning {
        let watched = watched.map_or(0, |span| span.last - span.first);
        let Some(now) = snapshot.last else { return Learning::default() };
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
