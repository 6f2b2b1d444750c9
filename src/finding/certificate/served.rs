//! One service with several certificates: a balancer half renewed, or somebody in between.

use super::shown::{Fault, Judge, Shown};
use super::words::{family, looks_public, short};
use crate::finding::rule::Rule;
use crate::graph::{Certificate, CertificateSeen};
use crate::model::{Nanos, Role};
use crate::query::{Anchor, Doubt};

/// Now one certificate, now another.
pub const INCONSISTENT: Rule = Rule {
    id: "CERT-26",
    title: "Service presents different certificates by turns",
    severity_base: 4,
    attack: &[],
    references: &["NIST SP 1800-16"],
    replacement: "the newest certificate on every node behind the address",
    why: "One node behind a balancer has missed the renewal: when the old certificate expires, some \
          connections fail and most do not, which is hard to find.",
};

/// Another authority than before.
pub const OTHER_ISSUER: Rule = Rule {
    id: "CERT-27",
    title: "Certificate suddenly issued by another authority",
    severity_base: 6,
    attack: &["T1557"],
    references: &["RFC 6962 §1", "MITRE ATT&CK T1557"],
    replacement: "the certificate that the service had before, after a look at who is in between",
    why: "Somebody may intercept the connections with certificates of his own, or runs an authority beside the \
          rules.",
};

/// So long it may take to renew a certificate on every node.
const ROLLING: Nanos = 6 * 3_600_000_000_000;

const DAY: Nanos = 86_400_000_000_000;

/// What a service shows besides.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !shown.is_server() {
        return faults;
    }
    let others = others(shown, judge);
    if shown.ours {
        faults.extend(inconsistent(shown, &others));
    }
    faults.extend(other_issuer(shown, judge, &others));
    faults
}

/// Other leaves of the same service, asked for by the same name.
fn others<'a>(shown: &Shown<'_>, judge: &Judge<'a>) -> Vec<(&'a Certificate, &'a CertificateSeen)> {
    let place = &shown.seen.place;
    let here = judge.beside(shown.seen).iter().filter(|(certificate, seen)| {
        seen.place.position == 0
            && seen.place.sni == place.sni
            && certificate.facts.sha256 != shown.facts().sha256
    });
    here.copied().collect()
}

/// The older of two that are still presented by turns, long after the newer one came; two kinds of key are
/// meant to be.
fn inconsistent(shown: &Shown<'_>, others: &[(&Certificate, &CertificateSeen)]) -> Option<Fault> {
    let (facts, span) = (shown.facts(), shown.seen.seen.span);
    let (newer, _) = others.iter().find(|(other, seen)| {
        let other = &other.facts;
        let by_turns = span.first < seen.seen.span.first && seen.seen.span.first < span.last;
        // While all nodes are renewed one after the other both are seen for a while.
        let went_on = span.last - seen.seen.span.first >= ROLLING;
        let now = shown.moments.end.is_none_or(|end| end - span.last.min(seen.seen.span.last) < DAY);
        by_turns
            && went_on
            && now
            && other.key_algorithm == facts.key_algorithm
            && other.not_before > facts.not_before
    })?;
    let words = format!("by turns with {} (serial {})", short(&newer.facts.subject), newer.facts.serial);
    Some(shown.fault(&INCONSISTENT, INCONSISTENT.severity_base, words))
}

/// A certificate of another issuer than those before, and of none that browsers or the operator trust.
/// Changing between public authorities is everybody's right, and browsers would notice.
fn other_issuer(
    shown: &Shown<'_>,
    judge: &Judge<'_>,
    others: &[(&Certificate, &CertificateSeen)],
) -> Option<Fault> {
    let (facts, first) = (shown.facts(), shown.seen.seen.span.first);
    if shown.seen.place.sni.is_none() || facts.issuer.is_empty() || shown.verdict.anchor.is_some() {
        return None;
    }
    // One of a public authority that is out of date is no stranger's.
    let out_of_date = matches!(shown.verdict.why, Some(Doubt::Expired | Doubt::NotYetValid));
    if out_of_date || looks_public(facts) {
        return None;
    }
    let mut before: Vec<&(&Certificate, &CertificateSeen)> =
        others.iter().filter(|(_, seen)| seen.seen.span.first < first).collect();
    before.sort_by_key(|(_, seen)| seen.seen.span.first);
    let same = before.iter().any(|(other, _)| family(&other.facts.issuer) == family(&facts.issuer));
    let (last, seen) = before.last().filter(|_| !same)?;
    // A self-signed one that was put in order is no news.
    if last.facts.self_signed == Some(true) {
        return None;
    }
    let verdict = judge.verdict(&last.facts, Role::Server, seen.seen.span.last);
    let public = if verdict.anchor == Some(Anchor::Public) { ", a public authority," } else { "" };
    let words =
        format!("issued by {}, before by {}{public}", short(&facts.issuer), short(&last.facts.issuer));
    Some(shown.fault(&OTHER_ISSUER, OTHER_ISSUER.severity_base, words.trim_end_matches(',').to_owned()))
}
