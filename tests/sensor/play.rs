//! Captures played to a sensor, with a clock that the test drives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use tapmap::capture::live::{Arrival, InterfaceHealth};
use tapmap::capture::{Frames, Options, Source};
use tapmap::finding;
use tapmap::graph::{Delta, Operator, Snapshot};
use tapmap::model::{Nanos, Timestamp};
use tapmap::pipeline::live::{Arrivals, Board, Clock, Keeper, Live, LiveSettings, Published};
use tapmap::pipeline::{Outcome, Totals};
use tapmap::query::Knowledge;
use tapmap::report::{Counted, Report, write_json};

/// The project's captures that are no more than a few thousand frames.
pub const CAPTURES: [&str; 12] = [
    "databases",
    "kerberos",
    "mail-and-files",
    "mid-stream",
    "mirror-once",
    "mirror-twice",
    "one-sided",
    "remote",
    "scan",
    "three-tier",
    "vxlan",
    "worm",
];

pub fn open(name: &str) -> Frames {
    let path: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name).join("capture.pcap");
    Frames::open(&[path], &Options::default()).unwrap()
}

/// Stands still until somebody moves it.
#[derive(Default)]
pub struct Hand(AtomicI64);

impl Hand {
    pub fn forward(&self, by: Nanos) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn elapsed(&self) -> Nanos {
        self.0.load(Ordering::SeqCst)
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_nanos(self.elapsed())
    }
}

/// Frames, with ticks between them.
pub struct Player<'a> {
    pub frames: Frames,
    pub clock: &'a Hand,
    pub board: &'a Board,
    pub tick: Nanos,
    /// After how many frames there are ticks.
    pub ticks: BTreeSet<u64>,
    /// After how many frames it is over.
    pub last: u64,
    pub given: u64,
    /// The maps that were shown, after how many frames.
    pub shown: Vec<(u64, Arc<Published>)>,
    ticking: bool,
}

impl Arrivals for Player<'_> {
    fn next(&mut self) -> Arrival<'_> {
        if std::mem::take(&mut self.ticking) {
            self.shown.push((self.given, self.board.current()));
        }
        if self.ticks.remove(&self.given) {
            self.clock.forward(self.tick);
            self.ticking = true;
            return Arrival::Idle;
        }
        if self.given == self.last {
            return Arrival::Over;
        }
        self.given += 1;
        self.frames.next().map_or(Arrival::Over, Arrival::Frame)
    }

    fn health(&mut self) -> Vec<InterfaceHealth> {
        Vec::new()
    }

    fn sources(&mut self) -> Vec<Source> {
        self.frames.sources()
    }
}

/// What came of playing.
pub struct Played {
    pub outcome: Outcome,
    pub shown: Vec<(u64, Arc<Published>)>,
    pub last: Arc<Published>,
    pub events: Vec<tapmap::pipeline::live::Event>,
}

/// Plays the first frames of a capture.
pub fn play(
    name: &str,
    settings: LiveSettings,
    ticks: BTreeSet<u64>,
    last: u64,
    keeper: Option<Box<dyn Keeper + '_>>,
) -> Played {
    let clock = Hand::default();
    let operator = ArcSwap::from_pointee(Operator::default());
    let judge = |snapshot: &Snapshot, as_of| finding::find(snapshot, as_of, &Knowledge::default());
    let settings = LiveSettings { patient: true, ..settings };
    let live = Live { settings, operator: &operator, judge: &judge, clock: &clock };
    let board = live.board(&Delta::default());
    let mut player = Player {
        frames: open(name),
        clock: &clock,
        board: &board,
        tick: settings.tick,
        ticks,
        last,
        given: 0,
        shown: Vec::new(),
        ticking: false,
    };
    let outcome = live.run(&mut player, &board, Delta::default(), keeper);
    let shown = std::mem::take(&mut player.shown);
    let events = board.events_after(0, usize::MAX).unwrap_or_default();
    Played { outcome, shown, last: board.current(), events }
}

/// The report of a map, line by line.
pub fn document(snapshot: &Snapshot) -> String {
    let as_of = snapshot.last;
    let findings = finding::find(snapshot, as_of.unwrap_or_default(), &Knowledge::default());
    let counted = Counted::default();
    let report = Report {
        as_of,
        sources: &[],
        counted: &counted,
        snapshot,
        findings: &findings,
        records: &[],
        authorities: &Knowledge::default().authorities,
    };
    let mut json = Vec::new();
    write_json(&report, &mut json).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&json).unwrap();
    serde_json::to_string_pretty(&document).unwrap()
}

/// Everything counted, in words.
pub fn counts(totals: &Totals) -> String {
    format!("{totals:#?}")
}

/// Fails at the first line that differs.
pub fn same(what: &str, one: &str, other: &str) {
    if let Some((place, (one, other))) =
        one.lines().zip(other.lines()).enumerate().find(|(_, (one, other))| one != other)
    {
        panic!("{what}: line {}:\n  {one}\n  {other}", place + 1);
    }
    assert_eq!(one.len(), other.len(), "{what}: one is longer");
}
