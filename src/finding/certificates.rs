//! Certificates that are out of date or too weak (CERT), as drafts of findings.

use std::collections::BTreeMap;

use super::draft::{Draft, Drafts, Party};
use super::rule::Rule;
use super::succession::Successions;
use super::validity::{Judgement, Status, Urgency, Validity};
use crate::graph::{Certificate, CertificateSeen, Proof, Snapshot};
use crate::model::{Nanos, Role, State, Timestamp};

/// A certificate after its last day.
pub const EXPIRED: Rule = Rule {
    id: "CERT-01",
    title: "Expired certificate",
    severity_base: 8,
    attack: &[],
    references: &["RFC 5280 §4.1.2.5"],
    replacement: "a renewed certificate, best by an automated renewal (ACME, RFC 8555)",
    why: "Careful clients refuse it and stop working; the others were told to ignore warnings, and would \
          accept an impostor's certificate as well.",
};

/// A certificate near its last day.
pub const EXPIRING: Rule = Rule {
    id: "CERT-02",
    title: "Certificate about to expire",
    severity_base: 3,
    attack: &[],
    references: &["RFC 5280 §4.1.2.5", "PCI DSS 4.2.1.1"],
    replacement: "a renewed certificate, best by an automated renewal (ACME, RFC 8555)",
    why: "When it expires, clients refuse it and everything that depends on the service stops.",
};

/// A certificate before its first day.
pub const NOT_YET_VALID: Rule = Rule {
    id: "CERT-03",
    title: "Certificate not yet valid",
    severity_base: 6,
    attack: &[],
    references: &["RFC 5280 §4.1.2.5"],
    replacement: "the right clock, or a certificate that holds today",
    why: "Careful clients refuse it; a wrong clock, of whoever issued it, also spoils logs and tickets.",
};

/// A certificate signed by nobody else.
pub const SELF_SIGNED: Rule = Rule {
    id: "CERT-04",
    title: "Self-signed certificate",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 5280 §6.1", "NIST SP 1800-16"],
    replacement: "a certificate of your own or a public authority",
    why: "Anybody can make one with the same names, so clients that accept it cannot tell an impostor on the \
          path from the server.",
};

/// A key that is too short.
pub const WEAK_KEY: Rule = Rule {
    id: "CERT-05",
    title: "Weak RSA key",
    severity_base: 7,
    attack: &["T1557"],
    references: &["CA/Browser Forum Baseline Requirements 6.1.5", "NIST SP 800-131A"],
    replacement: "RSA with 2048 bits or more, or ECDSA P-256",
    why: "Whoever factors the key can pose as its owner and read recorded sessions without forward secrecy.",
};

/// A hash that can be forged.
pub const WEAK_HASH: Rule = Rule {
    id: "CERT-08",
    title: "Weak certificate signature",
    severity_base: 6,
    attack: &["T1557"],
    references: &["RFC 9155", "RFC 6151", "CA/Browser Forum Baseline Requirements 7.1.3.2"],
    replacement: "a certificate signed with SHA-256",
    why: "Collisions of the hash let an attacker obtain a certificate with other names and the same \
          signature.",
};

/// Characters of a subject that are shown.
const SUBJECT_CHARS_MAX: usize = 80;

/// Severity of a certificate that held when it was last shown, and holds no more.
const EXPIRED_SINCE: u8 = 2;

/// A moment of judgement is told where it is further than this from the moment of showing.
const DAY: Nanos = 86_400_000_000_000;

/// A rule that a certificate breaks: its severity, and the words for it.
struct Fault {
    rule: &'static Rule,
    severity: u8,
    words: String,
}

/// Adds what certificates say. Each certificate is one draft for each party that presented it.
pub fn draft(snapshot: &Snapshot, as_of: Timestamp, drafts: &mut BTreeMap<(&'static str, Party), Drafts>) {
    let successions = Successions::new(snapshot);
    let mut certificates: Vec<&Certificate> = snapshot.certificates.iter().collect();
    certificates.sort_by(|one, other| {
        (one.facts.not_after, &one.facts.sha256).cmp(&(other.facts.not_after, &other.facts.sha256))
    });
    for certificate in certificates {
        let mut of_parties: BTreeMap<(&'static str, Party), (&'static Rule, Draft)> = BTreeMap::new();
        let mut shown: BTreeMap<Party, Timestamp> = BTreeMap::new();
        for seen in &certificate.seen {
            let Some(party) = party(seen) else { continue };
            let last = shown.entry(party).or_insert(seen.seen.span.last);
            *last = seen.seen.span.last.max(*last);
        }
        for seen in certificate.seen.iter().filter(|seen| !successions.replaced(certificate, seen)) {
            let Some(party) = party(seen) else { continue };
            let shown = shown.get(&party).copied().unwrap_or(seen.seen.span.last);
            let moments = Moments { shown, as_of, end: snapshot.last };
            for fault in faults(certificate, seen.place.position, moments) {
                let rule = fault.rule;
                let new = one(certificate, seen, fault);
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

/// The moments that a judgement is about.
#[derive(Clone, Copy)]
struct Moments {
    /// When its party last showed it.
    shown: Timestamp,
    /// The moment of the report.
    as_of: Timestamp,
    /// The last moment of the map.
    end: Option<Timestamp>,
}

/// What is wrong with a certificate at a place in a chain. Dates and self-signature are asked of the
/// leaf only, key and hash of the whole chain.
fn faults(certificate: &Certificate, position: u8, moments: Moments) -> Vec<Fault> {
    let mut faults = Vec::new();
    let name = name(certificate, position);
    let facts = &certificate.facts;
    if position == 0 {
        faults.extend(date_fault(certificate, moments, &name));
        if facts.self_signed == Some(true) {
            let words = format!("{name}, self-signed");
            faults.push(Fault { rule: &SELF_SIGNED, severity: SELF_SIGNED.severity_base, words });
        }
    }
    if let ("RSA", Some(bits)) = (facts.key_algorithm.as_str(), facts.key_bits)
        && bits < 2048
    {
        let severity = if bits < 1024 { 9 } else { WEAK_KEY.severity_base };
        faults.push(Fault { rule: &WEAK_KEY, severity, words: format!("{name}, RSA key of {bits} bits") });
    }
    if let Some(severity) = hash_severity(&facts.signature_algorithm)
        && !is_anchor(certificate, position)
    {
        let words = format!("{name}, signed with {}", facts.signature_algorithm);
        faults.push(Fault { rule: &WEAK_HASH, severity, words });
    }
    faults
}

fn date_fault(certificate: &Certificate, moments: Moments, name: &str) -> Option<Fault> {
    let validity = Validity::of(certificate);
    let judged = Judgement::new(validity, moments.shown, moments.as_of, moments.end);
    let end = date(validity.not_after);
    if judged.expired_since {
        let (shown, as_of) = (date(moments.shown), date(moments.as_of));
        let words =
            format!("{name}, was valid when last shown ({shown}), has expired since ({end}), as of {as_of}");
        return Some(Fault { rule: &EXPIRING, severity: EXPIRED_SINCE, words });
    }
    let days = validity.days_left(judged.at).unwrap_or(i64::MAX);
    let (rule, severity, words) = match judged.status {
        Status::Valid => return None,
        Status::Expired => {
            let ago = days.saturating_neg();
            (&EXPIRED, EXPIRED.severity_base, format!("{name}, expired {end} ({} ago", count(ago, "day")))
        }
        Status::Expiring(urgency) => {
            let severity = match urgency {
                Urgency::Warning => EXPIRING.severity_base,
                Urgency::High => 6,
                Urgency::Critical => 8,
            };
            (&EXPIRING, severity, format!("{name}, expires {end} ({} left", count(days, "day")))
        }
        Status::NotYetValid => {
            let start = date(validity.not_before);
            (
                &NOT_YET_VALID,
                NOT_YET_VALID.severity_base,
                format!(
                    "{name}, not valid before {start} ({} to go",
                    count(ahead(validity, judged.at), "day")
                ),
            )
        }
    };
    Some(Fault { rule, severity, words: words + &when(judged.at, moments) })
}

/// Ends the words: by the moment of judgement where that says more than the time of the frame.
fn when(at: Timestamp, moments: Moments) -> String {
    let far = |other: Timestamp| (at - other).saturating_abs() > DAY;
    if far(moments.shown) || far(moments.as_of) { format!(" as of {})", date(at)) } else { ")".to_owned() }
}

/// Whole days until it begins to hold, rounded up.
fn ahead(validity: Validity, at: Timestamp) -> i64 {
    (validity.not_before - at).saturating_add(DAY - 1).div_euclid(DAY)
}

fn hash_severity(algorithm: &str) -> Option<u8> {
    let algorithm = algorithm.to_ascii_lowercase();
    let signed_with = |hash: &str| algorithm.starts_with(hash) || algorithm.ends_with(hash);
    if signed_with("md5") || signed_with("md2") {
        Some(9)
    } else if signed_with("sha1") {
        Some(WEAK_HASH.severity_base)
    } else {
        None
    }
}

/// A root is trusted for being known, not for its signature. Old hashes cannot always be verified,
/// so that only a signature that was found wrong speaks against it.
fn is_anchor(certificate: &Certificate, position: u8) -> bool {
    let facts = &certificate.facts;
    position > 0 && facts.is_ca && facts.self_issued && facts.self_signed != Some(false)
}

/// What people call a certificate, without control characters.
fn name(certificate: &Certificate, position: u8) -> String {
    let facts = &certificate.facts;
    let text = match (facts.subject.as_str(), facts.san.first()) {
        ("", Some(name)) => name.clone(),
        ("", None) => format!("serial {}", facts.serial),
        (subject, _) => subject.to_owned(),
    };
    let mut characters = text.chars().filter(|c| !c.is_control());
    let mut name: String = characters.by_ref().take(SUBJECT_CHARS_MAX).collect();
    if characters.next().is_some() {
        name.push('…');
    }
    if position > 0 {
        name.push_str(&format!(" (number {} of the chain)", u16::from(position) + 1));
    }
    name
}

fn date(time: Timestamp) -> String {
    time.to_string().chars().take_while(|c| *c != 'T').collect()
}

fn count(number: i64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes() {
        for (algorithm, severity) in [
            ("md2WithRSAEncryption", Some(9)),
            ("md5WithRSAEncryption", Some(9)),
            ("sha1WithRSAEncryption", Some(6)),
            ("sha1WithRSA", Some(6)),
            ("ecdsa-with-SHA1", Some(6)),
            ("dsa-with-SHA1", Some(6)),
            ("sha256WithRSAEncryption", None),
            ("ecdsa-with-SHA512", None),
            ("Ed25519", None),
            ("1.2.3.4", None),
        ] {
            assert_eq!(hash_severity(algorithm), severity, "{algorithm}");
        }
    }
}
