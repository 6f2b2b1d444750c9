//! All shards' deltas, joined.

use super::attempt::Scan;
use super::delta::Delta;
use super::edge::{EdgeKey, EdgeTotals};
use super::inventory::Operator;
use super::resolve::Known;
use super::table::Table;

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
    /// Adds what shards saw, in their own order. Each shard's memory is given back before the next.
    pub fn add(&mut self, deltas: Vec<Delta>) {
        // At once, because the list would be copied each time that it grows.
        self.edges.reserve_exact(deltas.iter().map(|delta| delta.edges.len()).sum());
        deltas.into_iter().for_each(|delta| self.add_one(delta));
    }

    /// Adds what one shard saw.
    pub fn add_one(&mut self, mut delta: Delta) {
        self.edges.extend(std::mem::take(&mut delta.edges));
        self.rest.join(delta);
    }

    /// Decides what other flows must decide, and makes the edges up: sorted, each once. Returns the
    /// scans, and how many attempts are told of as scans only. `targets_max` is what makes a scanner.
    pub(super) fn settle(&mut self, operator: &Operator, targets_max: usize) -> (Vec<Scan>, u64) {
        let known = Known::new(&self.edges, &self.rest.undecided, operator);
        let resolve = |(key, undecided)| known.resolve(key, undecided);
        let resolved: Vec<_> = self.rest.undecided.iter().map(resolve).collect();
        self.rest.undecided = Table::default();
        let (unanswered, answered): (Vec<_>, Vec<_>) =
            resolved.into_iter().partition(|(_, totals)| totals.answered == 0);
        self.edges.reserve_exact(answered.len());
        self.edges.extend(answered);
        self.sort();
        let attempts = std::mem::take(&mut self.rest.attempts).rest(unanswered, &mut self.edges);
        let (kept, scans, summarised) = attempts.split(targets_max);
        self.edges.reserve_exact(kept.len());
        self.edges.extend(kept);
        self.sort();
        (scans, summarised)
    }

    /// Sorts the edges and joins those with the same key. Edges that are sorted already cost one look.
    fn sort(&mut self) {
        // Joining is the same in any order, and a stable sort would need memory for half of them.
        self.edges.sort_unstable_by_key(|(key, _)| *key);
        self.edges.dedup_by(|(key, later), (before, totals)| {
            let same = key == before;
            if same {
                totals.join(later);
            }
            same
        });
    }
}

/// A map of one shard.
impl From<Delta> for Map {
    fn from(delta: Delta) -> Map {
        let mut map = Map::default();
        map.add(vec![delta]);
        map
    }
}

/// Everything seen, as if one shard had seen it: what a sensor knew before it was started.
impl From<Map> for Delta {
    fn from(Map { edges, mut rest }: Map) -> Delta {
        for (key, totals) in edges {
            rest.edges.add(usize::MAX, key, totals, |known, new| known.join(&new));
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{endpoint, joined_late, refused, served};
    use super::*;
    use crate::model::FlowRecord;

    const TARGETS_MAX: usize = 64;

    fn settled(flows: Vec<FlowRecord>) -> (Map, Vec<Scan>) {
        let mut delta = Delta::default();
        flows.into_iter().for_each(|flow| delta.flow(flow));
        let mut map = Map::from(delta);
        let (scans, _) = map.settle(&Operator::default(), TARGETS_MAX);
        (map, scans)
    }

    #[test]
    fn a_service_that_refused_once_and_then_served_was_not_scanned() {
        let of_services = |flow: fn(_, _, _) -> FlowRecord, second| {
            (1..=100u16).map(move |port| flow(endpoint(1, 40_000 + port), endpoint(2, port), second))
        };
        let before = of_services(refused, 1).chain(of_services(served, 2)).collect();
        let after = of_services(served, 2).chain(of_services(refused, 1)).collect();
        // The port of a served flow decides for the one that was joined late.
        let late = of_services(refused, 1).chain(of_services(joined_late, 2)).collect();
        for flows in [before, after, late] {
            let (map, scans) = settled(flows);
            assert_eq!(scans, []);
            assert_eq!(map.edges.len(), 100);
            for (_, totals) in &map.edges {
                assert_eq!((totals.flows, totals.failed, totals.answered), (2, 1, 1));
            }
        }
    }

    #[test]
    fn a_scanner_is_one_though_some_services_answered() {
        let refused = (1..=100u16).map(|port| refused(endpoint(1, 40_000 + port), endpoint(2, port), 1));
        let (map, scans) =
            settled(refused.chain([served(endpoint(1, 50_000), endpoint(2, 80), 2)]).collect());
        assert_eq!(scans.iter().map(|scan| scan.attempts).collect::<Vec<_>>(), [99]);
        assert_eq!(map.edges.len(), 1);
    }
}
