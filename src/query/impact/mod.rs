//! What stops when something fails: least fixpoints over [`Requires`] (`blast_radius.md` §2).
//!
//! A node is down if it failed or if one of its groups has fewer living members than it needs. The
//! operator is monotone, so the least fixpoint is unique, cycles do no harm, and each membership of a
//! node that is down is looked at once: only dependents are visited.

#[cfg(test)]
mod tests;

use super::requires::{Failure, Requires};

/// Which groups count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Those at least so strong.
    pub strength: f32,
    /// Those at least so sure.
    pub confidence: f32,
}

impl Threshold {
    /// What certainly needs: most requests fail without it.
    pub const MUST: Threshold = Threshold { strength: 0.8, confidence: 0.6 };
    /// What may need.
    pub const MAY: Threshold = Threshold { strength: 0.0, confidence: 0.6 };
    /// Everything, also what was seen only once.
    pub const ALL: Threshold = Threshold { strength: 0.0, confidence: 0.0 };
}

/// A node that falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallen {
    /// The node.
    pub node: u32,
    /// How many groups stand between it and what failed; 1: it uses it itself.
    pub hop: u32,
    /// The group that failed it: the first, and of those that fail at once through one provider, the
    /// strongest.
    pub group: u32,
}

/// What fails from a failure, in the order of hops; what failed itself is not in it. Who asks often
/// keeps a [`Fixpoint`].
pub fn impact(requires: &Requires, failure: &Failure, threshold: Threshold) -> Vec<Fallen> {
    let mut fixpoint = Fixpoint::new(requires);
    fixpoint.run(&requires.failing(failure), &failure.cut, threshold).to_vec()
}

/// What certainly falls.
pub fn must(requires: &Requires, failure: &Failure) -> Vec<Fallen> {
    impact(requires, failure, Threshold::MUST)
}

/// What certainly falls or may.
pub fn may(requires: &Requires, failure: &Failure) -> Vec<Fallen> {
    impact(requires, failure, Threshold::MAY)
}

/// Room for many questions to one graph. A question costs what it touches and not what there is:
/// marks of earlier ones are told by their number.
pub struct Fixpoint<'a> {
    requires: &'a Requires,
    question: u32,
    /// The question in which a node was last down.
    down: Vec<u32>,
    /// The question in which a group last lost a member, and how many it has lost.
    lost: Vec<(u32, u32)>,
    /// Memberships that are cut, as group and provider, sorted.
    cut: Vec<(u32, u32)>,
    /// What is down, in the order in which it fell; also the work that is left.
    fallen: Vec<Fallen>,
}

impl<'a> Fixpoint<'a> {
    /// In time proportional to the graph.
    pub fn new(requires: &'a Requires) -> Fixpoint<'a> {
        Fixpoint {
            requires,
            question: 0,
            down: vec![0; requires.nodes() as usize],
            lost: vec![(0, 0); requires.group_count()],
            cut: Vec::new(),
            fallen: Vec::new(),
        }
    }

    /// What falls with these nodes when these dependencies no longer connect.
    pub fn run(&mut self, failed: &[u32], cut: &[u32], threshold: Threshold) -> &[Fallen] {
        self.run_sparing(failed, cut, threshold, &[])
    }

    /// The same if some nodes lived on whatever falls.
    pub fn run_sparing(
        &mut self,
        failed: &[u32],
        cut: &[u32],
        threshold: Threshold,
        spared: &[u32],
    ) -> &[Fallen] {
        self.begin();
        for node in failed {
            self.fall(Fallen { node: *node, hop: 0, group: u32::MAX });
        }
        let failed = self.fallen.len();
        for node in spared {
            // What is marked and not in the list is never looked at again.
            if let Some(down) = self.down.get_mut(*node as usize) {
                *down = self.question;
            }
        }
        self.sever(cut, threshold);
        let mut next = 0;
        while let Some(Fallen { node, hop, .. }) = self.fallen.get(next).copied() {
            next += 1;
            self.spread(node, hop, threshold);
        }
        self.fallen.get(failed..).unwrap_or_default()
    }

    /// The graph.
    pub const fn requires(&self) -> &'a Requires {
        self.requires
    }

    /// Whether a node failed or fell in the last run.
    pub fn is_down(&self, node: u32) -> bool {
        self.question > 0 && self.down.get(node as usize) == Some(&self.question)
    }

    fn begin(&mut self) {
        self.fallen.clear();
        self.cut.clear();
        self.question = self.question.wrapping_add(1);
        if self.question == 0 {
            self.down.fill(0);
            self.lost.fill((0, 0));
            self.question = 1;
        }
    }

    fn fall(&mut self, fallen: Fallen) {
        if let Some(down) = self.down.get_mut(fallen.node as usize)
            && *down != self.question
        {
            *down = self.question;
            self.fallen.push(fallen);
        }
    }

    /// Takes away the memberships that cut dependencies carry.
    fn sever(&mut self, cut: &[u32], threshold: Threshold) {
        let requires = self.requires;
        self.cut.extend(cut.iter().flat_map(|dependency| requires.carried(*dependency)));
        self.cut.sort_unstable();
        self.cut.dedup();
        for place in 0..self.cut.len() {
            let Some((group, _)) = self.cut.get(place).copied() else { continue };
            let Some(row) = requires.group(group) else { continue };
            let spare = requires.members(group).len() as u32 - row.needed;
            if threshold.counts(row.strength, row.confidence) && self.loses_too_many(group, spare) {
                self.fall(Fallen { node: row.dependent, hop: 1, group });
            }
        }
    }

    /// Takes a provider away from all that lean on it.
    fn spread(&mut self, provider: u32, hop: u32, threshold: Threshold) {
        for lean in self.requires.leans(provider) {
            if lean.strength < threshold.strength {
                // The strongest come first.
                break;
            }
            if lean.confidence < threshold.confidence || self.is_cut(lean.group, provider) {
                continue;
            }
            if lean.spare == 0 || self.loses_too_many(lean.group, lean.spare) {
                self.fall(Fallen { node: lean.dependent, hop: hop + 1, group: lean.group });
            }
        }
    }

    /// Counts a member that a group lost; true once it has fewer than it needs.
    fn loses_too_many(&mut self, group: u32, spare: u32) -> bool {
        let Some((question, lost)) = self.lost.get_mut(group as usize) else { return false };
        if *question != self.question {
            (*question, *lost) = (self.question, 0);
        }
        *lost += 1;
        *lost > spare
    }

    fn is_cut(&self, group: u32, provider: u32) -> bool {
        !self.cut.is_empty() && self.cut.binary_search(&(group, provider)).is_ok()
    }
}

impl Threshold {
    fn counts(self, strength: f32, confidence: f32) -> bool {
        strength >= self.strength && confidence >= self.confidence
    }
}
