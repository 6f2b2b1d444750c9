//! What one shard has seen, added up as it comes. Bounded: what does not fit is counted.

mod forget;
mod join;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use sha2::{Digest, Sha256};

use super::attempt::AttemptTable;
use super::certificate::{CertificateFacts, Staple};
use super::edge::{EdgeKey, EdgeTotals, edge_key};
use super::inventory::HostSeen;
use super::set::Set;
use super::sighting::{Proof, Sighting, SightingKey};
use super::table::Table;
use super::transport_security::{Place, PlaceSeen, Places, TlsSeen, WORDS_MAX, add_place, seen_at};
use crate::model::{
    Address, FlowKey, FlowRecord, HostKey, Ledger, Mac, Moment, NameSource, NamedThing, Observation, Role,
    ServiceKey, Side, Span, Timestamp, Transport,
};

/// Hosts a shard remembers: 131,072 × ~80 B = 10 MiB.
const HOSTS_MAX: usize = 131_072;
/// Hosts a shard remembers that only ever sent or got unanswered attempts.
const IDLE_HOSTS_MAX: usize = 8_192;
/// Edges a shard remembers: 131,072 × ~240 B = 30 MiB.
const EDGES_MAX: usize = 131_072;
/// Flows a shard remembers whose direction other flows must decide: 32,768 × ~260 B = 8 MiB.
const UNDECIDED_MAX: usize = 32_768;
/// Services whose software or TLS a shard remembers.
const SERVICES_MAX: usize = 32_768;
/// Names a shard remembers.
const NAMES_MAX: usize = 131_072;
/// Different certificates a shard remembers: 8,192 × ~4 KiB, the half of it their bytes, = 32 MiB.
const CERTIFICATES_MAX: usize = 8_192;
/// Sightings of insecure practices a shard remembers.
const SIGHTINGS_MAX: usize = 16_384;
/// Software remembered for one service or host.
const PRODUCTS_MAX: usize = 8;
/// Ping pairs a shard remembers.
const PINGS_MAX: usize = 16_384;

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
    pub products: Set<CompactString>,
    /// TLS, if it was seen.
    pub tls: Option<Box<TlsSeen>>,
}

impl ServiceSeen {
    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: ServiceSeen) {
        self.products.join(PRODUCTS_MAX, other.products);
        match (&mut self.tls, other.tls) {
            (Some(mine), Some(theirs)) => mine.join(*theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
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
#[derive(Clone, Default)]
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
    pub(super) anomalies: BTreeMap<&'static str, u64>,
    pub(super) roles: BTreeSet<(HostKey, &'static str)>,
    pub(super) last: Option<Timestamp>,
    pub(super) dropped: Dropped,
    pub(super) flows: u64,
}

impl Delta {
    /// A host was heard, or was spoken to. `active` is false for the two ends of an attempt that
    /// nobody answered, which are remembered within a bound of their own.
    pub fn host(&mut self, host: HostKey, span: Span, mac: Mac, vlan: u16, active: bool) {
        if host.address.is_group() || host.address.is_unspecified() {
            return;
        }
        let max = if !active && self.idle_hosts >= IDLE_HOSTS_MAX { 0 } else { HOSTS_MAX };
        let seen = HostSeen::new(span, mac, vlan, active);
        let (known, mut woke) = (self.hosts.len(), false);
        let fits = self.hosts.add(max, host, seen, |known, new| {
            woke = !known.active && active;
            known.join(new);
        });
        self.dropped.hosts += u64::from(!fits);
        self.idle_hosts -= usize::from(woke).min(self.idle_hosts);
        self.idle_hosts += usize::from(!active && self.hosts.len() > known);
    }

    /// True if nothing was seen.
    pub fn is_empty(&self) -> bool {
        let facts = self.services.len() + self.names.len() + self.leases.len() + self.bindings.len();
        self.last.is_none() && self.flows == 0 && self.hosts.len() + facts == 0
    }

    /// The time of the newest packet.
    pub fn tick(&mut self, time: Timestamp) {
        self.last = self.last.max(Some(time));
    }

    /// A flow ended, or is told of while it goes on.
    pub fn flow(&mut self, record: impl Borrow<FlowRecord>) {
        let record = record.borrow();
        self.flows += 1;
        let group = group_side(record);
        let silent = !record.outcome.answered;
        for side in [Side::A, Side::B] {
            if group != Some(side) {
                let span = Span { first: record.first, last: record.last };
                let active = !silent || record.sent[side].payload > 0;
                self.host(record.key.host(side), span, record.macs[side], record.vlans[side], active);
            }
        }
        match filed(record) {
            Filed::Nowhere => {}
            Filed::Undecided => self.undecided_flow(record),
            Filed::Edge(key, totals) => self.edge(key, *totals),
        }
    }

    /// Adds to an edge, or to the attempts where nobody answered.
    pub(super) fn edge(&mut self, key: EdgeKey, totals: EdgeTotals) {
        if totals.answered == 0 && !self.edges.contains_key(&key) {
            self.attempts.add(key, totals);
            return;
        }
        let flows = totals.flows;
        if !self.edges.add(EDGES_MAX, key, totals, |known, new| known.join(&new)) {
            self.dropped.flows += u64::from(flows);
        }
    }

    fn undecided_flow(&mut self, record: &FlowRecord) {
        let new = Undecided { totals: EdgeTotals::undecided(record), ledger: record.ledger };
        if !self.undecided.add(UNDECIDED_MAX, record.key, new, Undecided::join) {
            self.dropped.flows += 1;
        }
    }

    /// ICMP echo between two hosts.
    pub fn ping(&mut self, from: HostKey, to: HostKey, reply: bool, time: Timestamp) {
        let key = if reply { (to, from) } else { (from, to) };
        let new = PingSeen { requests: u64::from(!reply), replies: u64::from(reply), span: Span::at(time) };
        let fits = self.pings.add(PINGS_MAX, key, new, PingSeen::join);
        self.dropped.facts += u64::from(!fits);
    }

    /// The link layer says that a machine holds an address.
    pub fn binding(&mut self, mac: Mac, host: HostKey, time: Timestamp) {
        let fits = self.bindings.add(HOSTS_MAX, (mac, host), Span::at(time), Span::join);
        self.dropped.facts += u64::from(!fits);
    }

    /// A host was seen to play a role that no service of it shows (a tunnel's endpoint). The owner
    /// bounds how many it tells of.
    pub fn role(&mut self, host: HostKey, role: &'static str) {
        self.roles.insert((host, role));
    }

    /// A name of a host or machine.
    pub fn name(&mut self, named: Named, source: NameSource, name: CompactString, time: Timestamp) {
        let fits = self.names.add(NAMES_MAX, (named, source, name), Span::at(time), Span::join);
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
                    tls.versions.add(WORDS_MAX, version);
                    tls.resumed |= resumed;
                    if let Some(alpn) = alpn {
                        tls.alpn.add(WORDS_MAX, alpn);
                    }
                });
            }
            Observation::Certificate { of, position, sni, der } => {
                self.certificate(scene, of, position, sni, &der);
            }
            Observation::Stapled { sni, response } => self.staple(scene, sni, response.as_deref()),
            Observation::Practice { practice, state, at_fault, what } => {
                let key = SightingKey {
                    practice,
                    state,
                    host: scene.key.host(scene.side(at_fault)),
                    service: (!scene.group).then(|| scene.service_key()),
                };
                let proof = Proof { at: scene.at, what };
                let new = Sighting::once(Some(scene.key.host(scene.client)), proof);
                let fits = self.sightings.add(SIGHTINGS_MAX, key, new, Sighting::join);
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
        let service = self.services.get_or_make(SERVICES_MAX, scene.service_key(), ServiceSeen::default);
        self.dropped.facts += u64::from(service.is_none());
        service
    }

    fn product(&mut self, scene: &Scene, of: Role, text: CompactString) {
        // A client's software is a fact about a host; nothing asks for it yet.
        if of == Role::Server
            && let Some(service) = self.service(scene)
        {
            service.products.add(PRODUCTS_MAX, text);
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
                tls.sni.add(WORDS_MAX, sni);
            }
            for protocol in alpn {
                tls.alpn.add(WORDS_MAX, protocol);
            }
            tls.ja4.add(WORDS_MAX, ja4);
            tls.ech |= ech;
        });
    }

    fn certificate(&mut self, scene: &Scene, of: Role, position: u8, sni: Option<CompactString>, der: &[u8]) {
        let sha256: [u8; 32] = Sha256::digest(der).into();
        let new = || CertificateSeenAt { facts: CertificateFacts::of(der), places: Places::new() };
        let Some(entry) = self.certificates.get_or_make(CERTIFICATES_MAX, sha256, new) else {
            self.dropped.facts += 1;
            return;
        };
        let service = scene.service_key();
        let client = scene.key.host(scene.service.other());
        let named_client = (of == Role::Client).then_some(client);
        let place = Place { service, role: of, client: named_client, sni, position };
        let clients = Some(client).into();
        let seen = PlaceSeen { span: Span::at(scene.at.time), at: scene.at, clients, staple: None };
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

    /// What a server said of a certificate that it has shown; where it said nothing, the last one is meant.
    fn staple(&mut self, scene: &Scene, sni: Option<CompactString>, response: Option<&[u8]>) {
        let tls = self.services.get_mut(&scene.service_key()).and_then(|service| service.tls.as_deref());
        let shown: Vec<[u8; 32]> = tls.map(|tls| tls.certificates.to_vec()).unwrap_or_default();
        let place =
            Place { service: scene.service_key(), role: Role::Server, client: None, sni, position: 0 };
        let mut last: Option<(Timestamp, [u8; 32])> = None;
        for sha256 in shown {
            let Some(at) = self.certificates.get_mut(&sha256) else { continue };
            let Some(seen) = seen_at(&mut at.places, &place) else { continue };
            match response {
                Some(response) => {
                    let staple = Staple::read(response, &at.facts.serial);
                    seen.staple = seen.staple.max(staple.map(|staple| staple.shown(scene.at.time)));
                }
                None => last = last.max(Some((seen.span.last, sha256))),
            }
        }
        let last = last.and_then(|(_, sha256)| self.certificates.get_mut(&sha256));
        if let Some(seen) = last.and_then(|at| seen_at(&mut at.places, &place)) {
            seen.staple = seen.staple.max(Some(Staple::MISSING));
        }
    }

    /// A machine leased an address: it is known by it, and it uses the server that leased it.
    fn lease(&mut self, scene: &Scene, mac: Mac, address: Address, server: Option<Address>) {
        let span = Span::at(scene.at.time);
        let client = HostKey { realm: scene.key.realm, address };
        let fits = self.leases.add(HOSTS_MAX, (mac, client), span, Span::join);
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
    /// Adds what was seen elsewhere.
    pub fn join(&mut self, other: PingSeen) {
        self.requests += other.requests;
        self.replies += other.replies;
        self.span.join(other.span);
    }
}

/// Where a flow is counted.
pub enum Filed {
    /// It went to a group, and is nobody's use of a service.
    Nowhere,
    /// Other flows decide.
    Undecided,
    /// It is this edge's.
    Edge(EdgeKey, Box<EdgeTotals>),
}

/// Tells where a flow is counted.
pub fn filed(record: &FlowRecord) -> Filed {
    if group_side(record).is_some() {
        return Filed::Nowhere;
    }
    if !record.ledger.is_decisive() {
        return Filed::Undecided;
    }
    let decision = record.ledger.decide_alone(&record.key);
    let key = edge_key(&record.key, decision.client.unwrap_or(decision.leaning));
    Filed::Edge(key, Box::new(EdgeTotals::of(record, &decision)))
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

#[cfg(test)]
mod tests;
