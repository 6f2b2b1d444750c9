//! Who asked for and who touched what somebody looks for: for programs, and for people.

use serde::Serialize;

use super::page::Page;
use crate::graph::Snapshot;
use crate::model::HostKey;
use crate::query::{Asker, Blindness, Hidden, How, Indicated, Sought, Touch};
use crate::report::text::{Cell, Column, Table, Tone, View, bytes, clean, count, moment, number, some, when};
use crate::report::{Report, time};

/// Rows of one section that are told to people; programs get all of them.
const ROWS_MAX: usize = 40;

/// `result` of the answer.
#[derive(Serialize)]
pub struct SeenResult {
    /// What the indicator was taken for.
    meant: Vec<Meant>,
    seen: bool,
    first: Option<String>,
    last: Option<String>,
    bytes_up: u64,
    bytes_down: u64,
    hosts: Vec<String>,
    certificates: Vec<String>,
    asked: Vec<AskerRow>,
    touched: Vec<TouchRow>,
    hidden: HiddenRow,
    dropped: u64,
}

#[derive(Serialize)]
struct Meant {
    kind: &'static str,
    value: String,
}

#[derive(Serialize)]
struct AskerRow {
    client: String,
    name: String,
    server: String,
    questions: u64,
    answers: u64,
    first: String,
    last: String,
    source: String,
    frame: u64,
}

#[derive(Serialize)]
struct TouchRow {
    client: String,
    service: String,
    dependency: Option<String>,
    protocol: &'static str,
    how: Vec<&'static str>,
    shown: Vec<String>,
    by_it: bool,
    flows: u64,
    answered: u64,
    bytes_up: u64,
    bytes_down: u64,
    shared: bool,
    open: bool,
    first: String,
    last: String,
    source: String,
    frame: u64,
}

/// Hosts that may have asked unseen.
#[derive(Serialize)]
struct HiddenRow {
    count: usize,
    encrypted: Vec<String>,
    proxied: Vec<String>,
    silent: Vec<String>,
}

impl SeenResult {
    /// The result of a search.
    pub fn of(sought: &Sought, meant: &[Indicated], report: &Report<'_>) -> SeenResult {
        let snapshot = report.snapshot;
        let (bytes_up, bytes_down) = sought.bytes();
        let certificates = sought.certificates.iter();
        SeenResult {
            meant: meant.iter().map(|it| Meant { kind: it.word(), value: value(it) }).collect(),
            seen: !sought.is_empty(),
            first: sought.span().map(|span| time(span.first)),
            last: sought.span().map(|span| time(span.last)),
            bytes_up,
            bytes_down,
            hosts: ids(&sought.hosts, snapshot),
            certificates: certificates
                .filter_map(|place| snapshot.certificates.get(*place as usize))
                .map(|row| row.facts.sha256.clone())
                .collect(),
            asked: sought.asked.iter().map(|row| AskerRow::of(row, report)).collect(),
            touched: sought.touched.iter().map(|row| TouchRow::of(row, report)).collect(),
            hidden: HiddenRow {
                count: sought.hidden.all().len(),
                encrypted: ids(&sought.hidden.encrypted, snapshot),
                proxied: ids(&sought.hidden.proxied, snapshot),
                silent: ids(&sought.hidden.silent, snapshot),
            },
            dropped: sought.dropped,
        }
    }
}

fn ids(places: &std::collections::BTreeSet<u32>, snapshot: &Snapshot) -> Vec<String> {
    let hosts = places.iter().filter_map(|place| snapshot.hosts.get(*place as usize));
    hosts.map(|host| host.key.to_string()).collect()
}

fn value(indicated: &Indicated) -> String {
    match indicated {
        Indicated::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            network.addr().to_string()
        }
        Indicated::Network(network) => network.to_string(),
        Indicated::Name(text)
        | Indicated::Ja4(text)
        | Indicated::Certificate(text)
        | Indicated::User(text) => text.clone(),
    }
}

impl AskerRow {
    fn of(row: &Asker, report: &Report<'_>) -> AskerRow {
        AskerRow {
            client: row.client.to_string(),
            name: row.name.to_string(),
            server: row.server.to_string(),
            questions: row.questions,
            answers: row.answers,
            first: time(row.span.first),
            last: time(row.span.last),
            source: report.source_path(row.frame.source).to_owned(),
            frame: row.frame.number,
        }
    }
}

impl TouchRow {
    fn of(row: &Touch, report: &Report<'_>) -> TouchRow {
        let dependency = row.dependency.and_then(|place| report.snapshot.dependencies.get(place as usize));
        TouchRow {
            client: row.client.to_string(),
            service: row.service.to_string(),
            dependency: dependency.map(|row| row.id()),
            protocol: dependency.and_then(|row| row.protocol()).unwrap_or("unknown"),
            how: row.how.iter().map(|how| how.word()).collect(),
            shown: row.shown.iter().map(ToString::to_string).collect(),
            by_it: row.by_it,
            flows: row.flows,
            answered: row.answered,
            bytes_up: row.bytes_up,
            bytes_down: row.bytes_down,
            shared: row.shared,
            open: row.open,
            first: time(row.span.first),
            last: time(row.span.last),
            source: report.source_path(row.frame.source).to_owned(),
            frame: row.frame.number,
        }
    }
}

/// What was found, as people read it.
pub fn seen_page(
    view: &View<'_>,
    sought: &Sought,
    (text, meant): (&str, &[Indicated]),
    blindness: &Blindness,
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    let words: Vec<&str> = meant.iter().map(Indicated::word).collect();
    page.line(0, Tone::Heading, &format!("{} ({})", clean(text), words.join(" or ")));
    page.time();
    summary(&mut page, sought);
    asked(&mut page, sought);
    touched(&mut page, sought);
    hidden(&mut page, &sought.hidden, meant);
    if sought.dropped > 0 {
        page.warn(&format!(
            "{} names and fingerprints did not fit and were not searched.",
            number(sought.dropped)
        ));
    }
    let clients: std::collections::BTreeSet<HostKey> = sought.touched.iter().map(|row| row.client).collect();
    let again = &page.view().again;
    let next: Vec<String> =
        clients.iter().take(2).map(|client| format!("tapmap timeline {client} {again}")).collect();
    page.end(blindness, &next, answer_id)
}

fn summary(page: &mut Page<'_>, sought: &Sought) {
    let Some(span) = sought.span() else {
        let known = !sought.hosts.is_empty() || !sought.certificates.is_empty();
        page.headed(Tone::Heading, if known { "KNOWN, AND NOBODY TOUCHED IT" } else { "NEVER SEEN" });
        return;
    };
    let askers: std::collections::BTreeSet<HostKey> = sought.asked.iter().map(|row| row.client).collect();
    let ends = |by_it: bool, end: fn(&Touch) -> HostKey| {
        let rows = sought.touched.iter().filter(|row| row.answered > 0 && row.by_it == by_it);
        rows.map(end).collect::<std::collections::BTreeSet<HostKey>>().len()
    };
    let (up, down) = sought.bytes();
    let mut said = vec![format!("{} asked for it", count(askers.len(), "host", "hosts"))];
    said.push(format!("{} connected to it", ends(false, |row| row.client)));
    if ends(true, |row| row.client) > 0 {
        let hosts = count(ends(true, |row| row.service.host), "host", "hosts");
        said.push(format!("it connected to {hosts}"));
    }
    said.push(format!("{} up, {} down", bytes(up), bytes(down)));
    page.headed(Tone::Alarm, &format!("SEEN: {}", said.join(", ")));
    page.say(&format!("first {}, last {}", moment(span.first), moment(span.last)));
    let hosts: Vec<String> = sought
        .hosts
        .iter()
        .filter_map(|place| page.view().report.snapshot.hosts.get(*place as usize))
        .map(|host| page.host(&host.key))
        .collect();
    if !hosts.is_empty() {
        page.say(&format!("it is {}", some(hosts, 4)));
    }
    for place in &sought.certificates {
        if let Some(row) = page.view().report.snapshot.certificates.get(*place as usize) {
            let short = row.facts.sha256.get(..16).unwrap_or_default();
            page.say(&format!("certificate {short}… {}", clean(&row.facts.subject)));
        }
    }
}

fn asked(page: &mut Page<'_>, sought: &Sought) {
    if sought.asked.is_empty() {
        return;
    }
    page.heading("WHO ASKED FOR IT");
    let mut table = Table::new(&[
        Column::text("CLIENT", 15),
        Column::text("NAME", 20),
        Column::text("ASKED", 15).spare(2),
        Column::number("TIMES"),
        Column::number("ANSWERED").spare(1),
        Column::word("FIRST"),
        Column::word("LAST").spare(3),
        Column::number("FRAME").spare(4),
    ]);
    for row in sought.asked.iter().take(ROWS_MAX) {
        table.row(vec![
            Cell::with(row.client, page.view().name(&row.client)),
            clean(&row.name).into(),
            row.server.host.to_string().into(),
            number(row.questions.max(row.answers)).into(),
            number(row.answers).into(),
            when(page.view(), row.span.first).into(),
            when(page.view(), row.span.last).into(),
            row.frame.number.into(),
        ]);
    }
    page.table(&table);
    more(page, sought.asked.len());
}

fn touched(page: &mut Page<'_>, sought: &Sought) {
    let (own, others): (Vec<&Touch>, Vec<&Touch>) = sought.touched.iter().partition(|row| row.by_it);
    let worn = own.iter().any(|row| row.how.contains(&How::Ja4) || row.how.contains(&How::User));
    contacts(page, "WHO CONNECTED TO IT", &others);
    contacts(page, if worn { "WHO USED IT" } else { "WHAT IT CONNECTED TO" }, &own);
}

fn contacts(page: &mut Page<'_>, heading: &str, rows: &[&Touch]) {
    if rows.is_empty() {
        return;
    }
    page.heading(heading);
    let mut table = Table::new(&[
        Column::text("CLIENT", 15),
        Column::text("SERVICE", 21),
        Column::word("BY").spare(1),
        Column::number("UP"),
        Column::number("DOWN"),
        Column::word("FIRST"),
        Column::word("LAST").spare(2),
        Column::number("FRAME").spare(3),
    ]);
    for row in rows.iter().take(ROWS_MAX) {
        let tried = row.answered == 0 && row.flows > 0;
        let how: Vec<&str> = row.how.iter().map(|how| how_words(*how)).collect();
        let how = if tried { "only tried".to_owned() } else { how.join(", ") };
        let mark = if row.shared { "≤ " } else { "" };
        table.row(vec![
            Cell::with(row.client, page.view().name(&row.client)),
            Cell::with(row.service, page.view().name(&row.service.host)),
            Cell::from(how).tone(if tried { Tone::Faint } else { Tone::Plain }),
            format!("{mark}{}", bytes(row.bytes_up)).into(),
            format!("{mark}{}", bytes(row.bytes_down)).into(),
            when(page.view(), row.span.first).into(),
            if row.open { "open now".to_owned() } else { when(page.view(), row.span.last) }.into(),
            row.frame.number.into(),
        ]);
    }
    page.table(&table);
    more(page, rows.len());
    if rows.iter().any(|row| row.shared) {
        page.line(2, Tone::Faint, "≤: at most; the address or service is known by other names too.");
    }
}

const fn how_words(how: How) -> &'static str {
    match how {
        How::Address => "address",
        How::NamedAddress => "its address",
        How::Sni => "TLS name",
        How::HttpHost => "HTTP name",
        How::Ja4 => "JA4",
        How::Certificate => "certificate",
        How::User => "user",
    }
}

fn more(page: &mut Page<'_>, rows: usize) {
    if rows > ROWS_MAX {
        let text = format!("and {} more; `-o json` has all", number((rows - ROWS_MAX) as u64));
        page.line(2, Tone::Faint, &text);
    }
}

/// Who else may have asked, where a name is sought.
fn hidden(page: &mut Page<'_>, hidden: &Hidden, meant: &[Indicated]) {
    let name = meant.iter().any(|it| matches!(it, Indicated::Name(_)));
    let all = hidden.all();
    if all.is_empty() || !name {
        return;
    }
    page.heading(&format!("DoH OR PROXY MAY HIDE OTHERS: {}", count(all.len(), "host", "hosts")));
    for (places, why) in [
        (&hidden.encrypted, "asked for names over TLS or HTTPS"),
        (&hidden.proxied, "went through a proxy"),
        (&hidden.silent, "used services, and no question of theirs was seen"),
    ] {
        let hosts = places.iter().filter_map(|place| page.view().report.snapshot.hosts.get(*place as usize));
        let hosts: Vec<String> = hosts.map(|host| page.host(&host.key)).collect();
        if !hosts.is_empty() {
            page.say(&format!("{} {why}: {}", hosts.len(), some(hosts, 6)));
        }
    }
}
