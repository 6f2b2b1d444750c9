//! What one shard has seen, added up as it comes. Bounded: what does not fit is counted.

use std::collections::BTreeSet;
use std::hash::Hash;

use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use super::attempt::AttemptTable;
use super::certificate::{self, CertificateFacts};
use super::edge::{EdgeKey, EdgeTotals, edge_key};
use super::inventory::HostSeen;
use super::sighting::{Proof, Sighting, SightingKey};
use super::transport_security::{Place, PlaceSeen, Places, TlsSeen, add_place, add_word};
use crate::model::{
    Address, FlowKey, FlowRecord, HostKey, Ledger, Mac, Moment, NameSource, NamedThing, Observation, Role,
    ServiceKey, Side, Span, Timestamp, Transport,
};

/// Hosts a shard remembers: 65,536 × ~200 B = 13 MiB.
const HOSTS_MAX: usize = 65_536;
/// Hosts a shard remembers that only ever sent or got unanswered attempts.
const IDLE_HOSTS_MAX: usize = 4_096;
/// Edges a shard remembers: 65,536 × ~350 B = 22 MiB.
const EDGES_MAX: usize = 65_536;
/// Flows a shard remembers whose direction other flows must decide: 16,384 × ~400 B = 6.5 MiB.
const UNDECIDED_MAX: usize = 16_384;
/// Services whose software or TLS a shard remembers.
const SERVICES_MAX: usize = 16_384;
/// Names a shard remembers.
const NAMES_MAX: usize = 65_536;
/// Different certificates a shard remembers: 4,096 × ~2 KiB = 8 MiB.
const CERTIFICATES_MAX: usize = 4_096;
/// Sightings of insecure practices a shard remembers.
const SIGHTINGS_MAX: usize = 8_192;
/// Software remembered for one service or host.
const PRODUCTS_MAX: usize = 8;
/// Ping pairs a shard remembers.
const PINGS_MAX: usize = 8_192;

/// A hash map for keys that an attacker picks.
pub type Table<K, V> = HashMap<K, V, RandomState>;

/// What did not fit, by what it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Hosts.
    pub hosts: u64,
    /// Flows of edges that did not fit, and attempts that were only summarised.
    pub flows: u64,
    /// Names.
    pub names: u64,
    /// Everything else: certificates, sightings, services, pings.
    pub facts: u64,
}

/// Where an observation was made.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// The flow.
    pub key: FlowKey,
    /// The side that the protocol calls the client.
    pub client: Side,
    /// The side that is the flow's service, as far as is known by now.
    pub service: Side,
    /// The destination is a group address, so that there is no service.
    pub group: bool,
    /// The packet.
    pub at: Moment,
}

impl Scene {
    const fn side(&self, role: Role) -> Side {
        match role {
            Role::Client => self.client,
            Role::Server => self.client.other(),
        }
    }

    fn service_key(&self) -> ServiceKey {
        self.key.service(self.service)
    }
}

/// Software and TLS of a service.
#[derive(Clone, Debug, Default)]
pub struct ServiceSeen {
    /// Banners.
    pub products: BTreeSet<CompactString>,
    /// TLS, if it was seen.
    pub tls: Option<Box<TlsSeen>>,
}

impl ServiceSeen {
    fn join(&mut self, other: ServiceSeen) {
        for product in other.products {
            add_product(&mut self.products, product);
        }
        match (&mut self.tls, other.tls) {
            (Some(mine), Some(theirs)) => mine.join(*theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }
}

fn add_product(products: &mut BTreeSet<CompactString>, text: CompactString) {
    products.insert(text);
    if products.len() > PRODUCTS_MAX {
        products.pop_last();
    }
}

/// A certificate and where it was seen.
#[derive(Clone, Debug)]
pub struct CertificateSeenAt {
    /// What it says.
    pub facts: CertificateFacts,
    /// Where it was seen.
    pub places: Places,
}

/// Whose name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A host's.
    Host(HostKey),
    /// A machine's that has no address yet.
    Mac(Mac),
}

/// Flows of the same two endpoints whose direction other flows must decide.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// What they add up to, read with [`Side::A`] as the client. Nothing else in them depends on the
    /// direction: they have neither a handshake nor bytes that tell it.
    pub totals: EdgeTotals,
    /// All their evidence.
    pub ledger: Ledger,
}

/// Echo requests and answers between two hosts.
#[derive(Clone, Copy, Debug)]
pub struct PingSeen {
    /// Requests.
    pub requests: u64,
    /// Answers.
    pub replies: u64,
    /// From when to when.
    pub span: Span,
}

/// What one shard has seen; all shards' joined once a [`super::Snapshot`] is wanted.
#[derive(Default)]
pub struct Delta {
    pub(super) hosts: Table<HostKey, HostSeen>,
    pub(super) idle_hosts: usize,
    pub(super) edges: Table<EdgeKey, EdgeTotals>,
    pub(super) undecided: Table<FlowKey, Undecided>,
    pub(super) attempts: AttemptTable,
    pub(super) services: Table<ServiceKey, ServiceSeen>,
    pub(super) names: Table<(Named, NameSource, CompactString), Span>,
    pub(super) leases: Table<(Mac, HostKey), Span>,
    pub(super) bindings: Table<(Mac, HostKey), Span>,
    pub(super) certificates: Table<[u8; 32], CertificateSeenAt>,
    pub(super) sightings: Table<SightingKey, Sighting>,
    pub(super) pings: Table<(HostKey, HostKey), PingSeen>,
    pub(super) anomalies: Table<&'static str, u64>,
    pub(super) roles: BTreeSet<(HostKey, &'static str)>,
    pub(super) last: Option<Timestamp>,
    pub(super) dropped: Dropped,
    pub(super) flows: u64,
}

/// Adds to a bounded table. False if it was full.
fn add<K: Hash + Eq, V>(
    table: &mut Table<K, V>,
    max: usize,
    key: K,
    value: V,
    join: impl FnOnce(&mut V, V),
) -> bool {
    let full = table.len() >= max;
    match table.entry(key) {
        hashbrown::hash_map::Entry::Occupied(mut known) => join(known.get_mut(), value),
        hashbrown::hash_map::Entry::Vacant(_) if full => return false,
        hashbrown::hash_map::Entry::Vacant(free) => {
            free.insert(value);
        }
    }
    true
}

impl Delta {
    /// A host was heard, or was spoken to. `active` is false for the two ends of an attempt that
    /// nobody answered, which are remembered within a bound of their own.
    pub fn host(&mut self, host: HostKey, span: Span, mac: Mac, vlan: u16, active: bool) {
        if host.address.is_group() || host.address.is_unspecified() {
            return;
        }
        let full = self.hosts.len() >= HOSTS_MAX || !active && self.idle_hosts >= IDLE_HOSTS_MAX;
        let seen = HostSeen::new(span, mac, vlan, active);
        match self.hosts.entry(host) {
            hashbrown::hash_map::Entry::Occupied(mut known) => {
                let woke = !known.get().active && active;
                known.get_mut().join(seen);
                self.idle_hosts -= usize::from(woke).min(self.idle_hosts);
            }
            hashbrown::hash_map::Entry::Vacant(_) if full => self.dropped.hosts += 1,
            hashbrown::hash_map::Entry::Vacant(free) => {
                free.insert(seen);
                self.idle_hosts += usize::from(!active);
            }
        }
    }

    /// The time of the newest packet.
    pub fn tick(&mut self, time: Timestamp) {
        self.last = self.last.max(Some(time));
    }

    /// A flow ended, or is told of while it goes on.
    pub fn flow(&mut self, record: FlowRecord) {
        self.flows += 1;
        let group = group_side(&record);
        let silent = !record.outcome.answered;
        for side in [Side::A, Side::B] {
            if group != Some(side) {
                let span = Span { first: record.first, last: record.last };
                let active = !silent || record.sent[side].payload > 0;
                self.host(record.key.host(side), span, record.macs[side], record.vlans[side], active);
            }
        }
        if group.is_some() {
            return;
        }
        if !record.ledger.is_decisive() {
            self.undecided_flow(&record);
            return;
        }
        let decision = record.ledger.decide_alone(&record.key);
        let key = edge_key(&record.key, decision.client.unwrap_or(decision.leaning));
        let totals = EdgeTotals::of(&record, &decision);
        self.edge(key, totals);
    }

    /// Adds to an edge, or to the attempts where nobody answered.
    pub(super) fn edge(&mut self, key: EdgeKey, totals: EdgeTotals) {
        if totals.answered == 0 && !self.edges.contains_key(&key) {
            self.attempts.add(key, totals);
            return;
        }
        let flows = totals.flows;
        if !add(&mut self.edges, EDGES_MAX, key, totals, |known, new| known.join(&new)) {
            self.dropped.flows += u64::from(flows);
        }
    }

    fn undecided_flow(&mut self, record: &FlowRecord) {
        let new = Undecided { totals: EdgeTotals::undecided(record), ledger: record.ledger };
        if !add(&mut self.undecided, UNDECIDED_MAX, record.key, new, Undecided::join) {
            self.dropped.flows += 1;
        }
    }

    /// ICMP echo between two hosts.
    pub fn ping(&mut self, from: HostKey, to: HostKey, reply: bool, time: Timestamp) {
        let key = if reply { (to, from) } else { (from, to) };
        let new = PingSeen { requests: u64::from(!reply), replies: u64::from(reply), span: Span::at(time) };
        let fits = add(&mut self.pings, PINGS_MAX, key, new, PingSeen::join);
        self.dropped.facts += u64::from(!fits);
    }

    /// The link layer says that a machine holds an address.
    pub fn binding(&mut self, mac: Mac, host: HostKey, time: Timestamp) {
        let fits = add(&mut self.bindings, HOSTS_MAX, (mac, host), Span::at(time), Span::join);
        self.dropped.facts += u64::from(!fits);
    }

    /// A host was seen to play a role that no service of it shows (a tunnel's endpoint). The owner
    /// bounds how many it tells of.
    pub fn role(&mut self, host: HostKey, role: &'static str) {
        self.roles.insert((host, role));
    }

    /// A name of a host or machine.
    pub fn name(&mut self, named: Named, source: NameSource, name: CompactString, time: Timestamp) {
        let fits = add(&mut self.names, NAMES_MAX, (named, source, name), Span::at(time), Span::join);
        self.dropped.names += u64::from(!fits);
    }

    /// What an analyzer saw.
    pub fn observe(&mut self, scene: &Scene, observation: Observation) {
        match observation {
            Observation::Product { of, text } => self.product(scene, of, text),
            Observation::Name { of, name, source } => {
                let named = match of {
                    NamedThing::Role(role) => Named::Host(scene.key.host(scene.side(role))),
                    NamedThing::Address(address) => Named::Host(HostKey { realm: scene.key.realm, address }),
                    NamedThing::Mac(mac) => Named::Mac(mac),
                };
                self.name(named, source, name, scene.at.time);
            }
            Observation::Lease { mac, address, server } => self.lease(scene, mac, address, server),
            Observation::ClientHello { sni, alpn, ja4, ech, .. } => {
                self.client_hello(scene, sni, alpn, ja4, ech);
            }
            Observation::ServerHello { version, alpn, resumed, .. } => {
                self.tls(scene, |tls| {
                    tls.versions.insert(version);
                    tls.resumed |= resumed;
                    if let Some(alpn) = alpn {
                        add_word(&mut tls.alpn, alpn);
                    }
                });
            }
            Observation::Certificate { of, position, sni, der } => {
                self.certificate(scene, of, position, sni, &der);
            }
            Observation::Practice { practice, state, at_fault, what } => {
                let key = SightingKey {
                    practice,
                    state,
                    host: scene.key.host(scene.side(at_fault)),
                    service: (!scene.group).then(|| scene.service_key()),
                };
                let proof = Proof { at: scene.at, what };
                let new = Sighting::once(Some(scene.key.host(scene.client)), proof);
                let fits = add(&mut self.sightings, SIGHTINGS_MAX, key, new, Sighting::join);
                self.dropped.facts += u64::from(!fits);
            }
            Observation::Anomaly(name) => *self.anomalies.entry(name).or_default() += 1,
            // Of use to the flow they came from, which has already used them.
            Observation::Protocol(_)
            | Observation::ClientProven(_)
            | Observation::Announced(_)
            | Observation::Capability(_)
            | Observation::Purpose(_)
            | Observation::Token(_)
            | Observation::Forwarded { .. }
            // Kept by whoever asked for it.
            | Observation::Asked { .. }
            | Observation::User(_) => {}
        }
    }

    fn service(&mut self, scene: &Scene) -> Option<&mut ServiceSeen> {
        if scene.group {
            return None;
        }
        let key = scene.service_key();
        if self.services.len() >= SERVICES_MAX && !self.services.contains_key(&key) {
            self.dropped.facts += 1;
            return None;
        }
        Some(self.services.entry(key).or_default())
    }

    fn product(&mut self, scene: &Scene, of: Role, text: CompactString) {
        // A client's software is a fact about a host; nothing asks for it yet.
        if of == Role::Server
            && let Some(service) = self.service(scene)
        {
            add_product(&mut service.products, text);
        }
    }

    fn tls(&mut self, scene: &Scene, change: impl FnOnce(&mut TlsSeen)) {
        if let Some(service) = self.service(scene) {
            change(service.tls.get_or_insert_with(Box::default));
        }
    }

    fn client_hello(
        &mut self,
        scene: &Scene,
        sni: Option<CompactString>,
        alpn: Vec<CompactString>,
        ja4: CompactString,
        ech: bool,
    ) {
        if let Some(name) = sni.clone().filter(|_| !ech) {
            let named = Named::Host(scene.key.host(scene.side(Role::Server)));
            self.name(named, NameSource::Sni, name, scene.at.time);
        }
        self.tls(scene, |tls| {
            if let Some(sni) = sni {
                add_word(&mut tls.sni, sni);
            }
            for protocol in alpn {
                add_word(&mut tls.alpn, protocol);
            }
            add_word(&mut tls.ja4, ja4);
            tls.ech |= ech;
        });
    }

    fn certificate(&mut self, scene: &Scene, of: Role, position: u8, sni: Option<CompactString>, der: &[u8]) {
        let sha256: [u8; 32] = Sha256::digest(der).into();
        if self.certificates.len() >= CERTIFICATES_MAX && !self.certificates.contains_key(&sha256) {
            self.dropped.facts += 1;
            return;
        }
        let service = scene.service_key();
        let client = scene.key.host(scene.service.other());
        let entry = self
            .certificates
            .entry(sha256)
            .or_insert_with(|| CertificateSeenAt { facts: certificate::parse(der), places: Places::new() });
        let named_client = (of == Role::Client).then_some(client);
        let place = Place { service, role: of, client: named_client, sni, position };
        let seen = PlaceSeen { span: Span::at(scene.at.time), at: scene.at, clients: [client].into() };
        add_place(&mut entry.places, place, seen);
        if of == Role::Server && position == 0 {
            let names: Vec<CompactString> = host_names(&entry.facts).collect();
            for name in names {
                let named = Named::Host(scene.key.host(scene.side(Role::Server)));
                self.name(named, NameSource::Certificate, name, scene.at.time);
            }
            self.tls(scene, |tls| tls.add_certificate(sha256));
        }
    }

    /// A machine leased an address: it is known by it, and it uses the server that leased it.
    fn lease(&mut self, scene: &Scene, mac: Mac, address: Address, server: Option<Address>) {
        let span = Span::at(scene.at.time);
        let client = HostKey { realm: scene.key.realm, address };
        let fits = add(&mut self.leases, HOSTS_MAX, (mac, client), span, Span::join);
        self.dropped.facts += u64::from(!fits);
        self.host(client, span, mac, 0, true);
        let server = server.filter(|address| !address.is_unspecified() && !address.is_group());
        let heard = scene.key.address(scene.side(Role::Server));
        let server =
            server.or(Some(heard)).filter(|address| !address.is_unspecified() && !address.is_group());
        // A renewal goes by unicast and is an edge already.
        let unicast = [scene.key.a.address, scene.key.b.address].contains(&address);
        if let (Some(server), false) = (server, unicast) {
            let host = HostKey { realm: scene.key.realm, address: server };
            let service = ServiceKey { host, port: 67, transport: Transport::Udp };
            self.edge(EdgeKey { client, service }, EdgeTotals::leased(span));
            self.host(host, span, Mac::default(), 0, true);
        }
    }
}

impl Undecided {
    /// Adds flows of the same two endpoints.
    pub fn join(&mut self, other: Undecided) {
        self.ledger.merge(&other.ledger);
        self.totals.join(&other.totals);
    }
}

impl PingSeen {
    fn join(&mut self, other: PingSeen) {
        self.requests += other.requests;
        self.replies += other.replies;
        self.span.join(other.span);
    }
}

/// The side whose address is a group's: multicast, broadcast, or the last address of an IPv4 /24
/// that never spoke over UDP, which is its subnet's broadcast address far more often than a host.
fn group_side(record: &FlowRecord) -> Option<Side> {
    [Side::A, Side::B].into_iter().find(|side| {
        let address = record.key.address(*side);
        address.is_group()
            || address.is_unspecified()
            || address.is_v4()
                && address.bits() & 0xff == 0xff
                && record.key.transport == Transport::Udp
                && record.sent[*side].packets == 0
    })
}

/// Names from one certificate that are told of its host; a CDN's has hundreds.
const NAMES_PER_CERTIFICATE_MAX: usize = 8;

/// The names in a certificate that are one host's: no wildcards, addresses, mailboxes or URIs.
fn host_names(facts: &CertificateFacts) -> impl Iterator<Item = CompactString> + '_ {
    let one_host = |name: &&String| {
        !name.contains(['*', '@', '/', ':', ' ']) && name.parse::<std::net::IpAddr>().is_err()
    };
    let names = facts.san.iter().filter(one_host).take(NAMES_PER_CERTIFICATE_MAX);
    names.map(|name| CompactString::from(name.to_lowercase()))
}

/// Joins another shard's delta; the order of shards is theirs, not that of threads.
impl Delta {
    /// Adds everything another shard saw.
    pub fn join(&mut self, other: Delta) {
        let all = usize::MAX;
        for (key, value) in other.hosts {
            add(&mut self.hosts, all, key, value, HostSeen::join);
        }
        for (key, value) in other.edges {
            add(&mut self.edges, all, key, value, |known, new| known.join(&new));
        }
        for (key, value) in other.undecided {
            add(&mut self.undecided, all, key, value, Undecided::join);
        }
        self.attempts.join(other.attempts);
        for (key, value) in other.services {
            add(&mut self.services, all, key, value, ServiceSeen::join);
        }
        for (key, value) in other.names {
            add(&mut self.names, all, key, value, Span::join);
        }
        for (key, value) in other.leases {
            add(&mut self.leases, all, key, value, Span::join);
        }
        for (key, value) in other.bindings {
            add(&mut self.bindings, all, key, value, Span::join);
        }
        for (key, value) in other.certificates {
            add(&mut self.certificates, all, key, value, |known, new| {
                for (place, seen) in new.places {
                    add_place(&mut known.places, place, seen);
                }
            });
        }
        for (key, value) in other.sightings {
            add(&mut self.sightings, all, key, value, Sighting::join);
        }
        for (key, value) in other.pings {
            add(&mut self.pings, all, key, value, PingSeen::join);
        }
        for (key, value) in other.anomalies {
            *self.anomalies.entry(key).or_default() += value;
        }
        self.roles.extend(other.roles);
        self.last = self.last.max(other.last);
        self.flows += other.flows;
        self.dropped.hosts += other.dropped.hosts;
        self.dropped.flows += other.dropped.flows;
        self.dropped.names += other.dropped.names;
        self.dropped.facts += other.dropped.facts;
    }
}

#[cfg(test)]
mod tests;
