//! Every flow as a contact: who could act on whom, from when to when.

use std::collections::BTreeMap;

use super::edge::{EdgeKey, EdgeTotals, Volume};
use super::holding::{self, Holding};
use super::snapshot::Snapshot;
use crate::model::{
    Capability, Decision, FlowRecord, FrameId, HostKey, Indication, Nanos, Span, Timestamp, Transport,
};

/// A UDP flow counts as going on for this long after its last packet: the patience of most firewalls.
const UDP_OPEN: Nanos = 60_000_000_000;

/// A TCP connection counts as open for this long after its last packet: five days, after which Linux's
/// connection tracking forgets it (`nf_conntrack_tcp_timeout_established`), and most firewalls sooner.
const TCP_OPEN: Nanos = 5 * 24 * 3_600_000_000_000;

/// One flow of a dependency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// The place of its dependency in the snapshot's list.
    pub dependency: u32,
    /// From its first packet to its last.
    pub span: Span,
    /// The frame of its first packet.
    pub frame: FrameId,
    /// The client's port.
    pub client_port: u16,
    /// What the client sent.
    pub to_server: Volume,
    /// What the server sent.
    pub to_client: Volume,
    /// What the client could do on the server by it.
    pub capability: Capability,
    /// The server accepted.
    pub answered: bool,
    /// Payload went both ways, or one way and was acknowledged.
    pub observed: bool,
    /// Somebody sent payload: more than a knock at an open door.
    pub payload: bool,
    /// Nobody has ended it as far as the tap saw.
    pub open: bool,
}

/// All flows that belong to a dependency of a snapshot, in the order of the dependencies and of time.
#[derive(Debug, Default)]
pub struct History {
    contacts: Vec<Contact>,
    /// Where each dependency's contacts begin; one more than there are dependencies.
    starts: Vec<u32>,
    /// Flows without a dependency of their own: summarised scans, multicast.
    pub elsewhere: u64,
    /// Names, fingerprints and users with who showed them to whom, sorted.
    pub indications: Vec<Indication>,
    /// How often one did not fit.
    pub indications_dropped: u64,
    /// Which machines the packets of hosts came from that have had several.
    heard: BTreeMap<HostKey, Vec<Holding>>,
}

impl History {
    /// Reads records in the direction that the whole map decides.
    pub fn new(snapshot: &Snapshot, records: &[FlowRecord]) -> History {
        let read = records.iter().filter_map(|record| contact(record, snapshot));
        let mut contacts: Vec<Contact> = read.collect();
        contacts
            .sort_by_key(|contact| (contact.dependency, contact.span, contact.frame, contact.client_port));
        let elsewhere = (records.len() - contacts.len()) as u64;
        let mut starts = Vec::with_capacity(snapshot.dependencies.len() + 1);
        let mut next = 0;
        for dependency in 0..=snapshot.dependencies.len() {
            while contacts.get(next).is_some_and(|contact| (contact.dependency as usize) < dependency) {
                next += 1;
            }
            starts.push(u32::try_from(next).unwrap_or(u32::MAX));
        }
        let heard = holding::heard(snapshot, records);
        History { contacts, starts, elsewhere, heard, ..History::default() }
    }

    /// The machines that a host's packets came from, in order of time, where there were several.
    pub fn heard(&self, host: &HostKey) -> &[Holding] {
        self.heard.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    /// All contacts.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The contacts of one dependency, in the order of their first packets.
    pub fn of(&self, dependency: usize) -> &[Contact] {
        let bound = |place: usize| self.starts.get(place).map_or(0, |start| *start as usize);
        self.contacts.get(bound(dependency)..bound(dependency + 1)).unwrap_or_default()
    }
}

fn contact(record: &FlowRecord, snapshot: &Snapshot) -> Option<Contact> {
    let decision = decide(record, snapshot);
    let key = EdgeKey {
        client: record.key.host(decision.leaning),
        service: record.key.service(decision.leaning.other()),
    };
    let dependency = snapshot.dependency_place(&key)?;
    let totals = EdgeTotals::of(record, &decision);
    Some(Contact {
        dependency: u32::try_from(dependency).ok()?,
        span: Span { first: record.first, last: record.last },
        frame: record.frame,
        client_port: record.key.endpoint(decision.leaning).port,
        to_server: totals.to_server,
        to_client: totals.to_client,
        capability: record.capability(),
        answered: totals.answered > 0,
        observed: totals.observed > 0,
        payload: totals.capability.is_some(),
        open: is_open(record, snapshot.last),
    })
}

/// Nobody has ended it, as far as the tap saw, and nothing on its way has forgotten it yet. A TCP
/// connection without a packet for a day may well be open still.
fn is_open(record: &FlowRecord, now: Option<Timestamp>) -> bool {
    let outcome = &record.outcome;
    let patience = if record.key.transport == Transport::Tcp { TCP_OPEN } else { UDP_OPEN };
    outcome.answered
        && !outcome.refused
        && !outcome.ended
        && now.is_none_or(|now| now - record.last <= patience)
}

/// The direction of a flow. What other flows show decides where it does not decide itself.
pub fn decide(record: &FlowRecord, snapshot: &Snapshot) -> Decision {
    let mut decision = record.ledger.decide_alone(&record.key);
    if record.ledger.is_decisive() {
        return decision;
    }
    let known = [decision.leaning, decision.leaning.other()].into_iter().find_map(|client| {
        let key = EdgeKey { client: record.key.host(client), service: record.key.service(client.other()) };
        let place = snapshot.dependency_place(&key)?;
        Some((client, &snapshot.dependencies.get(place)?.totals))
    });
    if let Some((client, totals)) = known {
        decision.client = totals.decided.then_some(client);
        decision.leaning = client;
        decision.evidence = totals.evidence;
        decision.confidence = totals.confidence.into();
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::super::inventory::Operator;
    use super::super::map::Map;
    use super::super::testing::{endpoint, joined_late, refused, served};
    use super::super::{Delta, DependencyState};
    use super::*;

    #[test]
    fn a_connection_is_open_until_everybody_has_forgotten_it() {
        let record = served(endpoint(1, 40_000), endpoint(2, 80), 30);
        let after = |days: i64| Some(Timestamp::from_seconds(record.last.seconds() + days * 86_400, 0));
        assert!(is_open(&record, None) && is_open(&record, after(1)) && is_open(&record, after(4)));
        assert!(!is_open(&record, after(6)));
    }

    #[test]
    fn every_flow_is_a_contact_of_its_dependency() {
        let (client, other, server) = (endpoint(1, 40_000), endpoint(3, 40_001), endpoint(2, 80));
        let records = vec![
            served(client, server, 30),
            refused(other, server, 20),
            joined_late(endpoint(1, 40_002), server, 10),
        ];
        let mut delta = Delta::default();
        records.iter().cloned().for_each(|record| delta.flow(record));
        let snapshot = Snapshot::new(Map::from(delta), &Operator::default());
        let history = History::new(&snapshot, &records);
        assert_eq!((history.contacts().len(), history.elsewhere), (3, 0));
        assert_eq!(snapshot.dependencies[0].key.client.address, client.address);
        let times: Vec<i64> = history.of(0).iter().map(|contact| contact.span.first.seconds()).collect();
        assert_eq!(times, [10, 30], "the flow that was joined late is the server's, by what others show");
        assert!(history.of(0).iter().all(|contact| contact.observed && contact.open));
        assert_eq!(snapshot.dependencies[1].state, DependencyState::Attempt);
        assert!(history.of(1).iter().all(|contact| !contact.answered && !contact.open));
        assert_eq!(history.of(2), []);
    }
}
