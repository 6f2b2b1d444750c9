//! Who leans on a provider, laid out for questions: what all of a question's answers depend on stands side
//! by side, and what needs no second look stands apart from what does.

use super::{CONFIDENCE_MIN, Group, Member, NO_DEPENDENCY, STRENGTH_MUST};
use crate::query::rows::{Rows, count};

/// One membership, seen from the provider: what a question looks at for every edge, in 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct Lean {
    /// The node that leans on the provider.
    pub dependent: u32,
    /// By which group; among the leans of pools, by which pool.
    pub by: u32,
}

/// A group that can lose a member and live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct Pool {
    /// The group.
    pub group: u32,
    /// How many members it can lose.
    pub spare: u32,
}

/// What is asked of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::query) enum Class {
    /// Sure, and most requests fail without it.
    Must,
    /// Sure, and needed at times.
    May,
    /// Seen too rarely to count.
    Unsure,
}

impl Class {
    fn of(group: &Group) -> Class {
        match (group.confidence >= CONFIDENCE_MIN, group.strength >= STRENGTH_MUST) {
            (true, true) => Class::Must,
            (true, false) => Class::May,
            (false, _) => Class::Unsure,
        }
    }
}

/// Which classes a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) enum Classes {
    /// Only [`Class::Must`].
    Must,
    /// Only [`Class::May`].
    May,
    /// Both.
    Sure,
    /// All.
    All,
}

impl Classes {
    /// A class is among these.
    pub fn holds(self, class: Class) -> bool {
        match self {
            Classes::Must => class == Class::Must,
            Classes::May => class == Class::May,
            Classes::Sure => class <= Class::May,
            Classes::All => true,
        }
    }
}

/// What a dependency carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct Carried {
    /// Whom is leant on.
    pub provider: u32,
    /// By which group.
    pub group: u32,
    /// Of which class.
    pub class: Class,
    /// Who leans.
    pub lean: Lean,
    /// The place of the lean; none if the group needs all its members.
    pub pooled: Option<u32>,
}

/// Places of leans that stand side by side, with an end.
pub(in crate::query) type Run = (u32, u32);

/// Who leans on a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::query) struct Runs {
    /// By groups that need all their members: whoever loses one falls.
    pub rigid: Run,
    /// By pools.
    pub pooled: Run,
}

/// Of each provider: where each of its six parts begins, which are the three classes of rigid leans and the
/// three of pooled ones, and where the last one ends.
const BOUNDS: usize = 7;

/// The parts of a provider.
const PARTS: u32 = 6;

/// All leans: by provider, rigid or pooled, and class; in these by dependent, and of several groups of one
/// dependent the strongest comes first.
#[derive(Debug, Default)]
pub(in crate::query) struct Leans {
    rows: Rows<Lean>,
    pools: Vec<Pool>,
}

/// A lean before it has its place.
struct Unplaced {
    part: u32,
    lean: Lean,
    strength: f32,
    /// The dependency that carries it, whom is leant on, the group, and its class.
    carried: (u32, u32, u32, Class),
    pooled: bool,
}

impl Leans {
    /// From groups with their members. Beside them what each dependency carries, in the order of
    /// dependencies.
    pub fn new<'g>(
        providers: u32,
        groups: impl Iterator<Item = (&'g Group, &'g [Member])>,
    ) -> (Leans, Vec<(u32, Carried)>) {
        let (mut leans, mut pools) = (Vec::new(), Vec::new());
        for (place, (group, members)) in (0u32..).zip(groups) {
            let (class, spare) = (Class::of(group), count(members.len()) - group.needed);
            let by = if spare > 0 { count(pools.len()) } else { place };
            let part = class as u32 + if spare > 0 { PARTS / 2 } else { 0 };
            leans.extend(members.iter().map(|member| Unplaced {
                part: member.provider * PARTS + part,
                lean: Lean { dependent: group.dependent, by },
                strength: group.strength,
                carried: (member.dependency, member.provider, place, class),
                pooled: spare > 0,
            }));
            if spare > 0 {
                pools.push(Pool { group: place, spare });
            }
        }
        leans.sort_unstable_by(|one, other| {
            let place = |of: &Unplaced| (of.part, of.lean.dependent);
            let stronger = other.strength.total_cmp(&one.strength);
            place(one).cmp(&place(other)).then(stronger).then(one.carried.2.cmp(&other.carried.2))
        });
        let carried = carried(&leans);
        let leans = leans.into_iter().map(|one| (one.part, one.lean));
        (Leans { rows: Rows::new((providers * PARTS) as usize, leans), pools }, carried)
    }

    /// Who leans on a provider by groups of some classes.
    pub fn runs(&self, provider: u32, classes: Classes) -> Runs {
        self.bounds(provider).map_or_else(Runs::default, |bounds| match classes {
            Classes::Must => Leans::must(bounds),
            Classes::May => Leans::may(bounds),
            Classes::Sure => Leans::sure(bounds),
            Classes::All => Leans::all(bounds),
        })
    }

    /// The bounds of a provider, for [`Leans::must`] and its like.
    #[inline]
    pub fn bounds(&self, provider: u32) -> Option<&[u32; BOUNDS]> {
        self.rows.starts(provider * PARTS)
    }

    /// Those of [`Classes::Must`].
    pub const fn must(bounds: &[u32; BOUNDS]) -> Runs {
        let [must, may, _, pooled_must, pooled_may, ..] = *bounds;
        Runs { rigid: (must, may), pooled: (pooled_must, pooled_may) }
    }

    /// Those of [`Classes::May`].
    pub const fn may(bounds: &[u32; BOUNDS]) -> Runs {
        let [_, may, unsure, _, pooled_may, pooled_unsure, _] = *bounds;
        Runs { rigid: (may, unsure), pooled: (pooled_may, pooled_unsure) }
    }

    /// Those of [`Classes::Sure`].
    pub const fn sure(bounds: &[u32; BOUNDS]) -> Runs {
        let [must, _, unsure, pooled_must, _, pooled_unsure, _] = *bounds;
        Runs { rigid: (must, unsure), pooled: (pooled_must, pooled_unsure) }
    }

    /// Those of [`Classes::All`].
    pub const fn all(bounds: &[u32; BOUNDS]) -> Runs {
        let [rigid, _, _, pooled, _, _, end] = *bounds;
        Runs { rigid: (rigid, pooled), pooled: (pooled, end) }
    }

    /// The leans of a run.
    #[inline]
    pub fn of(&self, (start, end): Run) -> &[Lean] {
        self.rows.at(start..end)
    }

    /// How many lean on a provider.
    pub fn count(&self, provider: u32) -> usize {
        self.bounds(provider).map_or(0, |[start, .., end]| (end - start) as usize)
    }

    /// The pools.
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// A pool by its place.
    pub fn pool(&self, pool: u32) -> Option<Pool> {
        self.pools.get(pool as usize).copied()
    }
}

/// What dependencies carry, in their order.
fn carried(leans: &[Unplaced]) -> Vec<(u32, Carried)> {
    let carried = (0u32..).zip(leans).map(|(place, one)| {
        let (dependency, provider, group, class) = one.carried;
        let pooled = one.pooled.then_some(place);
        (dependency, Carried { provider, group, class, lean: one.lean, pooled })
    });
    let mut carried: Vec<(u32, Carried)> =
        carried.filter(|(dependency, _)| *dependency != NO_DEPENDENCY).collect();
    carried.sort_unstable_by_key(|(dependency, row)| (*dependency, row.group, row.provider));
    carried
}
