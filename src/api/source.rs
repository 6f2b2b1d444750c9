//! What is served: a map that somebody keeps up to date, and what happens to it.
//!
//! The API asks a [`Source`] and knows no more: captures that were read once ([`Still`]) and a sensor
//! that goes on for months answer alike.

use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use super::health::{Health, Line, State};
use super::journal::{Journal, Passed};
use super::past::Past;
use crate::model::Timestamp;
use crate::question::Ground;
use crate::report::SourceFacts;

/// What is said of a state at once, before anything is worked out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Counts up with each state.
    pub number: u64,
    /// The time of the newest packet, or the moment that was asked for.
    pub as_of: Option<Timestamp>,
    /// Hosts on the map.
    pub hosts: usize,
    /// Services on the map.
    pub services: usize,
    /// Dependencies on the map.
    pub dependencies: usize,
    /// Findings on the map.
    pub findings: usize,
    /// Flows that are kept.
    pub flows: usize,
}

/// Makes what answers are made from.
type Make = Box<dyn FnOnce() -> Ground + Send>;

/// One state of the map, with its number.
pub struct Current {
    /// Counts up with each state.
    pub number: u64,
    /// What can be said of it at once.
    pub figures: Figures,
    ground: LazyLock<Ground, Make>,
    made_in: Arc<OnceLock<Duration>>,
    mark: OnceLock<Mark>,
}

/// What tells one state from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The digest of the map.
    pub digest: [u8; 32],
    /// The digest with all else that reports tell: sources, counts, the moment.
    pub whole: [u8; 32],
}

impl Current {
    /// One state.
    pub fn new(number: u64, ground: Ground) -> Current {
        let report = ground.report();
        let figures = Figures {
            number,
            as_of: report.as_of,
            hosts: report.snapshot.hosts.len(),
            services: report.snapshot.services.len(),
            dependencies: report.snapshot.dependencies.len(),
            findings: report.findings.len(),
            flows: report.records.len(),
        };
        Current::later(figures, move || ground)
    }

    /// One state, of which answers are made when the first is asked for.
    pub fn later(figures: Figures, make: impl FnOnce() -> Ground + Send + 'static) -> Current {
        let made_in = Arc::new(OnceLock::new());
        let taken = Arc::clone(&made_in);
        let timed = move || {
            let begun = Instant::now();
            let ground = make();
            taken.get_or_init(|| begun.elapsed());
            ground
        };
        Current {
            number: figures.number,
            figures,
            ground: LazyLock::new(Box::new(timed)),
            made_in,
            mark: OnceLock::new(),
        }
    }

    /// What answers are made from. The first who asks makes it, which takes its time: ask where work is
    /// done.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// How long making it took, once it is made.
    pub fn made_in(&self) -> Option<Duration> {
        self.made_in.get().copied()
    }

    /// What tells it from others, where somebody has asked already.
    pub fn known_mark(&self) -> Option<Mark> {
        self.mark.get().copied()
    }

    /// What tells it from others; in time proportional to the map when first asked for.
    pub fn mark(&self) -> Mark {
        *self.mark.get_or_init(|| {
            let (asker, report) = (self.ground().asker(), self.ground().report());
            let digest = *asker.digest().bytes();
            let mut whole = Sha256::new();
            // An id is made of the map and of what the operator knows.
            whole.update(asker.answer_id(&"everything"));
            whole.update(format!("{:?} {:?} {:?}", report.as_of, report.counted, report.sources));
            Mark { digest, whole: whole.finalize().into() }
        })
    }
}

/// How far a map has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Captures are being read.
    Reading {
        /// Bytes read.
        bytes: u64,
        /// Of how many; none where nobody knows.
        total: Option<u64>,
        /// Packets read.
        packets: u64,
    },
    /// It is there.
    Ready,
    /// It will never be.
    Failed(String),
}

/// A map that somebody keeps up to date.
pub trait Source: Send + Sync {
    /// The newest state; none before there is one. Never waits.
    fn current(&self) -> Option<Arc<Current>>;

    /// How far it has come.
    fn standing(&self) -> Standing;

    /// What can be said of the newest state at once.
    fn figures(&self) -> Option<Figures> {
        self.current().map(|current| current.figures)
    }

    /// What is not as it should be.
    fn health(&self) -> Health {
        Health::default()
    }

    /// The map of another time; none where the source keeps no history.
    ///
    /// # Errors
    /// If it cannot be read, in one sentence.
    fn past(&self, _past: &Past) -> Option<Result<Ground, String>> {
        None
    }

    /// What happened after the event with this number, oldest first, and how much of it is forgotten.
    fn events_after(&self, number: u64) -> Passed;

    /// The number of the newest event, for whoever waits for the next.
    fn newest(&self) -> watch::Receiver<u64>;

    /// What it is: `captures`, `sensor`, `store`.
    fn kind(&self) -> &'static str;
}

/// A map that is read once and then stays as it is.
pub struct Still {
    standing: RwLock<Standing>,
    current: OnceLock<Arc<Current>>,
    journal: Journal,
    again: Option<Arc<Again>>,
}

/// Reads the map of another time.
pub type Again = dyn Fn(&Past) -> Result<Ground, String> + Send + Sync;

impl Still {
    /// A map of which nothing is read yet.
    pub fn reading() -> Still {
        let standing = Standing::Reading { bytes: 0, total: None, packets: 0 };
        Still {
            standing: RwLock::new(standing),
            current: OnceLock::new(),
            journal: Journal::default(),
            again: None,
        }
    }

    /// The same; and the map of another time can be read.
    pub fn with_history(again: Arc<Again>) -> Still {
        Still { again: Some(again), ..Still::reading() }
    }

    /// Says how far reading has come.
    pub fn progress(&self, bytes: u64, total: Option<u64>, packets: u64) {
        self.stand(Standing::Reading { bytes, total, packets });
    }

    /// Reading is over: this is the map. A second one changes nothing.
    pub fn finish(&self, ground: Ground) {
        let time = ground.report().snapshot.last;
        if self.current.set(Arc::new(Current::new(1, ground))).is_ok() {
            self.stand(Standing::Ready);
            self.journal.add("ready", time, serde_json::json!({ "number": 1 }));
        }
    }

    /// Reading failed.
    pub fn fail(&self, why: String) {
        self.journal.add("failed", None, serde_json::json!({ "problem": why }));
        self.stand(Standing::Failed(why));
    }

    fn stand(&self, standing: Standing) {
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}

impl Source for Still {
    fn current(&self) -> Option<Arc<Current>> {
        self.current.get().cloned()
    }

    fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn events_after(&self, number: u64) -> Passed {
        self.journal.after(number)
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.journal.newest()
    }

    fn kind(&self) -> &'static str {
        "captures"
    }

    fn health(&self) -> Health {
        let current = self.current.get();
        let sources = current.map(|current| current.ground().report().sources).unwrap_or_default();
        let line = |sentence| Line { what: "capture".to_owned(), state: State::Degraded, sentence };
        let lines = sources.iter().filter_map(SourceFacts::sentence).map(line);
        Health { lines: lines.collect(), sensor: None }
    }

    fn past(&self, past: &Past) -> Option<Result<Ground, String>> {
        self.again.as_ref().map(|again| again(past))
    }
}
