//! What everybody may read while the sensor goes on: the newest map, and what was new on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::health::{Health, Trouble};
use super::learning::Learning;
use super::records::Records;
use crate::capture::Source;
use crate::finding::Finding;
use crate::graph::{Change, Snapshot};
use crate::model::{HostKey, Indication, ServiceKey, Span, Timestamp, TokenSighting};
use crate::pipeline::Totals;

/// Events kept for readers that come back: 16,384 × ~150 B = 2.4 MiB.
const EVENTS_MAX: usize = 16_384;

/// The map and all that belongs to it, as of one moment.
#[derive(Clone)]
pub struct Published {
    /// Goes up by one whenever the map changes; stays where only health does.
    pub number: u64,
    /// The map.
    pub snapshot: Arc<Snapshot>,
    /// The records of flows, as far back as memory reaches.
    pub records: Arc<Records>,
    /// Names, fingerprints and users with who showed them to whom, sorted.
    pub indications: Arc<Vec<Indication>>,
    /// How often one did not fit.
    pub indications_dropped: u64,
    /// What flows carry that others carry too, in order of time.
    pub tokens: Arc<Vec<TokenSighting>>,
    /// What is wrong on the map.
    pub findings: Arc<Vec<Finding>>,
    /// What was counted.
    pub totals: Arc<Totals>,
    /// When somebody watched, by the packets' own clock, since this run began.
    pub watched: Arc<Vec<Span>>,
    /// Where frames come from: they name their source by its place here.
    pub sources: Arc<Vec<Source>>,
    /// How the sensor does.
    pub health: Health,
    /// How much of the map is still new.
    pub learning: Learning,
    /// The time of the newest packet.
    pub as_of: Option<Timestamp>,
    /// The number of the last event that this map has told.
    pub events: u64,
}

/// Something that somebody may want to know at once.
#[derive(Clone, Debug)]
pub struct Event {
    /// Counts from 1, without a gap.
    pub number: u64,
    /// The time of the newest packet; of the sensor's own events the time of day.
    pub at: Timestamp,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// Something is on the map that was not before.
    Map(Change),
    /// Something is wrong that was not before.
    Finding {
        /// Its name ([`Finding::id`]).
        id: String,
        /// The rule.
        rule: &'static str,
        /// Who is at fault.
        host: HostKey,
        /// The service, where a server is at fault.
        service: Option<ServiceKey>,
        /// 0 to 100.
        score: f64,
    },
    /// The sensor does not hear everything any more.
    Degraded(Trouble),
    /// It does again.
    Recovered(Trouble),
}

/// Events by number, the newest kept.
struct Ring {
    kept: VecDeque<Event>,
    last: u64,
}

/// Where a live map hangs for all to read. Readers take no lock that the sensor waits for.
pub struct Board {
    current: ArcSwap<Published>,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
}

impl Board {
    /// A board with a first map on it.
    pub fn new(first: Published) -> Board {
        let ring = Mutex::new(Ring { kept: VecDeque::new(), last: first.events });
        let newest = watch::Sender::new(first.events);
        Board { current: ArcSwap::from_pointee(first), ring, newest }
    }

    /// The newest map.
    pub fn current(&self) -> Arc<Published> {
        self.current.load_full()
    }

    /// The events after this number, oldest first, at most so many. None if some of them are no longer
    /// kept, or the number is one that was never given: the reader must look at the map instead.
    pub fn events_after(&self, number: u64, max: usize) -> Option<Vec<Event>> {
        let ring = self.ring();
        let first = ring.last + 1 - ring.kept.len() as u64;
        if number > ring.last || number + 1 < first {
            return None;
        }
        let skip = usize::try_from(number + 1 - first).unwrap_or(usize::MAX);
        Some(ring.kept.iter().skip(skip).take(max).cloned().collect())
    }

    /// The number of the newest event; to be waited for.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Hangs up a map and tells what is new. The map is there before its events are.
    pub(super) fn publish(&self, mut published: Published, news: Vec<(Timestamp, What)>) {
        let mut ring = self.ring();
        let last = ring.last + news.len() as u64;
        published.events = last;
        self.current.store(Arc::new(published));
        let first = ring.last + 1;
        let events = (first..).zip(news).map(|(number, (at, what))| Event { number, at, what });
        ring.kept.extend(events);
        let over = ring.kept.len().saturating_sub(EVENTS_MAX);
        ring.kept.drain(..over);
        let told = std::mem::replace(&mut ring.last, last) != last;
        drop(ring);
        if told {
            self.newest.send_replace(last);
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nobody panics while holding it; if somebody did, the events are still whole.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
