//! A cold start on thirty days of 5,000 hosts: how long until every question can be asked.
//!
//! `TAPMAP_BENCH_STORE=DIR cargo bench --bench store` keeps what it generates in that directory, and takes it
//! from there the next time.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops where it fails, and tells"
)]
#![expect(clippy::disallowed_methods, reason = "what is measured is time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tapmap::graph::inference::infer;
use tapmap::graph::{Delta, Gained, History, Operator, Snapshot};
use tapmap::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Outcome, Pair, Purposes, Realm,
    Side, Timestamp, Transport, Turn,
};
use tapmap::store::{Retention, Store, StoreOptions, Window};

const HOSTS: u64 = 5_000;
const SERVERS: u64 = 400;
const DAYS: i64 = 30;
/// Flows of a host in an hour of work.
const FLOWS_AN_HOUR: u64 = 2;
const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const BEGIN: i64 = 490_000 * HOUR;

/// Knuth's generator: the same flows every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn address(host: u64) -> Address {
    Address::from([10, 0, (host >> 8) as u8, host as u8])
}

/// A host's flow to one of its own eight services.
fn flow(chance: &mut Chance, client: u64, hour: i64, number: u64) -> FlowRecord {
    let server = (client * 31 + chance.below(8) * 47) % SERVERS;
    let port = [443, 5432, 53, 389, 445, 80, 8080, 6379][(server % 8) as usize];
    let protocol =
        ["tls", "postgresql", "dns", "ldap", "smb", "http", "http", "redis"][(server % 8) as usize];
    let first = BEGIN + hour * HOUR + chance.below(3_600_000) as i64 * 1_000_000;
    let last = first + (1 + chance.below(60_000) as i64) * 1_000_000;
    let from = Endpoint { address: address(SERVERS + client), port: 32_768 + (number % 28_000) as u16 };
    let (key, side) =
        FlowKey::of(Realm::DEFAULT, Transport::Tcp, from, Endpoint { address: address(server), port });
    let sent = Counters { packets: 6, bytes: 900 + chance.below(9_000), payload: 600 };
    let mut ledger = Ledger::default();
    ledger.syn_from[side] = true;
    ledger.syn_ack_from[side.other()] = true;
    let turn = |at: i64, side: Side| Turn::new(Timestamp::from_nanos(at), side, 600, 0x17);
    FlowRecord {
        key,
        first: Timestamp::from_nanos(first),
        last: Timestamp::from_nanos(last),
        frame: FrameId { source: 0, number },
        sent: Pair::new(sent, sent),
        ledger,
        outcome: Outcome { answered: true, ended: true, ..Outcome::default() },
        protocol: Some(protocol),
        tls: port == 443,
        capability: None,
        purposes: Purposes::default(),
        macs: Pair::new(Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2])),
        vlans: Pair::new(0, 0),
        turns: vec![turn(first, side), turn(first + (last - first) / 2, side.other())].into_boxed_slice(),
        turns_cut: false,
    }
}

fn generate(store: &Store) {
    let mut chance = Chance(1);
    let mut writer = store.writer().unwrap();
    let (mut number, mut waited, mut flows) = (0, Duration::ZERO, 0);
    for hour in 0..DAYS * 24 {
        // A quarter of them work at night.
        let awake = if (8..18).contains(&(hour % 24)) { HOSTS } else { HOSTS / 4 };
        let mut records: Vec<FlowRecord> = Vec::new();
        for client in 0..awake {
            for _ in 0..FLOWS_AN_HOUR {
                number += 1;
                records.push(flow(&mut chance, client, hour, number));
            }
        }
        records.sort_by_key(|record| record.last);
        for chunk in records.chunks(2_000) {
            let mut delta = Delta::default();
            for record in chunk {
                delta.tick(record.last);
                delta.flow(record.clone());
            }
            let gained = Gained { delta, ended: chunk.to_vec(), ..Gained::default() };
            let began = Instant::now();
            writer.write(&gained).unwrap();
            waited += began.elapsed();
        }
        flows += records.len();
        let now = Timestamp::from_nanos(BEGIN + hour * HOUR);
        while writer.keep_house(now, &Retention::default()).unwrap() {}
        if hour % 72 == 0 {
            println!("day {}: {flows} flows, {:.0} flows/s", hour / 24, flows as f64 / waited.as_secs_f64());
        }
    }
    writer.close().unwrap();
    println!("written: {flows} flows, {:.0} flows/s", flows as f64 / waited.as_secs_f64());
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` starts benchmarks too, without optimisation.
        println!("nothing is measured without `cargo bench`");
        return;
    }
    let kept = std::env::var_os("TAPMAP_BENCH_STORE").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = kept.unwrap_or_else(|| temporary.path().to_owned());
    let store = Store::open(&dir, &StoreOptions::default());
    if !dir.join("tapmap.db").exists() {
        generate(&store);
    }
    let size = store.size().unwrap();
    println!("{:.2} GB", size.bytes as f64 / 1e9);
    for room in size.rows.iter().filter(|room| room.rows > 0) {
        println!("{:>12} {}", room.rows, room.table);
    }
    let operator = Operator { local: vec!["10.0.0.0/8".parse().unwrap()], ..Operator::default() };
    let end = Timestamp::from_nanos(BEGIN + DAYS * 24 * HOUR);
    let whole = Window::default();
    let windows = [
        ("everything, no flows", whole),
        ("everything, with flows", Window { records: true, ..whole }),
        ("as of ten days ago", Window { as_of: Some(end + -10 * 24 * HOUR + 1_234 * SECOND), ..whole }),
        ("as of half an hour ago", Window { as_of: Some(end + -HOUR / 2), ..whole }),
        ("the last four hours, with flows", Window { since: Some(end + -4 * HOUR), records: true, ..whole }),
        ("the last week", Window { since: Some(end + -7 * 24 * HOUR), ..whole }),
    ];
    for (name, window) in windows {
        let began = Instant::now();
        let stored = store.read_by(&window, &tapmap::pipeline::both).unwrap();
        let read = began.elapsed();
        let snapshot = Snapshot::new(stored.map, &operator);
        let made = began.elapsed();
        let history = History::new(&snapshot, &stored.records);
        let told = began.elapsed();
        let inferences = infer(&snapshot, &stored.records, &stored.tokens);
        let inferred = began.elapsed();
        println!(
            "{name}: {:.0} ms (read {:.0}, snapshot {:.0}, history {:.0}, inference {:.0}); {} dependencies, {} flows, \
             {} contacts, {} links",
            inferred.as_secs_f64() * 1e3,
            read.as_secs_f64() * 1e3,
            (made - read).as_secs_f64() * 1e3,
            (told - made).as_secs_f64() * 1e3,
            (inferred - told).as_secs_f64() * 1e3,
            snapshot.dependencies.len(),
            stored.records.len(),
            history.contacts().len(),
            inferences.links.len(),
        );
    }
}
