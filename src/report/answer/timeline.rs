//! One ordered story: rows for programs, and lines for people.

use std::io::{self, Write};

use serde::Serialize;

use super::page::Page;
use crate::finding::Finding;
use crate::graph::{Contact, DependencyState, Host};
use crate::model::{FrameId, HostKey, ServiceKey, Timestamp};
use crate::query::{Blindness, Event, Happening, New, Scope};
use crate::report::list::write_rows;
use crate::report::text::{Tone, View, bytes, clean, count, length, number, shortened, when};
use crate::report::{Report, time};

/// Rows that are told to people; programs get all of them.
const ROWS_MAX: usize = 200;

/// The columns of the rows as comma-separated values.
const COLUMNS: &[&str] =
    &["time", "what", "host", "peer", "service", "protocol", "text", "new", "id", "source", "frame"];

/// `result` of the answer.
#[derive(Serialize)]
pub struct TimelineResult {
    events: Vec<EventRow>,
}

/// One thing that happened.
#[derive(Serialize)]
pub struct EventRow {
    time: String,
    /// What kind of thing.
    what: &'static str,
    /// Who did it, or whom it is about.
    host: Option<String>,
    /// With whom.
    peer: Option<String>,
    service: Option<String>,
    protocol: Option<&'static str>,
    /// It in words.
    text: String,
    /// What was new about it.
    new: Vec<&'static str>,
    /// The dependency, finding or certificate.
    id: Option<String>,
    source: Option<String>,
    frame: Option<u64>,
    #[serde(skip)]
    line: Line,
}

/// What people read of a row.
struct Line {
    time: Timestamp,
    frame: Option<FrameId>,
    tone: Tone,
    who: Option<HostKey>,
    with: Option<Party>,
}

#[derive(Clone, Copy)]
enum Party {
    Host(HostKey),
    Service(ServiceKey),
}

impl TimelineResult {
    /// Everything that happened, with the findings of whom it is about, in order of time.
    pub fn of(events: &[Event], scope: &Scope, report: &Report<'_>) -> TimelineResult {
        let mut rows: Vec<EventRow> = events.iter().filter_map(|event| EventRow::of(event, report)).collect();
        let place = |host: &HostKey| {
            let hosts = &report.snapshot.hosts;
            hosts.binary_search_by_key(host, |row| row.key).ok().and_then(|place| u32::try_from(place).ok())
        };
        let meant = |finding: &&Finding| {
            let ends = finding.clients.iter().chain([&finding.host]);
            scope.has_time(finding.span.first)
                && (scope.hosts.is_none() || ends.filter_map(place).any(|host| scope.has(host)))
        };
        let findings = report.findings.iter().filter(meant);
        rows.extend(findings.map(|finding| EventRow::finding(finding, report)));
        // Stable: findings come after what else happened at that moment.
        rows.sort_by_key(|row| row.line.time);
        TimelineResult { events: rows }
    }

    /// Writes the rows alone: one object a line, or comma-separated values.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write_rows(&self, csv: bool, out: &mut dyn Write) -> io::Result<()> {
        write_rows(&self.events, COLUMNS, csv, out)
    }
}

impl EventRow {
    fn new(event: &Event, report: &Report<'_>) -> EventRow {
        EventRow {
            time: time(event.time),
            what: event.what.word(),
            host: None,
            peer: None,
            service: None,
            protocol: None,
            text: String::new(),
            new: Vec::new(),
            id: None,
            source: event.frame.map(|frame| report.source_path(frame.source).to_owned()),
            frame: event.frame.map(|frame| frame.number),
            line: Line { time: event.time, frame: event.frame, tone: Tone::Plain, who: None, with: None },
        }
    }

    fn who(mut self, host: HostKey) -> EventRow {
        self.host = Some(host.to_string());
        self.line.who = Some(host);
        self
    }

    fn with(mut self, service: ServiceKey) -> EventRow {
        self.peer = Some(service.host.to_string());
        self.service = Some(service.to_string());
        self.line.with = Some(Party::Service(service));
        self
    }

    fn says(self, tone: Tone, text: impl Into<String>) -> EventRow {
        EventRow { text: text.into(), line: Line { tone, ..self.line }, ..self }
    }

    fn of(event: &Event, report: &Report<'_>) -> Option<EventRow> {
        let snapshot = report.snapshot;
        let row = EventRow::new(event, report);
        let host = |place: u32| snapshot.hosts.get(place as usize);
        Some(match &event.what {
            Happening::Host { host: place } => row.who(host(*place)?.key).says(Tone::Faint, "first seen"),
            Happening::Name { host: place, name, source, changed } => {
                let verb = if *changed { "is now called" } else { "is called" };
                let tone = if *changed { Tone::Warning } else { Tone::Faint };
                row.who(host(*place)?.key).says(tone, format!("{verb} {} ({})", clean(name), source.word()))
            }
            Happening::Hands { host: place, mac, before } => {
                let text = format!("address changed hands: now {mac}, before {before}");
                row.who(host(*place)?.key).says(Tone::Warning, text)
            }
            Happening::Asked { client, name } => {
                row.who(*client).says(Tone::Faint, format!("asks for {}", clean(name)))
            }
            Happening::User { client, dependency, user } => {
                let row = match dependency.and_then(|place| snapshot.dependencies.get(place as usize)) {
                    Some(at) => EventRow { id: Some(at.id()), ..row.with(at.key.service) },
                    None => row,
                };
                row.who(*client).says(Tone::Plain, format!("logs in as {}", clean(user)))
            }
            Happening::Flow { dependency, new } => row.flow(*dependency, new, report)?,
            Happening::SessionBegins { contact } => row.session(contact, true, report)?,
            Happening::SessionEnds { contact } => row.session(contact, false, report)?,
            Happening::Certificate { certificate, by } => {
                let facts = &snapshot.certificates.get(*certificate as usize)?.facts;
                let short = facts.sha256.get(..12).unwrap_or_default();
                let text = format!("shows certificate {short}… {}", clean(&facts.subject));
                EventRow { id: Some(facts.sha256.clone()), ..row.who(*by).says(Tone::Plain, text) }
            }
            Happening::Scan { scan } => row.scan(*scan, report)?,
        })
    }

    fn flow(self, dependency: u32, new: &[New], report: &Report<'_>) -> Option<EventRow> {
        let at = report.snapshot.dependencies.get(dependency as usize)?;
        let protocol = at.protocol().unwrap_or("unknown");
        let words: Vec<&str> = new
            .iter()
            .map(|new| match new {
                New::Protocol => "protocol",
                New::Service => "service",
                New::Commands => "its first way to run commands",
            })
            .collect();
        let said = match at.state {
            DependencyState::Attempt => "no answer".to_owned(),
            DependencyState::Answered => "accepted, and nothing said".to_owned(),
            _ if words.is_empty() => protocol.to_owned(),
            _ => format!("{protocol}; new: {}", words.join(", ")),
        };
        let tone = match (at.state, new) {
            (DependencyState::Attempt, _) => Tone::Faint,
            (_, []) => Tone::Plain,
            _ => Tone::Warning,
        };
        let row = self.who(at.key.client).with(at.key.service).says(tone, said);
        let new = new.iter().map(|new| new.word()).collect();
        Some(EventRow { protocol: Some(protocol), new, id: Some(at.id()), ..row })
    }

    fn session(self, contact: &Contact, begins: bool, report: &Report<'_>) -> Option<EventRow> {
        let at = report.snapshot.dependencies.get(contact.dependency as usize)?;
        let protocol = at.protocol().unwrap_or("unknown");
        let text = match (begins, contact.open) {
            (true, true) => format!("{protocol} session begins ({}), open still", contact.capability.word()),
            (true, false) => format!("{protocol} session begins ({})", contact.capability.word()),
            (false, _) => format!(
                "{protocol} session ends after {}, {} up, {} down",
                length(contact.span.last - contact.span.first),
                bytes(contact.to_server.bytes),
                bytes(contact.to_client.bytes)
            ),
        };
        let tone = if begins { Tone::Warning } else { Tone::Plain };
        let row = self.who(at.key.client).with(at.key.service).says(tone, text);
        Some(EventRow { protocol: Some(protocol), id: Some(at.id()), ..row })
    }

    fn scan(self, scan: u32, report: &Report<'_>) -> Option<EventRow> {
        let scan = report.snapshot.scans.get(scan as usize)?;
        let text = format!(
            "scan begins: {} attempts, about {} and {}, in {}",
            number(scan.attempts),
            count(usize::try_from(scan.addresses).unwrap_or(usize::MAX), "address", "addresses"),
            count(usize::try_from(scan.ports).unwrap_or(usize::MAX), "port", "ports"),
            length(scan.span.last - scan.span.first)
        );
        let mut row = self.says(Tone::Alarm, text);
        if let Some(source) = scan.source {
            row = row.who(source);
        }
        if let Some(target) = scan.target {
            row.peer = Some(target.to_string());
            row.line.with = Some(Party::Host(target));
        }
        Some(row)
    }

    fn finding(finding: &Finding, report: &Report<'_>) -> EventRow {
        let first = finding.evidence.iter().map(|proof| proof.at).min_by_key(|at| (at.time, at.frame));
        let frame = first.filter(|at| at.time <= finding.span.first).map(|at| at.frame);
        let band = finding.band.word();
        let tone = match band {
            "critical" | "high" => Tone::Alarm,
            "medium" => Tone::Warning,
            _ => Tone::Faint,
        };
        let mut row = EventRow {
            time: time(finding.span.first),
            what: "finding",
            host: Some(finding.host.to_string()),
            peer: None,
            service: finding.service.map(|service| service.to_string()),
            protocol: None,
            text: format!("{} {band}: {} ({})", finding.rule.id, finding.rule.title, finding.state.name()),
            new: Vec::new(),
            id: Some(finding.id()),
            source: frame.map(|frame| report.source_path(frame.source).to_owned()),
            frame: frame.map(|frame| frame.number),
            line: Line { time: finding.span.first, frame, tone, who: Some(finding.host), with: None },
        };
        if let [client] = finding.clients.as_slice()
            && *client != finding.host
        {
            row.peer = Some(client.to_string());
        }
        row
    }
}

/// The story as people read it.
pub fn timeline_page(
    view: &View<'_>,
    result: &TimelineResult,
    (hosts, what): (Option<&[&Host]>, &str),
    blindness: &Blindness,
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    match hosts {
        Some(hosts) => page.about(hosts, &clean(what)),
        None => {
            let all = page.view().report.snapshot.hosts.len();
            page.line(0, Tone::Heading, &count(all, "host", "hosts"));
            page.time();
        }
    }
    page.heading(&format!("WHAT HAPPENED: {}", count(result.events.len(), "event", "events")));
    let several = page.view().report.sources.len() > 1;
    let shown = || result.events.iter().take(ROWS_MAX);
    let frames: Vec<String> = shown().map(|row| row.line.proof(page.view(), several)).collect();
    let wide = frames.iter().map(|frame| frame.len()).max().unwrap_or_default();
    for (row, frame) in shown().zip(&frames) {
        let first = format!("{}  {frame:>wide$}", when(page.view(), row.line.time));
        let text = row.line.sentence(page.view(), &row.text);
        page.item(&first, row.line.tone, &text);
    }
    if !frames.is_empty() {
        let places = if several { "capture#frame" } else { "the frame" };
        page.line(2, Tone::Faint, &format!("Beside the time: {places} that shows it."));
    }
    if result.events.len() > ROWS_MAX {
        let text = format!(
            "and {} more; name a target, narrow it with --since and --until, or take all with -o csv",
            number((result.events.len() - ROWS_MAX) as u64)
        );
        page.line(2, Tone::Faint, &text);
    }
    page.end(blindness, &[], answer_id)
}

impl Line {
    /// The frame that shows it, with the place of its capture where there are several.
    fn proof(&self, view: &View<'_>, several: bool) -> String {
        match self.frame {
            Some(frame) if several => {
                format!("{}#{}", shortened(&clean(view.report.source_name(frame.source)), 16), frame.number)
            }
            Some(frame) => frame.number.to_string(),
            None => String::new(),
        }
    }

    /// `10.0.0.5 ws1 -> 10.0.0.9:22/tcp db: ssh session begins`.
    fn sentence(&self, view: &View<'_>, text: &str) -> String {
        let who = self.who.map(|who| view.host(&who));
        let with = self.with.map(|with| match with {
            Party::Host(host) => view.host(&host),
            Party::Service(service) => match view.name(&service.host) {
                Some(name) => format!("{service} {name}"),
                None => service.to_string(),
            },
        });
        match (who, with) {
            (Some(who), Some(with)) => format!("{who} -> {with}: {text}"),
            (Some(one), None) | (None, Some(one)) => format!("{one}: {text}"),
            (None, None) => text.to_owned(),
        }
    }
}
