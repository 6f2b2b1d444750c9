//! The document of `analyze -o json`, exactly as the contract names its parts.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::certificate::{Certificate, Certificates};
use super::document::{Report, SourceFacts};
use super::finding::FindingRow;
use super::visibility::Visibility;
use super::{SCHEMA, time};
use crate::finding::Finding;
use crate::graph;

/// A list that is made up row by row while it is written, so that a large map needs no second copy
/// of itself in words.
pub(super) struct Rows<'a, T, R> {
    items: &'a [T],
    row: Box<dyn Fn(&'a T) -> R + 'a>,
}

impl<'a, T, R> Rows<'a, T, R> {
    fn new(items: &'a [T], row: impl Fn(&'a T) -> R + 'a) -> Self {
        Rows { items, row: Box::new(row) }
    }

    /// The rows, each made up when its turn comes.
    pub(super) fn iter(&self) -> impl Iterator<Item = R> + '_ {
        self.items.iter().map(|item| (self.row)(item))
    }
}

impl<T, R: Serialize> Serialize for Rows<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// The whole document. Lists are sorted, keys are in the order of the fields.
#[derive(Serialize)]
pub struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) generator: Generator,
    pub(super) as_of: Option<String>,
    pub(super) capture: Capture,
    pub(super) visibility: Visibility,
    pub(super) hosts: Rows<'a, graph::Host, Host>,
    pub(super) services: Rows<'a, graph::Service, Service>,
    pub(super) dependencies: Rows<'a, graph::Dependency, Dependency>,
    pub(super) certificates: Rows<'a, graph::Certificate, Certificate>,
    pub(super) findings: Rows<'a, Finding, FindingRow>,
    pub(super) scans: Rows<'a, graph::Scan, Scan>,
    pub(super) pings: Rows<'a, graph::Ping, Ping>,
}

/// Who wrote a document.
#[derive(Serialize, ToSchema)]
pub struct Generator {
    name: &'static str,
    version: &'static str,
}

/// What was read, and what came of its packets.
#[derive(Serialize, ToSchema)]
pub struct Capture {
    sources: Vec<Source>,
    filter: Option<String>,
    since: Option<String>,
    until: Option<String>,
    packets: Packets,
    bytes: Bytes,
    flows: Flows,
}

#[derive(Serialize, ToSchema)]
struct Source {
    path: String,
    format: Option<&'static str>,
    sha256: Option<String>,
    bytes: u64,
    link_types: Vec<String>,
    packets: u64,
    first: Option<String>,
    last: Option<String>,
    problem: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Packets {
    read: u64,
    analyzed: u64,
    duplicate: u64,
    non_ip: u64,
    malformed: u64,
    unsupported: u64,
    filtered: u64,
    shed: u64,
}

#[derive(Serialize, ToSchema)]
struct Bytes {
    captured: u64,
    wire: u64,
}

#[derive(Serialize, ToSchema)]
struct Flows {
    tracked: u64,
    evicted: u64,
    summarised: u64,
}

/// A host of the contract.
#[derive(Serialize, ToSchema)]
pub struct Host {
    id: String,
    addresses: Vec<String>,
    realm: Option<String>,
    vlans: Vec<u16>,
    macs: Vec<String>,
    vendor: Option<&'static str>,
    names: Vec<Name>,
    roles: Vec<&'static str>,
    labels: Vec<String>,
    internal: bool,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Name {
    name: String,
    source: &'static str,
    first: Option<String>,
    last: Option<String>,
}

/// A service of the contract.
#[derive(Serialize, ToSchema)]
pub struct Service {
    id: String,
    host: String,
    address: String,
    port: u16,
    transport: &'static str,
    protocol: &'static str,
    protocol_evidence: &'static str,
    product: Option<String>,
    tls: Option<Tls>,
    clients: usize,
    flows: u64,
    first: String,
    last: String,
}

#[derive(Serialize, ToSchema)]
struct Tls {
    versions: Vec<&'static str>,
    sni: Vec<String>,
    alpn: Vec<String>,
    ja4: Vec<String>,
    certificate_visibility: &'static str,
    certificates: Vec<String>,
}

/// A dependency of the contract.
#[derive(Serialize, ToSchema)]
pub struct Dependency {
    id: String,
    client: String,
    client_address: String,
    service: String,
    server_address: String,
    server_port: u16,
    transport: &'static str,
    protocol: &'static str,
    kind: &'static str,
    state: &'static str,
    initiator: &'static str,
    one_sided: bool,
    direction: Direction,
    flows: u64,
    failed_flows: u64,
    packets_to_server: u64,
    packets_to_client: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    first: String,
    last: String,
}

/// Which way an arrow points, and why.
#[derive(Serialize, ToSchema)]
pub struct Direction {
    decided: bool,
    evidence: &'static str,
    confidence: f64,
}

/// A scan, or attempts that are summed up.
#[derive(Serialize, ToSchema)]
pub struct Scan {
    source: Option<String>,
    target: Option<String>,
    attempts: u64,
    addresses: u64,
    ports: u64,
    first: String,
    last: String,
}

/// Who pinged whom.
#[derive(Serialize, ToSchema)]
pub struct Ping {
    from: String,
    to: String,
    requests: u64,
    replies: u64,
    first: String,
    last: String,
}

/// What a report says before its lists.
#[derive(Serialize, ToSchema)]
pub struct Head {
    schema: &'static str,
    generator: Generator,
    as_of: Option<String>,
    capture: Capture,
    visibility: Visibility,
}

/// Writes what was read, what came of its packets, and what the tap could not see.
///
/// # Errors
/// If it cannot be written.
pub fn write_head(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    let head = Head {
        schema: SCHEMA,
        generator: Generator::default(),
        as_of: report.as_of.map(time),
        capture: Capture::of(report),
        visibility: Visibility::of(report),
    };
    serde_json::to_writer_pretty(&mut *out, &head)?;
    writeln!(out)
}

/// Writes the document, indented, with a newline at its end.
pub fn write_json(report: &Report<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(report))?;
    writeln!(out)
}

impl<'a> Document<'a> {
    /// The document of a report.
    pub fn of(report: &'a Report<'a>) -> Document<'a> {
        let snapshot = report.snapshot;
        Document {
            schema: SCHEMA,
            generator: Generator::default(),
            as_of: report.as_of.map(time),
            capture: Capture::of(report),
            visibility: Visibility::of(report),
            hosts: Rows::new(&snapshot.hosts, Host::of),
            services: Rows::new(&snapshot.services, Service::of),
            dependencies: Rows::new(&snapshot.dependencies, Dependency::of),
            certificates: {
                let certificates = Certificates::new(report);
                Rows::new(&snapshot.certificates, move |row| certificates.row(row))
            },
            findings: Rows::new(report.findings, |row| FindingRow::of(row, report)),
            scans: Rows::new(&snapshot.scans, Scan::of),
            pings: Rows::new(&snapshot.pings, Ping::of),
        }
    }
}

impl Default for Generator {
    fn default() -> Self {
        Generator { name: "tapmap", version: env!("CARGO_PKG_VERSION") }
    }
}

impl Capture {
    fn of(report: &Report<'_>) -> Capture {
        let counted = report.counted;
        Capture {
            sources: report.sources.iter().map(Source::of).collect(),
            filter: counted.selection.filter.clone(),
            since: counted.selection.since.map(time),
            until: counted.selection.until.map(time),
            packets: Packets {
                read: counted.read,
                analyzed: counted.analyzed,
                duplicate: counted.duplicate,
                non_ip: counted.non_ip,
                malformed: counted.malformed,
                unsupported: counted.unsupported,
                filtered: counted.filtered,
                shed: 0,
            },
            bytes: Bytes { captured: counted.bytes_captured, wire: counted.bytes_wire },
            flows: Flows {
                tracked: report.snapshot.flows,
                evicted: counted.evicted,
                summarised: report.snapshot.summarised,
            },
        }
    }
}

impl Source {
    fn of(source: &SourceFacts) -> Source {
        Source {
            path: source.path.clone(),
            format: source.format,
            sha256: source.sha256.clone(),
            bytes: source.bytes,
            link_types: source.link_types.clone(),
            packets: source.packets,
            first: source.first.map(time),
            last: source.last.map(time),
            problem: source.problem.clone(),
        }
    }
}

impl Host {
    /// A row of the host table.
    pub fn of(host: &graph::Host) -> Host {
        Host {
            id: host.key.to_string(),
            addresses: vec![host.key.address.to_string()],
            realm: host.key.realm.name(),
            vlans: host.vlans.clone(),
            macs: host.macs.iter().map(ToString::to_string).collect(),
            vendor: host.vendor,
            names: host.names.iter().map(Name::of).collect(),
            roles: host.roles.iter().copied().collect(),
            labels: host.labels.clone(),
            internal: host.internal,
            first: host.span.map(|span| time(span.first)),
            last: host.span.map(|span| time(span.last)),
        }
    }
}

impl Name {
    fn of(name: &graph::Name) -> Name {
        Name {
            name: name.name.to_string(),
            source: name.source.map_or("operator", |source| source.word()),
            first: name.span.map(|span| time(span.first)),
            last: name.span.map(|span| time(span.last)),
        }
    }
}

impl Service {
    /// A row of the service table.
    pub fn of(service: &graph::Service) -> Service {
        let evidence = match (service.protocol, service.announced) {
            (None, _) => "none",
            (Some(_), true) => "announced",
            (Some(_), false) => "payload",
        };
        Service {
            id: service.key.to_string(),
            host: service.key.host.to_string(),
            address: service.key.host.address.to_string(),
            port: service.key.port,
            transport: service.key.transport.name(),
            protocol: service.protocol.unwrap_or("unknown"),
            protocol_evidence: evidence,
            product: service.product.clone(),
            tls: service.tls.as_ref().map(Tls::of),
            clients: service.clients,
            flows: service.flows,
            first: time(service.span.first),
            last: time(service.span.last),
        }
    }
}

impl Tls {
    fn of(tls: &graph::Tls) -> Tls {
        let words = |words: &[compact_str::CompactString]| words.iter().map(ToString::to_string).collect();
        Tls {
            versions: tls.seen.versions.iter().map(|version| version.name()).collect(),
            sni: words(&tls.seen.sni),
            alpn: words(&tls.seen.alpn),
            ja4: words(&tls.seen.ja4),
            certificate_visibility: tls.visibility,
            certificates: tls.seen.certificates.iter().map(|sha256| hex(sha256)).collect(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Four decimals: enough for a person, the same on every machine.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

impl Direction {
    /// A decision as the contract writes it.
    pub fn new(decided: bool, evidence: crate::model::Evidence, confidence: f64) -> Direction {
        Direction { decided, evidence: evidence.word(), confidence: rounded(confidence) }
    }
}

impl Dependency {
    /// A row of the dependency table.
    pub fn of(dependency: &graph::Dependency) -> Dependency {
        let totals = &dependency.totals;
        let key = &dependency.key;
        Dependency {
            id: dependency.id(),
            client: key.client.to_string(),
            client_address: key.client.address.to_string(),
            service: key.service.to_string(),
            server_address: key.service.host.address.to_string(),
            server_port: key.service.port,
            transport: key.service.transport.name(),
            protocol: dependency.protocol().unwrap_or("unknown"),
            kind: dependency.kind.word(),
            state: dependency.state.word(),
            initiator: dependency.initiator.word(),
            one_sided: totals.one_sided > 0 && totals.one_sided == totals.recognised + totals.unrecognised,
            direction: Direction::new(totals.decided, totals.evidence, totals.confidence.into()),
            flows: totals.flows.into(),
            failed_flows: totals.failed.into(),
            packets_to_server: totals.to_server.packets,
            packets_to_client: totals.to_client.packets,
            bytes_to_server: totals.to_server.bytes,
            bytes_to_client: totals.to_client.bytes,
            first: time(totals.span.first),
            last: time(totals.span.last),
        }
    }
}

impl Scan {
    fn of(scan: &graph::Scan) -> Scan {
        Scan {
            source: scan.source.map(|host| host.to_string()),
            target: scan.target.map(|host| host.to_string()),
            attempts: scan.attempts,
            addresses: scan.addresses,
            ports: scan.ports,
            first: time(scan.span.first),
            last: time(scan.span.last),
        }
    }
}

impl Ping {
    fn of(ping: &graph::Ping) -> Ping {
        Ping {
            from: ping.from.to_string(),
            to: ping.to.to_string(),
            requests: ping.seen.requests,
            replies: ping.seen.replies,
            first: time(ping.seen.span.first),
            last: time(ping.seen.span.last),
        }
    }
}
