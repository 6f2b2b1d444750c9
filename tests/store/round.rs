//! A report from the store is the report from the capture, byte for byte.

use std::path::{Path, PathBuf};

use tapmap::capture::{Frames, Options};
use tapmap::graph::{Delta, Facts, Gained, History, Operator, Rows, Snapshot, Table};
use tapmap::model::{FlowRecord, Indication, Span, Timestamp, TokenSighting};
use tapmap::pipeline::{self, Settings};
use tapmap::report::{Counted, Report, write_json};
use tapmap::store::{SourceRow, Store, StoreOptions, Stored, Window};

/// What reading a capture tells.
pub struct Told {
    pub delta: Delta,
    pub records: Vec<FlowRecord>,
    pub indications: Vec<Indication>,
    pub tokens: Vec<TokenSighting>,
    pub sources: Vec<SourceRow>,
    pub watched: Span,
}

pub fn captures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let folders = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let files = folders
        .flat_map(|folder| ["pcap", "pcap.xz"].map(|ending| folder.join("capture").with_extension(ending)));
    let mut files: Vec<PathBuf> = files.filter(|file| file.exists()).collect();
    files.sort();
    assert!(files.len() >= 8, "captures are missing: {files:?}");
    files
}

pub fn tell(capture: &Path, until: Option<Timestamp>) -> Told {
    let options = Options { until, ..Options::default() };
    let mut frames = Frames::open(&[capture.to_owned()], &options).unwrap();
    let settings = Settings { keep_records: true, ..Settings::default() };
    let outcome = pipeline::run(&mut frames, &settings, &mut |_| {});
    let sources: Vec<SourceRow> = frames
        .sources()
        .into_iter()
        .map(|source| SourceRow {
            path: source.path.display().to_string(),
            format: source.format.map(|format| format.name().to_owned()),
            sha256: source.sha256,
            bytes: source.bytes,
            link_types: source.link_types.iter().map(|link| link.name()).collect(),
            packets: source.packets,
            first: source.first,
            last: source.last,
            watched: source.watched,
            problem: source.problem,
        })
        .collect();
    let source: &SourceRow = sources.first().unwrap();
    let watched = Span { first: source.first.unwrap(), last: source.last.unwrap() };
    Told {
        delta: Delta::of_map(outcome.map),
        records: outcome.records,
        indications: outcome.indications,
        tokens: outcome.tokens.sightings,
        sources,
        watched,
    }
}

/// One of so many shares.
#[derive(Clone, Copy)]
struct Share {
    part: usize,
    of: usize,
}

impl Share {
    /// Its rows: never two neighbours.
    fn deal<T: Clone>(self, rows: &[T]) -> Vec<T> {
        rows.iter().skip(self.part).step_by(self.of).cloned().collect()
    }

    fn table<K: Clone + std::hash::Hash + Eq, V: Clone>(self, rows: &Table<K, V>) -> Vec<(K, V)> {
        let rows = rows.iter().skip(self.part).step_by(self.of);
        rows.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Its part of a delta. What is only counted goes to the first.
    fn facts(self, rows: &Rows<'_>) -> Facts {
        let first = self.part == 0;
        let mut edges = self.table(rows.edges);
        edges.extend(self.table(rows.attempts));
        let certificates = self.table(rows.certificates);
        let mut facts = Facts {
            hosts: self.table(rows.hosts),
            edges,
            undecided: self.table(rows.undecided),
            services: self.table(rows.services),
            names: self.table(rows.names),
            leases: self.table(rows.leases),
            bindings: self.table(rows.bindings),
            certificates: certificates.into_iter().map(|(key, at)| (key, at.facts, at.places)).collect(),
            sightings: self.table(rows.sightings),
            pings: self.table(rows.pings),
            roles: rows.roles.iter().copied().skip(self.part).step_by(self.of).collect(),
            ..Facts::default()
        };
        if first {
            facts.anomalies.clone_from(rows.anomalies);
            facts.last = rows.last;
            facts.dropped = rows.dropped;
            facts.flows = rows.flows;
            facts.sources = rows.summaries.sources.clone().into_iter().collect();
            facts.targets = rows.summaries.targets.clone().into_iter().collect();
            facts.summarised = rows.summaries.flows;
        }
        facts
    }
}

/// The same told in several parts, as a sensor would from tick to tick.
pub fn parts(told: &Told, parts: usize) -> Vec<Gained> {
    let gained = |part| {
        let share = Share { part, of: parts };
        Gained {
            delta: Delta::of_map(share.facts(&told.delta.rows()).into_map(&[])),
            ended: share.deal(&told.records),
            indications: share.deal(&told.indications),
            tokens: share.deal(&told.tokens),
            ..Gained::default()
        }
    };
    (0..parts).map(gained).collect()
}

pub fn json(snapshot: &Snapshot, sources: &[SourceRow]) -> String {
    let sources: Vec<_> = sources
        .iter()
        .map(|source| tapmap::report::SourceFacts {
            path: source.path.clone(),
            format: Some("pcap"),
            sha256: source.sha256.clone(),
            bytes: source.bytes,
            link_types: source.link_types.clone(),
            packets: source.packets,
            first: source.first,
            last: source.last,
            watched: source.watched.clone(),
            problem: source.problem.clone(),
        })
        .collect();
    let knowledge = tapmap::query::Knowledge::default();
    let findings = tapmap::finding::find(snapshot, snapshot.last.unwrap_or_default(), &knowledge);
    let report = Report {
        as_of: snapshot.last,
        sources: &sources,
        counted: &Counted::default(),
        snapshot,
        findings: &findings,
        records: &[],
        authorities: &knowledge.authorities,
    };
    let mut text = Vec::new();
    write_json(&report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

pub fn operator() -> Operator {
    let local = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"];
    Operator { local: local.iter().map(|text| text.parse().unwrap()).collect(), ..Operator::default() }
}

pub fn offline(capture: &Path, until: Option<Timestamp>) -> (Snapshot, Told) {
    let told = tell(capture, until);
    let mut map = tapmap::graph::Map::default();
    map.add(vec![told.delta.clone()]);
    (Snapshot::new(map, &operator()), told)
}

/// Names the first line that differs instead of printing two documents.
pub fn same(name: &str, stored: &str, offline: &str) {
    let mut lines = stored.lines().zip(offline.lines()).enumerate();
    if let Some((line, (stored, offline))) = lines.find(|(_, (stored, offline))| stored != offline) {
        panic!("{name}, line {}:\n  stored  {stored}\n  offline {offline}", line + 1);
    }
    assert_eq!(stored.len(), offline.len(), "{name}: one document goes on where the other ends");
}

pub fn stored(told: &Told, count: usize, window: &Window) -> (tempfile::TempDir, Stored) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &StoreOptions::default());
    let mut writer = store.writer().unwrap();
    writer.sources(told.sources.clone());
    for gained in parts(told, count) {
        writer.write(&gained).unwrap();
    }
    writer.close().unwrap();
    let stored = store.read(window).unwrap();
    (dir, stored)
}

#[test]
fn every_capture_gives_the_same_report_from_the_store() {
    for capture in captures() {
        let (snapshot, told) = offline(&capture, None);
        let expected = json(&snapshot, &told.sources);
        for count in [1, 3] {
            let name = format!("{} in {count} parts", capture.display());
            let (_dir, stored) = stored(&told, count, &Window { records: true, ..Window::default() });
            assert_eq!(stored.sources, told.sources, "{name}");
            assert_eq!(stored.records.len(), told.records.len(), "{name}");
            for (stored, told) in stored.records.iter().zip(&told.records) {
                assert_eq!(stored, told, "{name}");
            }
            assert_eq!(stored.indications, told.indications, "{name}");
            let mut tokens = told.tokens.clone();
            tokens.sort_unstable();
            assert_eq!(stored.tokens, tokens, "{name}");
            assert_eq!(stored.watched, told.sources[0].watched, "{name}");
            let again = Snapshot::new(stored.map, &operator());
            same(&name, &json(&again, &stored.sources), &expected);
            let contacts = History::new(&again, &stored.records).contacts().len();
            assert_eq!(contacts, History::new(&snapshot, &told.records).contacts().len(), "{name}");
        }
    }
}
