//! Certificates out of date, nearly so, or valid for longer than anybody keeps a key.

use super::shown::{Fault, Judge, Moments, Shown};
use super::validity::{Judgement, Status, Urgency, Validity};
use super::words::{count, date};
use crate::finding::rule::Rule;
use crate::model::{Nanos, Role, Timestamp};
use crate::query::Anchor;

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

/// A life longer than what clients accept, or than anybody plans for.
pub const TOO_LONG: Rule = Rule {
    id: "CERT-12",
    title: "Certificate valid for too long",
    severity_base: 2,
    attack: &[],
    references: &["CA/Browser Forum Baseline Requirements 6.3.2", "CA/Browser Forum SC-081v3"],
    replacement: "a certificate of at most a year, renewed automatically",
    why: "A key that leaks is of use to its thief until the certificate ends, because revocation is hardly \
          ever checked; browsers refuse public certificates with too long a life.",
};

/// An authority near or after its last day.
pub const AUTHORITY_EXPIRING: Rule = Rule {
    id: "CERT-15",
    title: "Intermediate authority expired or about to",
    severity_base: 8,
    attack: &[],
    references: &["RFC 5280 §6.1.3"],
    replacement: "the authority's renewed certificate in the chain of every server that has one of it",
    why: "With it every certificate that it issued stops working at the same moment, however long they are \
          valid themselves.",
};

/// A certificate without a last day.
pub const ENDLESS: Rule = Rule {
    id: "CERT-24",
    title: "Certificate without an end",
    severity_base: 3,
    attack: &[],
    references: &["RFC 5280 §4.1.2.5"],
    replacement: "a certificate with a life that is renewed, best automatically",
    why: "It is never replaced, so neither is its key: whoever takes it can pose as its owner for ever.",
};

/// A client's certificate near or after its last day.
pub const CLIENT_EXPIRING: Rule = Rule {
    id: "CERT-32",
    title: "Client certificate expired or about to",
    severity_base: 6,
    attack: &[],
    references: &["RFC 5280 §4.1.2.5"],
    replacement: "a renewed client certificate, best by an automated enrolment (EST, RFC 7030)",
    why: "When it expires the server refuses the client: agents, backups and devices stop connecting, often \
          without anybody watching.",
};

/// Severity of a certificate that held when it was last shown, and holds no more.
const EXPIRED_SINCE: u8 = 2;

/// Severity where clients do without: another chain leads to somebody they trust.
const NOT_NEEDED: u8 = 2;

const DAY: Nanos = 86_400_000_000_000;

/// Private certificates that live longer are told, first mildly.
const PRIVATE_LONG: Nanos = 825 * DAY;
/// Ten years have at most three leap days.
const PRIVATE_TOO_LONG: Nanos = 3_654 * DAY;

/// A life that stands for none.
const ENDLESS_LENGTH: Nanos = 50 * 365 * DAY;

/// From when on which life is the longest that a public authority may give, by the day of issuance. The last
/// four are those of SC-081v3 and what went before.
const PUBLIC_LENGTHS: [(&str, Nanos); 6] = [
    ("2029-03-15T00:00:00Z", 47 * DAY),
    ("2027-03-15T00:00:00Z", 100 * DAY),
    ("2026-03-15T00:00:00Z", 200 * DAY),
    ("2020-09-01T00:00:00Z", 398 * DAY),
    ("2018-03-01T00:00:00Z", 825 * DAY),
    ("2015-04-01T00:00:00Z", 1_188 * DAY),
];

/// What is wrong with the dates of a certificate where it was shown.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if shown.is_leaf() {
        faults.extend(leaf(shown, judge));
        faults.extend(length(shown));
    } else if !shown.facts().self_issued {
        faults.extend(authority(shown, judge));
    }
    faults
}

/// Dates of a server's or client's own certificate.
fn leaf(shown: &Shown<'_>, judge: &Judge<'_>) -> Option<Fault> {
    let client = shown.seen.place.role == Role::Client;
    let (status, severity, words) = standing(shown).or_else(|| {
        judge.successions.overdue(shown.certificate, shown.seen, shown.moments.shown).map(overdue)
    })?;
    Some(match (status, client) {
        (Status::NotYetValid, _) => shown.fault(&NOT_YET_VALID, severity, words),
        (Status::Expired, false) => shown.fault(&EXPIRED, severity, words),
        (_, false) => shown.fault(&EXPIRING, severity, words),
        (_, true) => shown.fault(&CLIENT_EXPIRING, severity.min(CLIENT_EXPIRING.severity_base), words),
    })
}

fn overdue((left, usual): (i64, i64)) -> (Status, u8, String) {
    let words = format!("renewal overdue ({} left, renewed with {usual} left before", count(left, "day"));
    (Status::Expiring(Urgency::Warning), EXPIRING.severity_base, words + ")")
}

/// Dates of an authority above it.
fn authority(shown: &Shown<'_>, judge: &Judge<'_>) -> Option<Fault> {
    let (status, mut severity, words) = standing(shown)?;
    if status == Status::NotYetValid {
        return None;
    }
    let mut leaves = judge.leaves_beside(shown);
    // One that is out of date itself says nothing of what is needed.
    leaves.retain(|leaf| leaf.facts.not_after >= shown.moments.shown);
    let unneeded = |leaf: &&crate::graph::Certificate| {
        let verdict = judge.verdict(&leaf.facts, shown.seen.place.role, shown.moments.shown);
        verdict.why.is_none() && !verdict.path.contains(&shown.facts().sha256)
    };
    if !leaves.is_empty() && leaves.iter().all(unneeded) {
        severity = NOT_NEEDED;
    }
    let under = judge.leaves_under(&shown.facts().sha256);
    let under =
        format!("{words}; {} under it", count(i64::try_from(under).unwrap_or(i64::MAX), "certificate"));
    Some(shown.fault(&AUTHORITY_EXPIRING, severity, under))
}

/// Where it stood when it was shown, if that is worth a word, with a severity and words.
fn standing(shown: &Shown<'_>) -> Option<(Status, u8, String)> {
    let moments = shown.moments;
    let validity = Validity::of(shown.certificate);
    let judged = Judgement::new(validity, moments.shown, moments.as_of, moments.end);
    let end = date(validity.not_after);
    if judged.expired_since {
        let (shown, as_of) = (date(moments.shown), date(moments.as_of));
        let words = format!("was valid when last shown ({shown}), has expired since ({end}), as of {as_of}");
        return Some((Status::Expiring(Urgency::Warning), EXPIRED_SINCE, words));
    }
    let days = validity.days_left(judged.at).unwrap_or(i64::MAX);
    let (severity, words) = match judged.status {
        Status::Valid => return None,
        Status::Expired => {
            let ago = count(days.saturating_neg(), "day");
            (EXPIRED.severity_base, format!("expired {end} ({ago} ago"))
        }
        Status::Expiring(urgency) => {
            let severity = match urgency {
                Urgency::Warning => EXPIRING.severity_base,
                Urgency::High => 6,
                Urgency::Critical => 8,
            };
            (severity, format!("expires {end} ({} left", count(days, "day")))
        }
        Status::NotYetValid => {
            let start = date(validity.not_before);
            let ahead = count(ahead(validity, judged.at), "day");
            (NOT_YET_VALID.severity_base, format!("not valid before {start} ({ahead} to go"))
        }
    };
    Some((judged.status, severity, words + &when(judged.at, moments)))
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

/// How long it lives in all. What is not the operator's own is not his to change.
fn length(shown: &Shown<'_>) -> Option<Fault> {
    let facts = shown.facts();
    if !shown.ours || facts.problem.is_some() {
        return None;
    }
    let length = Validity::of(shown.certificate).length();
    let days = count(length / DAY, "day");
    if facts.not_after == Timestamp::MAX || length > ENDLESS_LENGTH {
        return Some(shown.fault(&ENDLESS, ENDLESS.severity_base, "valid without end".to_owned()));
    }
    if shown.verdict.anchor == Some(Anchor::Public) {
        let most = public_length(facts.not_before)?;
        let words = format!("valid for {days}, where a public authority may give {}", most / DAY);
        return (length > most).then(|| shown.fault(&TOO_LONG, 4, words));
    }
    let severity = match length {
        length if length > PRIVATE_TOO_LONG => 4,
        length if length > PRIVATE_LONG => TOO_LONG.severity_base,
        _ => return None,
    };
    Some(shown.fault(&TOO_LONG, severity, format!("valid for {days}")))
}

/// The longest life of a public certificate that was issued at a moment.
fn public_length(issued: Timestamp) -> Option<Nanos> {
    let since = |since: &str| since.parse().unwrap_or(Timestamp::MAX);
    PUBLIC_LENGTHS.iter().find(|(from, _)| issued >= since(from)).map(|(_, most)| *most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_certificates_live_as_long_as_the_day_of_issuance_allows() {
        let days = |issued: &str| public_length(issued.parse().unwrap()).map(|most| most / DAY);
        assert_eq!(days("2014-01-01T00:00:00Z"), None);
        assert_eq!(days("2019-06-01T00:00:00Z"), Some(825));
        assert_eq!(days("2026-03-14T23:59:59Z"), Some(398));
        assert_eq!(days("2026-03-15T00:00:00Z"), Some(200));
        assert_eq!(days("2027-03-15T00:00:00Z"), Some(100));
        assert_eq!(days("2029-03-15T00:00:00Z"), Some(47));
    }
}
