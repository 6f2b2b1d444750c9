//! What is left of the ways after a cut: how many go apart from each other, and the likeliest ones.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::ways::{Passage, Step, Ways};
use crate::query::dinic::{INFINITE, Network, Pipe};
use crate::query::rows::Rows;

/// Paths looked at for each one that is told: those through a segment and those by a use of one's own
/// often lead by the same services.
const TRIES: usize = 4;

/// The ways without what was cut.
pub struct Left<'a> {
    ways: &'a Ways,
    /// Of each step, whether it is left.
    left: Vec<bool>,
    leaving: Rows<u32>,
}

impl<'a> Left<'a> {
    /// Leaves out steps.
    pub fn new(ways: &'a Ways, gone: impl Fn(&Step) -> bool) -> Left<'a> {
        let owners: Vec<u32> = ways.steps.iter().map(|step| step.from).collect();
        Left {
            left: ways.steps.iter().map(|step| !gone(step)).collect(),
            leaving: Rows::by_owner(ways.nodes as usize, &owners),
            ways,
        }
    }

    fn is_left(&self, place: u32) -> bool {
        self.left.get(place as usize).copied().unwrap_or_default()
    }

    fn step(&self, place: u32) -> Option<&'a Step> {
        self.ways.steps.get(place as usize)
    }

    /// How many ways lead from one set to another without sharing a step: as many more would have to
    /// be cut. None if the sets overlap.
    pub fn apart(&self, from: &[u32], to: &[u32]) -> u64 {
        let (source, sink) = (self.ways.nodes, self.ways.nodes + 1);
        let steps = (0u32..).zip(&self.ways.steps).filter(|(place, _)| self.is_left(*place));
        let steps = steps.map(|(_, step)| Pipe {
            from: step.from,
            to: step.to,
            capacity: if matches!(step.passage, Passage::Enter { .. }) { INFINITE } else { 1 },
        });
        let ends = from.iter().map(|node| Pipe { from: source, to: *node, capacity: INFINITE });
        let goals = to.iter().map(|node| Pipe { from: *node, to: sink, capacity: INFINITE });
        let pipes: Vec<Pipe> = steps.chain(ends).chain(goals).collect();
        u64::try_from(Network::new(sink + 1, &pipes).push(source, sink)).unwrap_or_default()
    }

    /// Whether anything leads from one set to another.
    pub fn joins(&self, from: &[u32], to: &[u32]) -> bool {
        let goal: BTreeSet<u32> = to.iter().copied().collect();
        let mut seen = vec![false; self.ways.nodes as usize];
        let mut stack = from.to_vec();
        while let Some(node) = stack.pop() {
            if seen.get_mut(node as usize).is_none_or(|seen| std::mem::replace(seen, true)) {
                continue;
            }
            if goal.contains(&node) {
                return true;
            }
            let leaving = self.leaving.of(node).iter().filter(|place| self.is_left(**place));
            stack.extend(leaving.filter_map(|place| self.step(*place)).map(|step| step.to));
        }
        false
    }

    /// The likeliest paths from one set to another, by Yen's algorithm (Management Science 17, 1971);
    /// each without going in circles, and no two by the same services.
    pub fn likeliest(&self, from: &[u32], to: &[u32], count: usize) -> Vec<Vec<Step>> {
        let mut found: Vec<Vec<u32>> = Vec::new();
        let mut candidates: BTreeSet<(u64, Vec<u32>)> = BTreeSet::new();
        candidates.extend(self.best(from, to, &BTreeSet::new(), &BTreeSet::new()));
        let mut told: Vec<Vec<Step>> = Vec::new();
        let mut known = BTreeSet::new();
        while told.len() < count
            && found.len() < count * TRIES
            && let Some((_, path)) = candidates.pop_first()
        {
            self.spurs(&path, &found, from, to, &mut candidates);
            let steps: Vec<Step> = path.iter().filter_map(|place| self.step(*place)).copied().collect();
            let services: Vec<u32> = steps.iter().filter_map(|step| step.passage.service()).collect();
            if known.insert(services) {
                told.push(steps);
            }
            found.push(path);
        }
        told
    }

    /// For each node of a path: the best one that begins like it up to there and then goes another way.
    fn spurs(
        &self,
        path: &[u32],
        found: &[Vec<u32>],
        from: &[u32],
        to: &[u32],
        candidates: &mut BTreeSet<(u64, Vec<u32>)>,
    ) {
        for length in 0..path.len() {
            let root = path.get(..length).unwrap_or_default();
            let next = |other: &Vec<u32>| other.strip_prefix(root).and_then(|rest| rest.first().copied());
            let used = found.iter().filter_map(next).chain(path.get(length).copied());
            let taken: BTreeSet<u32> = used.collect();
            let visited = root.iter().filter_map(|place| Some(self.step(*place)?.from)).collect();
            let end = root.last().and_then(|place| Some(self.step(*place)?.to));
            let start = end.map_or_else(|| from.to_vec(), |node| vec![node]);
            let cost = |places: &[u32]| places.iter().map(|place| self.length(*place)).sum::<u64>();
            if let Some((rest, tail)) = self.best(&start, to, &taken, &visited) {
                candidates.insert((cost(root) + rest, [root, tail.as_slice()].concat()));
            }
        }
    }

    /// The length of a step: the less likely, the longer.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a prior is above 0.01, so below 4,606"
    )]
    pub(super) fn length(&self, place: u32) -> u64 {
        match self.step(place) {
            Some(Step { passage: Passage::Enter { .. }, .. }) | None => 1,
            Some(step) => (-step.capability.prior().ln() * 1_000.0).round() as u64 + 1,
        }
    }

    /// The shortest path by Dijkstra's algorithm; of equals, that with the smaller places.
    fn best(
        &self,
        from: &[u32],
        to: &[u32],
        taken: &BTreeSet<u32>,
        visited: &BTreeSet<u32>,
    ) -> Option<(u64, Vec<u32>)> {
        let goal: BTreeSet<u32> = to.iter().copied().collect();
        let nodes = self.ways.nodes as usize;
        let mut reached: Vec<(u64, u32)> = vec![(u64::MAX, u32::MAX); nodes];
        let mut heap = BinaryHeap::new();
        for node in from {
            if let Some(slot) = reached.get_mut(*node as usize) {
                *slot = (0, u32::MAX);
                heap.push(Reverse((0, *node)));
            }
        }
        while let Some(Reverse((length, node))) = heap.pop() {
            if reached.get(node as usize).is_none_or(|(best, _)| *best < length) {
                continue;
            }
            if goal.contains(&node) {
                return Some((length, self.back(&reached, node)));
            }
            for place in self.leaving.of(node).iter().filter(|place| self.is_left(**place)) {
                let Some(step) = self.step(*place) else { continue };
                if taken.contains(place) || visited.contains(&step.to) {
                    continue;
                }
                let along = length + self.length(*place);
                if let Some(slot) = reached.get_mut(step.to as usize).filter(|slot| **slot > (along, *place))
                {
                    let shorter = slot.0 > along;
                    *slot = (along, *place);
                    if shorter {
                        heap.push(Reverse((along, step.to)));
                    }
                }
            }
        }
        None
    }

    fn back(&self, reached: &[(u64, u32)], end: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut node = end;
        while let Some((_, place)) = reached.get(node as usize)
            && let Some(step) = self.step(*place)
        {
            path.push(*place);
            node = step.from;
        }
        path.reverse();
        path
    }
}
