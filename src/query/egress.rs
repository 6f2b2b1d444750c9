//! What leaves the local networks: to whom, how much, and how many others do the same.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::atlas::Atlas;
use super::scope::Scope;
use crate::graph::DependencyState;
use crate::model::{FrameId, HostKey, Span};

/// What some hosts send out of the local networks, and serve to outsiders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Egress {
    /// By destination, those that got most first.
    pub destinations: Vec<Destination>,
    /// By client outside, those that got most first.
    pub served: Vec<Served>,
    /// Bytes sent to destinations outside.
    pub bytes_out: u64,
    /// Bytes that came back.
    pub bytes_in: u64,
    /// Bytes served to clients outside.
    pub bytes_served: u64,
    /// Hosts of the local networks that used any service: what rarity is counted among.
    pub population: usize,
}

/// A host outside that was sent something.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Its place.
    pub host: u32,
    /// What the hosts called it in TLS and HTTP; its names elsewhere are the host's.
    pub called: BTreeSet<CompactString>,
    /// Services used: their dependencies' places, ascending.
    pub dependencies: Vec<u32>,
    /// What is spoken.
    pub protocols: BTreeSet<&'static str>,
    /// Which of the hosts that are meant sent there, ascending.
    pub clients: BTreeSet<u32>,
    /// How many hosts of the local networks use it, those that are meant among them.
    pub users: usize,
    /// Bytes sent there.
    pub bytes_out: u64,
    /// Bytes that came back.
    pub bytes_in: u64,
    /// Flows, failed ones included.
    pub flows: u64,
    /// Flows that were answered.
    pub answered: u64,
    /// From the first flow to the last.
    pub span: Span,
    /// The first flow's first frame.
    pub frame: FrameId,
}

/// A client outside that was served.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// Its place.
    pub client: u32,
    /// Dependencies of it on the hosts, ascending.
    pub dependencies: Vec<u32>,
    /// What is spoken.
    pub protocols: BTreeSet<&'static str>,
    /// Bytes that it was sent.
    pub bytes_out: u64,
    /// Bytes that it sent.
    pub bytes_in: u64,
    /// Flows that were answered.
    pub flows: u64,
    /// From the first flow to the last.
    pub span: Span,
}

/// What leaves the local networks from some hosts. A scope of everybody is all local hosts.
pub fn egress(atlas: &Atlas, scope: &Scope) -> Egress {
    let mut egress = Egress { population: population(atlas), ..Egress::default() };
    let mut destinations: BTreeMap<u32, Destination> = BTreeMap::new();
    let mut served: BTreeMap<u32, Served> = BTreeMap::new();
    for place in 0..u32::try_from(atlas.observed.snapshot.dependencies.len()).unwrap_or(u32::MAX) {
        let (Some(client), Some(server)) = (atlas.client_of(place), atlas.server_of(place)) else { continue };
        let local = |host| atlas.host(host).is_some_and(|host| host.internal);
        if local(client) && !local(server) && scope.has(client) {
            add_destination(atlas, scope, place, (client, server), &mut destinations);
        } else if !local(client) && local(server) && scope.has(server) {
            add_served(atlas, scope, place, client, &mut served);
        }
    }
    name(atlas, scope, &mut destinations);
    egress.destinations = destinations.into_values().collect();
    for destination in &mut egress.destinations {
        destination.users = users(atlas, destination.host);
        egress.bytes_out += destination.bytes_out;
        egress.bytes_in += destination.bytes_in;
    }
    egress.destinations.sort_by_key(|row| (u64::MAX - row.bytes_out, row.host));
    egress.served = served.into_values().collect();
    egress.bytes_served = egress.served.iter().map(|row| row.bytes_out).sum();
    egress.served.sort_by_key(|row| (u64::MAX - row.bytes_out, row.client));
    egress
}

fn add_destination(
    atlas: &Atlas,
    scope: &Scope,
    place: u32,
    (client, server): (u32, u32),
    destinations: &mut BTreeMap<u32, Destination>,
) {
    let protocol = atlas.dependency(place).and_then(|row| row.protocol());
    for contact in scope.contacts(atlas, place) {
        let row = destinations.entry(server).or_insert_with(|| Destination {
            host: server,
            called: BTreeSet::new(),
            dependencies: Vec::new(),
            protocols: BTreeSet::new(),
            clients: BTreeSet::new(),
            users: 0,
            bytes_out: 0,
            bytes_in: 0,
            flows: 0,
            answered: 0,
            span: contact.span,
            frame: contact.frame,
        });
        if contact.span.first < row.span.first {
            row.frame = contact.frame;
        }
        row.span.join(contact.span);
        row.bytes_out += contact.to_server.bytes;
        row.bytes_in += contact.to_client.bytes;
        row.flows += 1;
        row.answered += u64::from(contact.answered);
        row.clients.insert(client);
        row.protocols.extend(protocol);
        if row.dependencies.last() != Some(&place) {
            row.dependencies.push(place);
        }
    }
}

fn add_served(atlas: &Atlas, scope: &Scope, place: u32, client: u32, served: &mut BTreeMap<u32, Served>) {
    let protocol = atlas.dependency(place).and_then(|row| row.protocol());
    for contact in scope.contacts(atlas, place).filter(|contact| contact.answered) {
        let row = served.entry(client).or_insert_with(|| Served {
            client,
            dependencies: Vec::new(),
            protocols: BTreeSet::new(),
            bytes_out: 0,
            bytes_in: 0,
            flows: 0,
            span: contact.span,
        });
        row.span.join(contact.span);
        row.bytes_out += contact.to_client.bytes;
        row.bytes_in += contact.to_server.bytes;
        row.flows += 1;
        row.protocols.extend(protocol);
        if row.dependencies.last() != Some(&place) {
            row.dependencies.push(place);
        }
    }
}

/// Adds what the hosts that are meant called their destinations.
fn name(atlas: &Atlas, scope: &Scope, destinations: &mut BTreeMap<u32, Destination>) {
    let hosts: BTreeMap<HostKey, u32> =
        destinations.keys().filter_map(|place| Some((atlas.host(*place)?.key, *place))).collect();
    for row in &atlas.observed.history.indications {
        let meant = row.indicator.kind.is_of_peer()
            && scope.has_span(row.span)
            && atlas.host_place(&row.client).is_some_and(|client| scope.has(client));
        let destination = hosts.get(&row.service.host).filter(|_| meant);
        if let Some(destination) = destination.and_then(|place| destinations.get_mut(place)) {
            destination.called.insert(row.indicator.text.clone());
        }
    }
}

/// Local hosts that used any service.
fn population(atlas: &Atlas) -> usize {
    let hosts = (0u32..).zip(&atlas.observed.snapshot.hosts).filter(|(_, host)| host.internal);
    hosts.filter(|(place, _)| atlas.uses(*place).iter().any(|row| answered(atlas, *row))).count()
}

/// Local hosts that use any service of a host.
fn users(atlas: &Atlas, host: u32) -> usize {
    let dependencies = atlas.offers(host).iter().flat_map(|service| atlas.used_by(*service));
    let users: BTreeSet<u32> = dependencies
        .filter(|row| answered(atlas, **row))
        .filter_map(|row| atlas.client_of(*row))
        .filter(|client| atlas.host(*client).is_some_and(|host| host.internal))
        .collect();
    users.len()
}

fn answered(atlas: &Atlas, dependency: u32) -> bool {
    atlas.dependency(dependency).is_some_and(|row| row.state >= DependencyState::Answered)
}
