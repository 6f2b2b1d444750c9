//! What stops when something fails: least fixpoints over [`Requires`] (`blast_radius.md` §2).
//!
//! A node is down if it failed or if one of its groups has fewer living members than it needs. The
//! operator is monotone, so the least fixpoint is unique, cycles do no harm, and each membership of a
//! node that is down is looked at once: only dependents are visited.

#[cfg(test)]
mod tests;

use super::requires::{CONFIDENCE_MIN, Class, Failure, Requires, STRENGTH_MUST};

/// Which groups count: one of three sets, each within the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Those at least so strong.
    pub strength: f32,
    /// Those at least so sure.
    pub confidence: f32,
}

impl Threshold {
    /// What certainly needs: most requests fail without it.
    pub const MUST: Threshold = Threshold { strength: STRENGTH_MUST, confidence: CONFIDENCE_MIN };
    /// What may need.
    pub const MAY: Threshold = Threshold { strength: 0.0, confidence: CONFIDENCE_MIN };
    /// Everything, also what was seen only once.
    pub const ALL: Threshold = Threshold { strength: 0.0, confidence: 0.0 };

    /// The last class that counts.
    fn class(self) -> Class {
        match (self.confidence >= CONFIDENCE_MIN, self.strength >= STRENGTH_MUST) {
            (true, true) => Class::Must,
            (true, false) => Class::May,
            (false, _) => Class::Unsure,
        }
    }
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

/// What certainly falls, and what else may.
#[derive(Clone, Copy, Debug)]
pub struct Falling<'a> {
    /// In the order of hops.
    pub must: &'a [Fallen],
    /// In the order of hops, counted over what certainly falls where that is on the way.
    pub may: &'a [Fallen],
}

/// Room for many questions to one graph. A question costs what it touches and not what there is: its
/// marks are taken back one by one.
pub struct Fixpoint<'a> {
    requires: &'a Requires,
    marks: Marks,
    /// What is down, in the order in which it fell; also the work that is left.
    fallen: Room,
    /// What may be down besides.
    may: Room,
}

/// What fell, with room for everything that can: to write what may turn out to be no news, and not to
/// count it, costs less than to foresee whether it is.
struct Room {
    rows: Vec<Fallen>,
    used: usize,
}

impl Room {
    fn new(nodes: u32) -> Room {
        // One more than can fall, for a last row that is no news.
        Room { rows: vec![Fallen { node: 0, hop: 0, group: u32::MAX }; nodes as usize + 1], used: 0 }
    }

    /// Adds what fell if it is news.
    fn add(&mut self, fallen: Fallen, new: bool) {
        if let Some(row) = self.rows.get_mut(self.used) {
            *row = fallen;
            self.used += usize::from(new);
        }
    }

    fn get(&self, place: usize) -> Option<Fallen> {
        self.told(0).get(place).copied()
    }

    /// All but so many of the first.
    fn told(&self, without: usize) -> &[Fallen] {
        self.rows.get(without..self.used).unwrap_or_default()
    }
}

/// What a question marks.
#[derive(Default)]
struct Marks {
    /// For each node whether it is down, or spared.
    down: Vec<bool>,
    /// Nodes that live on whatever falls.
    spared: Vec<u32>,
    /// How many members each group has lost, of those that can spare any.
    lost: Vec<u32>,
    /// The groups that have lost any.
    losing: Vec<u32>,
    /// Memberships that are cut, as group and provider, sorted.
    cut: Vec<(u32, u32)>,
}

impl<'a> Fixpoint<'a> {
    /// In time proportional to the graph.
    pub fn new(requires: &'a Requires) -> Fixpoint<'a> {
        let marks = Marks {
            down: vec![false; requires.nodes() as usize],
            lost: vec![0; requires.group_count()],
            ..Marks::default()
        };
        let room = || Room::new(requires.nodes());
        Fixpoint { requires, marks, fallen: room(), may: room() }
    }

    /// The graph.
    pub const fn requires(&self) -> &'a Requires {
        self.requires
    }

    /// What falls with these nodes when these dependencies no longer connect.
    pub fn run(&mut self, failed: &[u32], cut: &[u32], threshold: Threshold) -> &[Fallen] {
        let last = threshold.class();
        let failed = self.begin(failed, cut);
        self.marks.sever(self.requires, Class::Must, last, &mut self.fallen);
        let mut next = 0;
        while let Some(fallen) = self.fallen.get(next) {
            next += 1;
            self.marks.spread(self.requires, fallen, Class::Must, last, &mut self.fallen);
        }
        self.fallen.told(failed)
    }

    /// What certainly falls and what else may, looking at everything once. What is spared does not fall
    /// unless it must.
    pub fn question(&mut self, failed: &[u32], cut: &[u32], spared: &[u32]) -> Falling<'_> {
        let failed = self.run_must(failed, cut);
        spared.iter().for_each(|node| self.marks.spare(*node));
        self.marks.sever(self.requires, Class::May, Class::May, &mut self.may);
        // Hop by hop, so that both lists are in the order of hops.
        let (mut certain, mut possible, mut hop) = (0, 0, 0);
        while certain < self.fallen.used || possible < self.may.used {
            while let Some(must) = self.fallen.get(certain).filter(|must| must.hop <= hop) {
                certain += 1;
                self.marks.spread(self.requires, must, Class::May, Class::May, &mut self.may);
            }
            while let Some(may) = self.may.get(possible).filter(|may| may.hop <= hop) {
                possible += 1;
                self.marks.spread(self.requires, may, Class::Must, Class::May, &mut self.may);
            }
            hop += 1;
        }
        Falling { must: self.fallen.told(failed), may: self.may.told(0) }
    }

    fn run_must(&mut self, failed: &[u32], cut: &[u32]) -> usize {
        let fallen = self.run(failed, cut, Threshold::MUST).len();
        self.fallen.used - fallen
    }

    /// Takes back the marks of the last question and makes the first of this one. Returns how many nodes
    /// failed.
    fn begin(&mut self, failed: &[u32], cut: &[u32]) -> usize {
        for fallen in self.fallen.told(0).iter().chain(self.may.told(0)) {
            self.marks.clear(fallen.node);
        }
        (self.fallen.used, self.may.used) = (0, 0);
        self.marks.begin(self.requires, cut);
        for node in failed {
            self.fallen.add(Fallen { node: *node, hop: 0, group: u32::MAX }, self.marks.mark(*node));
        }
        self.fallen.used
    }

    /// Whether a node failed or fell in the last question.
    pub fn is_down(&self, node: u32) -> bool {
        self.marks.is_marked(node) && !self.marks.spared.contains(&node)
    }
}

impl Marks {
    fn begin(&mut self, requires: &Requires, cut: &[u32]) {
        for node in std::mem::take(&mut self.spared) {
            self.clear(node);
        }
        for group in self.losing.drain(..) {
            if let Some(lost) = self.lost.get_mut(group as usize) {
                *lost = 0;
            }
        }
        self.cut.clear();
        self.cut.extend(cut.iter().flat_map(|dependency| requires.carried(*dependency)));
        self.cut.sort_unstable();
        self.cut.dedup();
    }

    /// Marks a node; true if it was not marked.
    fn mark(&mut self, node: u32) -> bool {
        self.down.get_mut(node as usize).is_some_and(|down| !std::mem::replace(down, true))
    }

    fn is_marked(&self, node: u32) -> bool {
        self.down.get(node as usize).copied().unwrap_or_default()
    }

    fn clear(&mut self, node: u32) {
        if let Some(down) = self.down.get_mut(node as usize) {
            *down = false;
        }
    }

    fn spare(&mut self, node: u32) {
        if self.mark(node) {
            self.spared.push(node);
        }
    }

    /// Takes away the memberships that cut dependencies carry, of groups of these classes.
    fn sever(&mut self, requires: &Requires, from: Class, to: Class, fallen: &mut Room) {
        for place in 0..self.cut.len() {
            let Some((group, _)) = self.cut.get(place).copied() else { continue };
            let Some(row) = requires.group(group) else { continue };
            let counts = requires.class(group).is_some_and(|class| from <= class && class <= to);
            if counts && self.loses_too_many(requires, group) {
                fallen.add(Fallen { node: row.dependent, hop: 1, group }, self.mark(row.dependent));
            }
        }
    }

    /// Takes a provider that is down away from all that lean on it.
    fn spread(&mut self, requires: &Requires, down: Fallen, from: Class, to: Class, fallen: &mut Room) {
        let (provider, hop, is_cut) = (down.node, down.hop + 1, !self.cut.is_empty());
        for lean in requires.leans(provider, from, to) {
            let (node, group) = (lean.dependent, lean.group());
            if is_cut && self.cut.binary_search(&(group, provider)).is_ok() {
                continue;
            }
            if lean.spares() && (self.is_marked(node) || !self.loses_too_many(requires, group)) {
                continue;
            }
            let new = self.mark(node);
            fallen.add(Fallen { node, hop, group }, new);
        }
    }

    /// Counts a member that a group lost; true once it has fewer than it needs.
    fn loses_too_many(&mut self, requires: &Requires, group: u32) -> bool {
        let Some(lost) = self.lost.get_mut(group as usize) else { return false };
        if *lost == 0 {
            self.losing.push(group);
        }
        *lost += 1;
        *lost > requires.spare(group)
    }
}
