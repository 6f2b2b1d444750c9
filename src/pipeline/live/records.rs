//! The records of flows that have ended, as far as memory reaches back.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{FlowRecord, Timestamp};

/// Records kept: 262,144 × ~350 B = 90 MiB, and what turns they have. Older ones are the store's
/// business.
const RECORDS_MAX: usize = 262_144;

/// Records in a chunk: few enough that taking a chunk up again costs nothing to speak of, enough that
/// all of them are few chunks.
const CHUNK: usize = 1_024;

/// Records of flows, shared by everybody who looks.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Flows that have ended, in the order in which they were told of.
    chunks: VecDeque<Arc<Vec<FlowRecord>>>,
    /// Flows that go on, by their shards and places there.
    open: Arc<Vec<FlowRecord>>,
    ended: usize,
    /// Flows whose records were let go because there were too many, or too old.
    pub let_go: u64,
}

impl Records {
    /// All of them, those that have ended first.
    pub fn iter(&self) -> impl Iterator<Item = &FlowRecord> {
        self.chunks.iter().chain([&self.open]).flat_map(|chunk| chunk.iter())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ended + self.open.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds flows that have ended.
    pub(super) fn add(&mut self, ended: Vec<FlowRecord>) {
        self.ended += ended.len();
        for record in ended {
            if self.chunks.back().is_none_or(|chunk| chunk.len() >= CHUNK) {
                self.chunks.push_back(Arc::default());
            }
            // Copied once for each snapshot that still shows the chunk, and that is the last one only.
            self.chunks.back_mut().into_iter().for_each(|chunk| Arc::make_mut(chunk).push(record.clone()));
        }
        while self.ended > RECORDS_MAX {
            self.let_first_go();
        }
    }

    /// Replaces the flows that go on.
    pub(super) fn set_open(&mut self, open: Vec<FlowRecord>) {
        self.open = Arc::new(open);
    }

    /// Lets chunks go whose flows all ended before a moment.
    pub(super) fn forget(&mut self, before: Timestamp) {
        while self.chunks.front().is_some_and(|chunk| chunk.iter().all(|record| record.last < before)) {
            self.let_first_go();
        }
    }

    fn let_first_go(&mut self) {
        let gone = self.chunks.pop_front().map_or(0, |chunk| chunk.len());
        self.ended -= gone;
        self.let_go += gone as u64;
    }

    /// All records as one list, in the order of their first packets.
    pub(super) fn into_sorted(self) -> Vec<FlowRecord> {
        let mut all: Vec<FlowRecord> = self.iter().cloned().collect();
        all.sort_by_key(|record| (record.first, record.frame, record.key));
        all
    }
}
