//! What is new on a map, told by comparing it with the map before.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use compact_str::CompactString;

use super::edge::EdgeKey;
use super::snapshot::{Dependency, Host, Snapshot};
use crate::model::{HostKey, NameSource, ServiceKey};

/// Something that was not on the map before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A host was seen.
    NewHost(HostKey),
    /// A service answered, or was tried.
    NewService(ServiceKey),
    /// Somebody uses a service, or tries to.
    NewDependency(EdgeKey),
    /// A host has another name.
    NewName {
        /// Whose.
        host: HostKey,
        /// The name.
        name: CompactString,
        /// Where it was learnt; none where the operator gave it.
        source: Option<NameSource>,
    },
    /// A certificate was shown, by its SHA-256 in hexadecimal.
    NewCertificate(String),
    /// What was thought to be the client is the server: more was seen since.
    DirectionFlipped {
        /// As it was taken.
        before: EdgeKey,
        /// As it is taken now.
        now: EdgeKey,
    },
}

/// Tells what is on a map that was not on the one before: hosts first, then what they offer and use.
pub fn changes(before: &Snapshot, now: &Snapshot, tell: &mut dyn FnMut(Change)) {
    pairs(&before.hosts, &now.hosts, |host| host.key, &mut |before, now| {
        let Some(now) = now else { return };
        if before.is_none() {
            tell(Change::NewHost(now.key));
        }
        names(before, now, tell);
    });
    pairs(&before.services, &now.services, |service| service.key, &mut |before, now| {
        if let (None, Some(service)) = (before, now) {
            tell(Change::NewService(service.key));
        }
    });
    dependencies(before, now, tell);
    let hash = |certificate: &super::Certificate| certificate.facts.sha256.clone();
    let known: BTreeSet<String> = before.certificates.iter().map(hash).collect();
    for certificate in now.certificates.iter().filter(|new| !known.contains(&new.facts.sha256)) {
        tell(Change::NewCertificate(hash(certificate)));
    }
}

fn names(before: Option<&Host>, now: &Host, tell: &mut dyn FnMut(Change)) {
    let known = before.map(|host| host.names.as_slice()).unwrap_or_default();
    for name in &now.names {
        if !known.iter().any(|known| (&known.name, known.source) == (&name.name, name.source)) {
            tell(Change::NewName { host: now.key, name: name.name.clone(), source: name.source });
        }
    }
}

fn dependencies(before: &Snapshot, now: &Snapshot, tell: &mut dyn FnMut(Change)) {
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    let key = |dependency: &Dependency| dependency.key;
    pairs(&before.dependencies, &now.dependencies, key, &mut |before, now| match (before, now) {
        (None, Some(dependency)) => new.push(dependency.key),
        (Some(dependency), None) => gone.push(dependency.key),
        _ => {}
    });
    // Flows do not vanish: an edge that is no more was turned round, or was forgotten with age.
    let flipped: BTreeSet<(HostKey, HostKey, EdgeKey)> =
        gone.into_iter().map(|key| (key.service.host, key.client, key)).collect();
    for now in new {
        let ends = (now.client, now.service.host);
        let same = |key: &&EdgeKey| key.service.transport == now.service.transport;
        let of_ends = flipped.iter().filter(|(client, server, _)| (*client, *server) == ends);
        match of_ends.map(|(_, _, key)| key).find(same) {
            Some(before) => tell(Change::DirectionFlipped { before: *before, now }),
            None => tell(Change::NewDependency(now)),
        }
    }
}

/// Walks two sorted lists at once, and gives what has the same key together.
fn pairs<'a, T, K: Ord>(
    before: &'a [T],
    now: &'a [T],
    key: impl Fn(&T) -> K,
    give: &mut dyn FnMut(Option<&'a T>, Option<&'a T>),
) {
    let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
    loop {
        let order = match (before.peek(), now.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => key(one).cmp(&key(other)),
        };
        let left = if order == Ordering::Greater { None } else { before.next() };
        let right = if order == Ordering::Less { None } else { now.next() };
        give(left, right);
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::super::testing::{endpoint, joined_late, served};
    use super::super::{Delta, Map, Operator};
    use super::*;
    use crate::model::FlowRecord;

    fn snapshot(flows: &[FlowRecord]) -> Snapshot {
        let mut delta = Delta::default();
        flows.iter().for_each(|flow| delta.flow(flow));
        Snapshot::new(Map::from(delta), &Operator::default())
    }

    fn told(before: &Snapshot, now: &Snapshot) -> Vec<String> {
        let mut told = Vec::new();
        changes(before, now, &mut |change| {
            told.push(match change {
                Change::NewHost(host) => format!("host {host}"),
                Change::NewService(service) => format!("service {service}"),
                Change::NewDependency(key) => format!("{}>{}", key.client, key.service),
                Change::NewName { name, .. } => format!("name {name}"),
                Change::NewCertificate(hash) => format!("certificate {hash}"),
                Change::DirectionFlipped { now, .. } => format!("flip {}>{}", now.client, now.service),
            });
        });
        told
    }

    #[test]
    fn only_what_is_new_is_told_and_once() {
        let first = served(endpoint(1, 40_000), endpoint(2, 80), 1);
        let again = served(endpoint(1, 40_001), endpoint(2, 80), 2);
        let other = served(endpoint(3, 40_000), endpoint(2, 80), 3);
        let (nothing, one) = (snapshot(&[]), snapshot(from_ref(&first)));
        let all = ["host 10.0.0.1", "host 10.0.0.2", "service 10.0.0.2:80/tcp", "10.0.0.1>10.0.0.2:80/tcp"];
        assert_eq!(told(&nothing, &one), all);
        let two = snapshot(&[first.clone(), again.clone()]);
        assert_eq!(told(&one, &two), [] as [&str; 0]);
        assert_eq!(
            told(&two, &snapshot(&[first, again, other])),
            ["host 10.0.0.3", "10.0.0.3>10.0.0.2:80/tcp"]
        );
    }

    #[test]
    fn an_arrow_that_more_packets_turn_round_is_told_as_turned() {
        // Both ports tell nothing; then a flow with its handshake shows who serves.
        let late = joined_late(endpoint(1, 30_000), endpoint(2, 30_001), 1);
        let before = snapshot(from_ref(&late));
        let taken = before.dependencies[0].key;
        let server = if taken.service.port == 30_001 { endpoint(1, 30_000) } else { endpoint(2, 30_001) };
        let now = snapshot(&[late, served(endpoint(3, 50_000), server, 2)]);
        let told = told(&before, &now);
        assert!(told.iter().any(|line| line.starts_with("flip ")), "{told:?}");
        assert_eq!(told.iter().filter(|line| line.contains('>')).count(), 2, "{told:?}");
    }
}
