//! The map at one moment, made up for reading: sorted, directions decided, never changed again.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use petgraph::graph::{DiGraph, NodeIndex};

use super::attempt::Scan;
use super::certificate::{CertificateFacts, imported};
use super::delta::{Delta, Dropped, PingSeen, ServiceSeen};
use super::edge::{EdgeKey, EdgeTotals};
use super::holding::{self, Holding};
use super::inventory::{Machines, Operator};
use super::kind::Kind;
use super::map::Map;
use super::names::{names, rank};
use super::roles::role_of;
use super::sighting::{Sighting, SightingKey};
use super::table::Table;
use super::transport_security::{Place, PlaceSeen, TlsSeen};
use super::vendor;
use crate::model::{
    Capability, Evidence, HostKey, Mac, NameSource, Nanos, ServiceKey, Span, Timestamp, TlsVersion, Transport,
};

/// A source that tried more services than this in vain is a scanner: its attempts are summarised.
const SCAN_TARGETS_MAX: usize = 64;

const HOUR: Nanos = 3_600_000_000_000;
const DAY: Nanos = 24 * HOUR;

/// A name of a host, where and when it was learnt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The name.
    pub name: CompactString,
    /// Where it was learnt; `None` where the operator gave it.
    pub source: Option<NameSource>,
    /// From when to when.
    pub span: Option<Span>,
}

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its address in its realm.
    pub key: HostKey,
    /// Link-layer addresses of its own.
    pub macs: BTreeSet<Mac>,
    /// VLANs that its packets came in.
    pub vlans: Vec<u16>,
    /// Who made its network card.
    pub vendor: Option<&'static str>,
    /// Names, the most telling first.
    pub names: Vec<Name>,
    /// What it is for.
    pub roles: BTreeSet<&'static str>,
    /// The operator's labels.
    pub labels: Vec<String>,
    /// It is in the operator's own networks.
    pub internal: bool,
    /// From when to when; none for a host that only the link layer knows and that never sent IP.
    pub span: Option<Span>,
    /// Machines that were said to hold its address, by leases and by themselves, in order of time.
    pub held: Vec<Holding>,
}

/// What was seen of TLS at a service.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Versions, server names, protocols, fingerprints, certificates.
    pub seen: TlsSeen,
    /// The word of the contract: `seen`, `inherited`, `hidden_tls13`, `hidden_ech`, `imported`, `none`.
    pub visibility: &'static str,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where it is.
    pub key: ServiceKey,
    /// What it speaks; none if nothing told.
    pub protocol: Option<&'static str>,
    /// The protocol is known only because a control connection announced it.
    pub announced: bool,
    /// Software, as its banner gives it.
    pub product: Option<String>,
    /// TLS.
    pub tls: Option<Tls>,
    /// Distinct clients that it answered.
    pub clients: usize,
    /// Flows to it, failed ones included.
    pub flows: u64,
    /// From when to when.
    pub span: Span,
}

/// How sure a dependency is (`direction.md` §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyState {
    /// Nobody answered, or it was refused.
    Attempt,
    /// Accepted, but no payload went both ways.
    Answered,
    /// At least one flow with payload both ways.
    Observed,
    /// Seen often or long enough to count on.
    Dependency,
    /// Seen on at least three days.
    Stable,
    /// Idle for a week.
    Stale,
    /// Idle for a month.
    Retired,
}

impl DependencyState {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            DependencyState::Attempt => "attempt",
            DependencyState::Answered => "answered",
            DependencyState::Observed => "observed",
            DependencyState::Dependency => "dependency",
            DependencyState::Stable => "stable",
            DependencyState::Stale => "stale",
            DependencyState::Retired => "retired",
        }
    }
}

/// Who opens the flows of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// The client.
    Client,
    /// The server (active FTP).
    Server,
    /// Both have.
    Both,
    /// No handshake was seen.
    Unknown,
}

/// Who depends on what.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Client and service.
    pub key: EdgeKey,
    /// What it is about.
    pub kind: Kind,
    /// How sure it is.
    pub state: DependencyState,
    /// Who opens it.
    pub initiator: Initiator,
    /// Everything counted.
    pub totals: EdgeTotals,
}

/// Where and when a certificate was seen.
#[derive(Clone, Debug)]
pub struct CertificateSeen {
    /// Where.
    pub place: Place,
    /// When, and who was shown it.
    pub seen: PlaceSeen,
}

/// A certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What it says.
    pub facts: CertificateFacts,
    /// Where it was seen, sorted.
    pub seen: Vec<CertificateSeen>,
    /// The operator brought it, whether or not it was seen.
    pub imported: bool,
    /// Services that hide what they present, and were asked for by a name that it holds for.
    pub expected: Vec<ServiceKey>,
}

/// Echo requests from one host to another.
#[derive(Clone, Copy, Debug)]
pub struct Ping {
    /// Who asked.
    pub from: HostKey,
    /// Who was asked.
    pub to: HostKey,
    /// How often, and when.
    pub seen: PingSeen,
}

/// A node of the graph: its place in the snapshot's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A host.
    Host(usize),
    /// A service.
    Service(usize),
}

/// An edge of the graph. Everything that fails with a node is what reaches it along the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// A host uses a service: the dependency's place in the snapshot's list.
    Uses(usize),
    /// A service runs on a host.
    RunsOn,
}

/// The map at one moment.
pub struct Snapshot {
    /// The time of the newest packet; none if there was none.
    pub last: Option<Timestamp>,
    /// Sorted by key, as every list here.
    pub hosts: Vec<Host>,
    /// Sorted by key.
    pub services: Vec<Service>,
    /// Sorted by key.
    pub dependencies: Vec<Dependency>,
    /// Sorted by SHA-256.
    pub certificates: Vec<Certificate>,
    /// Insecure practices, sorted by key.
    pub sightings: Vec<(SightingKey, Sighting)>,
    /// Scans and floods.
    pub scans: Vec<Scan>,
    /// Who pings whom.
    pub pings: Vec<Ping>,
    /// Malformed things, by name.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Hosts that names were learnt of and that were never seen.
    pub mentioned_only: usize,
    /// Flows counted.
    pub flows: u64,
    /// Attempts that were only summarised.
    pub summarised: u64,
    /// What did not fit.
    pub dropped: Dropped,
    /// Hosts and services, and who uses what.
    pub graph: DiGraph<Node, Link>,
}

impl Snapshot {
    /// Makes up the map from everything seen.
    pub fn new(mut map: Map, operator: &Operator) -> Snapshot {
        let (scans, summarised) = map.settle(operator, SCAN_TARGETS_MAX);
        let Map { edges, rest: mut delta } = map;
        let scanners: BTreeSet<HostKey> = scans.iter().filter_map(|scan| scan.source).collect();
        let dependencies: Vec<Dependency> =
            edges.into_iter().map(|(key, totals)| dependency(key, totals, delta.last, &scanners)).collect();
        let mut services = services(&dependencies, &mut delta.services);
        let mut certificates = certificates(&mut delta);
        imported::join(&mut certificates, &mut services, &operator.certificates);
        let (hosts, mentioned_only) = hosts(&mut delta, &dependencies, &services, &scanners, operator);
        let graph = graph(&hosts, &services, &dependencies);
        Snapshot {
            last: delta.last,
            hosts,
            services,
            dependencies,
            certificates,
            sightings: sorted(delta.sightings),
            scans,
            pings: sorted(delta.pings)
                .into_iter()
                .map(|((from, to), seen)| Ping { from, to, seen })
                .collect(),
            anomalies: delta.anomalies,
            mentioned_only,
            flows: delta.flows,
            summarised,
            dropped: delta.dropped,
            graph,
        }
    }

    /// The host with this key.
    pub fn host(&self, key: &HostKey) -> Option<&Host> {
        self.hosts.binary_search_by_key(key, |host| host.key).ok().and_then(|place| self.hosts.get(place))
    }

    /// The place of the dependency with this key.
    pub fn dependency_place(&self, key: &EdgeKey) -> Option<usize> {
        self.dependencies.binary_search_by_key(key, |dependency| dependency.key).ok()
    }

    /// The service with this key.
    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services
            .binary_search_by_key(key, |service| service.key)
            .ok()
            .and_then(|place| self.services.get(place))
    }
}

fn sorted<K: Ord, V>(items: impl IntoIterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut items: Vec<(K, V)> = items.into_iter().collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items
}

fn dependency(
    key: EdgeKey,
    totals: EdgeTotals,
    now: Option<Timestamp>,
    scanners: &BTreeSet<HostKey>,
) -> Dependency {
    let protocol = totals.protocol();
    let state = state(&totals, now);
    let mut kind = Kind::of(protocol, &totals);
    if state == DependencyState::Attempt && scanners.contains(&key.client) {
        kind = Kind::Scan;
    }
    let initiator = match (totals.opened_by_client, totals.opened_by_server) {
        (true, true) => Initiator::Both,
        (true, false) => Initiator::Client,
        (false, true) => Initiator::Server,
        (false, false) => Initiator::Unknown,
    };
    Dependency { key, kind, state, initiator, totals }
}

fn state(totals: &EdgeTotals, now: Option<Timestamp>) -> DependencyState {
    if totals.answered == 0 {
        return DependencyState::Attempt;
    }
    if totals.observed == 0 {
        return DependencyState::Answered;
    }
    let idle = now.map_or(0, |now| now - totals.span.last);
    if idle > 30 * DAY {
        return DependencyState::Retired;
    }
    if idle > 7 * DAY {
        return DependencyState::Stale;
    }
    let often = totals.observed >= 3 && totals.hours.len() >= 2;
    let long = totals.longest >= HOUR / 6;
    let sure = totals.decided && totals.confidence >= 0.9;
    match totals.days() {
        days if days >= 3 && sure => DependencyState::Stable,
        days if (days >= 2 || often || long) && sure => DependencyState::Dependency,
        _ => DependencyState::Observed,
    }
}

fn services(dependencies: &[Dependency], seen: &mut Table<ServiceKey, ServiceSeen>) -> Vec<Service> {
    struct Sum {
        protocols: BTreeMap<&'static str, u64>,
        announced: bool,
        clients: usize,
        flows: u64,
        span: Span,
    }
    let mut sums: BTreeMap<ServiceKey, Sum> = BTreeMap::new();
    for dependency in dependencies.iter().filter(|dependency| dependency.totals.answered > 0) {
        let totals = &dependency.totals;
        let sum = sums.entry(dependency.key.service).or_insert(Sum {
            protocols: BTreeMap::new(),
            announced: true,
            clients: 0,
            flows: 0,
            span: totals.span,
        });
        for (protocol, flows) in &totals.protocols {
            *sum.protocols.entry(protocol).or_default() += u64::from(*flows);
        }
        sum.announced &= totals.evidence == Evidence::Announced;
        sum.clients += 1;
        sum.flows += u64::from(totals.flows);
        sum.span.join(totals.span);
    }
    let service = |(key, sum): (ServiceKey, Sum)| {
        let ServiceSeen { products, tls } = seen.get_mut(&key).map(std::mem::take).unwrap_or_default();
        Service {
            key,
            // Of equals, the first by name.
            protocol: sum.protocols.iter().rev().max_by_key(|(_, flows)| **flows).map(|(name, _)| *name),
            announced: sum.announced,
            product: products.last().map(ToString::to_string),
            tls: tls.map(|seen| Tls { visibility: certificate_visibility(&seen), seen: *seen }),
            clients: sum.clients,
            flows: sum.flows,
            span: sum.span,
        }
    };
    sums.into_iter().map(service).collect()
}

/// Why a TLS service's certificate is known, or is not (`certificates.md` §1).
fn certificate_visibility(seen: &TlsSeen) -> &'static str {
    let hidden = seen.versions.contains(&TlsVersion::Tls13) || seen.versions.contains(&TlsVersion::Dtls13);
    if !seen.certificates.is_empty() {
        "seen"
    } else if hidden && seen.ech {
        "hidden_ech"
    } else if hidden {
        "hidden_tls13"
    } else {
        "none"
    }
}

fn hosts(
    delta: &mut Delta,
    dependencies: &[Dependency],
    services: &[Service],
    scanners: &BTreeSet<HostKey>,
    operator: &Operator,
) -> (Vec<Host>, usize) {
    let seen_hosts = std::mem::take(&mut delta.hosts);
    let machines = Machines::new(&seen_hosts, &delta.bindings);
    let mut keys: BTreeSet<HostKey> = seen_hosts.keys().chain(machines.hosts()).copied().collect();
    for dependency in dependencies {
        keys.extend([dependency.key.client, dependency.key.service.host]);
    }
    let mut held = holding::told(delta);
    let (mut names, mentioned_only) = names(delta, &keys);
    let mut roles: BTreeMap<HostKey, BTreeSet<&'static str>> = BTreeMap::new();
    for service in services {
        let role = service.protocol.filter(|_| !service.announced).and_then(role_of);
        roles.entry(service.key.host).or_default().extend(role);
    }
    for scanner in scanners {
        roles.entry(*scanner).or_default().insert("scanner");
    }
    for (host, role) in &delta.roles {
        roles.entry(*host).or_default().insert(role);
    }
    let host = |key: HostKey| {
        let seen = seen_hosts.get(&key);
        let internal = operator.is_local(key.address);
        let macs = machines.macs(&key, seen, internal);
        let mut roles = roles.remove(&key).unwrap_or_default();
        let router = machines.is_router(&key);
        if router {
            roles.insert("router");
        }
        let mut names = names.remove(&key).unwrap_or_default();
        names.sort_by(|one, other| (rank(one), one).cmp(&(rank(other), other)));
        if let Some(given) = operator.names.get(&key.address) {
            names.insert(0, Name { name: given.as_str().into(), source: None, span: None });
        }
        Host {
            key,
            vlans: seen.map(|seen| seen.vlans().collect()).unwrap_or_default(),
            vendor: macs.iter().filter(|_| !router).find_map(|mac| vendor::vendor(*mac)),
            macs,
            names,
            roles,
            labels: operator.labels_of(key.address),
            internal,
            span: seen.map(|seen| seen.span),
            held: held.remove(&key).unwrap_or_default(),
        }
    };
    (keys.into_iter().map(host).collect(), mentioned_only)
}

fn certificates(delta: &mut Delta) -> Vec<Certificate> {
    sorted(std::mem::take(&mut delta.certificates))
        .into_iter()
        .map(|(_, at)| Certificate {
            facts: at.facts,
            imported: false,
            expected: Vec::new(),
            seen: at.places.into_iter().map(|(place, seen)| CertificateSeen { place, seen }).collect(),
        })
        .collect()
}

fn graph(hosts: &[Host], services: &[Service], dependencies: &[Dependency]) -> DiGraph<Node, Link> {
    let mut graph = DiGraph::with_capacity(hosts.len() + services.len(), dependencies.len() + services.len());
    let host_nodes: BTreeMap<HostKey, NodeIndex> =
        hosts.iter().enumerate().map(|(place, host)| (host.key, graph.add_node(Node::Host(place)))).collect();
    let service_nodes: BTreeMap<ServiceKey, NodeIndex> = services
        .iter()
        .enumerate()
        .map(|(place, service)| (service.key, graph.add_node(Node::Service(place))))
        .collect();
    for (key, node) in &service_nodes {
        if let Some(host) = host_nodes.get(&key.host) {
            graph.add_edge(*node, *host, Link::RunsOn);
        }
    }
    for (place, dependency) in dependencies.iter().enumerate() {
        let ends = (host_nodes.get(&dependency.key.client), service_nodes.get(&dependency.key.service));
        if let (Some(client), Some(service)) = ends {
            graph.add_edge(*client, *service, Link::Uses(place));
        }
    }
    graph
}

impl Initiator {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Initiator::Client => "client",
            Initiator::Server => "server",
            Initiator::Both => "both",
            Initiator::Unknown => "unknown",
        }
    }
}

impl Dependency {
    /// What is spoken: the protocol that most flows spoke.
    pub fn protocol(&self) -> Option<&'static str> {
        self.totals.protocol()
    }

    /// What the client can do on the server's host by it: the most that any of its flows allowed.
    pub fn capability(&self) -> Capability {
        self.totals.capability.unwrap_or_else(|| Capability::of_protocol(self.protocol()))
    }

    /// The id of the contract: `client>service`.
    pub fn id(&self) -> String {
        format!("{}>{}", self.key.client, self.key.service)
    }

    /// The transport.
    pub const fn transport(&self) -> Transport {
        self.key.service.transport
    }
}
