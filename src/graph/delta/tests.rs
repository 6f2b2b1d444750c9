//! What a shard adds up, seen through a snapshot.

use super::super::testing::{endpoint, joined_late, served};
use super::super::{Kind, Map, Operator, Snapshot};
use super::*;
use crate::model::{Endpoint, FrameId, Realm, RealmKind};

fn snapshot(delta: Delta) -> Snapshot {
    Snapshot::new(Map::from(delta), &Operator::default())
}

fn scene(client: Endpoint, server: Endpoint, realm: Realm) -> Scene {
    let (key, side) = FlowKey::of(realm, Transport::Udp, client, server);
    let at = Moment { frame: FrameId::default(), time: Timestamp::from_seconds(1, 0) };
    Scene { key, client: side, service: side.other(), group: false, at }
}

#[test]
fn names_of_a_machine_and_its_address_are_joined_and_bounded() {
    let mut delta = Delta::default();
    delta.flow(served(endpoint(1, 40_000), endpoint(2, 80), 1));
    let host = HostKey { realm: Realm::DEFAULT, address: endpoint(2, 80).address };
    let mac = Mac([2, 0, 0, 0, 0, 1]);
    delta.binding(mac, host, Timestamp::from_seconds(1, 0));
    delta.name(Named::Mac(mac), NameSource::Dns, "n0".into(), Timestamp::from_seconds(9, 0));
    for number in (0..100u8).rev() {
        let time = Timestamp::from_seconds(i64::from(number), 0);
        delta.name(Named::Host(host), NameSource::Dns, format!("n{number}").into(), time);
    }
    let snapshot = snapshot(delta);
    let names = &snapshot.host(&host).map(|host| host.names.clone()).unwrap_or_default();
    assert_eq!(names.len(), 64);
    assert_eq!(snapshot.dropped.names, 36);
    let joined = names.iter().find(|name| name.name == "n0").and_then(|name| name.span);
    let (first, last) = (Timestamp::from_seconds(0, 0), Timestamp::from_seconds(9, 0));
    assert_eq!(joined, Some(Span { first, last }));
    assert!(names.iter().any(|name| name.name == "n63") && names.iter().all(|name| name.name != "n64"));
}

#[test]
fn a_lease_stays_in_its_realm() {
    let realm = Realm::overlay(RealmKind::Vxlan, 7);
    let mut delta = Delta::default();
    let mac = Mac([2, 0, 0, 0, 0, 1]);
    let scene = scene(endpoint(9, 68), endpoint(2, 67), realm);
    delta.observe(&scene, Observation::Lease { mac, address: endpoint(1, 0).address, server: None });
    delta.name(Named::Mac(mac), NameSource::Dhcp, "laptop".into(), Timestamp::from_seconds(1, 0));
    let snapshot = snapshot(delta);
    assert!(snapshot.hosts.iter().all(|host| host.key.realm == realm), "{:?}", snapshot.hosts);
    let client = HostKey { realm, address: endpoint(1, 0).address };
    assert_eq!(snapshot.host(&client).map(|host| host.names.len()), Some(1));
}

#[test]
fn one_contradiction_of_many_flows_is_no_conflict() {
    for (contradicting, kind) in [(1, Kind::Functional), (3, Kind::Conflict)] {
        let mut delta = Delta::default();
        for flow in 0..4u16 {
            let client = endpoint(1, 40_000 + flow);
            let mut record = served(client, endpoint(2, 80), 1);
            let opener = record.ledger.initiator().unwrap_or(Side::A);
            record.ledger.protocol_client = Some(if flow < contradicting { opener.other() } else { opener });
            delta.flow(record);
        }
        let kinds: Vec<Kind> = snapshot(delta).dependencies.iter().map(|edge| edge.kind).collect();
        assert_eq!(kinds, [kind], "{contradicting} of 4");
    }
}

#[test]
fn nothing_of_many_undecided_flows_is_lost() {
    // The server sorts first, or last: its port decides.
    for (client, server) in [(endpoint(1, 40_000), endpoint(2, 80)), (endpoint(2, 40_000), endpoint(1, 80))] {
        let mut delta = Delta::default();
        for second in 0..10 {
            let mut record = joined_late(client, server, second);
            let side = if record.key.a == client { Side::A } else { Side::B };
            record.sent[side].bytes = 1_000;
            record.outcome.unseen = 1;
            record.outcome.answered = second != 9;
            delta.flow(record);
        }
        let snapshot = snapshot(delta);
        let [edge] = snapshot.dependencies.as_slice() else { panic!("{:?}", snapshot.dependencies) };
        assert_eq!((edge.key.client.address, edge.key.service.port), (client.address, 80));
        let totals = &edge.totals;
        assert_eq!((totals.flows, totals.answered, totals.failed, totals.unseen), (10, 9, 1, 10));
        assert_eq!((totals.to_server.bytes, totals.to_client.bytes), (10_000, 1_800));
        assert!(totals.decided && totals.evidence == crate::model::Evidence::Port);
    }
}
