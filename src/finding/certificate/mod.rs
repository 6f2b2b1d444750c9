//! Certificates that are out of date, too weak, or not what they should be (CERT), as drafts of findings.
//!
//! ```text
//! shown                     one certificate at one place, and what all of them say together
//! validity, succession      when it holds; which one followed which
//! date, key, name, usage    what is wrong with itself
//! expected                  dates of those that nobody saw
//! chain, reputation         who vouches for it
//! kinship, served, staple   what it has to do with others
//! ```

mod chain;
mod date;
mod expected;
mod key;
mod kinship;
mod name;
mod prime;
mod reputation;
mod served;
mod shown;
mod staple;
mod succession;
mod usage;
mod validity;
mod words;

use std::collections::BTreeMap;

pub use chain::{DISORDER, DISTRUSTED, INCOMPLETE, SELF_SIGNED, UNKNOWN_AUTHORITY, VENDOR_DEFAULT};
pub use date::{AUTHORITY_EXPIRING, CLIENT_EXPIRING, ENDLESS, EXPIRED, EXPIRING, NOT_YET_VALID, TOO_LONG};
pub use key::{BROKEN_KEY, QUANTUM, WEAK_CURVE, WEAK_HASH, WEAK_KEY};
pub use kinship::{SAME_KEY, SAME_SERIAL};
pub use name::{COMMON_NAME, MISMATCH, NO_NAMES, WILDCARD};
pub use served::{INCONSISTENT, OTHER_ISSUER};
pub use staple::STAPLE;
pub use usage::{BAD_SERIAL, BAD_USAGE, NOT_LOGGED, PUBLIC_CLIENT, UNREADABLE};
pub use validity::{Judgement, Status, Urgency, Validity};

use super::draft::{Draft, Drafts, Party};
use super::rule::Rule;
use crate::graph::{Certificate, CertificateSeen, Proof, Snapshot};
use crate::model::{Role, State, Timestamp};
use crate::query::Knowledge;
use shown::{Fault, Judge, Moments, Shown};

/// Every check: what is wrong with a certificate where it was shown.
const CHECKS: &[fn(&Shown<'_>, &Judge<'_>) -> Vec<Fault>] = &[
    date::faults,
    key::faults,
    name::faults,
    usage::faults,
    chain::faults,
    kinship::faults,
    served::faults,
    staple::faults,
];

/// Adds what certificates say. Each certificate is one draft for each party that presented it.
pub fn draft(
    snapshot: &Snapshot,
    as_of: Timestamp,
    knowledge: &Knowledge,
    drafts: &mut BTreeMap<(&'static str, Party), Drafts>,
) {
    expected::draft(snapshot, as_of, drafts);
    let judge = Judge::new(snapshot, knowledge);
    let mut certificates: Vec<&Certificate> = snapshot.certificates.iter().collect();
    certificates.sort_by(|one, other| {
        (one.facts.not_after, &one.facts.sha256).cmp(&(other.facts.not_after, &other.facts.sha256))
    });
    for certificate in certificates {
        let mut of_parties: BTreeMap<(&'static str, Party), (&'static Rule, Draft)> = BTreeMap::new();
        for shown in everywhere(certificate, snapshot, as_of, &judge) {
            let Some(party) = party(shown.seen) else { continue };
            for fault in CHECKS.iter().flat_map(|check| check(&shown, &judge)) {
                let rule = fault.rule;
                let new = one(certificate, shown.seen, fault);
                of_parties
                    .entry((rule.id, party))
                    .and_modify(|(_, draft)| join(draft, &new))
                    .or_insert((rule, new));
            }
        }
        for ((id, party), (rule, mut draft)) in of_parties {
            draft.count = u64::try_from(draft.clients.len().max(1)).unwrap_or(u64::MAX);
            drafts.entry((id, party)).or_insert_with(|| Drafts::new(rule, party)).push(draft);
        }
    }
}

/// A certificate at each place where it is still shown, judged by when its party last showed it.
fn everywhere<'a>(
    certificate: &'a Certificate,
    snapshot: &'a Snapshot,
    as_of: Timestamp,
    judge: &Judge<'a>,
) -> Vec<Shown<'a>> {
    let mut last: BTreeMap<Party, Timestamp> = BTreeMap::new();
    for seen in &certificate.seen {
        let Some(party) = party(seen) else { continue };
        let last = last.entry(party).or_insert(seen.seen.span.last);
        *last = seen.seen.span.last.max(*last);
    }
    let still = certificate.seen.iter().filter(|seen| !judge.successions.replaced(certificate, seen));
    still
        .filter_map(|seen| {
            let party = party(seen)?;
            let shown = last.get(&party).copied().unwrap_or(seen.seen.span.last);
            Some(Shown {
                certificate,
                seen,
                moments: Moments { shown, as_of, end: snapshot.last },
                name: words::name(certificate, seen.place.position),
                ours: snapshot.host(&party.host()).is_some_and(|host| host.internal),
                verdict: judge.verdict(&certificate.facts, seen.place.role, shown),
            })
        })
        .collect()
}

/// The same certificate at the same party under another server name.
fn join(draft: &mut Draft, other: &Draft) {
    draft.span.join(other.span);
    draft.clients.extend(&other.clients);
    for proof in &other.evidence {
        if draft.evidence.first().is_none_or(|first| (proof.at.time, proof) < (first.at.time, first)) {
            draft.evidence = vec![proof.clone()];
        }
    }
}

/// Who presented it: the service, or the client by whatever service asked for it.
fn party(seen: &CertificateSeen) -> Option<Party> {
    match seen.place.role {
        Role::Server => Some(Party::Service(seen.place.service)),
        Role::Client => seen.place.client.map(Party::Host),
    }
}

fn one(certificate: &Certificate, seen: &CertificateSeen, fault: Fault) -> Draft {
    // Nothing is cut here: a subject is, and the other words are few.
    let what = match (seen.place.role, seen.place.client) {
        (Role::Client, Some(client)) => {
            format!("presented by {client} to {}: {}", seen.place.service, fault.words)
        }
        _ => format!("presented {}", fault.words),
    };
    Draft {
        severity: fault.severity,
        grants_access: false,
        state: State::Used,
        count: 1,
        span: seen.seen.span,
        clients: seen.seen.clients.iter().copied().collect(),
        evidence: vec![Proof { at: seen.seen.at, what: what.into() }],
        notes: vec![fault.words],
        // The certificate says it of itself.
        confidence: 1.0,
        certificate: Some(certificate.facts.sha256.clone()),
    }
}
