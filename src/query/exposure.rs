//! What can be reached from some hosts if they are compromised, apart from time: what they were seen
//! to reach, what stands open to their segment, and what packets can be routed to. Each tier holds
//! the one before; a flow that was not seen is no path that is not there (`blast_radius.md` §3.2).

use std::collections::{BTreeMap, BTreeSet};

use super::atlas::Atlas;
use super::contact::{Means, carries, has_second_factor, probability};
use super::terrain::Open;
use crate::graph::{Contact, Dependency};
use crate::model::{Capability, Realm, Span};

/// What can be reached from some hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposure {
    /// Hosts that they were answered by: by the strongest contact, the strongest first.
    pub direct: Vec<Direct>,
    /// Hosts that could be controlled from those: over contacts that run commands, the nearest first.
    /// One that they touch themselves, for data only, may be among them. Sessions like those that were
    /// seen are taken to be possible again, so this is no statement about time.
    pub onward: Vec<Onward>,
    /// What stands open to their segments.
    pub potential: Potential,
    /// Hosts that packets can be routed to: every host on the map of their realms, but for addresses
    /// that are only valid on another link. A tap sees no filter, so nothing is taken away for one.
    pub theoretical: usize,
}

/// A host that one of them was answered by.
#[derive(Clone, Debug, PartialEq)]
pub struct Direct {
    /// Its place.
    pub host: u32,
    /// The most that a contact with it allowed.
    pub capability: Capability,
    /// How likely that contact carries an intruder.
    pub probability: f64,
    /// Dependencies on it, the strongest first.
    pub dependencies: Vec<u32>,
    /// From the first contact to the last.
    pub span: Span,
    /// Bytes sent to it.
    pub bytes_up: u64,
    /// Sessions that nobody has ended, the oldest first.
    pub open: Vec<Contact>,
    /// It is not in the operator's networks.
    pub external: bool,
}

/// A host that is reached from another one that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onward {
    /// Its place.
    pub host: u32,
    /// Contacts on the way to it, at least 2.
    pub hop: u32,
    /// The last dependency of a shortest way.
    pub dependency: u32,
}

/// What stands open: a host of the same segment was answered there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Potential {
    /// Hosts with such a service.
    pub hosts: usize,
    /// Such services.
    pub services: usize,
    /// Of those, services that none of the hosts in question ever used.
    pub unused: Vec<Open>,
    /// Hosts that could be controlled over any number of such steps, by services that run commands.
    pub onward: usize,
}

/// What can be reached from these hosts. `insecure`: places of dependencies with an insecure practice.
pub fn of(atlas: &Atlas, hosts: &[u32], insecure: Option<&BTreeSet<u32>>) -> Exposure {
    let mut own = Places::new(atlas);
    hosts.iter().for_each(|host| {
        own.insert(*host);
    });
    let direct = direct(atlas, hosts, &own, insecure);
    let potential = potential(atlas, hosts, &own);
    Exposure {
        onward: onward(atlas, hosts, &own),
        theoretical: theoretical(atlas, hosts, &potential.1),
        potential: potential.0,
        direct,
    }
}

/// Somebody sent payload by it.
const fn is_used(dependency: &Dependency) -> bool {
    dependency.totals.capability.is_some()
}

/// A set of hosts.
#[derive(Clone)]
struct Places(Vec<u64>);

impl Places {
    fn new(atlas: &Atlas) -> Places {
        Places(vec![0; atlas.observed.snapshot.hosts.len().div_ceil(64)])
    }

    /// True if it was not in the set.
    fn insert(&mut self, host: u32) -> bool {
        let Some(word) = self.0.get_mut(host as usize / 64) else { return false };
        let bit = 1 << (host % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Visits the hosts below `count` that are not in the set, ascending.
    fn each_missing(&self, count: usize, mut visit: impl FnMut(u32)) {
        for (first, word) in (0u32..).step_by(64).zip(&self.0) {
            let mut missing = !word;
            while missing != 0 {
                let host = first + missing.trailing_zeros();
                if (host as usize) < count {
                    visit(host);
                }
                missing &= missing - 1;
            }
        }
    }

    fn contains(&self, host: u32) -> bool {
        self.0.get(host as usize / 64).is_some_and(|word| word & 1 << (host % 64) != 0)
    }
}

fn direct(atlas: &Atlas, hosts: &[u32], own: &Places, insecure: Option<&BTreeSet<u32>>) -> Vec<Direct> {
    let mut found: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for dependency in hosts.iter().flat_map(|host| atlas.uses(*host)) {
        // A port that was only knocked at is open, and nothing more was seen of it.
        let carrying = atlas.dependency(*dependency).is_some_and(|row| carries(row) && is_used(row));
        let server = atlas.server_of(*dependency).filter(|server| carrying && !own.contains(*server));
        if let Some(server) = server {
            found.entry(server).or_default().push(*dependency);
        }
    }
    let mut direct: Vec<Direct> = found
        .into_iter()
        .filter_map(|(host, dependencies)| one(atlas, host, dependencies, insecure))
        .collect();
    // Stable: those found are in the order of their places.
    direct.sort_by_key(|row| std::cmp::Reverse(row.capability));
    direct
}

fn one(
    atlas: &Atlas,
    host: u32,
    mut dependencies: Vec<u32>,
    insecure: Option<&BTreeSet<u32>>,
) -> Option<Direct> {
    let capability = |place: u32| atlas.dependency(place).map(|row| row.capability());
    dependencies.sort_by_key(|place| std::cmp::Reverse(capability(*place)));
    let mut open: Vec<Contact> = Vec::new();
    let mut bytes_up = 0;
    let mut all: Option<Span> = None;
    for place in &dependencies {
        let totals = &atlas.dependency(*place)?.totals;
        bytes_up += totals.to_server.bytes;
        match &mut all {
            None => all = Some(totals.span),
            Some(span) => span.join(totals.span),
        }
        let contacts = atlas.observed.history.of(*place as usize);
        open.extend(contacts.iter().filter(|contact| contact.open));
    }
    open.sort_by_key(|contact| (contact.span, contact.frame));
    let chance = |place: &u32| {
        let insecure = insecure.is_some_and(|insecure| insecure.contains(place));
        Some(probability(Means::Contact(capability(*place)?), insecure, has_second_factor(atlas, host)))
    };
    Some(Direct {
        host,
        capability: capability(*dependencies.first()?)?,
        probability: dependencies.iter().filter_map(chance).fold(0.0, f64::max),
        span: all?,
        bytes_up,
        open,
        external: !atlas.host(host)?.internal,
        dependencies,
    })
}

/// Breadth first, over dependencies that run commands. Where so many hosts were reached last that it is
/// less work, each of the others is asked whether one of those reached acts on it: the first that does
/// ends the search (Beamer, Asanović and Patterson, "Direction-Optimizing Breadth-First Search", 2012).
fn onward(atlas: &Atlas, hosts: &[u32], own: &Places) -> Vec<Onward> {
    let terrain = atlas.terrain();
    let (all, degree) = (atlas.observed.snapshot.hosts.len(), terrain.degree());
    let mut seen = own.clone();
    let near = hosts.iter().flat_map(|host| terrain.exec(*host)).map(|(target, _)| *target);
    let mut level: Vec<u32> = near.filter(|target| seen.insert(*target)).collect();
    let near = hosts.len() + level.len();
    let mut found: Vec<Onward> = Vec::new();
    let mut hop = 1;
    while !level.is_empty() {
        hop += 1;
        let start = found.len();
        let reached = near + start;
        // Who is asked finds somebody after as many questions as there are hosts for one that was reached.
        let questions = (all / reached + 1).min(degree);
        if level.len() * degree > all.saturating_sub(reached) * questions {
            let before = seen.clone();
            before.each_missing(all, |host| {
                let mut into = terrain.exec_into(host).iter();
                if let Some((_, dependency)) = into.find(|(actor, _)| before.contains(*actor)) {
                    seen.insert(host);
                    found.push(Onward { host, hop, dependency: *dependency });
                }
            });
        } else {
            for (target, dependency) in level.iter().flat_map(|host| terrain.exec(*host)) {
                if seen.insert(*target) {
                    found.push(Onward { host: *target, hop, dependency: *dependency });
                }
            }
        }
        level.clear();
        level.extend(found.iter().skip(start).map(|row| row.host));
    }
    found
}

/// What stands open, and on which hosts.
fn potential(atlas: &Atlas, hosts: &[u32], own: &Places) -> (Potential, Vec<u32>) {
    let terrain = atlas.terrain();
    let segments: BTreeSet<u32> = hosts.iter().filter_map(|host| terrain.segments().of(*host)).collect();
    let mut used: Vec<u32> = Vec::new();
    for dependency in hosts.iter().flat_map(|host| atlas.uses(*host)) {
        if atlas.dependency(*dependency).is_some_and(|row| carries(row) && is_used(row)) {
            used.extend(atlas.service_of(*dependency));
        }
    }
    used.sort_unstable();
    let mut open: Vec<Open> =
        segments.iter().flat_map(|segment| terrain.open_to(*segment)).copied().collect();
    if segments.len() > 1 {
        open.sort_unstable();
        open.dedup();
    }
    open.retain(|open| !own.contains(open.host));
    let mut seen = Places::new(atlas);
    let on: Vec<u32> = open.iter().map(|open| open.host).filter(|host| seen.insert(*host)).collect();
    let services = open.len();
    open.retain(|open| used.binary_search(&open.service).is_err());
    let onward = potential_onward(atlas, own, segments);
    (Potential { hosts: on.len(), services, unused: open, onward }, on)
}

/// How many hosts could be controlled by steps from segment to segment.
fn potential_onward(atlas: &Atlas, own: &Places, start: BTreeSet<u32>) -> usize {
    let terrain = atlas.terrain();
    let mut reached = vec![false; terrain.segments().count()];
    let mut waiting: Vec<u32> = start.into_iter().collect();
    while let Some(segment) = waiting.pop() {
        match reached.get_mut(segment as usize) {
            Some(reached) if !*reached => *reached = true,
            _ => continue,
        }
        waiting.extend(terrain.leads_to(segment));
    }
    let is_reached = |segment: &u32| reached.get(*segment as usize).copied().unwrap_or_default();
    let mut count = 0;
    own.each_missing(atlas.observed.snapshot.hosts.len(), |host| {
        count += usize::from(terrain.exposed_to(host).iter().any(is_reached));
    });
    count
}

fn theoretical(atlas: &Atlas, hosts: &[u32], potential: &[u32]) -> usize {
    let terrain = atlas.terrain();
    let realms: BTreeSet<Realm> =
        hosts.iter().filter_map(|host| Some(atlas.host(*host)?.key.realm)).collect();
    let all: usize = realms.iter().map(|realm| terrain.routable(*realm)).sum();
    // Neighbours on their own link are no further away for having an address of the link only.
    let neighbours = potential.iter().filter(|host| terrain.is_unrouted(**host)).count();
    let own: BTreeSet<u32> = hosts.iter().copied().filter(|host| !terrain.is_unrouted(*host)).collect();
    all + neighbours - own.len()
}
