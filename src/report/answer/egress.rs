//! What leaves the local networks: for programs, and for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::page::Page;
use crate::graph::Host;
use crate::query::{Blindness, Destination, Egress, Served};
use crate::report::list::write_rows;
use crate::report::text::{Cell, Column, Table, Tone, View, bytes, clean, count, number, share, some, when};
use crate::report::{Report, time};

/// Rows of one section that are told to people; programs get all of them.
const ROWS_MAX: usize = 40;

/// A destination that at most so many of the local hosts use is worth a look, where there are several
/// times as many.
const RARE_MAX: usize = 2;

/// The columns of the rows as comma-separated values.
const COLUMNS: &[&str] = &[
    "way",
    "host",
    "names",
    "protocols",
    "bytes_out",
    "bytes_in",
    "flows",
    "answered",
    "clients",
    "users",
    "population",
    "rare",
    "first",
    "last",
    "source",
    "frame",
];

/// `result` of the answer.
#[derive(Serialize)]
pub struct EgressResult {
    bytes_out: u64,
    bytes_in: u64,
    bytes_served: u64,
    population: usize,
    destinations: Vec<EgressRow>,
    served: Vec<EgressRow>,
}

/// One host outside.
#[derive(Serialize)]
struct EgressRow {
    /// `out`: the hosts sent there; `served`: it came and was served.
    way: &'static str,
    host: String,
    names: Vec<String>,
    protocols: Vec<&'static str>,
    dependencies: Vec<String>,
    bytes_out: u64,
    bytes_in: u64,
    flows: u64,
    answered: u64,
    /// Which of the hosts that were asked about; of a client that was served, itself.
    clients: Vec<String>,
    /// Local hosts that use it, of how many.
    users: Option<usize>,
    population: usize,
    rare: bool,
    first: String,
    last: String,
    source: Option<String>,
    frame: Option<u64>,
}

impl EgressResult {
    /// The result of the contract.
    pub fn of(egress: &Egress, report: &Report<'_>) -> EgressResult {
        let population = egress.population;
        EgressResult {
            bytes_out: egress.bytes_out,
            bytes_in: egress.bytes_in,
            bytes_served: egress.bytes_served,
            population,
            destinations: egress
                .destinations
                .iter()
                .filter_map(|row| EgressRow::out(row, population, report))
                .collect(),
            served: egress
                .served
                .iter()
                .filter_map(|row| EgressRow::served(row, population, report))
                .collect(),
        }
    }

    /// Writes the rows alone: one object a line, or comma-separated values.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write_rows(&self, csv: bool, out: &mut dyn Write) -> io::Result<()> {
        let rows: Vec<&EgressRow> = self.destinations.iter().chain(&self.served).collect();
        write_rows(&rows, COLUMNS, csv, out)
    }
}

impl EgressRow {
    fn out(row: &Destination, population: usize, report: &Report<'_>) -> Option<EgressRow> {
        let snapshot = report.snapshot;
        let host = snapshot.hosts.get(row.host as usize)?;
        let clients = row.clients.iter().filter_map(|place| snapshot.hosts.get(*place as usize));
        Some(EgressRow {
            way: "out",
            host: host.key.to_string(),
            names: names(host, row),
            protocols: row.protocols.iter().copied().collect(),
            dependencies: ids(&row.dependencies, report),
            bytes_out: row.bytes_out,
            bytes_in: row.bytes_in,
            flows: row.flows,
            answered: row.answered,
            clients: clients.map(|client| client.key.to_string()).collect(),
            users: Some(row.users),
            population,
            rare: is_rare(row.users, population),
            first: time(row.span.first),
            last: time(row.span.last),
            source: Some(report.source_path(row.frame.source).to_owned()),
            frame: Some(row.frame.number),
        })
    }

    fn served(row: &Served, population: usize, report: &Report<'_>) -> Option<EgressRow> {
        let client = report.snapshot.hosts.get(row.client as usize)?;
        Some(EgressRow {
            way: "served",
            host: client.key.to_string(),
            names: own_names(client).into_iter().collect(),
            protocols: row.protocols.iter().copied().collect(),
            dependencies: ids(&row.dependencies, report),
            bytes_out: row.bytes_out,
            bytes_in: row.bytes_in,
            flows: row.flows,
            answered: row.flows,
            clients: vec![client.key.to_string()],
            users: None,
            population,
            rare: false,
            first: time(row.span.first),
            last: time(row.span.last),
            source: None,
            frame: None,
        })
    }
}

/// Few of the many local hosts use it.
const fn is_rare(users: usize, population: usize) -> bool {
    users <= RARE_MAX && population >= 4 * RARE_MAX
}

fn ids(dependencies: &[u32], report: &Report<'_>) -> Vec<String> {
    let rows = dependencies.iter().filter_map(|place| report.snapshot.dependencies.get(*place as usize));
    rows.map(|row| row.id()).collect()
}

/// What its clients called it first, then what else is known.
fn names(host: &Host, row: &Destination) -> Vec<String> {
    let called: Vec<String> = row.called.iter().map(ToString::to_string).collect();
    let others = own_names(host).into_iter().filter(|name| !row.called.contains(name.as_str()));
    called.iter().cloned().chain(others).collect()
}

fn own_names(host: &Host) -> BTreeSet<String> {
    host.names.iter().map(|name| name.name.to_string()).collect()
}

/// The traffic as people read it.
pub fn egress_page(
    view: &View<'_>,
    egress: &Egress,
    (hosts, what): (&[&Host], &str),
    blindness: &Blindness,
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    page.about(hosts, &clean(what));
    page.headed(
        Tone::Heading,
        &format!(
            "SENT OUT {} TO {}, GOT {}",
            bytes(egress.bytes_out),
            count(egress.destinations.len(), "HOST", "HOSTS"),
            bytes(egress.bytes_in)
        ),
    );
    destinations(&mut page, egress);
    page.heading(&format!(
        "SERVED {} TO {} OUTSIDE",
        bytes(egress.bytes_served),
        count(egress.served.len(), "CLIENT", "CLIENTS")
    ));
    served(&mut page, egress);
    let again = &page.view().again;
    let first = egress.destinations.first();
    let next: Vec<String> = first
        .and_then(|row| page.view().report.snapshot.hosts.get(row.host as usize))
        .map(|host| format!("tapmap seen {} {again}", host.key.address))
        .into_iter()
        .collect();
    page.end(blindness, &next, answer_id)
}

fn destinations(page: &mut Page<'_>, egress: &Egress) {
    let snapshot = page.view().report.snapshot;
    if egress.destinations.is_empty() {
        page.say("Nothing was sent to a host outside the local networks.");
        return;
    }
    let mut table = Table::new(&[
        Column::number("OUT"),
        Column::number("IN"),
        Column::text("TO", 15),
        Column::text("CALLED", 14),
        Column::text("PROTOCOL", 8),
        Column::word("USED BY"),
        Column::number("FLOWS").spare(3),
        Column::word("FIRST").spare(1),
        Column::word("LAST").spare(2),
    ]);
    for row in egress.destinations.iter().take(ROWS_MAX) {
        let Some(host) = snapshot.hosts.get(row.host as usize) else { continue };
        let names: Vec<String> = names(host, row).iter().map(|name| clean(name)).collect();
        let names = if page.view().names { some(names, 1) } else { String::new() };
        let protocols: Vec<&str> = row.protocols.iter().copied().collect();
        let rare = is_rare(row.users, egress.population);
        let used = format!("{} of {}", row.users, egress.population);
        table.row(vec![
            bytes(row.bytes_out).into(),
            bytes(row.bytes_in).into(),
            Cell::with(host.key, None),
            names.into(),
            if row.answered == 0 { "no answer".to_owned() } else { protocols.join(",") }.into(),
            Cell::from(used).tone(if rare { Tone::Warning } else { Tone::Plain }),
            number(row.flows).into(),
            when(page.view(), row.span.first).into(),
            when(page.view(), row.span.last).into(),
        ]);
    }
    page.table(&table);
    more(page, egress.destinations.len());
    let rare = egress.destinations.iter().filter(|row| is_rare(row.users, egress.population));
    let rare: u64 = rare.map(|row| row.bytes_out).sum();
    if rare > 0 {
        page.say(&format!(
            "{} of it went to hosts that at most {RARE_MAX} of {} local hosts use.",
            share(rare, egress.bytes_out),
            egress.population
        ));
    }
}

fn served(page: &mut Page<'_>, egress: &Egress) {
    let snapshot = page.view().report.snapshot;
    if egress.served.is_empty() {
        page.say("Nobody outside the local networks was answered.");
        return;
    }
    let mut table = Table::new(&[
        Column::number("OUT"),
        Column::number("IN"),
        Column::text("CLIENT", 15),
        Column::text("PROTOCOL", 8),
        Column::number("FLOWS"),
        Column::word("FIRST").spare(1),
        Column::word("LAST").spare(2),
    ]);
    for row in egress.served.iter().take(ROWS_MAX) {
        let Some(client) = snapshot.hosts.get(row.client as usize) else { continue };
        let protocols: Vec<&str> = row.protocols.iter().copied().collect();
        table.row(vec![
            bytes(row.bytes_out).into(),
            bytes(row.bytes_in).into(),
            Cell::with(client.key, page.view().name(&client.key)),
            protocols.join(",").into(),
            number(row.flows).into(),
            when(page.view(), row.span.first).into(),
            when(page.view(), row.span.last).into(),
        ]);
    }
    page.table(&table);
    more(page, egress.served.len());
}

fn more(page: &mut Page<'_>, rows: usize) {
    if rows > ROWS_MAX {
        let text = format!("and {} more; `-o json` has all", number((rows - ROWS_MAX) as u64));
        page.line(2, Tone::Faint, &text);
    }
}
