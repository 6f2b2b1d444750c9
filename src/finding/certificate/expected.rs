//! Certificates that the operator brought, where a service hides its own: only their dates are asked for, because
//! nobody saw them there.

use std::collections::BTreeMap;

use super::date::{EXPIRED, EXPIRING, NOT_YET_VALID};
use super::validity::{Status, Urgency, Validity};
use super::words::{count, date, name};
use crate::finding::draft::{Draft, Drafts, Party};
use crate::graph::{DependencyState, Snapshot};
use crate::model::{State, Timestamp};

/// How sure it is that a service presents what holds for the name that it is asked by.
const BY_NAME: f64 = 0.7;

/// Adds what their dates say, as of a moment.
pub(super) fn draft(
    snapshot: &Snapshot,
    as_of: Timestamp,
    drafts: &mut BTreeMap<(&'static str, Party), Drafts>,
) {
    for certificate in snapshot.certificates.iter().filter(|certificate| !certificate.expected.is_empty()) {
        let validity = Validity::of(certificate);
        let (start, end) = (date(validity.not_before), date(validity.not_after));
        let days = validity.days_left(as_of).unwrap_or(i64::MAX);
        let (rule, severity, words) = match validity.status(as_of) {
            Status::Valid => continue,
            Status::Expired => (&EXPIRED, EXPIRED.severity_base, format!("expired {end}")),
            Status::NotYetValid => {
                (&NOT_YET_VALID, NOT_YET_VALID.severity_base, format!("not valid before {start}"))
            }
            Status::Expiring(urgency) => {
                let severity = match urgency {
                    Urgency::Warning => EXPIRING.severity_base,
                    Urgency::High => 6,
                    Urgency::Critical => 8,
                };
                (&EXPIRING, severity, format!("expires {end} ({} left)", count(days, "day")))
            }
        };
        let words = format!("{}, {words}, by the inventory that was brought", name(certificate, 0));
        for service in &certificate.expected {
            let used = snapshot.dependencies.iter().filter(|dependency| {
                dependency.key.service == *service && dependency.state >= DependencyState::Observed
            });
            let clients: std::collections::BTreeSet<_> =
                used.map(|dependency| dependency.key.client).collect();
            let Some(span) = snapshot.service(service).map(|service| service.span) else { continue };
            let draft = Draft {
                severity,
                grants_access: false,
                state: State::Capable,
                count: u64::try_from(clients.len().max(1)).unwrap_or(u64::MAX),
                span,
                clients,
                evidence: Vec::new(),
                notes: vec![words.clone()],
                confidence: BY_NAME,
                certificate: Some(certificate.facts.sha256.clone()),
            };
            let party = Party::Service(*service);
            drafts.entry((rule.id, party)).or_insert_with(|| Drafts::new(rule, party)).push(draft);
        }
    }
}
