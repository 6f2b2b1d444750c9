//! All shards' deltas, joined.

use super::attempt::Scan;
use super::delta::Delta;
use super::edge::{EdgeKey, EdgeTotals};
use super::inventory::Operator;
use super::resolve::Known;

/// Everything seen, by all shards.
///
/// Edges are what a map has most of. They go from the shards' tables into one list, table by table,
/// so that joining needs no second table for all of them.
#[derive(Default)]
pub struct Map {
    pub(super) edges: Vec<(EdgeKey, EdgeTotals)>,
    pub(super) rest: Delta,
}

impl Map {
    /// Adds what a shard saw. Shards are added in their own order.
    pub fn add(&mut self, mut delta: Delta) {
        let edges = std::mem::take(&mut delta.edges);
        self.edges.reserve_exact(edges.len());
        self.edges.extend(edges);
        self.rest.join(delta);
    }

    /// Decides what other flows must decide, and makes the edges up: sorted, each once. Returns the
    /// scans, and how many attempts are told of as scans only. `targets_max` is what makes a scanner.
    pub(super) fn settle(&mut self, operator: &Operator, targets_max: usize) -> (Vec<Scan>, u64) {
        let known = Known::new(&self.edges, &self.rest.undecided, operator);
        let resolve = |(key, undecided)| known.resolve(key, undecided);
        let resolved: Vec<_> = self.rest.undecided.iter().filter_map(resolve).collect();
        self.rest.undecided.clear();
        let (unanswered, answered): (Vec<_>, Vec<_>) =
            resolved.into_iter().partition(|(_, totals)| totals.answered == 0);
        let (attempts, scans, summarised) =
            std::mem::take(&mut self.rest.attempts).split(unanswered, targets_max);
        self.edges.extend(answered);
        self.edges.extend(attempts);
        self.edges.sort_by_key(|(key, _)| *key);
        self.edges.dedup_by(|(key, later), (before, totals)| {
            let same = key == before;
            if same {
                totals.join(later);
            }
            same
        });
        (scans, summarised)
    }
}

/// A map of one shard.
impl From<Delta> for Map {
    fn from(delta: Delta) -> Map {
        let mut map = Map::default();
        map.add(delta);
        map
    }
}
