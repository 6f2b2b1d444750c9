//! The impact of many failures in the same worlds.
//!
//! Each question sees a group the same way in a world, so a failure that contains another takes down all
//! that the other does, and more. Only what is more is looked for, and taken back afterwards.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::scene::{ALL, Mask, NONE, WORDS, both, either};
use super::{SAMPLED_WORLDS, draw};
use crate::query::requires::{Classes, Pool, Requires};
use crate::query::worth::Worths;

/// What is lost on average in the sampled worlds with each of these failures, which are lists of nodes: in
/// the measure of [`Worths::impact`].
pub fn weigh_together(requires: &Requires, worths: &Worths, failures: &[Vec<u32>]) -> Vec<f64> {
    let mut lost = vec![0.0; failures.len()];
    let plan = plan(failures);
    let groups = u32::try_from(requires.group_count()).unwrap_or(u32::MAX);
    let nodes = requires.nodes() as usize;
    let mut weighing = Weighing {
        requires,
        worths,
        hard: vec![ALL; requires.group_count()],
        down: vec![NONE; nodes],
        queued: vec![false; nodes],
        queue: Vec::new(),
        changes: Vec::new(),
        lost: 0.0,
    };
    for block in 0..SAMPLED_WORLDS as usize / (WORDS * 64) {
        for (place, mask) in (0..groups).zip(&mut weighing.hard) {
            let Some(group) = requires.group(place) else { continue };
            if group.strength < 1.0 {
                *mask =
                    std::array::from_fn(|word| draw(place, (block * WORDS + word) as u64, group.strength));
            }
        }
        for (first, places) in &plan {
            weighing.fail(&[*first]);
            let (before, sum) = (weighing.changes.len(), weighing.lost);
            for place in places {
                weighing.fail(failures.get(*place).map(Vec::as_slice).unwrap_or_default());
                if let Some(lost) = lost.get_mut(*place) {
                    *lost += weighing.lost;
                }
                weighing.take_back(before, sum);
            }
            weighing.take_back(0, 0.0);
        }
    }
    lost.into_iter().map(|lost| worths.share(lost / f64::from(SAMPLED_WORLDS))).collect()
}

/// A node of each failure, of those in it the one that most have in common, and the failures it begins.
fn plan(failures: &[Vec<u32>]) -> BTreeMap<u32, Vec<usize>> {
    let mut common: BTreeMap<u32, usize> = BTreeMap::new();
    for node in failures.iter().flatten() {
        *common.entry(*node).or_default() += 1;
    }
    let mut plan: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, failure) in failures.iter().enumerate() {
        if let Some(first) = failure.iter().copied().max_by_key(|node| common.get(node)) {
            plan.entry(first).or_default().push(place);
        }
    }
    plan
}

/// Some hundreds of worlds, and what is down in them.
struct Weighing<'a> {
    requires: &'a Requires,
    worths: &'a Worths,
    /// In which worlds each group matters.
    hard: Vec<Mask>,
    /// In which worlds each node is down.
    down: Vec<Mask>,
    queued: Vec<bool>,
    queue: Vec<u32>,
    /// What nodes were before they changed, in the order of changes.
    changes: Vec<(u32, Mask)>,
    /// What the nodes that are down mean, added up over all worlds.
    lost: f64,
}

impl Weighing<'_> {
    /// Fails some nodes besides, and all that leans on them.
    fn fail(&mut self, failed: &[u32]) {
        for node in failed {
            self.add(*node, ALL);
        }
        // Round by round, so that a node is looked at when what falls at once has fallen.
        while !self.queue.is_empty() {
            for provider in std::mem::take(&mut self.queue) {
                if let Some(queued) = self.queued.get_mut(provider as usize) {
                    *queued = false;
                }
                self.spread(provider);
            }
        }
    }

    fn spread(&mut self, provider: u32) {
        let requires = self.requires;
        let (leans, lost) = (requires.leans(), self.mask(provider));
        let runs = leans.runs(provider, Classes::Sure);
        for lean in leans.of(runs.rigid) {
            self.add(lean.dependent, both(self.hard(lean.by), &lost));
        }
        for lean in leans.of(runs.pooled) {
            let Some(pool) = leans.pool(lean.by) else { continue };
            let lost = self.lacking(pool);
            self.add(lean.dependent, both(self.hard(pool.group), &lost));
        }
    }

    /// In which worlds a group is hard.
    fn hard(&self, group: u32) -> Mask {
        self.hard.get(group as usize).copied().unwrap_or(NONE)
    }

    fn mask(&self, node: u32) -> Mask {
        self.down.get(node as usize).copied().unwrap_or(NONE)
    }

    /// In which worlds a pool has lost more members than it can spare.
    fn lacking(&self, pool: Pool) -> Mask {
        let members = self.requires.members(pool.group).iter();
        let masks: SmallVec<[Mask; 4]> = members.map(|member| self.mask(member.provider)).collect();
        let spare = pool.spare as usize;
        if masks.len() == spare + 1 {
            return masks.iter().fold(ALL, both);
        }
        super::scene::more_than(spare, masks.into_iter())
    }

    /// Takes a node down in more worlds.
    fn add(&mut self, node: u32, worlds: Mask) {
        let Some(down) = self.down.get_mut(node as usize) else { return };
        let more = either(*down, &worlds);
        if more == *down {
            return;
        }
        let count = |mask: &Mask| mask.iter().map(|word| word.count_ones()).sum::<u32>();
        self.lost += self.worths.level(node) * f64::from(count(&more) - count(down));
        self.changes.push((node, *down));
        *down = more;
        // Only services are leant on.
        if node < self.requires.services()
            && let Some(queued) = self.queued.get_mut(node as usize).filter(|queued| !**queued)
        {
            *queued = true;
            self.queue.push(node);
        }
    }

    /// Takes back all changes but so many of the first.
    fn take_back(&mut self, kept: usize, lost: f64) {
        while self.changes.len() > kept {
            let Some((node, before)) = self.changes.pop() else { break };
            if let Some(down) = self.down.get_mut(node as usize) {
                *down = before;
            }
        }
        self.lost = lost;
    }
}
