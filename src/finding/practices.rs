//! Sightings of insecure practices, as drafts of findings.

use std::collections::BTreeMap;

use super::draft::{Draft, Drafts, Party};
use super::grade::grades;
use super::rule::Grade;
use super::surroundings::Modifier;
use crate::graph::{EdgeKey, Sighting, SightingKey, Snapshot};
use crate::model::{Practice, State};
use crate::query::Importance;

/// How sure one sighting is. The bytes of a protocol were read, yet once may be chance.
const ONCE: f64 = 0.95;

/// How sure it is that something was seen more than once.
const OFTEN: f64 = 0.99;

/// Adds what practices say. Sightings are sorted, so drafts come in a fixed order.
pub fn draft(
    snapshot: &Snapshot,
    importance: &Importance<'_>,
    drafts: &mut BTreeMap<(&'static str, Party), Drafts>,
) {
    for (key, sighting) in &snapshot.sightings {
        let service = key.service.and_then(|service| snapshot.service(&service));
        let protocol = service.and_then(|service| service.protocol);
        for grade in grades(key.practice, protocol) {
            let Some(draft) = one(snapshot, importance, &grade, key, sighting) else { continue };
            let party = party(&grade, key);
            drafts
                .entry((grade.rule.id, party))
                .or_insert_with(|| Drafts::new(grade.rule, party))
                .push(draft);
        }
    }
}

fn party(grade: &Grade, key: &SightingKey) -> Party {
    match key.service {
        Some(service) if service.host == key.host && !grade.of_asking_host => Party::Service(service),
        _ => Party::Host(key.host),
    }
}

fn one(
    snapshot: &Snapshot,
    importance: &Importance<'_>,
    grade: &Grade,
    key: &SightingKey,
    sighting: &Sighting,
) -> Option<Draft> {
    let severity = grade.severity_at(key.state)?;
    let modifier = match key.service {
        Some(service) => Modifier::of(snapshot, importance, &service.host, sighting.clients.iter()),
        // A group was asked: there is no other end.
        None => Modifier::default(),
    };
    let evidence = if sighting.count > 1 { OFTEN } else { ONCE };
    let mut notes: Vec<String> = grade.note.into_iter().map(str::to_owned).collect();
    if let Practice::SnmpCommunity { version, .. } = key.practice {
        notes.push(if version == 1 { "version 1" } else { "version 2c" }.to_owned());
    }
    if let (Party::Host(_), Some(service)) = (party(grade, key), key.service) {
        notes.push(format!("with {service}"));
    }
    Some(Draft {
        severity: modifier.apply(severity),
        grants_access: grade.grants_access && key.state == State::Used && !modifier.same_host,
        state: key.state,
        count: sighting.count,
        span: sighting.span,
        clients: sighting.clients.iter().copied().collect(),
        evidence: sighting.proofs.clone(),
        notes,
        confidence: evidence * direction_confidence(snapshot, key, sighting),
        certificate: None,
    })
}

/// How sure it is who is client and who is server: the best of what the edges say. Where no edge was
/// kept, the protocol's own bytes told the roles.
fn direction_confidence(snapshot: &Snapshot, key: &SightingKey, sighting: &Sighting) -> f64 {
    let Some(service) = key.service else { return 1.0 };
    let edge = |client| {
        let edge = EdgeKey { client, service };
        let place = snapshot.dependencies.binary_search_by_key(&edge, |dependency| dependency.key).ok()?;
        snapshot.dependencies.get(place).map(|dependency| f64::from(dependency.totals.confidence))
    };
    sighting.clients.iter().filter_map(|client| edge(*client)).reduce(f64::max).unwrap_or(1.0)
}
