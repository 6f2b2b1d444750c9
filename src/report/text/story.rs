//! What a capture tells, the story first: what was read, what matters, what to do first; then the
//! tables, then what this tap could not see.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::View;
use super::blindness;
use super::paint::{Tone, of_band};
use super::safe::clean;
use super::table::{Table, fill};
use super::tables::{self, place, subject};
use super::words::{bytes, capital, count, length, moment, number, some, verb};
use crate::finding::Finding;
use crate::graph::{Certificate, Dependency, DependencyState, Host, Kind, Scan};
use crate::model::{HostKey, ServiceKey, Span, State};
use crate::report::json::standing;

/// Findings told in full.
const FINDINGS_TOLD: usize = 5;
/// Rows of each compact table.
const ROWS_TOLD: usize = 12;
/// Certificates of one standing told one by one.
const CERTIFICATES_TOLD: usize = 3;
/// Names in one sentence.
const NAMES_TOLD: usize = 4;
/// Sources told one by one.
const SOURCES_TOLD: usize = 8;

/// The story.
pub fn write_story(view: &View<'_>) -> String {
    let mut story = Story { view, out: String::new() };
    let span = span(view);
    story.read(span);
    story.summary();
    story.act_first();
    story.tables();
    story.cannot_see(span);
    story.next();
    story.out
}

/// From the first packet to the last of all sources.
fn span(view: &View<'_>) -> Option<Span> {
    let spans = view.report.sources.iter().filter_map(|source| Some((source.first?, source.last?)));
    spans.map(|(first, last)| Span { first, last }).reduce(|mut all, span| {
        all.join(span);
        all
    })
}

struct Story<'a> {
    view: &'a View<'a>,
    out: String,
}

impl Story<'_> {
    fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(&self.view.paint.paint(Tone::Heading, text));
        self.out.push('\n');
    }

    /// A sentence of its own, indented.
    fn say(&mut self, tone: Tone, text: &str) {
        self.bullet(tone, "  ", text);
    }

    /// A sentence with something in front of its first line.
    fn bullet(&mut self, tone: Tone, front: &str, text: &str) {
        let rest = " ".repeat(front.chars().count());
        for line in fill(text, self.view.width, front, &rest).lines() {
            self.out.push_str(&self.view.paint.paint(tone, line));
            self.out.push('\n');
        }
    }

    fn host(&self, host: &HostKey) -> String {
        self.view.host(host)
    }

    fn hosts<'h>(&self, hosts: impl IntoIterator<Item = &'h HostKey>) -> String {
        some(hosts.into_iter().map(|host| self.host(host)).collect(), NAMES_TOLD)
    }

    fn read(&mut self, span: Option<Span>) {
        let report = self.view.report;
        let counted = report.counted;
        let what = match report.sources {
            [one] => clean(&one.path),
            many => count(many.len(), "source", "sources"),
        };
        self.heading(&what);
        let mut line = format!("{} packets, {} on the wire", number(counted.read), bytes(counted.bytes_wire));
        if let Some(span) = span {
            let (first, last) = (moment(span.first), moment(span.last));
            line.push_str(&format!(", in {} from {first} to {last}", length(span.last - span.first)));
        }
        self.say(Tone::Plain, &format!("{line}."));
        if let Some(as_of) = report.as_of.filter(|as_of| span.is_none_or(|span| span.last != *as_of)) {
            self.say(Tone::Plain, &format!("Certificates are judged as of {}.", moment(as_of)));
        }
        if counted.duplicate > 0 {
            let copies = number(counted.duplicate);
            self.say(
                Tone::Plain,
                &format!("{copies} packets are copies that a mirror delivered; they count once."),
            );
        }
        self.sources();
    }

    fn sources(&mut self) {
        let sources = self.view.report.sources;
        let several = sources.len() > 1;
        let (broken, whole): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.problem.is_some());
        let told = broken.into_iter().chain(whole.into_iter().filter(|_| several)).take(SOURCES_TOLD);
        for source in told {
            let path = clean(&source.path);
            match source.sentence() {
                Some(problem) => self.bullet(Tone::Alarm, "  ! ", &problem),
                None => {
                    let format = source.format.unwrap_or("unread");
                    let packets = number(source.packets);
                    self.say(
                        Tone::Faint,
                        &format!("{path}: {format}, {packets} packets, {}", bytes(source.bytes)),
                    );
                }
            }
        }
        if several && sources.len() > SOURCES_TOLD {
            self.say(Tone::Faint, &format!("… and {} more", sources.len() - SOURCES_TOLD));
        }
    }

    fn summary(&mut self) {
        let snapshot = self.view.report.snapshot;
        self.heading("IN SHORT");
        if snapshot.hosts.is_empty() {
            self.say(Tone::Plain, "No host was seen: no packet here has a readable IP header.");
            return;
        }
        let inside = snapshot.hosts.iter().filter(|host| host.internal).count();
        let answered = snapshot.dependencies.iter().filter(is_answered).count();
        self.say(
            Tone::Plain,
            &format!(
                "{} ({inside} inside, {} outside) with {} and {}.",
                count(snapshot.hosts.len(), "host", "hosts"),
                snapshot.hosts.len() - inside,
                count(snapshot.services.len(), "service", "services"),
                count(answered, "dependency", "dependencies"),
            ),
        );
        self.silent();
        self.most_used();
        self.findings_in_short();
        self.certificates();
        self.conflicts();
        self.scans();
        let attempts = snapshot.dependencies.len() - answered;
        if attempts > 0 {
            let many = count(attempts, "further pair was", "further pairs were");
            self.say(Tone::Plain, &format!("{many} only tried: nobody answered, or it was refused."));
        }
    }

    /// Addresses that others tried and that never said anything are hosts only by courtesy.
    fn silent(&mut self) {
        let snapshot = self.view.report.snapshot;
        let mut heard: BTreeSet<HostKey> = snapshot.dependencies.iter().map(|row| row.key.client).collect();
        heard.extend(snapshot.dependencies.iter().filter(is_answered).map(|row| row.key.service.host));
        heard.extend(snapshot.scans.iter().filter_map(|scan| scan.source));
        heard.extend(snapshot.pings.iter().filter(|ping| ping.seen.requests > 0).map(|ping| ping.from));
        heard.extend(snapshot.pings.iter().filter(|ping| ping.seen.replies > 0).map(|ping| ping.to));
        let silent =
            |host: &&Host| !heard.contains(&host.key) && host.macs.is_empty() && host.names.is_empty();
        let silent = snapshot.hosts.iter().filter(silent).count();
        if silent > 0 {
            let (many, verb) = (number(silent as u64), verb(silent, "was", "were"));
            self.say(Tone::Plain, &format!("{many} of the hosts {verb} only spoken to: nothing came back."));
        }
    }

    /// The services with the most clients.
    fn most_used(&mut self) {
        let mut services: Vec<_> = self.view.report.snapshot.services.iter().collect();
        services.sort_by_key(|service| Reverse((service.clients, service.flows)));
        let told: Vec<String> = services
            .iter()
            .filter(|service| service.clients > 1)
            .take(NAMES_TOLD)
            .map(|service| {
                let protocol = service.protocol.map(|protocol| format!("{protocol} ")).unwrap_or_default();
                format!(
                    "{}{} ({} clients)",
                    protocol,
                    self.service(&service.key),
                    number(service.clients as u64)
                )
            })
            .collect();
        if !told.is_empty() {
            self.say(Tone::Plain, &format!("Most used: {}.", told.join(", ")));
        }
    }

    fn service(&self, service: &ServiceKey) -> String {
        super::names::beside(service.to_string(), self.view.name(&service.host))
    }

    fn findings_in_short(&mut self) {
        let findings = self.view.report.findings;
        let of = |words: &[&str]| findings.iter().filter(|row| words.contains(&row.band.word())).count();
        let (grave, medium) = (of(&["critical", "high"]), of(&["medium"]));
        let rest = findings.len() - grave - medium;
        if findings.is_empty() {
            self.say(Tone::Plain, "Nothing insecure was recognised.");
            return;
        }
        let parts: Vec<String> = [(grave, "critical or high"), (medium, "medium"), (rest, "lower")]
            .into_iter()
            .filter(|(many, _)| *many > 0)
            .map(|(many, word)| format!("{many} {word}"))
            .collect();
        let tone = if grave > 0 { Tone::Alarm } else { Tone::Plain };
        self.say(tone, &format!("{}: {}.", count(findings.len(), "finding", "findings"), parts.join(", ")));
    }

    /// Certificates that hold no more, will not for long, or do not yet.
    fn certificates(&mut self) {
        let report = self.view.report;
        for (word, several, tone) in [
            ("expired", "have expired", Tone::Alarm),
            ("expiring", "expire soon", Tone::Warning),
            ("not_yet_valid", "are not valid yet", Tone::Alarm),
        ] {
            let rows: Vec<_> = (report.snapshot.certificates.iter())
                .map(|certificate| (certificate, standing(certificate, report.as_of)))
                .filter(|(_, (status, _))| *status == word)
                .collect();
            let (told, more) = rows.split_at_checked(CERTIFICATES_TOLD).unwrap_or((&rows, &[]));
            for (certificate, (_, days)) in told {
                let text = self.certificate(certificate, word, *days);
                self.say(tone, &text);
            }
            if !more.is_empty() {
                let more = count(more.len(), "certificate more", "certificates more");
                self.say(tone, &format!("{more} {several}: tapmap certs {}", self.view.again));
            }
        }
    }

    fn certificate(&self, certificate: &Certificate, status: &str, days: Option<i64>) -> String {
        let number = count(days.unwrap_or_default().unsigned_abs() as usize, "day", "days");
        let stands = match status {
            "expired" => format!("expired {number} ago"),
            "expiring" => format!("expires in {number}"),
            _ => "is not valid yet".to_owned(),
        };
        let mut at: Vec<String> =
            certificate.seen.iter().map(|seen| self.service(&seen.place.service)).collect();
        at.dedup();
        let at = some(at, NAMES_TOLD);
        format!("The certificate of {} at {at} {stands}.", subject(certificate))
    }

    fn conflicts(&mut self) {
        let conflicts =
            self.view.report.snapshot.dependencies.iter().filter(|row| row.kind == Kind::Conflict);
        for conflict in conflicts.take(FINDINGS_TOLD) {
            let text = format!(
                "{} connected to {}, and then {} spoke {} as the server: tunnel, or reverse shell?",
                self.host(&conflict.key.client),
                self.service(&conflict.key.service),
                conflict.key.client.address,
                conflict.protocol().unwrap_or("its protocol"),
            );
            self.say(Tone::Alarm, &text);
        }
    }

    fn scans(&mut self) {
        let scans = &self.view.report.snapshot.scans;
        for scan in scans.iter().take(FINDINGS_TOLD) {
            self.say(Tone::Warning, &self.scan(scan));
        }
        if scans.len() > FINDINGS_TOLD {
            self.say(Tone::Warning, &format!("… and {} more scans or floods.", scans.len() - FINDINGS_TOLD));
        }
    }

    fn scan(&self, scan: &Scan) -> String {
        let (addresses, ports) = (scan.addresses as usize, scan.ports as usize);
        let took = length(scan.span.last - scan.span.first);
        match (&scan.source, &scan.target) {
            (Some(source), _) => format!(
                "{} scanned: {} unanswered attempts at {} and {} in {took}.",
                self.host(source),
                number(scan.attempts),
                count(addresses, "address", "addresses"),
                count(ports, "port", "ports"),
            ),
            (None, Some(target)) => format!(
                "{} was flooded: {} unanswered attempts from about {} at {} in {took}.",
                self.host(target),
                number(scan.attempts),
                count(addresses, "address", "addresses"),
                count(ports, "port", "ports"),
            ),
            (None, None) => format!("A flood: {} unanswered attempts in {took}.", number(scan.attempts)),
        }
    }

    fn act_first(&mut self) {
        let findings = self.view.report.findings;
        if findings.is_empty() {
            return;
        }
        self.heading("ACT FIRST");
        for finding in findings.iter().take(FINDINGS_TOLD) {
            self.finding(finding);
        }
        let more = findings.len().saturating_sub(FINDINGS_TOLD);
        self.more(more, "findings");
    }

    fn finding(&mut self, finding: &Finding) {
        let view = self.view;
        let band = finding.band.word();
        let head = format!("  {:<9}", band.to_uppercase());
        let what = format!("{} ({}) at {}", finding.rule.title, finding.rule.id, place(view, finding));
        let line = fill(&what, view.width, &head, &" ".repeat(11));
        // Only the word carries the colour, so that the line stays readable.
        self.out.push_str(&view.paint.paint(of_band(band), head.trim_end()));
        self.out.push_str(line.get(head.trim_end().len()..).unwrap_or("\n"));
        // Of a certificate, the clients that were shown it are what is counted.
        let times = match finding.certificate {
            Some(_) => String::new(),
            None => format!(" {},", count(finding.count as usize, "time", "times")),
        };
        let last = moment(finding.span.last);
        let who = match finding.clients.as_slice() {
            [] => format!("Seen{times} last {last}."),
            clients => format!("{} {},{times} last {last}.", used_by(finding), self.hosts(clients)),
        };
        let indent = " ".repeat(11);
        self.bullet(Tone::Plain, &indent, &who);
        let proven =
            |detail: &&String| finding.evidence.first().is_some_and(|proof| proof.what.contains(*detail));
        if let Some(detail) = finding.detail.as_ref().filter(|detail| !proven(detail)) {
            self.bullet(Tone::Plain, &indent, &capital(&clean(detail)));
        }
        if let Some(proof) = finding.evidence.first() {
            let source = clean(view.report.source_name(proof.at.frame.source));
            let frame = number(proof.at.frame.number);
            self.bullet(
                Tone::Faint,
                &indent,
                &format!("Proof: {source}, frame {frame}: {}", clean(&proof.what)),
            );
        }
        self.bullet(Tone::Plain, &indent, &format!("Instead: {}", finding.rule.replacement));
    }

    fn tables(&mut self) {
        let snapshot = self.view.report.snapshot;
        let busiest = self.busiest();
        self.table("HOSTS", "hosts", snapshot.hosts.len(), tables::hosts(self.view, &busiest));
        let mut services: Vec<_> = snapshot.services.iter().collect();
        services.sort_by_key(|service| (Reverse((service.clients, service.flows)), service.key));
        services.truncate(ROWS_TOLD);
        self.table("SERVICES", "services", snapshot.services.len(), tables::services(self.view, &services));
        let (mut decided, mut open): (Vec<_>, Vec<_>) = snapshot
            .dependencies
            .iter()
            .filter(is_answered)
            .partition(|dependency| dependency.totals.decided);
        for (heading, rows) in
            [("DEPENDENCIES", &mut decided), ("UNDETERMINED: nothing shows who asked whom", &mut open)]
        {
            let all = rows.len();
            rows.sort_by_key(|row| (Reverse((row.kind == Kind::Conflict, row.totals.flows)), row.key));
            rows.truncate(ROWS_TOLD);
            self.table(heading, "deps", all, tables::dependencies(self.view, rows));
        }
    }

    /// The hosts that matter to most others, then those that use most.
    fn busiest(&self) -> Vec<&Host> {
        let snapshot = self.view.report.snapshot;
        let mut served: BTreeMap<HostKey, usize> = BTreeMap::new();
        for service in &snapshot.services {
            *served.entry(service.key.host).or_default() += service.clients;
        }
        let mut uses: BTreeMap<HostKey, usize> = BTreeMap::new();
        for dependency in snapshot.dependencies.iter().filter(is_answered) {
            *uses.entry(dependency.key.client).or_default() += 1;
        }
        let of =
            |map: &BTreeMap<HostKey, usize>, host: &Host| map.get(&host.key).copied().unwrap_or_default();
        let mut hosts: Vec<&Host> = snapshot.hosts.iter().collect();
        hosts.sort_by_key(|host| (Reverse((of(&served, host), of(&uses, host))), host.key));
        hosts.truncate(ROWS_TOLD);
        hosts
    }

    fn table(&mut self, heading: &str, command: &str, all: usize, table: Option<Table>) {
        let Some(table) = table else { return };
        self.heading(heading);
        self.out.push_str(&table.render(self.view.width, 2, self.view.paint));
        self.more(all.saturating_sub(ROWS_TOLD), command);
    }

    fn more(&mut self, more: usize, command: &str) {
        if more > 0 {
            let text = format!("  … and {} more: tapmap {command} {}", number(more as u64), self.view.again);
            self.out.push_str(&self.view.paint.paint(Tone::Faint, &text));
            self.out.push('\n');
        }
    }

    fn cannot_see(&mut self, span: Option<Span>) {
        self.heading("WHAT THIS TAP COULD NOT SEE");
        for sentence in blindness::sentences(self.view, span) {
            self.bullet(Tone::Plain, "  ! ", &sentence);
        }
    }

    fn next(&mut self) {
        let report = self.view.report;
        let again = &self.view.again;
        let mut commands = Vec::new();
        if let Some(finding) = report.findings.first() {
            commands.push(format!("tapmap explain {}", finding.rule.id));
            commands.push(format!("tapmap findings {again}"));
        }
        commands.push(format!("tapmap deps {again} -o csv"));
        commands.push(format!("tapmap export --format graphml {again} > map.graphml"));
        self.heading("NEXT");
        for command in commands.iter().take(3) {
            self.out.push_str("  ");
            self.out.push_str(command);
            self.out.push('\n');
        }
    }
}

fn is_answered(dependency: &&Dependency) -> bool {
    dependency.state > DependencyState::Attempt
}

/// Whether the clients really did it.
fn used_by(finding: &Finding) -> &'static str {
    match finding.state {
        _ if finding.certificate.is_some() => "Shown to",
        State::Used | State::Negotiated => "Still used by",
        State::Attempted => "Tried by",
        State::Offered => "Offered by",
        State::Capable | State::Suspected => "Asked by",
    }
}
