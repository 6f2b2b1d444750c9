//! What matters, in sentences.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{FINDINGS_TOLD, NAMES_TOLD, Story, is_answered};
use crate::finding::{Band, Judgement, Status, Validity};
use crate::graph::{Certificate, Host, Kind, Scan};
use crate::model::{HostKey, Role, ServiceKey, Timestamp};
use crate::report::Report;
use crate::report::text::names;
use crate::report::text::paint::Tone;
use crate::report::text::tables::subject;
use crate::report::text::words::{count, day, length, number, some, verb};

/// Certificates of one standing told one by one.
const CERTIFICATES_TOLD: usize = 3;

impl Story<'_> {
    /// What matters.
    pub(super) fn summary(&mut self) {
        let snapshot = self.view.report.snapshot;
        self.heading("IN SHORT");
        if snapshot.hosts.is_empty() {
            let counted = self.view.report.counted;
            let why = match counted.filtered {
                0 => "no packet here has a readable IP header",
                filtered if filtered >= counted.read => "every packet was filtered out",
                _ => "no packet that passed the filter has a readable IP header",
            };
            self.say(Tone::Plain, &format!("No host was seen: {why}."));
            return;
        }
        let inside = snapshot.hosts.iter().filter(|host| host.internal).count();
        let answered = snapshot.dependencies.iter().filter(is_answered).count();
        let attempts = match snapshot.dependencies.len() - answered {
            0 => String::new(),
            many => {
                format!(" (+ {}: nobody answered, or it was refused)", count(many, "attempt", "attempts"))
            }
        };
        self.say(
            Tone::Plain,
            &format!(
                "{} ({inside} inside, {} outside) with {} and {}{attempts}.",
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
        names::beside(service.to_string(), self.view.name(&service.host))
    }

    fn findings_in_short(&mut self) {
        let findings = self.view.report.findings;
        let mut bands: BTreeMap<Reverse<Band>, usize> = BTreeMap::new();
        for finding in findings {
            *bands.entry(Reverse(finding.band)).or_default() += 1;
        }
        let noun = verb(findings.len(), "finding", "findings");
        let parts: Vec<String> =
            bands.iter().map(|(band, many)| format!("{} {}", number(*many as u64), band.0.word())).collect();
        let text = match parts.as_slice() {
            [] => "Nothing insecure was recognised.".to_owned(),
            [one] => format!("{one} {noun}."),
            _ => format!("{} {noun}: {}.", number(findings.len() as u64), parts.join(", ")),
        };
        let grave = findings.iter().any(|finding| finding.band >= Band::High);
        self.say(if grave { Tone::Alarm } else { Tone::Plain }, &text);
    }

    /// Certificates that held no more when they were shown, would not for long, or did not yet.
    fn certificates(&mut self) {
        let report = self.view.report;
        for (word, standing, tone) in [
            (Word::Expired, "expired when last shown", Tone::Alarm),
            (Word::Expiring, "about to expire", Tone::Warning),
            (Word::NotYetValid, "not valid yet when last shown", Tone::Alarm),
            (Word::ExpiredSince, "valid when last shown, expired since", Tone::Plain),
        ] {
            let rows: Vec<_> = (report.snapshot.certificates.iter())
                .map(|certificate| (certificate, judged(certificate, report)))
                .filter(|(_, judged)| Word::of(judged) == Some(word))
                .collect();
            let (told, more) = rows.split_at_checked(CERTIFICATES_TOLD).unwrap_or((&rows, &[]));
            for (certificate, judged) in told {
                let text = self.certificate(certificate, word, judged.at);
                self.say(tone, &text);
            }
            if !more.is_empty() {
                let more = count(more.len(), "certificate more", "certificates more");
                self.say(tone, &format!("{more}, {standing}: tapmap certs {}", self.view.again));
            }
        }
    }

    fn certificate(&self, certificate: &Certificate, word: Word, at: Timestamp) -> String {
        let validity = Validity::of(certificate);
        let days = validity.days_left(at).unwrap_or_default().unsigned_abs() as usize;
        let days = count(days, "day", "days");
        let as_of = self.view.report.as_of.unwrap_or_default();
        let stands = match word {
            Word::Expired if day(at) == day(as_of) => format!("expired {days} ago"),
            Word::Expired => format!("had expired {days} before {}", day(at)),
            Word::Expiring if day(at) == day(as_of) => format!("expires in {days}"),
            Word::Expiring => format!("expires {}, {days} after {}", day(validity.not_after), day(at)),
            Word::NotYetValid => format!("was not valid before {}", day(validity.not_before)),
            Word::ExpiredSince => format!(
                "was valid when last shown ({}), and has expired since ({})",
                day(at),
                day(validity.not_after)
            ),
        };
        let of = |role| certificate.seen.iter().filter(move |seen| seen.place.role == role);
        let mut at: Vec<String> = of(Role::Server).map(|seen| self.service(&seen.place.service)).collect();
        at.dedup();
        let mut by: Vec<String> = of(Role::Client)
            .filter_map(|seen| {
                let client = self.host(&seen.place.client?);
                Some(format!("presented by {client} to {}", self.service(&seen.place.service)))
            })
            .collect();
        by.dedup();
        let (many_at, many_by) = (!at.is_empty(), !by.is_empty());
        let at = if many_at { format!(" at {}", some(at, NAMES_TOLD)) } else { String::new() };
        let by = if many_by { format!(", {},", some(by, NAMES_TOLD)) } else { String::new() };
        format!("The certificate of {}{at}{by} {stands}.", subject(certificate))
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

    /// What a scan or a flood did.
    pub(super) fn scan(&self, scan: &Scan) -> String {
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
}

/// What is told of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Expired,
    Expiring,
    NotYetValid,
    ExpiredSince,
}

impl Word {
    fn of(judged: &Judgement) -> Option<Word> {
        match judged.status {
            _ if judged.expired_since => Some(Word::ExpiredSince),
            Status::Valid => None,
            Status::Expired => Some(Word::Expired),
            Status::Expiring(_) => Some(Word::Expiring),
            Status::NotYetValid => Some(Word::NotYetValid),
        }
    }
}

fn judged(certificate: &Certificate, report: &Report<'_>) -> Judgement {
    let as_of = report.as_of.unwrap_or_default();
    let shown = certificate.seen.iter().map(|seen| seen.seen.span.last).max().unwrap_or(as_of);
    Judgement::new(Validity::of(certificate), shown, as_of, report.snapshot.last)
}
