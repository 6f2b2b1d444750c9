//! The table of certificates, the soonest to expire first; who stops with them, and how many are not seen.

use super::View;
use super::paint::Tone;
use super::safe::clean;
use super::table::{Cell, Column, Table};
use super::tables::subject;
use super::words::{count, day, share, some};
use crate::finding::{Status, Validity};
use crate::graph::{Certificate, Tls};
use crate::model::Role;
use crate::query::{Anchor, Outcome, Verdict};
use crate::report::List;
use crate::report::certificate::{Certificates, Dependents};

/// Certificates about to expire whose dependents are told one by one.
const EXPIRING_TOLD: usize = 5;

/// The table, and what stands below it.
pub fn write(view: &View<'_>) -> String {
    let report = view.report;
    let certificates = Certificates::new(report);
    let mut rows: Vec<&Certificate> = report.snapshot.certificates.iter().collect();
    rows.sort_by(|one, other| {
        (one.facts.not_after, &one.facts.sha256).cmp(&(other.facts.not_after, &other.facts.sha256))
    });
    let mut text = match table(view, &certificates, &rows) {
        Some(table) => table.render(view.width, 0, view.paint),
        None => format!("no {}\n", List::Certificates.key()),
    };
    for line in expiring(view, &certificates, &rows).into_iter().chain(coverage(view)) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn table<'a>(view: &View<'a>, certificates: &Certificates<'a>, rows: &[&'a Certificate]) -> Option<Table> {
    let as_of = view.report.as_of.unwrap_or_default();
    let mut table = Table::new(&[
        Column::text("SUBJECT", 16),
        Column::word("STATUS"),
        Column::number("DAYS LEFT"),
        Column::word("CHAIN").spare(3),
        Column::number("SERVICES").spare(4),
        Column::number("CLIENTS").spare(2),
        Column::text("PRESENTED BY", 16).spare(1),
        Column::word("UNTIL").spare(5),
        Column::text("ISSUER", 12).spare(6),
        Column::word("KEY").spare(8),
        Column::text("SIGNATURE", 10).spare(9),
        Column::word("SHA-256").spare(7),
    ]);
    for certificate in rows {
        let facts = &certificate.facts;
        let validity = Validity::of(certificate);
        let status = validity.status(as_of);
        let tone = tone(status);
        let days = validity.days_left(as_of).map(|days| days.to_string()).unwrap_or_default();
        let bits = facts.key_bits.map(|bits| format!(" {bits}")).unwrap_or_default();
        let dependents = certificates.dependents(certificate);
        table.row(vec![
            subject(certificate).into(),
            Cell::from(status.word().replace('_', " ")).tone(tone),
            Cell::from(days).tone(tone),
            chain(&certificates.verdict(certificate, as_of)),
            dependents.services.to_string().into(),
            dependents.clients.to_string().into(),
            some(presented_by(certificate), 2).into(),
            day(facts.not_after).into(),
            clean(&facts.issuer).into(),
            clean(&format!("{}{bits}", facts.key_algorithm)).into(),
            clean(&facts.signature_algorithm).into(),
            facts.sha256.get(..12).unwrap_or(&facts.sha256).into(),
        ]);
    }
    (!rows.is_empty()).then_some(table)
}

const fn tone(status: Status) -> Tone {
    match status {
        Status::Expired | Status::NotYetValid => Tone::Alarm,
        Status::Expiring(_) => Tone::Warning,
        Status::Valid => Tone::Plain,
    }
}

/// Who vouches for it, in a word.
fn chain(verdict: &Verdict) -> Cell {
    match (verdict.outcome(), verdict.anchor) {
        (Outcome::Valid, Some(Anchor::Public)) => "public".into(),
        (Outcome::Valid, _) => "trusted".into(),
        (Outcome::Invalid, _) => Cell::from("invalid").tone(Tone::Alarm),
        (Outcome::NotVerifiable, _) => Cell::from("not verifiable").tone(Tone::Faint),
    }
}

fn presented_by(certificate: &Certificate) -> Vec<String> {
    let by = certificate.seen.iter().map(|seen| match (seen.place.role, seen.place.client) {
        (Role::Client, Some(client)) => format!("{client} to {}", seen.place.service),
        _ => seen.place.service.to_string(),
    });
    let hidden = certificate.expected.iter().map(|service| format!("{service} (expected)"));
    let mut by: Vec<String> = by.chain(hidden).collect();
    by.dedup();
    by
}

/// What stops, and when: one line for each certificate about to expire.
fn expiring<'a>(view: &View<'a>, certificates: &Certificates<'a>, rows: &[&'a Certificate]) -> Vec<String> {
    let as_of = view.report.as_of.unwrap_or_default();
    let soon = |row: &&&Certificate| matches!(Validity::of(row).status(as_of), Status::Expiring(_));
    let soon: Vec<&&Certificate> = rows.iter().filter(soon).collect();
    let mut lines: Vec<String> = Vec::new();
    for certificate in soon.iter().take(EXPIRING_TOLD) {
        let Dependents { services, clients } = certificates.dependents(certificate);
        let days = Validity::of(certificate).days_left(as_of).unwrap_or_default();
        lines.push(format!(
            "{} expires in {days} d -> {}, {}",
            subject(certificate),
            count(services, "service", "services"),
            count(clients, "client", "clients"),
        ));
    }
    if soon.len() > EXPIRING_TOLD {
        lines.push(format!("and {} more about to expire", soon.len() - EXPIRING_TOLD));
    }
    lines
}

/// A list that says "none expiring" would mislead where most certificates pass encrypted.
fn coverage(view: &View<'_>) -> Option<String> {
    let tls = || view.report.snapshot.services.iter().filter_map(|service| service.tls.as_ref());
    let total = tls().count();
    if total == 0 {
        return None;
    }
    let of = |words: &[&str]| tls().filter(|tls: &&Tls| words.contains(&tls.visibility)).count();
    let known = of(&["seen", "inherited", "imported"]);
    let mut text = format!(
        "certificate known of {known} of {} ({})",
        count(total, "TLS service", "TLS services"),
        share(known as u64, total as u64)
    );
    let mut parts: Vec<String> = Vec::new();
    for (words, why) in [
        (&["hidden_tls13"][..], "hidden by TLS 1.3"),
        (&["hidden_ech"], "hidden by TLS 1.3 with encrypted ClientHello"),
        (&["none"], "whose certificate did not pass"),
    ] {
        if let Some(many) = Some(of(words)).filter(|many| *many > 0) {
            parts.push(format!("{many} {why}"));
        }
    }
    if !parts.is_empty() {
        text.push_str(&format!("; {}", parts.join(", ")));
    }
    Some(text)
}
