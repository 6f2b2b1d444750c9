//! One table for each list, and the compact ones of the story.

use super::paint::{Tone, of_band};
use super::safe::clean;
use super::table::{Cell, Column, Table};
use super::words::{bytes, clock, day, length, moment, number, some};
use super::{View, names};
use crate::finding::Finding;
use crate::graph::{Certificate, Dependency, DependencyState, Host, Kind, Service};
use crate::model::Timestamp;
use crate::report::List;
use crate::report::flow::Flow;

/// A list as a table, with a line that says how many rows it has.
pub fn write_table(view: &View<'_>, list: List) -> String {
    let report = view.report;
    let snapshot = report.snapshot;
    let table = match list {
        List::Hosts => hosts(view, &snapshot.hosts.iter().collect::<Vec<_>>()),
        List::Services => services(view, &snapshot.services.iter().collect::<Vec<_>>()),
        List::Dependencies => dependencies(view, &snapshot.dependencies.iter().collect::<Vec<_>>()),
        List::Certificates => return super::certificates::write(view),
        List::Findings => findings(view, report.findings),
        List::Flows => flows(view),
    };
    match table {
        Some(table) => table.render(view.width, 0, view.paint),
        None => format!("no {}\n", list.key()),
    }
}

/// A moment; only its clock while the whole report is about one day.
pub fn when(view: &View<'_>, time: Timestamp) -> String {
    let sources = view.report.sources.iter();
    let mut days = sources.flat_map(|source| [source.first, source.last]).flatten().map(day);
    let today = day(time);
    if days.all(|day| day == today) { clock(time) } else { moment(time) }
}

/// Hosts.
pub fn hosts(view: &View<'_>, rows: &[&Host]) -> Option<Table> {
    let mut table = Table::new(&[
        Column::text("ADDRESS", 15),
        Column::text("NAMES", 20),
        Column::text("ROLES", 14).spare(1),
        Column::text("LABELS", 8).spare(2),
        Column::word("WHERE").spare(5),
        Column::text("MAC", 17).spare(6),
        Column::text("VENDOR", 8).spare(7),
        Column::word("VLAN").spare(4),
        Column::word("FIRST").spare(8),
        Column::word("LAST").spare(3),
    ]);
    for host in rows {
        let names: Vec<String> = if view.names { names::all(host) } else { Vec::new() };
        let roles: Vec<&str> = host.roles.iter().copied().collect();
        let macs: Vec<String> = host.macs.iter().map(ToString::to_string).collect();
        let vlans: Vec<String> = host.vlans.iter().map(ToString::to_string).collect();
        table.row(vec![
            Cell::with(host.key, None),
            names.join(", ").into(),
            roles.join(", ").into(),
            clean(&host.labels.join(", ")).into(),
            if host.internal { "inside" } else { "outside" }.into(),
            some(macs, 1).into(),
            host.vendor.unwrap_or_default().into(),
            vlans.join(",").into(),
            host.span.map(|span| when(view, span.first)).unwrap_or_default().into(),
            host.span.map(|span| when(view, span.last)).unwrap_or_default().into(),
        ]);
    }
    (!rows.is_empty()).then_some(table)
}

/// Services.
pub fn services(view: &View<'_>, rows: &[&Service]) -> Option<Table> {
    let mut table = Table::new(&[
        Column::text("SERVICE", 18),
        Column::text("NAME", 14).spare(1),
        Column::word("PROTOCOL"),
        Column::word("TLS").spare(2),
        Column::text("CERTIFICATE", 11).spare(3),
        Column::text("SOFTWARE", 10).spare(4),
        Column::number("CLIENTS"),
        Column::number("FLOWS"),
        Column::word("FIRST").spare(6),
        Column::word("LAST").spare(5),
    ]);
    for service in rows {
        let tls = service.tls.as_ref();
        let versions: Vec<&str> = tls
            .map(|tls| tls.seen.versions.iter().map(|version| version.name()).collect())
            .unwrap_or_default();
        let versions = if tls.is_some() && versions.is_empty() { vec!["yes"] } else { versions };
        let certificate = match tls.map(|tls| tls.visibility) {
            Some("none") => "not seen",
            Some("hidden_tls13" | "hidden_ech") => "hidden",
            Some(other) => other,
            None => "",
        };
        table.row(vec![
            Cell::with(service.key, None),
            view.name(&service.key.host).unwrap_or_default().into(),
            protocol(service.protocol),
            versions.join(",").into(),
            certificate.into(),
            service.product.as_deref().map(clean).unwrap_or_default().into(),
            number(service.clients as u64).into(),
            number(service.flows).into(),
            when(view, service.span.first).into(),
            when(view, service.span.last).into(),
        ]);
    }
    (!rows.is_empty()).then_some(table)
}

fn protocol(protocol: Option<&'static str>) -> Cell {
    match protocol {
        Some(protocol) => protocol.into(),
        None => Cell::from("unknown").tone(Tone::Faint),
    }
}

/// What a state or kind means at a glance.
fn tone(dependency: &Dependency) -> Tone {
    match (dependency.kind, dependency.state) {
        (Kind::Conflict, _) => Tone::Alarm,
        (_, DependencyState::Attempt) => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// The arrow of a dependency: decided, or open.
pub fn arrow(dependency: &Dependency) -> Cell {
    if dependency.totals.decided { "->".into() } else { Cell::from("?").tone(Tone::Warning) }
}

/// Dependencies.
pub fn dependencies(view: &View<'_>, rows: &[&Dependency]) -> Option<Table> {
    let mut table = Table::new(&[
        Column::text("CLIENT", 20),
        Column::word(""),
        Column::text("SERVICE", 24),
        Column::word("PROTOCOL"),
        Column::word("KIND").spare(5),
        Column::word("STATE").spare(3),
        Column::word("ARROW BY").spare(1),
        Column::number("FLOWS").spare(2),
        Column::number("FAILED").spare(6),
        Column::number("TO SERVER").spare(4),
        Column::number("TO CLIENT").spare(4),
        Column::word("FIRST").spare(8),
        Column::word("LAST").spare(7),
    ]);
    for dependency in rows {
        let totals = &dependency.totals;
        let tone = tone(dependency);
        let failed = if totals.failed == 0 { String::new() } else { number(totals.failed.into()) };
        let server = view.name(&dependency.key.service.host);
        table.row(vec![
            Cell::with(dependency.key.client, view.name(&dependency.key.client)).tone(tone),
            arrow(dependency),
            Cell::with(dependency.key.service, server).tone(tone),
            protocol(dependency.protocol()),
            Cell::from(dependency.kind.word()).tone(tone),
            Cell::from(dependency.state.word()).tone(tone),
            totals.evidence.word().replace('_', " ").into(),
            number(totals.flows.into()).into(),
            failed.into(),
            bytes(totals.to_server.bytes).into(),
            bytes(totals.to_client.bytes).into(),
            when(view, totals.span.first).into(),
            when(view, totals.span.last).into(),
        ]);
    }
    (!rows.is_empty()).then_some(table)
}

/// The subject, or the first name where there is none.
pub fn subject(certificate: &Certificate) -> String {
    let facts = &certificate.facts;
    let name = if facts.subject.is_empty() { facts.san.first() } else { Some(&facts.subject) };
    name.map_or_else(|| "without a name".to_owned(), |name| clean(name))
}

/// Findings.
pub fn findings(view: &View<'_>, rows: &[Finding]) -> Option<Table> {
    let mut table = Table::new(&[
        Column::word("BAND"),
        Column::number("SCORE"),
        Column::word("RULE"),
        Column::text("WHAT", 20),
        Column::text("WHERE", 15),
        Column::word("STATE").spare(2),
        Column::number("TIMES").spare(3),
        Column::number("CLIENTS").spare(1),
        Column::word("LAST").spare(4),
        Column::text("INSTEAD", 16).spare(5),
    ]);
    for finding in rows {
        table.row(vec![
            Cell::from(finding.band.word()).tone(of_band(finding.band.word())),
            format!("{:.1}", finding.score).into(),
            finding.rule.id.into(),
            finding.rule.title.into(),
            Cell::with(party(finding), view.name(&finding.host)),
            finding.state.name().into(),
            number(finding.count).into(),
            number(finding.clients.len() as u64).into(),
            when(view, finding.span.last).into(),
            finding.rule.replacement.into(),
        ]);
    }
    (!rows.is_empty()).then_some(table)
}

/// Where a finding is: the service or the host, and its name.
pub fn place(view: &View<'_>, finding: &Finding) -> String {
    let place = names::beside(party(finding), view.name(&finding.host));
    // Nobody serves it there: a client shows it wherever it is asked to.
    let presented = finding.certificate.is_some() && finding.service.is_none();
    if presented { format!("presented by {place}") } else { format!("at {place}") }
}

fn party(finding: &Finding) -> String {
    finding.service.map_or_else(|| finding.host.to_string(), |service| service.to_string())
}

fn flows(view: &View<'_>) -> Option<Table> {
    let mut table = Table::new(&[
        Column::word("FIRST"),
        Column::number("LENGTH").spare(5),
        Column::text("CLIENT", 15),
        Column::word(""),
        Column::text("SERVER", 15),
        Column::word("PROTO").spare(4),
        Column::word("PROTOCOL"),
        Column::word("STATE"),
        Column::number("PACKETS").spare(6),
        Column::number("BACK").spare(7),
        Column::number("BYTES").spare(1),
        Column::number("BACK").spare(2),
        Column::word("COMMUNITY ID").spare(3),
    ]);
    for record in view.report.records {
        let flow = Flow::of(record, view.report.snapshot);
        let tone = match flow.state() {
            "refused" | "attempt" => Tone::Faint,
            _ => Tone::Plain,
        };
        let totals = &flow.totals;
        let open = Cell::from("?").tone(Tone::Warning);
        table.row(vec![
            when(view, flow.first()).into(),
            length(flow.duration()).into(),
            Cell::with(flow.client(), view.name(&flow.client_host())).tone(tone),
            if flow.decision.client.is_some() { "->".into() } else { open },
            Cell::with(flow.server(), view.name(&flow.server_host())).tone(tone),
            record.key.transport.name().into(),
            protocol(record.protocol),
            Cell::from(flow.state()).tone(tone),
            number(totals.to_server.packets).into(),
            number(totals.to_client.packets).into(),
            bytes(totals.to_server.bytes).into(),
            bytes(totals.to_client.bytes).into(),
            crate::report::community_id::community_id(&record.key).into(),
        ]);
    }
    (!view.report.records.is_empty()).then_some(table)
}
