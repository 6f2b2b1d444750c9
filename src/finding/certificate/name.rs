//! Names that a certificate holds for, against the one that was asked for (RFC 9525).

use std::net::IpAddr;

use super::shown::{Fault, Judge, Shown};
use super::words::{count, short};
use crate::finding::rule::Rule;
use crate::graph::CertificateFacts;

/// Another name than the client asked for.
pub const MISMATCH: Rule = Rule {
    id: "CERT-09",
    title: "Certificate for another name",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 9525"],
    replacement: "a certificate that lists every name the service is asked by",
    why: "Careful clients refuse it; those that go on do not check names, and would take any certificate from \
          somebody on the path.",
};

/// No alternative names.
pub const NO_NAMES: Rule = Rule {
    id: "CERT-10",
    title: "Certificate without alternative names",
    severity_base: 5,
    attack: &[],
    references: &["RFC 9525 §2", "CA/Browser Forum Baseline Requirements 7.1.2.7.12"],
    replacement: "a certificate that lists its names as subjectAltName",
    why: "Today's clients read names nowhere else and refuse it, so people switch the check off.",
};

/// A common name that is no alternative name.
pub const COMMON_NAME: Rule = Rule {
    id: "CERT-11",
    title: "Common name is not among the alternative names",
    severity_base: 2,
    attack: &[],
    references: &["CA/Browser Forum Baseline Requirements 7.1.4.3"],
    replacement: "a certificate that lists its common name as subjectAltName too",
    why: "Old and new clients disagree about which server it proves.",
};

/// A certificate for every name of a domain.
pub const WILDCARD: Rule = Rule {
    id: "CERT-21",
    title: "Wildcard certificate",
    severity_base: 2,
    attack: &["T1557"],
    references: &["NSA, Avoid Dangers of Wildcard TLS Certificates and the ALPACA Technique (2021)"],
    replacement: "a certificate for each service with the names of that service",
    why: "Whoever takes the key from the weakest host that has it can pose as every other host of the domain.",
};

/// What is wrong with the names of a server's certificate.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let facts = shown.facts();
    let mut faults = Vec::new();
    if !shown.is_server() || facts.problem.is_some() {
        return faults;
    }
    // What others serve under which name is theirs to put right, and between mail servers any name will do.
    let asked = shown.seen.place.sni.as_deref().filter(|_| facts.extensions.has_san && shown.ours);
    if let Some(asked) = asked.filter(|asked| !holds_for(facts, asked)) {
        let words = format!("asked for as {}, holds for {}", short(asked), names(facts));
        faults.push(shown.fault(&MISMATCH, MISMATCH.severity_base, words));
    }
    if !shown.ours {
        return faults;
    }
    if !facts.extensions.has_san {
        faults.push(shown.fault(&NO_NAMES, NO_NAMES.severity_base, "no alternative names".to_owned()));
    } else if let Some(common) = facts.common_name.as_deref().filter(|common| is_host_name(common))
        && !facts.san.iter().any(|name| name.eq_ignore_ascii_case(common))
    {
        let words = format!("common name {} is none of {}", short(common), names(facts));
        faults.push(shown.fault(&COMMON_NAME, COMMON_NAME.severity_base, words));
    }
    if let Some(wildcard) = facts.san.iter().find(|name| name.starts_with("*.")) {
        let hosts = judge.kinship.hosts_serving(&facts.sha256);
        let severity = match hosts {
            0 | 1 => 1,
            2..=5 => WILDCARD.severity_base,
            _ => 4,
        };
        let hosts = count(i64::try_from(hosts).unwrap_or(i64::MAX), "host");
        faults.push(shown.fault(&WILDCARD, severity, format!("{} on {hosts}", short(wildcard))));
    }
    faults
}

/// Whether a certificate holds for a name or address that a client asked for: one left-most `*` stands for
/// one label, the common name counts for nothing (RFC 9525 §6.3).
fn holds_for(facts: &CertificateFacts, asked: &str) -> bool {
    let asked = asked.strip_suffix('.').unwrap_or(asked);
    if asked.parse::<IpAddr>().is_ok() {
        return facts.san.iter().any(|name| name == asked);
    }
    let beyond = asked.split_once('.').map(|(_, beyond)| beyond);
    facts.san.iter().any(|name| match name.strip_prefix("*.") {
        Some(domain) => beyond.is_some_and(|beyond| beyond.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(asked),
    })
}

/// A common name that is meant as a host's: `www.example`, `10.0.0.1`, not `My printer`.
fn is_host_name(text: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '*' | ':' | '_');
    text.contains(['.', ':']) && text.chars().all(in_name)
}

/// Names that are told; certificates of content networks hold hundreds.
const NAMES_TOLD_MAX: usize = 3;

fn names(facts: &CertificateFacts) -> String {
    let told: Vec<String> = facts.san.iter().take(NAMES_TOLD_MAX).map(|name| short(name)).collect();
    match facts.san.len().saturating_sub(NAMES_TOLD_MAX) {
        0 if told.is_empty() => "no name that is read here".to_owned(),
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], asked: &str, holds: bool) {
        let mut facts = CertificateFacts::unread(String::new());
        facts.san = names.iter().map(|name| (*name).to_owned()).collect();
        facts.common_name = Some("common.example".to_owned());
        assert_eq!(holds_for(&facts, asked), holds, "{names:?} for {asked}");
    }

    #[test]
    fn names_are_matched_as_rfc_9525_says() {
        check(&["a.example", "b.example"], "B.Example", true);
        check(&["a.example"], "a.example.", true);
        check(&["a.example"], "common.example", false);
        check(&["a.example"], "x.a.example", false);
        check(&["*.a.example"], "x.a.example", true);
        check(&["*.a.example"], "a.example", false);
        check(&["*.a.example"], "x.y.a.example", false);
        check(&["*"], "x", false);
        check(&["w*.a.example"], "www.a.example", false);
        check(&["10.0.0.1"], "10.0.0.1", true);
        check(&["*.0.0.1"], "10.0.0.1", false);
        check(&["fe80::1"], "fe80::1", true);
        check(&["desktop.example"], "desktop", false);
    }

    #[test]
    fn only_host_names_are_host_names() {
        for (text, is) in
            [("www.example", true), ("10.0.0.1", true), ("My printer v1.2", false), ("printer", false)]
        {
            assert_eq!(is_host_name(text), is, "{text}");
        }
    }
}
