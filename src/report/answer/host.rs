//! A host's card: for programs, and for people.

use serde::Serialize;

use super::hands::{TurnRow, changes};
use super::page::Page;
use crate::finding::Finding;
use crate::graph::{Host, Snapshot};
use crate::model::{HostKey, Indication};
use crate::query::{Blindness, Card, Criticality, Session, Use};
use crate::report::finding::FindingRow;
use crate::report::json;
use crate::report::text::{
    Cell, Column, Table, Tone, View, bytes, clean, count, length, moment, number, some, when,
};
use crate::report::{Report, time};

/// Rows of one section that are told to people; programs get all of them.
const ROWS_MAX: usize = 20;

/// `result` of the answer.
#[derive(Serialize)]
pub struct HostResult {
    host: json::Host,
    criticality: Option<CriticalityRow>,
    held: Vec<TurnRow>,
    /// The turn that was asked for by a moment; what follows is of that time only.
    at: Option<TurnRow>,
    elsewhere: Vec<Elsewhere>,
    services: Vec<OfferRow>,
    uses: Vec<UseRow>,
    sessions: Vec<SessionRow>,
    users: Vec<UserRow>,
    findings: Vec<FindingRow>,
    /// Findings of others that it takes part in as a client: their ids.
    takes_part_in: Vec<String>,
}

#[derive(Serialize)]
struct CriticalityRow {
    value: f64,
    source: &'static str,
}

#[derive(Serialize)]
struct Elsewhere {
    host: String,
    #[serde(flatten)]
    turn: TurnRow,
}

#[derive(Serialize)]
struct OfferRow {
    #[serde(flatten)]
    service: json::Service,
    used_by: Vec<String>,
    bytes_served: u64,
    answered_flows: u64,
}

#[derive(Serialize)]
struct UseRow {
    id: String,
    kind: &'static str,
    service: String,
    protocol: &'static str,
    state: &'static str,
    class: &'static str,
    flows: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    first: String,
    last: String,
}

#[derive(Serialize)]
struct SessionRow {
    dependency: String,
    client: String,
    client_port: u16,
    service: String,
    protocol: &'static str,
    class: &'static str,
    outgoing: bool,
    since: String,
    last: String,
    bytes_to_server: u64,
    bytes_to_client: u64,
    source: String,
    frame: u64,
}

/// Somebody who logged in.
#[derive(Serialize)]
struct UserRow {
    user: String,
    client: String,
    service: String,
    count: u64,
    first: String,
    last: String,
}

impl HostResult {
    /// The result of a card.
    pub fn of(card: &Card, report: &Report<'_>) -> Option<HostResult> {
        let snapshot = report.snapshot;
        let host = snapshot.hosts.get(card.host as usize)?;
        let session = |session: &Session| session_row(session, report);
        let (own, others) = findings(&host.key, report);
        Some(HostResult {
            host: json::Host::of(host),
            criticality: card
                .criticality
                .map(|tags| CriticalityRow { value: tags.value(), source: "operator" }),
            held: card.turns.iter().map(TurnRow::of).collect(),
            at: card.turn.as_ref().map(TurnRow::of),
            elsewhere: card
                .elsewhere
                .iter()
                .filter_map(|(place, turn)| {
                    let host = snapshot.hosts.get(*place as usize)?.key.to_string();
                    Some(Elsewhere { host, turn: TurnRow::of(turn) })
                })
                .collect(),
            services: card
                .offers
                .iter()
                .filter_map(|offer| {
                    let service = snapshot.services.get(offer.service as usize)?;
                    let clients =
                        offer.clients.iter().filter_map(|place| snapshot.hosts.get(*place as usize));
                    Some(OfferRow {
                        service: json::Service::of(service),
                        used_by: clients.map(|client| client.key.to_string()).collect(),
                        bytes_served: offer.bytes,
                        answered_flows: offer.flows,
                    })
                })
                .collect(),
            uses: card.uses.iter().filter_map(|row| use_row(row, snapshot)).collect(),
            sessions: card.sessions.iter().filter_map(session).collect(),
            users: card.users.iter().map(UserRow::of).collect(),
            findings: own.into_iter().map(|finding| FindingRow::of(finding, report)).collect(),
            takes_part_in: others.into_iter().map(Finding::id).collect(),
        })
    }
}

/// Findings that a host is at fault for, and those of others that it takes part in.
fn findings<'a>(host: &HostKey, report: &'a Report<'_>) -> (Vec<&'a Finding>, Vec<&'a Finding>) {
    let own = |finding: &&Finding| {
        finding.host == *host || finding.service.is_some_and(|service| service.host == *host)
    };
    let all = report.findings.iter().filter(|finding| own(finding) || finding.clients.contains(host));
    all.partition(own)
}

fn use_row(usage: &Use, snapshot: &Snapshot) -> Option<UseRow> {
    let row = snapshot.dependencies.get(usage.dependency as usize)?;
    Some(UseRow {
        id: row.id(),
        kind: row.kind.word(),
        service: row.key.service.to_string(),
        protocol: row.protocol().unwrap_or("unknown"),
        state: row.state.word(),
        class: row.capability().word(),
        flows: usage.flows,
        bytes_to_server: usage.sent.bytes,
        bytes_to_client: usage.got.bytes,
        first: time(usage.span.first),
        last: time(usage.span.last),
    })
}

fn session_row(session: &Session, report: &Report<'_>) -> Option<SessionRow> {
    let contact = &session.contact;
    let row = report.snapshot.dependencies.get(contact.dependency as usize)?;
    Some(SessionRow {
        dependency: row.id(),
        client: row.key.client.to_string(),
        client_port: contact.client_port,
        service: row.key.service.to_string(),
        protocol: row.protocol().unwrap_or("unknown"),
        class: contact.capability.word(),
        outgoing: session.outgoing,
        since: time(contact.span.first),
        last: time(contact.span.last),
        bytes_to_server: contact.to_server.bytes,
        bytes_to_client: contact.to_client.bytes,
        source: report.source_path(contact.frame.source).to_owned(),
        frame: contact.frame.number,
    })
}

impl UserRow {
    fn of(row: &Indication) -> UserRow {
        UserRow {
            user: row.indicator.text.to_string(),
            client: row.client.to_string(),
            service: row.service.to_string(),
            count: row.count,
            first: time(row.span.first),
            last: time(row.span.last),
        }
    }
}

/// The card as people read it.
pub fn host_page(view: &View<'_>, card: &Card, what: &str, blindness: &Blindness, answer_id: &str) -> String {
    let mut page = Page::new(view);
    let report = page.view().report;
    let Some(host) = report.snapshot.hosts.get(card.host as usize) else { return page.finish() };
    page.about(&[host], &clean(what));
    identity(&mut page, card, host);
    offers(&mut page, card);
    uses(&mut page, card);
    sessions(&mut page, card);
    users(&mut page, card);
    own_findings(&mut page, host);
    let again = &page.view().again;
    let next = [
        format!("tapmap timeline {} {again}", host.key),
        format!("tapmap egress {} {again}", host.key),
        format!("tapmap seen {} {again}", host.key.address),
    ];
    page.end(blindness, &next, answer_id)
}

fn identity(page: &mut Page<'_>, card: &Card, host: &Host) {
    page.heading("WHO IT IS");
    let place = if host.internal { "in the local networks" } else { "outside the local networks" };
    let heard = match card.span {
        Some(span) => format!("heard from {} to {}, {place}", moment(span.first), moment(span.last)),
        None => format!("never heard itself, {place}"),
    };
    page.say(&heard);
    if let Some(turn) = &card.turn {
        let until = turn.until.map_or_else(|| "the end".to_owned(), moment);
        page.say(&format!(
            "held by {} at the time asked for; what follows is from {} to {until}",
            turn.mac,
            moment(turn.from)
        ));
    }
    if !host.macs.is_empty() {
        let macs: Vec<String> = host.macs.iter().map(ToString::to_string).collect();
        let vendor = host.vendor.map_or_else(String::new, |vendor| format!(" ({vendor})"));
        page.say(&format!("machine {}{vendor}", some(macs, 4)));
    }
    changes(&host.key.to_string(), &card.turns).iter().for_each(|change| page.warn(change));
    if card.turns.len() < 2 && host.macs.len() > 1 {
        page.say("when which of these machines held the address was not seen");
    }
    for (place, turn) in card.elsewhere.iter().take(ROWS_MAX) {
        if let Some(other) = page.view().report.snapshot.hosts.get(*place as usize) {
            let (there, from) = (page.host(&other.key), moment(turn.from));
            page.say(&format!("the same machine: {there} from {from}"));
        }
    }
    if !host.roles.is_empty() {
        let roles: Vec<&str> = host.roles.iter().copied().collect();
        page.say(&format!("roles {}", roles.join(", ")));
    }
    if !host.labels.is_empty() {
        page.say(&format!("labels {}", clean(&host.labels.join(", "))));
    }
    if let Some(tags) = card.criticality {
        page.say(&format!("criticality {:.1} of 5 (operator): {}", tags.level(), tag_words(&tags)));
    }
    names(page, host);
}

/// The tags that are not zero, the heaviest first.
fn tag_words(tags: &Criticality) -> String {
    let mut words = [
        ("customer impact", tags.customer_impact),
        ("data sensitivity", tags.data_sensitivity),
        ("revenue", tags.revenue),
        ("safety", tags.safety),
        ("regulatory", tags.regulatory),
        ("executive visibility", tags.executive_visibility),
    ];
    words.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let words = words.iter().filter(|(_, value)| *value > 0.0).map(|(word, value)| format!("{word} {value}"));
    words.collect::<Vec<_>>().join(", ")
}

fn names(page: &mut Page<'_>, host: &Host) {
    if host.names.is_empty() || !page.view().names {
        return;
    }
    let mut table = Table::new(&[
        Column::text("NAME", 20),
        Column::word("SOURCE"),
        Column::word("FIRST").spare(1),
        Column::word("LAST").spare(2),
    ]);
    for name in host.names.iter().take(ROWS_MAX) {
        table.row(vec![
            clean(&name.name).into(),
            name.source.map_or("operator", |source| source.word()).into(),
            name.span.map(|span| when(page.view(), span.first)).unwrap_or_default().into(),
            name.span.map(|span| when(page.view(), span.last)).unwrap_or_default().into(),
        ]);
    }
    page.table(&table);
    more(page, host.names.len());
}

/// Says how many rows are left out.
fn more(page: &mut Page<'_>, rows: usize) {
    if rows > ROWS_MAX {
        let text = format!("and {} more; `-o json` has all", number((rows - ROWS_MAX) as u64));
        page.line(2, Tone::Faint, &text);
    }
}

fn offers(page: &mut Page<'_>, card: &Card) {
    let snapshot = page.view().report.snapshot;
    page.heading(&format!("OFFERS {}", count(card.offers.len(), "service", "services")));
    if card.offers.is_empty() {
        page.say("Nobody was seen to be answered by it.");
        return;
    }
    let mut table = Table::new(&[
        Column::word("PORT"),
        Column::word("PROTOCOL"),
        Column::text("SOFTWARE", 10).spare(3),
        Column::word("TLS").spare(2),
        Column::number("SERVED"),
        Column::number("CLIENTS"),
        Column::text("WHO", 20),
    ]);
    for offer in card.offers.iter().take(ROWS_MAX) {
        let Some(service) = snapshot.services.get(offer.service as usize) else { continue };
        let clients = offer.clients.iter().filter_map(|place| snapshot.hosts.get(*place as usize));
        let clients: Vec<String> = clients.map(|client| page.host(&client.key)).collect();
        let tls: Vec<&str> = service
            .tls
            .as_ref()
            .map(|tls| tls.seen.versions.iter().map(|version| version.name()).collect())
            .unwrap_or_default();
        table.row(vec![
            format!("{}/{}", service.key.port, service.key.transport.name()).into(),
            protocol(service.protocol),
            service.product.as_deref().map(clean).unwrap_or_default().into(),
            tls.join(",").into(),
            bytes(offer.bytes).into(),
            number(clients.len() as u64).into(),
            some(clients, 3).into(),
        ]);
    }
    page.table(&table);
    more(page, card.offers.len());
}

fn protocol(name: Option<&'static str>) -> Cell {
    match name {
        Some(name) => name.into(),
        None => Cell::from("unknown").tone(Tone::Faint),
    }
}

fn uses(page: &mut Page<'_>, card: &Card) {
    let snapshot = page.view().report.snapshot;
    page.heading(&format!("USES {}", count(card.uses.len(), "service", "services")));
    if card.uses.is_empty() {
        page.say("It was not seen to use any.");
        return;
    }
    let mut table = Table::new(&[
        Column::word("KIND"),
        Column::text("SERVICE", 21),
        Column::word("PROTOCOL"),
        Column::word("STATE").spare(2),
        Column::number("FLOWS").spare(3),
        Column::number("SENT"),
        Column::number("GOT"),
        Column::word("LAST").spare(1),
    ]);
    let mut before = None;
    for usage in card.uses.iter().take(ROWS_MAX) {
        let Some(row) = snapshot.dependencies.get(usage.dependency as usize) else { continue };
        let kind = if before == Some(row.kind) { "" } else { row.kind.word() };
        before = Some(row.kind);
        table.row(vec![
            kind.into(),
            Cell::with(row.key.service, page.view().name(&row.key.service.host)),
            protocol(row.protocol()),
            row.state.word().into(),
            number(usage.flows).into(),
            bytes(usage.sent.bytes).into(),
            bytes(usage.got.bytes).into(),
            when(page.view(), usage.span.last).into(),
        ]);
    }
    page.table(&table);
    more(page, card.uses.len());
}

fn sessions(page: &mut Page<'_>, card: &Card) {
    let snapshot = page.view().report.snapshot;
    let as_of = page.view().report.as_of;
    let heading = format!("OPEN NOW {}", count(card.sessions.len(), "connection", "connections"));
    page.heading(&heading);
    if card.sessions.is_empty() {
        page.say("None that the tap saw begin or go on without seeing its end.");
        return;
    }
    let mut table = Table::new(&[
        Column::word("WAY"),
        Column::text("WITH", 21),
        Column::word("PROTOCOL"),
        Column::word("CLASS").spare(1),
        Column::number("PORT"),
        Column::word("SINCE"),
        Column::word("QUIET FOR").spare(2),
        Column::number("BYTES").spare(3),
    ]);
    for session in card.sessions.iter().take(ROWS_MAX) {
        let contact = &session.contact;
        let Some(row) = snapshot.dependencies.get(contact.dependency as usize) else { continue };
        let with = match session.outgoing {
            true => Cell::with(row.key.service, page.view().name(&row.key.service.host)),
            false => Cell::with(row.key.client, page.view().name(&row.key.client)),
        };
        let exec = contact.capability.is_exec();
        table.row(vec![
            if session.outgoing { "to" } else { "from" }.into(),
            with,
            protocol(row.protocol()),
            Cell::from(contact.capability.word()).tone(if exec { Tone::Alarm } else { Tone::Plain }),
            contact.client_port.into(),
            when(page.view(), contact.span.first).into(),
            as_of.map(|as_of| length(as_of - contact.span.last)).unwrap_or_default().into(),
            bytes(contact.to_server.bytes + contact.to_client.bytes).into(),
        ]);
    }
    page.table(&table);
    more(page, card.sessions.len());
}

fn users(page: &mut Page<'_>, card: &Card) {
    if card.users.is_empty() {
        return;
    }
    page.heading(&format!("WHO LOGGED IN {}", count(card.users.len(), "row", "rows")));
    let mut table = Table::new(&[
        Column::text("USER", 16),
        Column::text("FROM", 15),
        Column::text("AT", 21),
        Column::number("TIMES").spare(1),
        Column::word("LAST"),
    ]);
    for row in card.users.iter().take(ROWS_MAX) {
        table.row(vec![
            clean(&row.indicator.text).into(),
            Cell::with(row.client, page.view().name(&row.client)),
            Cell::with(row.service, page.view().name(&row.service.host)),
            number(row.count).into(),
            when(page.view(), row.span.last).into(),
        ]);
    }
    page.table(&table);
    more(page, card.users.len());
}

fn own_findings(page: &mut Page<'_>, host: &Host) {
    let report = page.view().report;
    let (own, others) = findings(&host.key, report);
    page.heading(&format!("FINDINGS {}", count(own.len(), "on it", "on it")));
    for finding in own.iter().take(ROWS_MAX) {
        let at = finding.service.map_or_else(String::new, |service| format!(" at {service}"));
        let text = format!(
            "{} {} {}{at} ({})",
            finding.rule.id,
            finding.band.word(),
            finding.rule.title,
            finding.state.name()
        );
        let tone = match finding.band.word() {
            "critical" | "high" => Tone::Alarm,
            "medium" => Tone::Warning,
            _ => Tone::Plain,
        };
        page.line(2, tone, &text);
    }
    more(page, own.len());
    if own.is_empty() {
        page.say("None.");
    }
    if !others.is_empty() {
        let ids: Vec<String> = others.iter().map(|finding| finding.id()).collect();
        page.say(&format!("It takes part as client in {}.", some(ids, 4)));
    }
}
