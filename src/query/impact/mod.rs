//! What stops when something fails: least fixpoints over [`Requires`] (`blast_radius.md` §2).
//!
//! A node is down if it failed or if one of its groups has fewer living members than it needs. The
//! operator is monotone, so the least fixpoint is unique, cycles do no harm, and each membership of a
//! node that is down is looked at once: only dependents are visited.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::requires::{
    CONFIDENCE_MIN, Class, Classes, Failure, Lean, Leans, Requires, Run, Runs, STRENGTH_MUST,
};

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

    /// The classes that count.
    const fn classes(self) -> Classes {
        match (self.confidence >= CONFIDENCE_MIN, self.strength >= STRENGTH_MUST) {
            (true, true) => Classes::Must,
            (true, false) => Classes::Sure,
            (false, _) => Classes::All,
        }
    }
}

/// A node that falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    work: Work,
    /// What is down, in the order in which it fell.
    fallen: Room<Fallen>,
    /// What may be down besides.
    may: Room<Fallen>,
}

/// Rows, with room for all that there can be: to write what may turn out to be no news, and not to count
/// it, costs less than to foresee whether it is.
struct Room<T> {
    rows: Vec<T>,
    used: usize,
}

impl<T: Copy + Default> Room<T> {
    fn new(rows: u32) -> Room<T> {
        // One more than there can be, for a last row that is no news.
        Room { rows: vec![T::default(); rows as usize + 1], used: 0 }
    }

    /// Adds rows, but for those that are no news.
    fn add(&mut self, rows: impl Iterator<Item = (T, bool)>) {
        let mut used = self.used;
        for (row, new) in rows {
            let Some(free) = self.rows.get_mut(used) else { break };
            *free = row;
            used += usize::from(new);
        }
        self.used = used;
    }

    fn at(&self, places: &Range<usize>) -> &[T] {
        self.rows.get(places.clone()).unwrap_or_default()
    }

    /// All but so many of the first.
    fn told(&self, without: usize) -> &[T] {
        self.at(&(without..self.used))
    }
}

/// What is to be done of one hop. Each list is made in one go, so that the processor need not know how one
/// look-up ended to begin with the next.
struct Work {
    /// The providers that are down.
    providers: Room<u32>,
    /// Those who lean on them and need them.
    rigid: Room<Run>,
    /// Those who lean on them and on others.
    pooled: Room<Run>,
}

impl Work {
    fn new(services: u32) -> Work {
        Work { providers: Room::new(services), rigid: Room::new(services), pooled: Room::new(services) }
    }

    /// Looks up who leans on what fell last.
    fn begin(&mut self, requires: &Requires, fallen: &[Fallen], classes: Classes) {
        let (leans, services) = (requires.leans(), requires.services());
        self.providers.used = 0;
        self.providers.add(fallen.iter().map(|down| (down.node, down.node < services)));
        match classes {
            Classes::Must => self.look_up(leans, Leans::must),
            Classes::May => self.look_up(leans, Leans::may),
            Classes::Sure => self.look_up(leans, Leans::sure),
            Classes::All => self.look_up(leans, Leans::all),
        }
    }

    fn look_up(&mut self, leans: &Leans, runs: impl Fn(&[u32; 7]) -> Runs) {
        let (mut rigid, mut pooled) = (0, 0);
        for provider in self.providers.told(0) {
            let room = (self.rigid.rows.get_mut(rigid), self.pooled.rows.get_mut(pooled));
            let ((Some(of_rigid), Some(of_pooled)), Some(bounds)) = (room, leans.bounds(*provider)) else {
                break;
            };
            let runs = runs(bounds);
            (*of_rigid, *of_pooled) = (runs.rigid, runs.pooled);
            rigid += usize::from(runs.rigid.0 < runs.rigid.1);
            pooled += usize::from(runs.pooled.0 < runs.pooled.1);
        }
        (self.rigid.used, self.pooled.used) = (rigid, pooled);
    }
}

impl<'a> Fixpoint<'a> {
    /// In time proportional to the graph.
    pub fn new(requires: &'a Requires) -> Fixpoint<'a> {
        let nodes = requires.nodes();
        Fixpoint {
            marks: Marks {
                lives: vec![true; nodes as usize],
                spare: requires.leans().pools().iter().map(|pool| pool.spare).collect(),
                ..Marks::default()
            },
            work: Work::new(requires.services()),
            fallen: Room::new(nodes),
            may: Room::new(nodes),
            requires,
        }
    }

    /// The graph.
    pub const fn requires(&self) -> &'a Requires {
        self.requires
    }

    /// What falls with these nodes when these dependencies no longer connect.
    pub fn run(&mut self, failed: &[u32], cut: &[u32], threshold: Threshold) -> &[Fallen] {
        let failed = self.begin(failed, cut);
        self.fall(failed, cut, threshold.classes());
        self.fallen.told(failed)
    }

    /// What certainly falls and what else may, looking at everything once. What is spared does not fall
    /// unless it must.
    pub fn question(&mut self, failed: &[u32], cut: &[u32], spared: &[u32]) -> Falling<'_> {
        let failed = self.begin(failed, cut);
        self.fall(failed, cut, Classes::Must);
        spared.iter().for_each(|node| self.marks.spare(*node));
        let Fixpoint { requires, marks, work, fallen, may } = self;
        marks.sever(requires, cut, Classes::May, may);
        // Hop by hop, as what certainly falls did.
        let (mut certain, mut possible, mut hop) = (0..failed, 0..0, 0);
        while certain.start < fallen.used || possible.start < may.used {
            hop += 1;
            work.begin(requires, fallen.at(&certain), Classes::May);
            marks.take(requires, work, hop, may);
            work.begin(requires, may.at(&possible), Classes::Sure);
            marks.take(requires, work, hop, may);
            possible = possible.end..may.used;
            let next = fallen.told(certain.end).partition_point(|fallen| fallen.hop <= hop);
            certain = certain.end..certain.end + next;
        }
        Falling { must: self.fallen.told(failed), may: self.may.told(0) }
    }

    /// Lets fall what leans on so many nodes that failed, and hop by hop what leans on that.
    fn fall(&mut self, failed: usize, cut: &[u32], classes: Classes) {
        let Fixpoint { requires, marks, work, fallen, .. } = self;
        marks.sever(requires, cut, classes, fallen);
        let (mut last, mut hop) = (0..failed, 0);
        while last.start < fallen.used {
            hop += 1;
            work.begin(requires, fallen.at(&last), classes);
            marks.take(requires, work, hop, fallen);
            last = last.end..fallen.used;
        }
    }

    /// Takes back the marks of the last question and makes the first of this one. Returns how many nodes
    /// failed.
    fn begin(&mut self, failed: &[u32], cut: &[u32]) -> usize {
        self.marks.take_back(self.requires, self.fallen.told(0), self.may.told(0));
        (self.fallen.used, self.may.used) = (0, 0);
        self.marks.cut(self.requires, cut);
        let failed = failed.iter().map(|node| Fallen { node: *node, hop: 0, group: u32::MAX });
        self.fallen.add(failed.map(|row| (row, self.marks.mark(row.node))));
        self.fallen.used
    }

    /// Whether a node failed or fell in the last question.
    pub fn is_down(&self, node: u32) -> bool {
        let lives = self.marks.lives.get(node as usize).copied().unwrap_or(true);
        !lives && !self.marks.spared.contains(&node)
    }
}

/// Where one in so many nodes was marked, all marks are taken back at once.
const SWEPT: usize = 16;

/// What a question marks.
#[derive(Default)]
struct Marks {
    /// Nodes that are neither down nor spared.
    lives: Vec<bool>,
    /// Nodes that live on whatever falls.
    spared: Vec<u32>,
    /// How many members each pool can still lose.
    spare: Vec<u32>,
    /// The pools that have lost any; one that has lost two, twice.
    losing: Vec<u32>,
    /// Leans on pools that are cut, in the order of their places.
    cut: Vec<(u32, Lean, Class)>,
}

impl Marks {
    /// Takes back all marks of a question.
    fn take_back(&mut self, requires: &Requires, fallen: &[Fallen], may: &[Fallen]) {
        let spared = std::mem::take(&mut self.spared);
        if fallen.len() + may.len() + spared.len() > self.lives.len() / SWEPT {
            self.lives.fill(true);
        } else {
            for node in fallen.iter().chain(may).map(|fallen| fallen.node).chain(spared) {
                if let Some(lives) = self.lives.get_mut(node as usize) {
                    *lives = true;
                }
            }
        }
        for pool in self.losing.drain(..) {
            if let (Some(spare), Some(pool)) =
                (self.spare.get_mut(pool as usize), requires.leans().pool(pool))
            {
                *spare = pool.spare;
            }
        }
    }

    /// Looks up which leans on pools these dependencies carry.
    fn cut(&mut self, requires: &Requires, cut: &[u32]) {
        let carried = cut.iter().flat_map(|dependency| requires.carried(*dependency));
        self.cut.clear();
        self.cut.extend(carried.filter_map(|row| Some((row.pooled?, row.lean, row.class))));
        self.cut.sort_unstable_by_key(|(place, ..)| *place);
        self.cut.dedup_by_key(|(place, ..)| *place);
    }

    /// Marks a node as down; true if it lived.
    fn mark(&mut self, node: u32) -> bool {
        self.lives.get_mut(node as usize).is_some_and(std::mem::take)
    }

    fn spare(&mut self, node: u32) {
        if self.mark(node) {
            self.spared.push(node);
        }
    }

    /// Takes away the memberships that cut dependencies carry, of groups of some classes.
    fn sever(&mut self, requires: &Requires, cut: &[u32], classes: Classes, fallen: &mut Room<Fallen>) {
        let carried = cut.iter().flat_map(|dependency| requires.carried(*dependency));
        let rigid = carried.filter(|row| classes.holds(row.class) && row.pooled.is_none());
        let rows = rigid.map(|row| Fallen { node: row.lean.dependent, hop: 1, group: row.group });
        fallen.add(rows.map(|row| (row, self.mark(row.node))));
        for place in 0..self.cut.len() {
            if let Some((_, lean, class)) = self.cut.get(place).copied()
                && classes.holds(class)
            {
                self.lose(requires.leans(), lean, 1, fallen);
            }
        }
    }

    /// Takes providers that are down away from those who lean on them.
    fn take(&mut self, requires: &Requires, work: &Work, hop: u32, fallen: &mut Room<Fallen>) {
        let leans = requires.leans();
        // Whoever is cut off from one of them is down already.
        take_down(&mut self.lives, leans, work.rigid.told(0), hop, fallen);
        for run in work.pooled.told(0) {
            for (place, lean) in (run.0..).zip(leans.of(*run)) {
                // Who is cut off from it has lost it before.
                if self.cut.is_empty() || self.cut.binary_search_by_key(&place, |(cut, ..)| *cut).is_err() {
                    self.lose(leans, *lean, hop, fallen);
                }
            }
        }
    }

    /// Counts a member that a pool lost: who leans on it falls when it had none to spare.
    fn lose(&mut self, leans: &Leans, lean: Lean, hop: u32, fallen: &mut Room<Fallen>) {
        let (spare, lives) =
            (self.spare.get_mut(lean.by as usize), self.lives.get_mut(lean.dependent as usize));
        match (spare, lives) {
            (Some(spare @ 1..), _) => {
                *spare -= 1;
                self.losing.push(lean.by);
            }
            (Some(0), Some(lives @ true)) => {
                *lives = false;
                let group = leans.pool(lean.by).map_or(u32::MAX, |pool| pool.group);
                fallen.add(std::iter::once((Fallen { node: lean.dependent, hop, group }, true)));
            }
            _ => {}
        }
    }
}

/// Takes down all in some runs who lived so far. Nearly all the time of a question goes by here, so that it
/// is kept apart: what else its caller has at hand would take the registers.
#[inline(never)]
fn take_down(lives: &mut [bool], leans: &Leans, runs: &[Run], hop: u32, fallen: &mut Room<Fallen>) {
    let mut used = fallen.used;
    let rows = fallen.rows.as_mut_slice();
    for run in runs {
        for lean in leans.of(*run) {
            let lives = lives.get_mut(lean.dependent as usize);
            let (Some(lives), Some(row)) = (lives, rows.get_mut(used)) else { continue };
            *row = Fallen { node: lean.dependent, hop, group: lean.by };
            used += usize::from(std::mem::take(lives));
        }
    }
    fallen.used = used;
}
