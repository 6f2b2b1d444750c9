//! The keeper that a sensor has: a store, written once a second.

use super::clock::Clock;
use super::keeper::{Keeper, Parcel};
use crate::capture::Source;
use crate::model::Nanos;
use crate::pipeline::PacketTotals;
use crate::store::{SourceRow, Writer};

/// From one transaction to the next: what a crash may lose.
const COMMIT_EVERY: Nanos = 1_000_000_000;

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
    committed: Nanos,
    counted: PacketTotals,
}

impl<'a> Storing<'a> {
    /// Writes with this writer.
    pub fn new(writer: Writer, clock: &'a dyn Clock) -> Storing<'a> {
        Storing { writer: Some(writer), clock, committed: clock.elapsed(), counted: PacketTotals::default() }
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
    }

    fn problem(&self) -> Option<String> {
        self.writer.as_ref().and_then(|writer| writer.health().problem.clone())
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
        watched: source.watched,
        problem: source.problem,
    }
}
