//! What is served: a map that somebody keeps up to date, and what happens to it.
//!
//! The API asks a [`Source`] and knows no more: captures that were read once ([`Still`]) and a sensor
//! that goes on for months answer alike.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::journal::{Journal, Passed};
use crate::question::Ground;

/// One state of the map, with its number.
pub struct Current {
    /// Counts up with each state.
    pub number: u64,
    /// What answers are made from.
    pub ground: Ground,
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
    pub const fn new(number: u64, ground: Ground) -> Current {
        Current { number, ground, mark: OnceLock::new() }
    }

    /// What tells it from others, where somebody has asked already.
    pub fn known_mark(&self) -> Option<Mark> {
        self.mark.get().copied()
    }

    /// What tells it from others; in time proportional to the map when first asked for.
    pub fn mark(&self) -> Mark {
        *self.mark.get_or_init(|| {
            let (asker, report) = (self.ground.asker(), self.ground.report());
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
}

impl Still {
    /// A map of which nothing is read yet.
    pub fn reading() -> Still {
        let standing = Standing::Reading { bytes: 0, total: None, packets: 0 };
        Still { standing: RwLock::new(standing), current: OnceLock::new(), journal: Journal::default() }
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
}
