//! What is called failing, against what really failed: in `captures/outage` services were stopped one
//! after another, and every application noted which of its requests went wrong.
//!
//! Only the part of the capture before the first stop is read, as somebody would who asks beforehand.
//! For each stop impact is asked for, and everything that was measured is one row: a service that lived
//! (it failed, or it did not), and a client of a service (its requests to it failed, or did not).
//! What nobody asked often enough to tell is no row, nor is the stopped service itself.
//!
//! - A service is called FAILS if it is among those that certainly fall, MAY if it is among those that
//!   may, else unaffected.
//! - A client of a service is called FAILS if it cannot do without that service and loses it for
//!   certain: so few of the services that stand in for each other are left that its need is not met.
//!   That is the row of an answer that names the client and, as what it fails by, the service. Where the
//!   client was never seen to need the service (it watches or administers it), it loses what was stopped
//!   itself and nothing else: whoever answers a probe may well go on to when it cannot do its work. MAY
//!   is the same with what may fall. That the client is shown to fall for the loss of another service
//!   says nothing of this one, and does not count.
//!
//! `cargo test --test outage -- --nocapture` prints the figures; with `SHOW=1` also each row that is
//! called MAY, or is called wrongly, and why.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "what a test helper cannot read, the test cannot judge; its figures are for people"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tapmap::capture::{Frames, Options};
use tapmap::graph::inference::infer;
use tapmap::graph::{History, Operator, Snapshot};
use tapmap::model::{FlowRecord, Timestamp};
use tapmap::pipeline::{Settings, Tokens, run};
use tapmap::query::{Atlas, Failure, Fallen, Knowledge, Observed, Requires, may, must};

/// Of what is called FAILS, at least this share failed.
const FAILED_MIN: f64 = 0.95;

/// Of what is called unaffected, at most this share failed: false reassurance.
const FALSE_REASSURANCE_MAX: f64 = 0.02;

/// What a row is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Called {
    Fails,
    May,
    Unaffected,
}

/// Rows, and those of them that failed.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    rows: usize,
    failed: usize,
}

/// By what is asked about and what it is called.
type Table = BTreeMap<(&'static str, Called), Count>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/outage")
}

fn measured() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("outages.json")).unwrap()).unwrap()
}

/// The map of the time in which all was well.
fn healthy(until: &Value) -> (Snapshot, Vec<FlowRecord>, Tokens) {
    let until: Timestamp = until.as_str().unwrap().parse().unwrap();
    let options = Options { until: Some(until), ..Options::default() };
    let mut frames = Frames::open(&[folder().join("capture.pcap.xz")], &options).unwrap();
    let settings = Settings { workers: 2, keep_records: true, ..Settings::default() };
    let outcome = run(&mut frames, &settings, &mut |_| {});
    let snapshot = Snapshot::new(outcome.map, &Operator::default());
    assert!(snapshot.last.is_some_and(|last| last < until), "the map knows of the stops");
    (snapshot, outcome.records, outcome.tokens)
}

/// One stop: what falls with a service.
struct Stop<'a> {
    atlas: &'a Atlas,
    requires: &'a Requires,
    stopped: u32,
    must: Vec<Fallen>,
    may: Vec<Fallen>,
}

impl<'a> Stop<'a> {
    fn new(atlas: &'a Atlas, requires: &'a Requires, service: &str) -> Stop<'a> {
        let stopped = place(atlas, service).unwrap_or_else(|| panic!("{service} is not on the map"));
        let failure = Failure { services: vec![stopped], ..Failure::default() };
        Stop { atlas, requires, stopped, must: must(requires, &failure), may: may(requires, &failure) }
    }

    fn service(&self, service: &str) -> Called {
        let Some(place) = place(self.atlas, service) else { return Called::Unaffected };
        let falls = |fallen: &[Fallen]| fallen.iter().any(|fallen| fallen.node == place);
        called(falls(&self.must), falls(&self.may))
    }

    fn client(&self, client: &str, service: &str) -> Called {
        let hosts = (0u32..).zip(&self.atlas.observed.snapshot.hosts);
        let host = hosts.into_iter().find(|(_, host)| host.key.address.to_string() == client);
        let (Some((host, _)), Some(service)) = (host, place(self.atlas, service)) else {
            return Called::Unaffected;
        };
        let groups = self.requires.groups_of(self.requires.host_node(host));
        let need = groups
            .into_iter()
            .find(|group| self.requires.members(*group).iter().any(|member| member.provider == service));
        let Some(group) = need else { return called(service == self.stopped, false) };
        let loses = |fallen: &[Fallen]| {
            let down =
                |service: u32| service == self.stopped || fallen.iter().any(|fallen| fallen.node == service);
            let living = self.requires.members(group).iter().filter(|member| !down(member.provider));
            living.count() < self.requires.group(group).unwrap().needed as usize
        };
        called(loses(&self.must), loses(&self.may))
    }
}

fn called(certainly: bool, perhaps: bool) -> Called {
    match (certainly, perhaps) {
        (true, _) => Called::Fails,
        (false, true) => Called::May,
        (false, false) => Called::Unaffected,
    }
}

fn place(atlas: &Atlas, service: &str) -> Option<u32> {
    let services = atlas.observed.snapshot.services.iter();
    (0u32..).zip(services).find(|(_, row)| row.key.to_string() == service).map(|(place, _)| place)
}

/// Calls every row of a stop by its name and compares.
fn judge(stop: &Stop<'_>, row: &Value, table: &mut Table) {
    for (list, failed) in [("failed", true), ("unaffected", false)] {
        let mut count = |what, called, name: String| {
            let count = table.entry((what, called)).or_default();
            count.rows += 1;
            count.failed += usize::from(failed);
            let right = called == if failed { Called::Fails } else { Called::Unaffected };
            if !right && std::env::var_os("SHOW").is_some() {
                println!("  stop of {}: {name} is called {called:?}, {list}", row["name"]);
            }
        };
        for service in row[format!("{list}_services")].as_array().unwrap() {
            let service = service.as_str().unwrap();
            count("services", stop.service(service), service.to_owned());
        }
        for pair in row[format!("{list}_clients")].as_array().unwrap() {
            let [client, service] = ["client", "service"].map(|key| pair[key].as_str().unwrap());
            count("clients", stop.client(client, service), format!("{client} of {service}"));
        }
    }
}

/// Services and clients together.
fn total(table: &Table, called: Called) -> Count {
    let rows = table.iter().filter(|((_, of), _)| *of == called);
    rows.fold(Count::default(), |sum, (_, count)| Count {
        rows: sum.rows + count.rows,
        failed: sum.failed + count.failed,
    })
}

#[test]
fn what_is_called_failing_fails_and_what_is_called_unaffected_does_not() {
    let measured = measured();
    let (snapshot, records, tokens) = healthy(&measured["healthy_until"]);
    let (history, inferences) =
        (History::new(&snapshot, &records), infer(&snapshot, &records, &tokens.sightings));
    let atlas = Atlas::new(Observed {
        snapshot: Arc::new(snapshot),
        history: Arc::new(history),
        inferences: Arc::new(inferences),
        knowledge: Arc::new(Knowledge::default()),
        watched: Arc::default(),
    });
    let requires = Requires::from_atlas(&atlas);
    let mut table = Table::new();
    let mut stops = BTreeSet::new();
    for row in measured["outages"].as_array().unwrap() {
        let service = row["stopped"].as_str().unwrap();
        judge(&Stop::new(&atlas, &requires, service), row, &mut table);
        stops.insert(service);
    }
    println!("{} services stopped; of what is called so, this much failed:", stops.len());
    for ((what, called), Count { rows, failed }) in &table {
        println!("  {what:9} {called:10?} {failed:4} of {rows:4} ({:.1} %)", share(*failed, *rows));
    }
    let [fails, perhaps, unaffected] =
        [Called::Fails, Called::May, Called::Unaffected].map(|called| total(&table, called));
    for (called, Count { rows, failed }) in [("FAILS", fails), ("MAY", perhaps), ("unaffected", unaffected)] {
        println!("  all       {called:10} {failed:4} of {rows:4} ({:.1} %)", share(failed, rows));
    }
    assert!(fails.rows >= 30 && unaffected.rows >= 400, "too little was called anything");
    assert!(fails.failed as f64 >= FAILED_MIN * fails.rows as f64, "{fails:?}");
    assert!(unaffected.failed as f64 <= FALSE_REASSURANCE_MAX * unaffected.rows as f64, "{unaffected:?}");
}

fn share(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}
