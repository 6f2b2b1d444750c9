//! The findings that need action first: who still uses it, what proves it, what to use instead.

use super::{FINDINGS_TOLD, Story};
use crate::finding::Finding;
use crate::model::{HostKey, State};
use crate::report::text::paint::{Tone, of_band};
use crate::report::text::safe::clean;
use crate::report::text::table::fill;
use crate::report::text::tables::place;
use crate::report::text::words::{capital, count, moment, number};

impl Story<'_> {
    /// The worst findings.
    pub(super) fn act_first(&mut self) {
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
