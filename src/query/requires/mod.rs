//! Who cannot work without whom: the graph that impact is computed on (`blast_radius.md` §2).
//!
//! A node needs *all* of its groups, and of each group a number of its members. Nodes are the services
//! of a map and then its hosts, as clients; only services are ever members.

mod reading;
mod soft;

pub(in crate::query) use reading::carries_impact;
pub use soft::commonly_spared;

use smallvec::SmallVec;

/// Stands for a member without a dependency of its own: a pool's member that this client never used.
pub const NO_DEPENDENCY: u32 = u32::MAX;

/// Why a group is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The client itself was seen to use it.
    Direct,
    /// Requests were seen to wait for it.
    Inferred,
    /// The same identifiers went in and out.
    Exact,
    /// One of these two, and many applications go on without it: a cache, a mail relay.
    Soft,
    /// Its host uses it, and nothing tells which of the host's services does.
    CoLocated,
}

impl Why {
    /// One word for reports.
    pub const fn word(self) -> &'static str {
        match self {
            Why::Direct => "direct",
            Why::Inferred => "inferred",
            Why::Exact => "exact",
            Why::Soft => "soft",
            Why::CoLocated => "co_located",
        }
    }
}

/// Providers of which a node needs some.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// The node that needs them.
    pub dependent: u32,
    /// How many of its members must live.
    pub needed: u32,
    /// The share of requests that fail without it, above 0 and at most 1.
    pub strength: f32,
    /// How sure it is that the dependent uses it, 0 to 1.
    pub confidence: f32,
    /// Why it is believed.
    pub why: Why,
}

/// A provider in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The service.
    pub provider: u32,
    /// The place of the dependency by which it is used, or [`NO_DEPENDENCY`].
    pub dependency: u32,
}

/// What a graph is made from.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The host of each service.
    pub host_of: Vec<u32>,
    /// How many hosts there are.
    pub hosts: u32,
    /// Groups in any order, each with its members.
    pub groups: Vec<(Group, SmallVec<[Member; 1]>)>,
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImpactNode {
    /// A service, by its place in the snapshot's list.
    Service(u32),
    /// A host as a client, by its place in the snapshot's list.
    Host(u32),
}

/// What fails at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Services, by their places.
    pub services: Vec<u32>,
    /// Hosts, by their places: with all their services, and as clients.
    pub hosts: Vec<u32>,
    /// Dependencies that no longer connect, by their places.
    pub cut: Vec<u32>,
}

/// One membership, seen from the provider: what a question looks at for every edge, in 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lean {
    /// The node that leans on the provider.
    pub dependent: u32,
    /// By which group; the highest bit tells that the group can spare a member.
    group: u32,
}

/// Classes of groups.
const CLASSES: u32 = 3;

/// Marks the group of a [`Lean`] as one that can spare a member. So many groups are never made.
const SPARES: u32 = 1 << 31;

impl Lean {
    /// The group.
    pub const fn group(self) -> u32 {
        self.group & !SPARES
    }

    /// The group can lose a member and live.
    pub const fn spares(self) -> bool {
        self.group & SPARES != 0
    }
}

/// What is asked of groups: leans of one provider are kept in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
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

/// A group that is less sure does not count: a single session of which nothing is known has 0.50.
pub const CONFIDENCE_MIN: f32 = 0.6;

/// A group that is at least so strong is needed for certain.
pub const STRENGTH_MUST: f32 = 0.8;

/// Who requires what, in arrays (compressed sparse rows) over nodes and groups.
#[derive(Debug, Default)]
pub struct Requires {
    services: u32,
    hosts: u32,
    /// The host of each service.
    host_of: Vec<u32>,
    /// Services by their host.
    offered: Rows<u32>,
    /// All groups, by dependent.
    groups: Vec<Group>,
    /// Where each dependent's groups begin.
    group_starts: Vec<u32>,
    /// Members by group.
    members: Rows<Member>,
    /// How many members each group can lose.
    spare: Vec<u32>,
    /// Memberships by provider and class.
    leans: Rows<Lean>,
    /// Group and provider of each member, by the dependency that carries it.
    carriers: Rows<(u32, u32)>,
}

impl Requires {
    /// Puts a graph together. Groups that can lose all their members, or have no strength, are left
    /// out, as are members that are no service.
    pub fn from_parts(parts: Parts) -> Requires {
        let services = count(parts.host_of.len());
        let nodes = services + parts.hosts;
        let mut groups: Vec<(Group, SmallVec<[Member; 1]>)> = parts.groups;
        groups.retain_mut(|(group, members)| {
            members.retain(|member| member.provider < services);
            members.sort_unstable();
            members.dedup_by_key(|member| member.provider);
            group.needed = group.needed.min(count(members.len()));
            group.dependent < nodes && group.needed > 0 && group.strength > 0.0 && group.strength <= 1.0
        });
        groups.sort_by_key(|(group, members)| (group.dependent, members.first().copied()));
        let spare: Vec<u32> =
            groups.iter().map(|(group, members)| count(members.len()) - group.needed).collect();
        let leans = (0u32..).zip(&groups).zip(&spare).flat_map(|((place, (group, members)), spare)| {
            let mark = if *spare > 0 { SPARES } else { 0 };
            let lean = Lean { dependent: group.dependent, group: place | mark };
            let class = Class::of(group);
            members.iter().map(move |member| (member.provider * CLASSES + class as u32, lean, group.strength))
        });
        let mut leans: Vec<(u32, Lean, f32)> = leans.collect();
        // By dependent, so that neighbours in memory are marked one after the other; of several groups of
        // one dependent the strongest comes first.
        leans.sort_by(|(one, a, strong), (other, b, stronger)| {
            one.cmp(other).then(a.dependent.cmp(&b.dependent)).then(stronger.total_cmp(strong))
        });
        let leans: Vec<(u32, Lean)> = leans.into_iter().map(|(owner, lean, _)| (owner, lean)).collect();
        let carriers = (0u32..).zip(&groups).flat_map(|(place, (_, members))| {
            members.iter().map(move |member| (member.dependency, (place, member.provider)))
        });
        let mut carriers: Vec<(u32, (u32, u32))> =
            carriers.filter(|(dependency, _)| *dependency != NO_DEPENDENCY).collect();
        carriers.sort_unstable();
        let dependencies = carriers.last().map_or(0, |(dependency, _)| dependency + 1);
        let offered = parts.host_of.iter().copied().zip(0u32..);
        let mut offered: Vec<(u32, u32)> = offered.filter(|(host, _)| *host < parts.hosts).collect();
        offered.sort_unstable();
        let by_group = (0u32..).zip(&groups);
        let members: Vec<(u32, Member)> = by_group
            .flat_map(|(place, (_, members))| members.iter().map(move |member| (place, *member)))
            .collect();
        let owners: Vec<(u32, ())> = groups.iter().map(|(group, _)| (group.dependent, ())).collect();
        Requires {
            services,
            hosts: parts.hosts,
            offered: Rows::new(offered, parts.hosts),
            host_of: parts.host_of,
            group_starts: Rows::new(owners, nodes).starts,
            members: Rows::new(members, count(groups.len())),
            spare,
            leans: Rows::new(leans, services * CLASSES),
            groups: groups.into_iter().map(|(group, _)| group).collect(),
            carriers: Rows::new(carriers, dependencies),
        }
    }

    /// How many nodes there are: services and hosts.
    pub const fn nodes(&self) -> u32 {
        self.services + self.hosts
    }

    /// How many services there are.
    pub const fn services(&self) -> u32 {
        self.services
    }

    /// How many hosts there are.
    pub const fn hosts(&self) -> u32 {
        self.hosts
    }

    /// The host that offers a service.
    pub fn host_of(&self, service: u32) -> Option<u32> {
        self.host_of.get(service as usize).copied().filter(|host| *host < self.hosts)
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// What a node stands for.
    pub const fn node(&self, node: u32) -> ImpactNode {
        match node.checked_sub(self.services) {
            Some(host) => ImpactNode::Host(host),
            None => ImpactNode::Service(node),
        }
    }

    /// The node of a service.
    pub const fn service_node(&self, service: u32) -> u32 {
        service
    }

    /// The node of a host as a client.
    pub const fn host_node(&self, host: u32) -> u32 {
        self.services + host
    }

    /// A group by its place.
    pub fn group(&self, group: u32) -> Option<&Group> {
        self.groups.get(group as usize)
    }

    /// The members of a group.
    pub fn members(&self, group: u32) -> &[Member] {
        self.members.of(group)
    }

    /// The places of a node's groups.
    pub fn groups_of(&self, node: u32) -> std::ops::Range<u32> {
        let bound = |node: u32| self.group_starts.get(node as usize).copied().unwrap_or(0);
        bound(node)..bound(node + 1).max(bound(node))
    }

    /// The services of a host.
    pub fn offered(&self, host: u32) -> &[u32] {
        self.offered.of(host)
    }

    /// The nodes that a failure begins with, sorted.
    pub fn failing(&self, failure: &Failure) -> Vec<u32> {
        let mut nodes = failure.services.clone();
        for host in &failure.hosts {
            nodes.push(self.host_node(*host));
            nodes.extend_from_slice(self.offered(*host));
        }
        nodes.retain(|node| *node < self.nodes());
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Who leans on a provider by groups of these classes.
    pub(super) fn leans(&self, provider: u32, from: Class, to: Class) -> &[Lean] {
        if provider >= self.services {
            return &[];
        }
        let bound = |owner: u32| self.leans.starts.get(owner as usize).map_or(0, |start| *start as usize);
        let (from, to) = (provider * CLASSES + from as u32, provider * CLASSES + to as u32 + 1);
        self.leans.items.get(bound(from)..bound(to)).unwrap_or_default()
    }

    /// How many lean on a provider.
    pub(super) fn leaning(&self, provider: u32) -> usize {
        self.leans(provider, Class::Must, Class::Unsure).len()
    }

    /// The class of a group.
    pub(super) fn class(&self, group: u32) -> Option<Class> {
        self.group(group).map(Class::of)
    }

    /// How many members a group can lose.
    pub(super) fn spare(&self, group: u32) -> u32 {
        self.spare.get(group as usize).copied().unwrap_or_default()
    }

    /// The memberships that a dependency carries, as group and provider.
    pub(super) fn carried(&self, dependency: u32) -> impl Iterator<Item = (u32, u32)> {
        self.carriers.of(dependency).iter().copied()
    }
}

/// Lists of items, one for each owner, in one array.
#[derive(Debug)]
struct Rows<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows { starts: Vec::new(), items: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// From items sorted by their owners, which are below `owners`.
    fn new(sorted: Vec<(u32, T)>, owners: u32) -> Rows<T> {
        let mut starts = Vec::with_capacity(owners as usize + 1);
        let mut items = Vec::with_capacity(sorted.len());
        for (owner, item) in sorted {
            while starts.len() <= owner as usize {
                starts.push(count(items.len()));
            }
            items.push(item);
        }
        starts.resize(owners as usize + 1, count(items.len()));
        Rows { starts, items }
    }

    fn of(&self, owner: u32) -> &[T] {
        let bound = |owner: usize| self.starts.get(owner).map_or(0, |start| *start as usize);
        let owner = owner as usize;
        self.items.get(bound(owner)..bound(owner + 1)).unwrap_or_default()
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
