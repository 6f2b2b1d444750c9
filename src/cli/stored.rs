//! History as what all commands read, and captures as what history keeps.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::anyhow;

use super::failure::Failure;
use super::reading::Wanted;
use super::setup::Setup;
use crate::capture::Options;
use crate::graph::{Delta, Gained};
use crate::pipeline::{self, Outcome};
use crate::report::{Counted, Selection, SourceFacts};
use crate::store::{Grain, SourceRow, Store, StoreOptions, Stored, Window, kept};

/// Reads history.
pub fn read(dir: &Path, setup: &Setup, wanted: Wanted) -> Result<Stored, Failure> {
    let options = &setup.options;
    if options.filter.is_some() {
        return Err(Failure::usage(anyhow!(
            "a filter looks at packets, and a store keeps none; name captures with `-r FILE`"
        )));
    }
    let window =
        Window { since: options.since, until: options.until, as_of: wanted.as_of, records: wanted.records };
    Store::open(dir, &StoreOptions::default()).read_by(&window, &pipeline::both).map_err(Failure::failed)
}

/// Says how finely flows are told that are too many to be told one by one.
pub fn tell_grain(grain: Grain) {
    let Some(flows) = grain.flows_since else { return };
    let older = grain.hours_since.map(|hours| format!(", and before {hours} as one contact of a dependency"));
    // If nobody listens there is nobody to tell.
    let _ = writeln!(
        std::io::stderr(),
        "tapmap: flows that ended before {flows} are told as one contact of a dependency and hour{}; a shorter time \
         (--since, --until) tells each",
        older.unwrap_or_default()
    );
}

/// A source as reports tell of it.
pub fn facts(source: SourceRow) -> SourceFacts {
    SourceFacts {
        path: source.path,
        format: source.format.as_deref().map(kept),
        sha256: source.sha256,
        bytes: source.bytes,
        link_types: source.link_types,
        packets: source.packets,
        first: source.first,
        last: source.last,
        watched: source.watched,
        problem: source.problem,
    }
}

/// A source as the store keeps it.
pub fn row(source: SourceFacts) -> SourceRow {
    SourceRow {
        path: source.path,
        format: source.format.map(str::to_owned),
        sha256: source.sha256,
        bytes: source.bytes,
        link_types: source.link_types,
        packets: source.packets,
        first: source.first,
        last: source.last,
        watched: source.watched,
        problem: source.problem,
    }
}

/// What was counted, each with the name that the store keeps it by.
fn named(counted: &mut Counted) -> [(&'static str, &mut u64); 14] {
    [
        ("packets.read", &mut counted.read),
        ("packets.analyzed", &mut counted.analyzed),
        ("packets.duplicate", &mut counted.duplicate),
        ("packets.non_ip", &mut counted.non_ip),
        ("packets.malformed", &mut counted.malformed),
        ("packets.unsupported", &mut counted.unsupported),
        ("packets.filtered", &mut counted.filtered),
        ("packets.cut", &mut counted.cut_packets),
        ("packets.bad_checksum", &mut counted.bad_checksums),
        ("bytes.captured", &mut counted.bytes_captured),
        ("bytes.wire", &mut counted.bytes_wire),
        ("flows.evicted", &mut counted.evicted),
        ("flows.unread", &mut counted.unread),
        ("clock_steps", &mut counted.clock_steps),
    ]
}

/// What is named by what was met: `link.NAME` and `packet.NAME`.
const LINK: &str = "link.";
const PACKET: &str = "packet.";

/// What was counted, as reports tell of it.
pub fn counted(totals: &BTreeMap<String, u64>, options: &Options) -> Counted {
    let selection = Selection { filter: None, since: options.since, until: options.until };
    let mut counted = Counted { selection, ..Counted::default() };
    for (name, count) in named(&mut counted) {
        *count = totals.get(name).copied().unwrap_or(0);
    }
    for (name, count) in totals {
        if let Some(link) = name.strip_prefix(LINK) {
            counted.link_types_not_read.push((link.to_owned(), *count));
        } else if let Some(anomaly) = name.strip_prefix(PACKET) {
            counted.anomalies.push((kept(anomaly), *count));
        }
    }
    counted
}

/// What was counted, as the store keeps it.
pub fn totals(mut counted: Counted) -> Vec<(String, u64)> {
    let links = std::mem::take(&mut counted.link_types_not_read);
    let anomalies = std::mem::take(&mut counted.anomalies);
    let mut totals: Vec<(String, u64)> =
        named(&mut counted).into_iter().map(|(name, count)| (name.to_owned(), *count)).collect();
    totals.extend(links.into_iter().map(|(link, frames)| (format!("{LINK}{link}"), frames)));
    totals.extend(anomalies.into_iter().map(|(name, count)| (format!("{PACKET}{name}"), count)));
    totals
}

/// What captures showed, as if a sensor had gained it in one tick.
pub fn gained(outcome: Outcome) -> Gained {
    Gained {
        delta: Delta::of_map(outcome.map),
        ended: outcome.records,
        indications: outcome.indications,
        indications_dropped: outcome.indications_dropped,
        tokens: outcome.tokens.sightings,
        ..Gained::default()
    }
}
