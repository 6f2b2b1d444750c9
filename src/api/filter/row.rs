//! What the rows of each list show under each key.

use super::test::Cell;
use crate::finding::{Finding, Validity};
use crate::graph::{Certificate, Dependency, Host, Service, Snapshot};
use crate::model::{FlowRecord, HostKey, ServiceKey, Span, Timestamp, Transport};
use crate::report::{Flow, List, Report, community_id};

/// A row of a list.
pub enum Row<'a> {
    /// A host.
    Host(&'a Host),
    /// A service.
    Service(&'a Service),
    /// A dependency.
    Dependency(&'a Dependency),
    /// A certificate, and the moment that it is judged at.
    Certificate(&'a Certificate, Option<Timestamp>),
    /// A finding.
    Finding(&'a Finding),
    /// A flow, read in the direction that the map decides.
    Flow(Flow<'a>),
}

type Take<'t> = &'t mut dyn FnMut(Cell<'_>);

impl<'a> Row<'a> {
    /// How many rows a list has.
    pub fn count(list: List, report: &Report<'_>) -> usize {
        match list {
            List::Hosts => report.snapshot.hosts.len(),
            List::Services => report.snapshot.services.len(),
            List::Dependencies => report.snapshot.dependencies.len(),
            List::Certificates => report.snapshot.certificates.len(),
            List::Findings => report.findings.len(),
            List::Flows => report.records.len(),
        }
    }

    /// The row at a place.
    pub fn at(list: List, report: &Report<'a>, place: usize) -> Option<Row<'a>> {
        let snapshot = report.snapshot;
        Some(match list {
            List::Hosts => Row::Host(snapshot.hosts.get(place)?),
            List::Services => Row::Service(snapshot.services.get(place)?),
            List::Dependencies => Row::Dependency(snapshot.dependencies.get(place)?),
            List::Certificates => Row::Certificate(snapshot.certificates.get(place)?, report.as_of),
            List::Findings => Row::Finding(report.findings.get(place)?),
            List::Flows => {
                let record: &'a FlowRecord = report.records.get(place)?;
                Row::Flow(Flow::of(record, snapshot))
            }
        })
    }

    /// Its own id; a flow has none.
    pub fn id(&self) -> Option<String> {
        Some(match self {
            Row::Host(row) => row.key.to_string(),
            Row::Service(row) => row.key.to_string(),
            Row::Dependency(row) => row.id(),
            Row::Certificate(row, _) => row.facts.sha256.clone(),
            Row::Finding(row) => row.id(),
            Row::Flow(_) => return None,
        })
    }

    /// Hands over everything that it shows under a key.
    pub fn look(&self, key: &str, snapshot: &Snapshot, take: Take<'_>) {
        match key {
            "id" => {
                if let Some(id) = self.id() {
                    take(Cell::Text(&id));
                }
            }
            "since" | "until" => self.spans(take),
            "host" => {
                self.clients(&mut |host| take(Cell::Host(host, snapshot.host(host))));
                self.servers(&mut |host| take(Cell::Host(host, snapshot.host(host))));
            }
            "client" => self.clients(&mut |host| take(Cell::Host(host, snapshot.host(host)))),
            "server" => self.servers(&mut |host| take(Cell::Host(host, snapshot.host(host)))),
            "service" => self.services(&mut |service| take(Cell::Text(&service.to_string()))),
            "port" => self.services(&mut |service| take(Cell::Number(service.port.into()))),
            "name" | "role" | "label" | "internal" => self.look_at_hosts(key, snapshot, take),
            _ => self.look_at_own(key, take),
        }
        if key == "name" {
            self.own_names(take);
        }
    }

    /// What the hosts of the row show.
    fn look_at_hosts(&self, key: &str, snapshot: &Snapshot, take: Take<'_>) {
        let mut hosts = Vec::new();
        self.clients(&mut |host| hosts.push(*host));
        self.servers(&mut |host| hosts.push(*host));
        for host in hosts.iter().filter_map(|host| snapshot.host(host)) {
            match key {
                "name" => host.names.iter().for_each(|name| take(Cell::Text(&name.name))),
                "role" => host.roles.iter().for_each(|role| take(Cell::Text(role))),
                "label" => host.labels.iter().for_each(|label| take(Cell::Text(label))),
                _ => take(Cell::Flag(host.internal)),
            }
        }
    }

    /// Names that the row has itself.
    fn own_names(&self, take: Take<'_>) {
        match self {
            Row::Service(row) => {
                let names = row.tls.iter().flat_map(|tls| tls.seen.sni.iter());
                names.for_each(|name| take(Cell::Text(name)));
            }
            Row::Certificate(row, _) => {
                take(Cell::Text(&row.facts.subject));
                row.facts.san.iter().for_each(|name| take(Cell::Text(name)));
            }
            _ => {}
        }
    }

    fn clients(&self, take: &mut dyn FnMut(&HostKey)) {
        match self {
            Row::Host(_) | Row::Service(_) => {}
            Row::Dependency(row) => take(&row.key.client),
            Row::Certificate(row, _) => {
                row.seen.iter().filter_map(|seen| seen.place.client.as_ref()).for_each(take);
            }
            Row::Finding(row) => row.clients.iter().for_each(take),
            Row::Flow(row) => take(&row.client_host()),
        }
    }

    fn servers(&self, take: &mut dyn FnMut(&HostKey)) {
        match self {
            Row::Host(row) => take(&row.key),
            Row::Service(row) => take(&row.key.host),
            Row::Dependency(row) => take(&row.key.service.host),
            Row::Certificate(row, _) => row.seen.iter().for_each(|seen| take(&seen.place.service.host)),
            Row::Finding(row) => take(&row.host),
            Row::Flow(row) => take(&row.server_host()),
        }
    }

    fn services(&self, take: &mut dyn FnMut(ServiceKey)) {
        match self {
            Row::Host(_) => {}
            Row::Service(row) => take(row.key),
            Row::Dependency(row) => take(row.key.service),
            Row::Certificate(row, _) => row.seen.iter().for_each(|seen| take(seen.place.service)),
            Row::Finding(row) => row.service.into_iter().for_each(take),
            Row::Flow(row) => take(row.record.key.service(row.decision.leaning.other())),
        }
    }

    fn spans(&self, take: Take<'_>) {
        match self {
            Row::Host(row) => row.span.into_iter().for_each(|span| take(Cell::Span(span))),
            Row::Service(row) => take(Cell::Span(row.span)),
            Row::Dependency(row) => take(Cell::Span(row.totals.span)),
            Row::Certificate(row, _) => row.seen.iter().for_each(|seen| take(Cell::Span(seen.seen.span))),
            Row::Finding(row) => take(Cell::Span(row.span)),
            Row::Flow(row) => {
                take(Cell::Span(Span { first: row.record.first, last: row.record.last }));
            }
        }
    }

    fn look_at_own(&self, key: &str, take: Take<'_>) {
        match self {
            Row::Host(row) => host(row, key, take),
            Row::Service(row) => service(row, key, take),
            Row::Dependency(row) => dependency(row, key, take),
            Row::Certificate(row, as_of) => certificate(row, *as_of, key, take),
            Row::Finding(row) => finding(row, key, take),
            Row::Flow(row) => flow(row, key, take),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, which no count of a capture reaches")]
const fn number<'a>(count: u64) -> Cell<'a> {
    Cell::Number(count as f64)
}

fn host(row: &Host, key: &str, take: Take<'_>) {
    match key {
        "mac" => row.macs.iter().for_each(|mac| take(Cell::Text(&mac.to_string()))),
        "vendor" => row.vendor.into_iter().for_each(|vendor| take(Cell::Text(vendor))),
        "vlan" => row.vlans.iter().for_each(|vlan| take(Cell::Number((*vlan).into()))),
        _ => {}
    }
}

fn transport(transport: Transport, take: Take<'_>) {
    take(Cell::Text(transport.name()));
}

fn service(row: &Service, key: &str, take: Take<'_>) {
    let tls = row.tls.as_ref().map(|tls| &tls.seen);
    match (key, tls) {
        ("proto", _) => {
            take(Cell::Text(row.protocol.unwrap_or("unknown")));
            transport(row.key.transport, take);
            tls.into_iter().for_each(|_| take(Cell::Text("tls")));
        }
        ("product", _) => row.product.iter().for_each(|product| take(Cell::Text(product))),
        ("tls", _) => take(Cell::Flag(tls.is_some())),
        ("clients", _) => take(number(row.clients as u64)),
        ("flows", _) => take(number(row.flows)),
        ("version", Some(tls)) => tls.versions.iter().for_each(|version| take(Cell::Text(version.name()))),
        ("sni", Some(tls)) => tls.sni.iter().for_each(|name| take(Cell::Text(name))),
        ("ja4", Some(tls)) => tls.ja4.iter().for_each(|ja4| take(Cell::Text(ja4))),
        ("cert", Some(tls)) => {
            let hex = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            tls.certificates.iter().for_each(|sha256| take(Cell::Text(&hex(sha256))));
        }
        _ => {}
    }
}

fn dependency(row: &Dependency, key: &str, take: Take<'_>) {
    let totals = &row.totals;
    match key {
        "proto" => {
            take(Cell::Text(row.protocol().unwrap_or("unknown")));
            totals.protocols.iter().for_each(|(protocol, _)| take(Cell::Text(protocol)));
            transport(row.transport(), take);
        }
        "kind" => take(Cell::Text(row.kind.word())),
        "state" => take(Cell::Text(row.state.word())),
        "initiator" => take(Cell::Text(row.initiator.word())),
        "decided" => take(Cell::Flag(totals.decided)),
        "one_sided" => {
            let talking = totals.recognised + totals.unrecognised;
            take(Cell::Flag(totals.one_sided > 0 && totals.one_sided == talking));
        }
        "flows" => take(Cell::Number(totals.flows.into())),
        "bytes" => take(number(totals.to_server.bytes + totals.to_client.bytes)),
        "packets" => take(number(totals.to_server.packets + totals.to_client.packets)),
        _ => {}
    }
}

fn certificate(row: &Certificate, as_of: Option<Timestamp>, key: &str, take: Take<'_>) {
    let facts = &row.facts;
    match key {
        "cert" => take(Cell::Text(&facts.sha256)),
        "issuer" => take(Cell::Text(&facts.issuer)),
        "subject" => take(Cell::Text(&facts.subject)),
        "serial" => take(Cell::Text(&facts.serial)),
        "sni" => {
            let names = row.seen.iter().filter_map(|seen| seen.place.sni.as_ref());
            names.for_each(|name| take(Cell::Text(name)));
        }
        "status" => {
            take(Cell::Text(Validity::of(row).status(as_of.unwrap_or_default()).word()));
        }
        "days_left" => {
            let days = Validity::of(row).days_left(as_of.unwrap_or_default());
            #[expect(clippy::cast_precision_loss, reason = "days of a few hundred years")]
            days.into_iter().for_each(|days| take(Cell::Number(days as f64)));
        }
        _ => {}
    }
}

fn finding(row: &Finding, key: &str, take: Take<'_>) {
    match key {
        "rule" => take(Cell::Text(row.rule.id)),
        "band" => take(Cell::Text(row.band.word())),
        "state" => take(Cell::Text(row.state.name())),
        "severity" => take(Cell::Number(row.severity.into())),
        "score" => take(Cell::Number(row.score)),
        "clients" => take(number(row.clients.len() as u64)),
        "cert" => row.certificate.iter().for_each(|sha256| take(Cell::Text(sha256))),
        _ => {}
    }
}

fn flow(row: &Flow<'_>, key: &str, take: Take<'_>) {
    let (record, totals) = (row.record, &row.totals);
    match key {
        "proto" => {
            take(Cell::Text(record.protocol.unwrap_or("unknown")));
            transport(record.key.transport, take);
            if record.tls {
                take(Cell::Text("tls"));
            }
        }
        "tls" => take(Cell::Flag(record.tls)),
        "state" => take(Cell::Text(row.state())),
        "decided" => take(Cell::Flag(row.decision.client.is_some())),
        "client_port" => take(Cell::Number(row.client().port.into())),
        "bytes" => take(number(totals.to_server.bytes + totals.to_client.bytes)),
        "packets" => take(number(totals.to_server.packets + totals.to_client.packets)),
        #[expect(clippy::cast_precision_loss, reason = "exact to the nanosecond for the first 104 days")]
        "duration" => take(Cell::Number(row.duration() as f64 / 1e9)),
        "vlan" => record.vlans.iter().for_each(|vlan| take(Cell::Number((*vlan).into()))),
        "community_id" => take(Cell::Text(&community_id(&record.key))),
        _ => {}
    }
}
