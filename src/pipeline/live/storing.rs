//! The keeper that a sensor has: a store, written once a second.

use arc_swap::ArcSwap;

use super::clock::Clock;
use super::keeper::{Keeper, Parcel};
use crate::capture::Source;
use crate::model::Nanos;
use crate::pipeline::PacketTotals;
use crate::store::{Retention, SourceRow, Writer};

/// From one transaction to the next: what a crash may lose.
const COMMIT_EVERY: Nanos = 1_000_000_000;

/// From one look at what is too old to the next.
const HOUSE_EVERY: Nanos = 60 * COMMIT_EVERY;

/// A packet's class, and how many there are.
type Class = (&'static str, fn(&PacketTotals) -> u64);

/// What is counted by name in a store.
const COUNTED: [Class; 6] = [
    ("packets.read", |totals| totals.read),
    ("packets.analyzed", |totals| totals.analyzed),
    ("packets.duplicate", |totals| totals.duplicate),
    ("packets.non_ip", |totals| totals.non_ip),
    ("packets.malformed", |totals| totals.malformed),
    ("packets.unsupported", |totals| totals.unsupported),
];

/// Writes a store.
pub struct Storing<'a> {
    writer: Option<Writer>,
    clock: &'a dyn Clock,
    retention: &'a ArcSwap<Retention>,
    committed: Nanos,
    /// When house was last kept; none: there is more of it to do.
    housed: Option<Nanos>,
    /// What is wrong with keeping house.
    trouble: Option<String>,
    counted: PacketTotals,
}

impl<'a> Storing<'a> {
    /// Writes with this writer, and forgets what is older than `retention` says at the time.
    pub fn new(writer: Writer, clock: &'a dyn Clock, retention: &'a ArcSwap<Retention>) -> Storing<'a> {
        Storing {
            writer: Some(writer),
            clock,
            retention,
            committed: clock.elapsed(),
            housed: None,
            trouble: None,
            counted: PacketTotals::default(),
        }
    }

    /// A step of keeping house, once a minute, and with every transaction while there is more to do.
    fn keep_house(&mut self, now: Nanos) {
        let Some(writer) = &mut self.writer else { return };
        if self.housed.is_some_and(|housed| now - housed < HOUSE_EVERY) {
            return;
        }
        let kept = writer.keep_house(self.clock.time(), &self.retention.load());
        self.housed = Some(now).filter(|_| !matches!(kept, Ok(true)));
        self.trouble = kept.err().map(|error| format!("what is too old cannot be forgotten: {error}"));
    }
}

impl Keeper for Storing<'_> {
    fn keep(&mut self, parcel: Parcel) {
        let Some(writer) = &mut self.writer else { return };
        writer.keep(&parcel.gained);
        let now = self.clock.elapsed();
        if now - self.committed < COMMIT_EVERY {
            return;
        }
        self.committed = now;
        let before = std::mem::replace(&mut self.counted, parcel.totals);
        for (name, of) in COUNTED {
            writer.count(name, of(&parcel.totals).saturating_sub(of(&before)));
        }
        writer.sources(parcel.sources.into_iter().map(row).collect());
        // The writer says what is wrong in its health, and tries again.
        let _told = writer.commit();
        self.keep_house(now);
    }

    fn problem(&self) -> Option<String> {
        let writing = self.writer.as_ref().and_then(|writer| writer.health().problem.clone());
        writing.or_else(|| self.trouble.clone())
    }

    fn finish(&mut self) {
        if let Some(Err(error)) = self.writer.take().map(Writer::close) {
            tracing::error!("the last seconds could not be stored: {error}");
        }
    }
}

fn row(source: Source) -> SourceRow {
    SourceRow {
        path: source.path.display().to_string(),
        format: Some(source.format.map_or("live", |format| format.name()).to_owned()),
        sha256: source.sha256,
        bytes: source.bytes,
        link_types: source.link_types.iter().map(|link| link.name()).collect(),
        packets: source.packets,
        first: source.first,
        last: source.last,
        // What was gained says it, from tick to tick.
        watched: Vec::new(),
        problem: source.problem,
    }
}
