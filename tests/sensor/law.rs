//! Wherever ticks are, and however many workers there are, the last map is the one that is read from the
//! file, and each map before is that of the frames before.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use tapmap::flow::Limits;
use tapmap::graph::{Operator, Snapshot};
use tapmap::pipeline::live::LiveSettings;
use tapmap::pipeline::{self, Settings};

use super::play::{CAPTURES, counts, document, open, play, same};

/// Limits that every capture runs into.
fn tiny() -> Limits {
    Limits {
        flows_max: 8,
        half_open_max: 4,
        unanswered_udp_max: 2,
        followed_max: 2,
        waiting_bytes_max: 2_000,
        ..Limits::default()
    }
}

fn check(name: &str, workers: usize, limits: Limits, ticks: &[Index]) {
    let settings = Settings { workers: 1, keep_records: true, limits, ..Settings::default() };
    let offline = pipeline::run(&mut open(name), &settings, &mut |_| {});
    let frames = offline.totals.packets.read;
    let places: BTreeSet<u64> = ticks.iter().map(|tick| tick.index(frames as usize + 1) as u64).collect();
    let live = LiveSettings { workers, limits, ..LiveSettings::default() };
    let played = play(name, live, places.clone(), u64::MAX, None);
    let what = format!("{name}, {workers} workers, ticks after {places:?}");
    assert_eq!(played.shown.len(), places.len(), "{what}");
    same(&what, &counts(&played.outcome.totals), &counts(&offline.totals));
    assert_eq!(played.outcome.records, offline.records, "{what}");
    assert_eq!(played.outcome.indications, offline.indications, "{what}");
    assert_eq!(played.outcome.tokens.sightings, offline.tokens.sightings, "{what}");
    let read = document(&Snapshot::new(offline.map, &Operator::default()));
    same(&what, &document(&Snapshot::new(played.outcome.map, &Operator::default())), &read);
    same(&what, &document(&played.last.snapshot), &read);
}

/// What a map says of hosts, services and dependencies, as far as no flow need have ended for it.
fn said(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let hosts = snapshot.hosts.iter().map(|host| (format!("host {}", host.key), String::new()));
    let services =
        snapshot.services.iter().map(|it| (format!("service {}", it.key), format!("{} flows", it.flows)));
    let dependencies = snapshot.dependencies.iter().map(|it| {
        let totals = &it.totals;
        let counts = (totals.flows, totals.answered, totals.to_server, totals.to_client, totals.span);
        (it.id(), format!("{counts:?}"))
    });
    hosts.chain(services).chain(dependencies).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_last_map_is_that_of_the_file(
        name in proptest::sample::select(&CAPTURES[..]),
        ticks in vec(any::<Index>(), 0..12),
        workers in prop_oneof![Just(1_usize), Just(4)],
        hit in any::<bool>(),
    ) {
        check(name, workers, if hit { tiny() } else { Limits::default() }, &ticks);
    }

    #[test]
    fn a_map_on_the_way_is_that_of_the_frames_before(
        name in proptest::sample::select(&CAPTURES[..]),
        ticks in vec(any::<Index>(), 1..4),
    ) {
        let frames = pipeline::run(&mut open(name), &Settings::default(), &mut |_| {}).totals.packets.read;
        let places = ticks.iter().map(|tick| tick.index(frames as usize + 1) as u64).collect();
        for (after, shown) in play(name, LiveSettings::default(), places, u64::MAX, None).shown {
            let prefix = play(name, LiveSettings::default(), BTreeSet::new(), after, None);
            prop_assert_eq!(said(&shown.snapshot), said(&prefix.last.snapshot), "{} after {}", name, after);
        }
    }
}

#[test]
fn every_capture_with_a_tick_after_every_hundredth_frame() {
    for name in CAPTURES {
        let settings = Settings { keep_records: true, ..Settings::default() };
        let offline = pipeline::run(&mut open(name), &settings, &mut |_| {});
        let places = (0..=offline.totals.packets.read).step_by(100).collect();
        let played =
            play(name, LiveSettings { workers: 2, ..LiveSettings::default() }, places, u64::MAX, None);
        let read = document(&Snapshot::new(offline.map, &Operator::default()));
        same(name, &document(&played.last.snapshot), &read);
        let numbers: Vec<u64> = played.events.iter().map(|event| event.number).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{name}: {numbers:?}");
    }
}
