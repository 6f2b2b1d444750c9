//! Laws that hold for whatever bytes come: nothing panics, everything read is counted, and what is
//! said depends neither on how bytes were cut into packets nor on how many threads read them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "what a test helper cannot read, the test cannot judge"
)]

#[expect(dead_code, reason = "shared by tests that each use a part")]
mod wire;

#[path = "../fuzz/driver.rs"]
mod driver;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use tapmap::capture::{Frames, Options};
use tapmap::finding;
use tapmap::flow::Limits;
use tapmap::graph::{Operator, Snapshot};
use tapmap::model::{FlowKey, Observation, Pair, Side, Transport};
use tapmap::pipeline::{self, Settings, Totals};
use tapmap::protocol::{Conversation, Seen, Verdict};
use tapmap::query::Knowledge;
use tapmap::report::{Counted, Report, write_json};

use wire::{ACK, Record, SYN};

/// A year, in microseconds.
const YEAR: i64 = 365 * 24 * 3_600_000_000;

/// What the two sides of a connection say, in turns.
#[derive(Clone, Debug)]
struct Talk {
    key: FlowKey,
    opener: Side,
    turns: Vec<(Side, Vec<u8>)>,
}

/// The lab's captures.
fn lab() -> &'static [Vec<Record>] {
    static LAB: LazyLock<Vec<Vec<Record>>> =
        LazyLock::new(|| wire::names().iter().map(|name| wire::read(name)).collect());
    &LAB
}

/// Every connection in them that shows its beginning.
fn connections() -> &'static [Talk] {
    static TALKS: LazyLock<Vec<Talk>> =
        LazyLock::new(|| lab().iter().flat_map(|records| talks(records)).collect());
    &TALKS
}

/// The connections of a capture that begin in it, their segments put in order. Bytes that come again
/// are left out; a connection with a hole ends at it.
fn talks(records: &[Record]) -> Vec<Talk> {
    let mut talks: Vec<(Talk, Pair<Option<u32>>)> = Vec::new();
    let mut open: BTreeMap<FlowKey, usize> = BTreeMap::new();
    for record in records {
        let Some(packet) = wire::dissect(&record.bytes) else { continue };
        if packet.has(SYN) && !packet.has(ACK) && !open.contains_key(&packet.key) {
            open.insert(packet.key, talks.len());
            talks.push((Talk { key: packet.key, opener: packet.side, turns: Vec::new() }, Pair::default()));
        }
        let Some((talk, next)) = open.get(&packet.key).map(|place| &mut talks[*place]) else { continue };
        let next = &mut next[packet.side];
        if packet.has(SYN) {
            next.get_or_insert(packet.sequence.wrapping_add(1));
            continue;
        }
        let (Some(expected), bytes) = (*next, &record.bytes[packet.payload.0..packet.payload.1]) else {
            continue;
        };
        let old = expected.wrapping_sub(packet.sequence) as usize;
        if old < bytes.len() {
            let bytes = &bytes[old..];
            *next = Some(expected.wrapping_add(bytes.len() as u32));
            match talk.turns.last_mut() {
                Some((side, said)) if *side == packet.side => said.extend(bytes),
                _ => talk.turns.push((packet.side, bytes.to_vec())),
            }
        }
    }
    talks.into_iter().map(|(talk, _)| talk).filter(|talk| !talk.turns.is_empty()).collect()
}

/// What a conversation tells when its turns come in pieces of these sizes, used again and again.
fn told(talk: &Talk, sizes: &[usize]) -> (Option<Verdict>, Vec<Observation>) {
    let endpoints = Pair::new(talk.key.a, talk.key.b);
    let mut conversation = Conversation::new(endpoints, Transport::Tcp, true, talk.opener);
    let mut seen = Seen::default();
    let mut sizes = sizes.iter().cycle();
    for (side, bytes) in &talk.turns {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*sizes.next().unwrap()).clamp(1, rest.len()));
            conversation.on_bytes(*side, piece, &mut seen);
            rest = after;
        }
    }
    conversation.on_end(&mut seen);
    (conversation.verdict(), seen.drain().collect())
}

/// The driver's input that says these pieces of a TCP connection from its start.
fn tcp_input<'a>(said: impl IntoIterator<Item = (Side, &'a [u8])>) -> Vec<u8> {
    let mut input = vec![2, 1];
    for (side, bytes) in said {
        for bytes in bytes.chunks(0x3fff) {
            let high = (bytes.len() >> 8) as u8 | if side == Side::B { 0x80 } else { 0 };
            input.extend([high, bytes.len() as u8]);
            input.extend(bytes);
        }
    }
    input
}

/// Everything said about a capture.
struct Said {
    /// The document, without the name of the file.
    document: serde_json::Value,
    totals: Totals,
}

fn analyze(file: &[u8], settings: &Settings) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    std::fs::write(&path, file).unwrap();
    let mut frames = Frames::open(&[path], &Options::default()).unwrap();
    let outcome = pipeline::run(&mut frames, settings, &mut |_| {});
    let snapshot = Snapshot::new(outcome.map, &Operator::default());
    let as_of = snapshot.last;
    let findings = finding::find(&snapshot, as_of.unwrap_or_default(), &Knowledge::default());
    let report = Report {
        as_of,
        sources: &[],
        counted: &Counted::default(),
        snapshot: &snapshot,
        findings: &findings,
        records: &[],
        authorities: &Knowledge::default().authorities,
    };
    let mut json = Vec::new();
    write_json(&report, &mut json).unwrap();
    Said { document: serde_json::from_slice(&json).unwrap(), totals: outcome.totals }
}

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

/// What can befall a capture on its way here.
#[derive(Clone, Debug)]
enum Mishap {
    Flip(Index, Index, u8),
    Cut(Index, Index),
    Swap(Index, Index),
    Repeat(Index),
    Drop(Index),
    /// From here on the clock is ahead, or back, by so much.
    Jump(Index, i64),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let place = any::<Index>;
    prop_oneof![
        (place(), place(), 1..=255u8).prop_map(|(frame, byte, bits)| Mishap::Flip(frame, byte, bits)),
        (place(), place()).prop_map(|(frame, byte)| Mishap::Cut(frame, byte)),
        (place(), place()).prop_map(|(one, other)| Mishap::Swap(one, other)),
        place().prop_map(Mishap::Repeat),
        place().prop_map(Mishap::Drop),
        (place(), prop_oneof![Just(YEAR), Just(-YEAR), -5_000_000..5_000_000i64])
            .prop_map(|(frame, by)| Mishap::Jump(frame, by)),
    ]
}

fn befall(records: &mut Vec<Record>, mishap: &Mishap) {
    if records.is_empty() {
        return;
    }
    let len = records.len();
    match mishap {
        Mishap::Flip(frame, byte, bits) => {
            let bytes = &mut records[frame.index(len)].bytes;
            if !bytes.is_empty() {
                let at = byte.index(bytes.len());
                bytes[at] ^= bits;
            }
        }
        Mishap::Cut(frame, byte) => {
            let bytes = &mut records[frame.index(len)].bytes;
            bytes.truncate(byte.index(bytes.len() + 1));
        }
        Mishap::Swap(one, other) => records.swap(one.index(len), other.index(len)),
        Mishap::Repeat(frame) => {
            let again = records[frame.index(len)].clone();
            records.insert(frame.index(len), again);
        }
        Mishap::Drop(frame) => {
            records.remove(frame.index(len));
        }
        Mishap::Jump(frame, by) => {
            for record in &mut records[frame.index(len)..] {
                record.time = (record.time + by).max(0);
            }
        }
    }
}

/// One of the lab's captures after a series of mishaps.
fn mangled() -> impl Strategy<Value = Vec<Record>> {
    (any::<Index>(), vec(mishap(), 0..60)).prop_map(|(which, mishaps)| {
        let mut records = which.get(lab()).clone();
        mishaps.iter().for_each(|mishap| befall(&mut records, mishap));
        records
    })
}

fn with_limits(workers: usize, limits: Limits) -> Settings {
    Settings { workers, limits, ..Settings::default() }
}

#[test]
fn the_smallest_pieces_give_the_same_observations() {
    assert!(connections().len() > 200, "only {} connections", connections().len());
    for talk in connections() {
        let whole = told(talk, &[usize::MAX]);
        for size in [1, 7, 1460] {
            assert_eq!(whole, told(talk, &[size]), "{:?} in pieces of {size}", talk.key);
        }
    }
}

/// Where two documents differ first, instead of both of them.
fn difference(one: &serde_json::Value, other: &serde_json::Value, at: &str) -> Option<String> {
    use serde_json::Value::{Array, Object};
    match (one, other) {
        (Object(one), Object(other)) if one.keys().eq(other.keys()) => {
            one.iter().find_map(|(key, value)| difference(value, &other[key], &format!("{at}/{key}")))
        }
        (Array(one), Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.into_iter().find_map(|(place, (a, b))| difference(a, b, &format!("{at}/{place}")))
        }
        _ => (one != other).then(|| format!("{at}: {one} against {other}")),
    }
}

/// A frame without its numbers: a copy in the file moves all that follow.
fn without_frame_numbers(document: &mut serde_json::Value) {
    for finding in document["findings"].as_array_mut().unwrap() {
        for proof in finding["evidence"].as_array_mut().unwrap() {
            proof["frame"].take();
        }
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_observations(
        which in any::<Index>(),
        sizes in vec(prop_oneof![1..=8usize, 1..=200usize, 1..=3_000usize], 1..40),
    ) {
        let talk = which.get(connections());
        prop_assert_eq!(told(talk, &[usize::MAX]), told(talk, &sizes));
    }

    #[test]
    fn arbitrary_bytes_never_panic(input in vec(any::<u8>(), 0..600), reader in 0..driver::READERS) {
        driver::drive(&[&[reader][..], &input].concat());
    }

    #[test]
    fn mutated_streams_never_panic(
        which in any::<Index>(),
        flips in vec((any::<Index>(), 1..=255u8), 1..20),
        head in any::<[u8; 2]>(),
    ) {
        let talk = which.get(connections());
        let mut input = tcp_input(talk.turns.iter().map(|(side, bytes)| (*side, bytes.as_slice())));
        for (place, bits) in &flips {
            let at = place.index(input.len());
            input[at] ^= bits;
        }
        // Read by whoever recognises it, and by an analyzer that it was perhaps not meant for.
        driver::drive(&input);
        driver::drive(&[&[4, head[0], head[1]], &input[2..]].concat());
    }

    #[test]
    fn mutated_frames_never_panic(
        capture in any::<Index>(),
        frame in any::<Index>(),
        flips in vec((any::<Index>(), 1..=255u8), 0..8),
        link in any::<u8>(),
        behind in 0..20usize,
    ) {
        let records: &Vec<Record> = capture.get(lab());
        let mut input = frame.get(records).bytes.clone();
        for (place, bits) in &flips {
            let at = place.index(input.len());
            input[at] ^= bits;
        }
        // Ethernet as it is, and any other link type over what stands somewhere in the frame.
        driver::drive(&[&[1, 0], &input[..]].concat());
        driver::drive(&[&[1, link], &input[behind.min(input.len())..]].concat());
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_mangled_capture_is_counted_whole_and_read_alike_by_any_number_of_workers(records in mangled()) {
        let file = wire::pcap(&records);
        for limits in [Limits::default(), tiny()] {
            let one = analyze(&file, &with_limits(1, limits));
            driver::assert_classes_add_up(&one.totals.packets);
            prop_assert_eq!(one.totals.packets.read, records.len() as u64);
            for workers in [2, 3, 8] {
                let more = analyze(&file, &with_limits(workers, limits));
                prop_assert_eq!(difference(&one.document, &more.document, ""), None, "{} workers", workers);
                prop_assert_eq!(format!("{:?}", one.totals), format!("{:?}", more.totals));
            }
        }
    }

    #[test]
    fn a_broken_file_is_read_as_far_as_it_goes(
        which in any::<Index>(),
        flips in vec((any::<Index>(), 1..=255u8), 0..20),
        end in any::<Index>(),
    ) {
        let records: &Vec<Record> = which.get(lab());
        let mut file = wire::pcap(records);
        for (place, bits) in &flips {
            let at = place.index(file.len());
            file[at] ^= bits;
        }
        file.truncate(end.index(file.len() + 1));
        driver::drive(&[&[0], &file[..]].concat());
    }

    // The capture that is doubled already stays out: copies of copies come later than copies may.
    #[test]
    fn a_mirror_that_doubles_every_packet_changes_nothing(
        which in any::<Index>(),
        delays in vec(0..=1_000i64, 1..50),
    ) {
        let names: Vec<String> = wire::names().into_iter().filter(|name| name != "mirror-twice").collect();
        let name: &String = which.get(&names);
        let records = &wire::read(name);
        let mut doubled = records.clone();
        for (record, delay) in records.iter().zip(delays.iter().cycle()) {
            // What the decoder itself takes note of, the link layer's own packets and tunnels, it does
            // for copies too: these change nothing but the time it was last.
            let plain = wire::dissect(&record.bytes).is_some_and(|packet| packet.key.realm.is_default());
            let delay = if plain { *delay } else { 0 };
            doubled.push(Record { time: record.time + delay, ..record.clone() });
        }
        doubled.sort_by_key(|record| record.time);
        let [mut once, mut twice] = [records, &doubled]
            .map(|records| analyze(&wire::pcap(records), &Settings::default()).document);
        without_frame_numbers(&mut once);
        without_frame_numbers(&mut twice);
        prop_assert_eq!(difference(&once, &twice, ""), None);
    }
}

/// Everything that the fuzzer's seeds hold, crashes that were found and mended among them.
#[test]
fn saved_inputs_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut inputs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 20, "seeds are missing");
    for input in inputs {
        println!("{}", input.display());
        driver::drive(&std::fs::read(&input).unwrap());
    }
}

#[test]
fn tiny_limits_are_reached() {
    let mut evicted = 0;
    for records in lab() {
        let said = analyze(&wire::pcap(records), &with_limits(3, tiny()));
        evicted += said.totals.flows.evicted.min(1) + said.totals.flows.unread.min(1);
    }
    assert!(evicted > 8, "limits that nothing runs into prove nothing");
}
