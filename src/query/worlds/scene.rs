//! What may fall, cut out of the whole graph, and what of it falls in many worlds at once.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use crate::query::impact::{Fallen, Threshold};
use crate::query::requires::{ImpactNode, Requires};

/// 64-bit words of a mask: 512 worlds at once, for which processors have wide registers.
pub const WORDS: usize = 8;

/// In which of some consecutive worlds something holds, a bit for each.
pub type Mask = [u64; WORDS];

/// In none.
pub const NONE: Mask = [0; WORDS];

/// In all.
pub const ALL: Mask = [u64::MAX; WORDS];

pub fn either(one: Mask, other: &Mask) -> Mask {
    let mut both = one;
    both.iter_mut().zip(other).for_each(|(word, other)| *word |= other);
    both
}

pub fn both(one: Mask, other: &Mask) -> Mask {
    let mut both = one;
    both.iter_mut().zip(other).for_each(|(word, other)| *word &= other);
    both
}

/// A group that may be lost, and that is not certain to matter.
pub struct Uncertain {
    /// Its place in the whole graph.
    pub place: u32,
    /// The probability that it matters.
    pub strength: f32,
}

/// A member of a group that may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lost {
    /// It failed itself, or its dependency is cut.
    Always,
    /// It may fall: its place in the scene.
    With(u32),
}

/// What a node certainly needs: of each group how many members it can lose, and which may be lost.
type Needs = Vec<(usize, SmallVec<[Lost; 2]>)>;

/// A group that may be lost.
struct Part {
    /// Its place among the uncertain ones; none if it is certain to matter.
    uncertain: Option<usize>,
    /// Members that it can lose.
    spare: usize,
    /// Those of its members that may be lost.
    members: SmallVec<[Lost; 2]>,
}

/// Everything that may fall, in the order of hops.
pub struct Scene {
    /// Groups whose loss is uncertain to matter.
    pub uncertain: Vec<Uncertain>,
    /// The groups of each node.
    nodes: Vec<Vec<Part>>,
    /// Who leans on each node.
    leaning: Vec<Vec<u32>>,
    /// The node that stands for each of those that may fall: clients with the same needs are one.
    stands: Vec<u32>,
}

/// Room to settle worlds in.
pub struct Room {
    down: Vec<Mask>,
    queued: Vec<bool>,
    queue: VecDeque<u32>,
}

impl Room {
    /// In which worlds each node is down.
    pub fn masks(&self) -> &[Mask] {
        &self.down
    }
}

impl Scene {
    /// Cuts out what may fall with what failed.
    pub fn new(requires: &Requires, failed: &[u32], cut: &[u32], may: &[Fallen]) -> Scene {
        let gone = cut.iter().flat_map(|place| requires.carried(*place));
        let mut gone: Vec<(u32, u32)> = gone.map(|row| (row.group, row.provider)).collect();
        gone.sort_unstable();
        let mut failed = failed.to_vec();
        failed.sort_unstable();
        let mut order: Vec<(u32, u32)> = may.iter().map(|fallen| fallen.node).zip(0..).collect();
        order.sort_unstable();
        let place_of = |node: u32| {
            let found = order.binary_search_by_key(&node, |(node, _)| *node).ok()?;
            order.get(found).map(|(_, place)| *place)
        };
        let mut scene =
            Scene { uncertain: Vec::new(), nodes: Vec::new(), leaning: Vec::new(), stands: Vec::new() };
        // Services come to stand in the scene as they fall; a client that needs what another needs, and
        // all of it certainly, falls in the same worlds.
        let mut alike: BTreeMap<Needs, u32> = BTreeMap::new();
        let mut parts_of: Vec<Vec<Part>> = Vec::with_capacity(may.len());
        for fallen in may {
            let lost = |group: u32| -> SmallVec<[Lost; 2]> {
                let member = |member: &super::super::requires::Member| {
                    if failed.binary_search(&member.provider).is_ok()
                        || gone.binary_search(&(group, member.provider)).is_ok()
                    {
                        return Some(Lost::Always);
                    }
                    place_of(member.provider).map(Lost::With)
                };
                requires.members(group).iter().filter_map(member).collect()
            };
            let mut parts = Vec::new();
            for place in requires.groups_of(fallen.node) {
                let Some(group) = requires.group(place) else { continue };
                let members = lost(place);
                let spare = requires.members(place).len() - group.needed as usize;
                if group.confidence < Threshold::MAY.confidence || members.len() <= spare {
                    continue;
                }
                let uncertain = (group.strength < 1.0).then_some(scene.uncertain.len());
                if uncertain.is_some() {
                    scene.uncertain.push(Uncertain { place, strength: group.strength });
                }
                parts.push(Part { uncertain, spare, members });
            }
            let place = u32::try_from(parts_of.len()).unwrap_or(u32::MAX);
            let client = matches!(requires.node(fallen.node), ImpactNode::Host(_));
            let same = client && parts.iter().all(|part| part.uncertain.is_none());
            let stand = match same {
                true => {
                    let mut needs: Vec<_> =
                        parts.iter().map(|part| (part.spare, part.members.clone())).collect();
                    needs.sort_unstable();
                    *alike.entry(needs).or_insert(place)
                }
                false => place,
            };
            scene.stands.push(stand);
            parts_of.push(if stand == place { parts } else { Vec::new() });
        }
        scene.leaning = leaning(&parts_of);
        scene.nodes = parts_of;
        scene
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// What was counted for a node, or for the one that stands for it.
    pub fn share(&self, shares: &[f64], place: usize) -> f64 {
        let stand = self.stands.get(place).and_then(|stand| shares.get(*stand as usize));
        stand.copied().unwrap_or_default().clamp(0.0, 1.0)
    }

    /// Room for [`Scene::settle`].
    pub fn room(&self) -> Room {
        Room { down: vec![NONE; self.nodes()], queued: vec![false; self.nodes()], queue: VecDeque::new() }
    }

    /// The least fixpoint in so many worlds; `hard` tells in which of them an uncertain group matters.
    pub fn settle(&self, hard: impl Fn(usize) -> Mask, room: &mut Room) {
        room.down.fill(NONE);
        room.queued.fill(true);
        room.queue.clear();
        room.queue.extend(0..u32::try_from(self.nodes()).unwrap_or(u32::MAX));
        while let Some(place) = room.queue.pop_front() {
            let node = place as usize;
            if let Some(queued) = room.queued.get_mut(node) {
                *queued = false;
            }
            let mut mask = NONE;
            for part in self.nodes.get(node).into_iter().flatten() {
                mask = either(mask, &both(part.uncertain.map_or(ALL, &hard), &part.lost(&room.down)));
            }
            let Some(down) = room.down.get_mut(node).filter(|down| **down != mask) else { continue };
            *down = mask;
            for dependent in self.leaning.get(node).into_iter().flatten() {
                if let Some(queued) = room.queued.get_mut(*dependent as usize).filter(|queued| !**queued) {
                    *queued = true;
                    room.queue.push_back(*dependent);
                }
            }
        }
    }
}

/// Who leans on each node.
fn leaning(nodes: &[Vec<Part>]) -> Vec<Vec<u32>> {
    let mut leaning = vec![Vec::new(); nodes.len()];
    for (dependent, parts) in (0u32..).zip(nodes) {
        for member in parts.iter().flat_map(|part| &part.members) {
            if let Lost::With(provider) = member
                && let Some(list) = leaning.get_mut(*provider as usize)
            {
                list.push(dependent);
            }
        }
    }
    leaning
}

impl Part {
    /// In which worlds more members are lost than it can spare.
    fn lost(&self, down: &[Mask]) -> Mask {
        let mask = |member: &Lost| match member {
            Lost::Always => ALL,
            Lost::With(place) => down.get(*place as usize).copied().unwrap_or(NONE),
        };
        if self.spare == 0 {
            return self.members.iter().fold(NONE, |any, member| either(any, &mask(member)));
        }
        if self.members.len() == self.spare + 1 {
            return self.members.iter().fold(ALL, |all, member| both(all, &mask(member)));
        }
        more_than(self.spare, self.members.iter().map(mask))
    }
}

/// In which worlds more than so many of the masks hold.
pub fn more_than(many: usize, masks: impl Iterator<Item = Mask>) -> Mask {
    // In which worlds at least so many are lost, and one more.
    let mut at_least: SmallVec<[Mask; 4]> = SmallVec::from_elem(NONE, many + 1);
    for mask in masks {
        for many in (0..=many).rev() {
            let fewer = many.checked_sub(1).map_or(Some(ALL), |fewer| at_least.get(fewer).copied());
            if let (Some(fewer), Some(mine)) = (fewer, at_least.get_mut(many)) {
                *mine = either(*mine, &both(fewer, &mask));
            }
        }
    }
    at_least.last().copied().unwrap_or(NONE)
}
