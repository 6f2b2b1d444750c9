//! Who cannot work without whom: the graph that impact is computed on (`blast_radius.md` §2).
//!
//! A node needs *all* of its groups, and of each group a number of its members. Nodes are the services
//! of a map and then its hosts, as clients; only services are ever members.

mod lean;
mod reading;
mod soft;

pub(super) use lean::{Carried, Class, Classes, Lean, Leans, Pool, Run, Runs};
pub(in crate::query) use reading::carries_impact;
pub use soft::commonly_spared;

use smallvec::SmallVec;

use super::rows::{Rows, count};

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
    groups: Rows<Group>,
    /// Members by group.
    members: Rows<Member>,
    /// Memberships by provider.
    leans: Leans,
    /// Memberships by the dependency that carries them.
    carried: Rows<Carried>,
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
        let by_group = groups.iter().map(|(group, members)| (group, members.as_slice()));
        let (leans, carried) = Leans::new(services, by_group);
        let dependencies = carried.last().map_or(0, |(dependency, _)| dependency + 1);
        let offered = parts.host_of.iter().copied().zip(0u32..);
        let mut offered: Vec<(u32, u32)> = offered.filter(|(host, _)| *host < parts.hosts).collect();
        offered.sort_unstable();
        let by_group = (0u32..).zip(&groups);
        let members = by_group.flat_map(|(place, (_, members))| members.iter().map(move |one| (place, *one)));
        Requires {
            services,
            hosts: parts.hosts,
            offered: Rows::new(parts.hosts as usize, offered),
            host_of: parts.host_of,
            members: Rows::new(groups.len(), members),
            leans,
            groups: Rows::sorted(
                nodes as usize,
                groups.into_iter().map(|(group, _)| group).collect(),
                |group| group.dependent,
            ),
            carried: Rows::new(dependencies as usize, carried),
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
        self.groups.items().len()
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
        self.groups.items().get(group as usize)
    }

    /// The members of a group.
    pub fn members(&self, group: u32) -> &[Member] {
        self.members.of(group)
    }

    /// The places of a node's groups.
    pub fn groups_of(&self, node: u32) -> std::ops::Range<u32> {
        self.groups.places(node)
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

    /// Who leans on whom.
    pub(super) const fn leans(&self) -> &Leans {
        &self.leans
    }

    /// How many lean on a provider.
    pub(super) fn leaning(&self, provider: u32) -> usize {
        self.leans.count(provider)
    }

    /// How many members a group can lose.
    pub(super) fn spare(&self, group: u32) -> u32 {
        self.group(group).map_or(0, |row| count(self.members(group).len()) - row.needed)
    }

    /// The memberships that a dependency carries.
    pub(super) fn carried(&self, dependency: u32) -> &[Carried] {
        self.carried.of(dependency)
    }
}
