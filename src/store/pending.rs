//! What waits to be written: a second of it as a rule, more while the disk is full.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::graph::{Delta, Gained};
use crate::model::{FlowKey, FlowRecord, FrameId};

/// Flow records that wait at most: 262,144 × ~350 B = 88 MiB, and what their turns take. Later ones are
/// lost and counted; so is the rest of what was gained with them.
const RECORDS_MAX: usize = 262_144;

/// Edges that wait at most: 131,072 × ~240 B = 30 MiB.
const EDGES_MAX: usize = 131_072;

/// Marks and tokens that wait at most, each: 131,072 × ~200 B = 25 MiB.
const MARKS_MAX: usize = 131_072;

/// What waits.
#[derive(Default)]
pub struct Pending {
    gained: Gained,
    open: HashMap<(FlowKey, FrameId), FlowRecord, RandomState>,
    /// Flows that found no room.
    pub lost: u64,
}

impl Pending {
    /// Adds what was gained since the last time.
    pub fn add(&mut self, new: &Gained) {
        let waiting = &self.gained;
        let full = waiting.ended.len() + self.open.len() >= RECORDS_MAX
            || waiting.delta.rows().edges.len() >= EDGES_MAX
            || waiting.indications.len() >= MARKS_MAX
            || waiting.tokens.len() >= MARKS_MAX;
        if full {
            self.lost += new.delta.rows().flows;
            return;
        }
        for record in &new.ended {
            self.open.remove(&(record.key, record.frame));
        }
        for record in &new.open {
            self.open.insert((record.key, record.frame), record.clone());
        }
        let gained = &mut self.gained;
        gained.delta.join(new.delta.clone());
        gained.ended.extend_from_slice(&new.ended);
        gained.indications.extend_from_slice(&new.indications);
        gained.indications_dropped += new.indications_dropped;
        gained.tokens.extend_from_slice(&new.tokens);
        match (&mut gained.watched, new.watched) {
            (Some(known), Some(more)) => known.join(more),
            (known @ None, more) => *known = more,
            (Some(_), None) => {}
        }
    }

    /// Everything that waits, as one gain. It goes on waiting until [`Pending::clear`].
    pub fn gained(&mut self) -> &Gained {
        self.gained.open = self.open.values().cloned().collect();
        &self.gained
    }

    /// It was written.
    pub fn clear(&mut self) {
        self.gained = Gained { delta: Delta::default(), ..Gained::default() };
        self.open.clear();
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        let rows = self.gained.delta.rows();
        self.gained.ended.is_empty()
            && self.open.is_empty()
            && self.gained.watched.is_none()
            && self.gained.indications.is_empty()
            && self.gained.tokens.is_empty()
            && rows.last.is_none()
            && rows.hosts.is_empty()
    }

    /// Flows that wait.
    pub fn flows(&self) -> u64 {
        (self.gained.ended.len() + self.open.len()) as u64
    }
}
