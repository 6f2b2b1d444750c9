//! What servers staple to their certificates: whether these were revoked.

use super::shown::{Fault, Judge, Shown};
use super::words::date;
use crate::finding::rule::Rule;
use crate::graph::StapleStatus;

/// A revoked certificate, or one that nobody vouches for any more.
pub const STAPLE: Rule = Rule {
    id: "CERT-23",
    title: "Revoked certificate, or a bad stapled response",
    severity_base: 9,
    attack: &["T1557"],
    references: &["RFC 6066 §8", "RFC 6960", "RFC 7633"],
    replacement: "a new certificate with a new key; a server that renews its stapled response in time",
    why: "The authority has withdrawn it, as a rule because the key was taken, and clients that do not ask \
          still accept it from whoever has the key.",
};

/// Severity of a response that is missing or too old: careful clients refuse the server.
const STALE: u8 = 4;

/// What is wrong with what was stapled.
pub(super) fn faults(shown: &Shown<'_>, _: &Judge<'_>) -> Vec<Fault> {
    let stapled = shown.seen.seen.staple.filter(|_| shown.is_server());
    let Some(staple) = stapled else { return Vec::new() };
    let must = shown.facts().extensions.must_staple;
    let (severity, words) = match (staple.status, staple.until) {
        (StapleStatus::Revoked, _) => {
            (STAPLE.severity_base, format!("revoked, by its own stapled response of {}", date(staple.since)))
        }
        (StapleStatus::Missing, _) if must => (STALE, "stapled no response, and must".to_owned()),
        (StapleStatus::Stale, Some(until)) => {
            (STALE, format!("stapled response held until {} only", date(until)))
        }
        _ => return Vec::new(),
    };
    vec![shown.fault(&STAPLE, severity, words)]
}
