//! If something stops, who stops with it: everything that an answer tells of impact.

mod business;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use business::{Extent, Hit};

use super::atlas::Atlas;
use super::damping::SharedInfrastructure;
use super::impact::{Fallen, Fixpoint, Threshold};
use super::machine::Machines;
use super::requires::{Failure, ImpactNode, NO_DEPENDENCY, Requires};
use super::restore::{Restored, restore_order};
use super::target::Resolved;
use super::worlds::worlds;
use super::worth::Worths;

/// Something that falls.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// What falls.
    pub node: u32,
    /// Groups between it and what failed.
    pub hop: u32,
    /// How likely it falls, 0 to 1.
    pub probability: f64,
    /// The group that failed it.
    pub group: u32,
    /// Dependencies from it to what failed, by their places.
    pub because: Vec<u32>,
}

/// Shared infrastructure that falls, or may.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedLoss {
    /// The service.
    pub service: u32,
    /// It falls for certain.
    pub certain: bool,
    /// Hosts that use it.
    pub clients: usize,
}

/// What stops with something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outage {
    /// What failed itself: nodes, ascending.
    pub failed: Vec<u32>,
    /// What falls for certain, by hops; within a hop what means most comes first.
    pub must: Vec<Loss>,
    /// What may fall.
    pub may: Vec<Loss>,
    /// What would fall if a use that was seen too rarely to count were a need.
    pub seen_once: Vec<Loss>,
    /// Shared infrastructure among all that.
    pub shared: Vec<SharedLoss>,
    /// What may fall only with shared infrastructure that may, and is not listed.
    pub folded: usize,
    /// The share of everything that means something which is lost, 0 to 1.
    pub score: f64,
    /// What a probability of one half may be wrong by; 0 where all possible worlds were looked at.
    pub error: f64,
    /// Groups of which it is uncertain whether their loss matters.
    pub uncertain: usize,
    /// Hosts that lose something for certain and offer nothing that falls or may: places, ascending.
    pub clients: Vec<u32>,
    /// The same of those that may lose something.
    pub clients_may: Vec<u32>,
    /// Of both, hosts outside the operator's networks.
    pub external: usize,
    /// What the business names.
    pub business: Vec<Hit>,
    /// Services that the failed ones need and that live on.
    pub safe: Vec<u32>,
    /// How to bring it all back.
    pub restore: Vec<Restored>,
}

impl Outage {
    /// What stops when a target does. With `expand`, shared infrastructure that may fall takes with it
    /// everybody who uses it.
    pub fn of(atlas: &Atlas, requires: &Requires, target: &Resolved, expand: bool) -> Outage {
        let failure = match target.services.is_empty() {
            true => Failure { hosts: whole_machines(atlas, &target.hosts), ..Failure::default() },
            false => Failure { services: target.services.clone(), ..Failure::default() },
        };
        let failed = requires.failing(&failure);
        let mut fixpoint = Fixpoint::new(requires);
        let mut told = Telling { atlas, requires, failed: &failed, likely: BTreeMap::new() };
        let likely = worlds(&mut fixpoint, &failed, &[]);
        told.likely = likely.rows.iter().map(|(fallen, chance)| (fallen.node, *chance)).collect();
        let falling = fixpoint.question(&failed, &[], &[]);
        let (must, all_may) = (falling.must.to_vec(), falling.may.to_vec());
        let certain: BTreeSet<u32> = must.iter().map(|fallen| fallen.node).collect();
        let known: BTreeSet<u32> = must.iter().chain(&all_may).map(|fallen| fallen.node).collect();

        let infrastructure = SharedInfrastructure::of(atlas);
        let is_shared = |node: &u32| *node < requires.services() && infrastructure.contains(*node);
        let doubtful: Vec<u32> = all_may.iter().map(|at| at.node).filter(is_shared).collect();
        let may = match expand || doubtful.is_empty() {
            true => all_may.clone(),
            false => fixpoint.question(&failed, &[], &doubtful).may.to_vec(),
        };
        let folded = all_may.len() - may.len() - if expand { 0 } else { doubtful.len() };
        let every = fixpoint.run(&failed, &[], Threshold::ALL).to_vec();

        let worths = Worths::from_atlas(atlas, requires);
        let lost = failed.iter().map(|node| (*node, 1.0));
        let chances = likely.rows.iter().map(|(fallen, chance)| (fallen.node, *chance));
        let mut outage = Outage {
            score: worths.impact(lost.chain(chances)),
            error: likely.error(0.5),
            uncertain: likely.uncertain,
            must: told.losses(&must, &[], |_| true),
            may: told.losses(&may, &must, |_| true),
            seen_once: told.losses(&every, &[], |fallen| {
                let group = requires.group(fallen.group);
                !known.contains(&fallen.node)
                    && group.is_some_and(|group| group.confidence < Threshold::MAY.confidence)
            }),
            shared: shared(
                atlas,
                &certain,
                certain.iter().copied().filter(|at| is_shared(at)).chain(doubtful),
            ),
            folded,
            safe: safe(requires, &failed, &known),
            ..Outage::default()
        };
        outage.sort(&worths);
        outage.count_clients(atlas, requires);
        outage.restore = restore_order(requires, &outage.services(requires, &failed));
        outage.business = business::hits(atlas, &failed, &certain, &known);
        outage.failed = failed;
        outage
    }

    /// Within a hop what means most comes first; of equals, the smaller place.
    fn sort(&mut self, worths: &Worths) {
        for losses in [&mut self.must, &mut self.may, &mut self.seen_once] {
            losses.sort_by(|one, other| {
                let level = |loss: &Loss| worths.level(loss.node);
                one.hop
                    .cmp(&other.hop)
                    .then(level(other).total_cmp(&level(one)))
                    .then(one.node.cmp(&other.node))
            });
        }
    }

    fn count_clients(&mut self, atlas: &Atlas, requires: &Requires) {
        let falling = self.must.iter().chain(&self.may);
        let serving: Vec<u32> = falling.filter_map(|loss| requires.host_of(loss.node)).collect();
        let serving: BTreeSet<u32> = whole_machines(atlas, &serving).into_iter().collect();
        let clients = |losses: &[Loss]| -> Vec<u32> {
            let hosts = losses.iter().filter_map(|loss| match requires.node(loss.node) {
                ImpactNode::Host(host) => Some(host),
                ImpactNode::Service(_) => None,
            });
            hosts.filter(|host| !serving.contains(host)).collect::<BTreeSet<u32>>().into_iter().collect()
        };
        self.clients = clients(&self.must);
        self.clients_may = clients(&self.may);
        let external = |host: &&u32| atlas.host(**host).is_some_and(|host| !host.internal);
        self.external = self.clients.iter().chain(&self.clients_may).filter(external).count();
    }

    /// The services that failed, fall or may.
    fn services(&self, requires: &Requires, failed: &[u32]) -> Vec<u32> {
        let fallen = self.must.iter().chain(&self.may).map(|loss| loss.node);
        failed.iter().copied().chain(fallen).filter(|node| *node < requires.services()).collect()
    }
}

/// A machine fails with all its addresses.
fn whole_machines(atlas: &Atlas, hosts: &[u32]) -> Vec<u32> {
    let machines = Machines::new(atlas);
    let all: BTreeSet<u32> = hosts.iter().flat_map(|host| machines.of(host)).copied().collect();
    all.into_iter().collect()
}

/// Services that those which failed need, and that do not fall with them.
fn safe(requires: &Requires, failed: &[u32], down: &BTreeSet<u32>) -> Vec<u32> {
    let groups = failed.iter().flat_map(|node| requires.groups_of(*node));
    let sure = groups.filter(|group| {
        requires.group(*group).is_some_and(|group| group.confidence >= Threshold::MAY.confidence)
    });
    let providers = sure.flat_map(|group| requires.members(group)).map(|member| member.provider);
    let lives = |service: &u32| failed.binary_search(service).is_err() && !down.contains(service);
    providers.filter(lives).collect::<BTreeSet<u32>>().into_iter().collect()
}

fn shared(atlas: &Atlas, certain: &BTreeSet<u32>, services: impl Iterator<Item = u32>) -> Vec<SharedLoss> {
    let services: BTreeSet<u32> = services.collect();
    let row = |service: u32| SharedLoss {
        service,
        certain: certain.contains(&service),
        clients: atlas.service(service).map_or(0, |service| service.clients),
    };
    services.into_iter().map(row).collect()
}

/// What is needed to tell of each loss why and how likely.
struct Telling<'a> {
    atlas: &'a Atlas,
    requires: &'a Requires,
    failed: &'a [u32],
    likely: BTreeMap<u32, f64>,
}

impl Telling<'_> {
    /// `before` fell, too, and may be on the way.
    fn losses(&self, fallen: &[Fallen], before: &[Fallen], told: impl Fn(&Fallen) -> bool) -> Vec<Loss> {
        let all = fallen.iter().chain(before);
        let of_node: BTreeMap<u32, Fallen> = all.map(|fallen| (fallen.node, *fallen)).collect();
        let loss = |at: &Fallen| Loss {
            node: at.node,
            hop: at.hop,
            probability: self.likely.get(&at.node).copied().unwrap_or_default(),
            group: at.group,
            because: self.path(at, &of_node),
        };
        fallen.iter().filter(|at| told(at)).map(loss).collect()
    }

    /// From something that fell to what failed: in each group the member that was the last it could
    /// spare, which fell one hop before it.
    fn path(&self, fallen: &Fallen, of_node: &BTreeMap<u32, Fallen>) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = Some(*fallen);
        while let Some(fallen) = at.take() {
            let hop_of = |provider: u32| match self.failed.binary_search(&provider) {
                Ok(_) => Some(0),
                Err(_) => of_node.get(&provider).map(|provider| provider.hop),
            };
            let members = self.requires.members(fallen.group).iter();
            let mut before = members.filter(|member| hop_of(member.provider) == Some(fallen.hop - 1));
            let Some(member) = before.next() else { break };
            if member.dependency != NO_DEPENDENCY && self.atlas.dependency(member.dependency).is_some() {
                path.push(member.dependency);
            }
            at = of_node.get(&member.provider).copied().filter(|_| fallen.hop > 1);
        }
        path
    }
}
