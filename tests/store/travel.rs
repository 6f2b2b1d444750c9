//! The map of a moment that is past is the map of the packets before it.

use std::collections::BTreeMap;

use tapmap::graph::{Delta, DependencyState, Gained, Map, Snapshot};
use tapmap::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Outcome, Pair, Purposes, Realm,
    Timestamp, Transport,
};
use tapmap::store::{Retention, Store, StoreOptions, Window};

use super::round::{captures, offline, operator, stored};

/// What is compared: hosts, services with their protocols, dependencies with their states and directions.
fn outline(snapshot: &Snapshot) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for host in &snapshot.hosts {
        writeln!(text, "host {}", host.key).unwrap();
    }
    for service in &snapshot.services {
        writeln!(text, "service {} {:?}", service.key, service.protocol).unwrap();
    }
    for dependency in &snapshot.dependencies {
        let id = dependency.id();
        writeln!(text, "{id} {:?} {:?} {}", dependency.state, dependency.kind, dependency.totals.flows)
            .unwrap();
    }
    text
}

#[test]
fn a_moment_of_a_capture_is_what_had_been_captured_then() {
    let mut differing = Vec::new();
    for capture in captures() {
        let (_, told) = offline(&capture, None);
        for tenths in [3, 5, 8] {
            let length = told.watched.last - told.watched.first;
            let moment = told.watched.first + length / 10 * tenths;
            let (then, _) = offline(&capture, Some(moment));
            let window = Window { as_of: Some(moment), ..Window::default() };
            let (_dir, stored) = stored(&told, 2, &window);
            let again = Snapshot::new(stored.map, &operator());
            if outline(&again) != outline(&then) {
                let (again, then) = (outline(&again), outline(&then));
                let of = |one: &str, other: &str| {
                    one.lines()
                        .filter(|line| !other.lines().any(|known| known == *line))
                        .map(str::to_owned)
                        .collect::<Vec<_>>()
                };
                differing.push((capture.clone(), tenths, of(&again, &then), of(&then, &again)));
            }
        }
    }
    for (capture, tenths, stored, offline) in &differing {
        println!(
            "{} at {tenths}/10:\n  stored only {stored:#?}\n  offline only {offline:#?}",
            capture.display()
        );
    }
    assert!(differing.is_empty(), "{} moments differ", differing.len());
}

const HOUR: i64 = 3_600;

/// A TCP flow from one host to a service of another.
pub fn flow(client: u8, server: u8, port: u16, first: i64, last: i64, number: u64) -> FlowRecord {
    let address = |last| Address::from([10, 0, 0, last]);
    let from = Endpoint { address: address(client), port: 40_000 + (number % 20_000) as u16 };
    let (key, side) =
        FlowKey::of(Realm::DEFAULT, Transport::Tcp, from, Endpoint { address: address(server), port });
    let sent = Counters { packets: 3, bytes: 300, payload: 100 };
    let mut ledger = Ledger::default();
    ledger.syn_from[side] = true;
    ledger.syn_ack_from[side.other()] = true;
    FlowRecord {
        key,
        first: Timestamp::from_seconds(first, 0),
        last: Timestamp::from_seconds(last, 0),
        frame: FrameId { source: 0, number },
        sent: Pair::new(sent, sent),
        ledger,
        outcome: Outcome { answered: !number.is_multiple_of(17), ended: true, ..Outcome::default() },
        protocol: (!number.is_multiple_of(3)).then_some("http"),
        tls: false,
        capability: None,
        purposes: Purposes::default(),
        macs: Pair::new(Mac::default(), Mac::default()),
        vlans: Pair::new(0, 0),
        turns: Box::default(),
        turns_cut: false,
    }
}

/// Ten days of flows between a few hosts, some of them hours long, in the order of their ends.
fn ten_days() -> Vec<FlowRecord> {
    // Numerical Recipes' generator: the same flows every time.
    let mut state = 7u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let begin = 490_000 * HOUR;
    let mut flows: Vec<FlowRecord> = (0..3_000)
        .map(|number| {
            let first = begin + next(240 * 3_600) as i64;
            let length = if next(20) == 0 { next(40 * 3_600) } else { next(300) } as i64;
            let server = 100 + next(6) as u8;
            flow(1 + next(30) as u8, server, 80 + next(3) as u16, first, first + length, number)
        })
        .collect();
    flows.sort_by_key(|record| record.last);
    flows
}

fn replayed(flows: &[FlowRecord], until: Timestamp) -> Snapshot {
    let mut delta = Delta::default();
    let before = |record: &&FlowRecord| record.first < until;
    for record in flows.iter().filter(before) {
        let mut record = record.clone();
        if record.last >= until {
            record.last = Timestamp::from_nanos(until.nanos() - 1);
            record.outcome.ended = false;
        }
        delta.tick(record.last);
        delta.flow(record);
    }
    let mut map = Map::default();
    map.add(vec![delta]);
    Snapshot::new(map, &operator())
}

#[test]
fn any_moment_of_ten_days_is_what_had_ended_then_and_what_went_on() {
    let flows = ten_days();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &StoreOptions::default());
    let mut writer = store.writer().unwrap();
    let keep = Retention::default();
    for chunk in flows.chunks(100) {
        let mut delta = Delta::default();
        for record in chunk {
            delta.tick(record.last);
            delta.flow(record.clone());
        }
        writer.write(&Gained { delta, ended: chunk.to_vec(), ..Gained::default() }).unwrap();
        while writer.keep_house(chunk[chunk.len() - 1].last, &keep).unwrap() {}
    }
    writer.close().unwrap();
    let begin = flows.iter().map(|record| record.first).min().unwrap();
    let mut states: BTreeMap<DependencyState, usize> = BTreeMap::new();
    for step in 0..40 {
        let moment = begin + step * (6 * HOUR + 1_111) * 1_000_000_000;
        let stored = store.read(&Window { as_of: Some(moment), ..Window::default() }).unwrap();
        let (again, then) = (Snapshot::new(stored.map, &operator()), replayed(&flows, moment));
        assert_eq!(again.last.is_some(), then.last.is_some(), "{step}");
        assert_eq!(again.dependencies.len(), then.dependencies.len(), "{step}");
        for (again, then) in again.dependencies.iter().zip(&then.dependencies) {
            assert_eq!((again.id(), again.state), (then.id(), then.state), "{step}");
            let (again, then) = (&again.totals, &then.totals);
            assert_eq!(
                (again.flows, again.answered, again.observed),
                (then.flows, then.answered, then.observed)
            );
            assert_eq!((again.span, again.longest), (then.span, then.longest));
            assert_eq!((again.to_server, again.to_client), (then.to_server, then.to_client));
            assert_eq!((&again.protocols, again.days()), (&then.protocols, then.days()));
        }
        for dependency in &then.dependencies {
            *states.entry(dependency.state).or_default() += 1;
        }
    }
    assert!(states.len() >= 4, "{states:?}");
    let all = store.read(&Window::default()).unwrap();
    let then = replayed(&flows, Timestamp::MAX);
    assert_eq!(outline(&Snapshot::new(all.map, &operator())), outline(&then));
}

#[test]
fn a_window_holds_the_flows_that_were_open_in_it() {
    let flows = ten_days();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &StoreOptions::default());
    let mut writer = store.writer().unwrap();
    let mut delta = Delta::default();
    flows.iter().for_each(|record| delta.flow(record.clone()));
    writer.write(&Gained { delta, ended: flows.clone(), ..Gained::default() }).unwrap();
    writer.close().unwrap();
    let begin = flows.iter().map(|record| record.first).min().unwrap();
    for step in 0..20 {
        let second = 1_000_000_000;
        let since = begin + step * (9 * HOUR + 777) * second;
        let until = since + (step * step * 700 + 60) * second;
        let window = Window { since: Some(since), until: Some(until), records: true, ..Window::default() };
        let stored = store.read(&window).unwrap();
        let inside = |record: &&FlowRecord| record.first < until && record.last >= since;
        let expected: Vec<FlowRecord> = flows.iter().filter(inside).cloned().collect();
        assert_eq!(stored.records.len(), expected.len(), "{step}");
        let (again, then) = (Snapshot::new(stored.map, &operator()), replayed(&expected, until));
        let counts = |snapshot: &Snapshot| -> Vec<(String, u32, u64)> {
            let row = |each: &tapmap::graph::Dependency| {
                (each.id(), each.totals.flows, each.totals.to_server.bytes)
            };
            snapshot.dependencies.iter().map(row).collect()
        };
        assert_eq!(counts(&again), counts(&then), "{step}");
    }
}

#[test]
fn writing_into_a_day_that_was_closed_opens_it_again() {
    let flows = ten_days();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &StoreOptions::default());
    let mut writer = store.writer().unwrap();
    let keep = Retention::default();
    // The later half first: a capture of earlier days is added afterwards.
    let (early, late) = flows.split_at(flows.len() / 2);
    for half in [late, early] {
        let mut delta = Delta::default();
        half.iter().for_each(|record| {
            delta.tick(record.last);
            delta.flow(record.clone());
        });
        writer.write(&Gained { delta, ended: half.to_vec(), ..Gained::default() }).unwrap();
        while writer.keep_house(Timestamp::MAX, &keep).unwrap() {}
    }
    writer.close().unwrap();
    let moment = flows[flows.len() / 3].last;
    let stored = store.read(&Window { as_of: Some(moment), ..Window::default() }).unwrap();
    assert_eq!(outline(&Snapshot::new(stored.map, &operator())), outline(&replayed(&flows, moment)));
}
