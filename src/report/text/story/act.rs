//! The findings that need action first: who still uses it, what proves it, what to use instead.

use super::{FINDINGS_TOLD, Story};
use crate::finding::Finding;
use crate::model::{HostKey, State};
use crate::report::text::paint::{Tone, of_band};
use crate::report::text::safe::clean;
use crate::report::text::table::fill;
use crate::report::text::tables::place;
use crate::report::text::words::{count, moment, number};

impl Story<'_> {
    /// The worst findings.
    pub(super) fn act_first(&mut self) {
        let findings = self.view.report.findings;
        let scans = &self.view.report.snapshot.scans;
        if findings.is_empty() && scans.is_empty() {
            return;
        }
        self.heading("ACT FIRST");
        // It is going on, or has just been: before anything that has stood there for months.
        if let Some(worst) = scans.iter().max_by_key(|scan| scan.attempts) {
            let more = match scans.len() - 1 {
                0 => String::new(),
                more => format!(" And {more} more."),
            };
            let head = if worst.source.is_some() { "SCAN" } else { "FLOOD" };
            self.bullet(Tone::Warning, &format!("  {head:<10}"), &format!("{}{more}", self.scan(worst)));
        }
        for finding in findings.iter().take(FINDINGS_TOLD) {
            self.finding(finding);
        }
        let more = findings.len().saturating_sub(FINDINGS_TOLD);
        self.more(more, "findings");
    }

    fn finding(&mut self, finding: &Finding) {
        let view = self.view;
        let band = finding.band.word();
        let head = format!("  {:<10}", band.to_uppercase());
        let what = format!("{} ({}) {}", finding.rule.title, finding.rule.id, place(view, finding));
        let line = fill(&what, view.width, &head, &" ".repeat(12));
        // Only the word carries the colour, so that the line stays readable.
        self.out.push_str(&view.paint.paint(of_band(band), head.trim_end()));
        self.out.push_str(line.get(head.trim_end().len()..).unwrap_or("\n"));
        // Of a certificate, the clients that were shown it are what is counted.
        let times = match finding.certificate {
            Some(_) => String::new(),
            None => format!(" {},", count(finding.count as usize, "time", "times")),
        };
        let last = moment(finding.span.last);
        let others: Vec<&HostKey> =
            finding.clients.iter().filter(|client| **client != finding.host).collect();
        let who = match others.as_slice() {
            [] => format!("Seen{times} last {last}."),
            others => {
                format!("{} {},{times} last {last}.", used_by(finding), self.hosts(others.iter().copied()))
            }
        };
        let indent = " ".repeat(12);
        self.bullet(Tone::Plain, &indent, &who);
        let proven =
            |detail: &&String| finding.evidence.first().is_some_and(|proof| proof.what.contains(*detail));
        if let Some(detail) = finding.detail.as_ref().filter(|detail| !proven(detail)) {
            self.bullet(Tone::Plain, &indent, &format!("Detail: {}", clean(detail)));
        }
        if let Some(proof) = finding.evidence.first() {
            let source = clean(view.report.source_name(proof.at.frame.source));
            let frame = number(proof.at.frame.number);
            self.bullet(
                Tone::Faint,
                &indent,
                &format!("Proof: {source}, frame {frame}: {}", whole_words(finding, &clean(&proof.what))),
            );
        }
        self.bullet(Tone::Plain, &indent, &format!("Instead: {}", finding.rule.replacement));
    }
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

/// Characters of the longest text that a protocol gives as proof; longer ones were cut there.
const PROOF_CHARS_MAX: usize = 120;

/// What a proof says; a text that was cut ends with a whole word and says so.
fn whole_words(finding: &Finding, what: &str) -> String {
    if finding.certificate.is_some() || what.chars().count() < PROOF_CHARS_MAX {
        return what.to_owned();
    }
    format!("{}…", what.rsplit_once(' ').map_or(what, |(whole, _)| whole))
}
