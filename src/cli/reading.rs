//! Captures become what questions are answered from.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use super::progress::Bar;
use super::setup::Setup;
use super::stored;
use crate::capture::{Frames, LinkType, OpenError, Options, Progress, Source};
use crate::finding;
use crate::graph::{Operator, Snapshot};
use crate::model::Timestamp;
use crate::pipeline::{self, Outcome, Settings, Totals};
use crate::query::Knowledge;
use crate::question::Material;
use crate::report::{Counted, Selection, SourceFacts, clean, watched};

/// Problems told one by one on standard error; the report has all of them.
const PROBLEMS_TOLD: usize = 20;

/// What is wanted besides the map.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The record of every flow.
    pub records: bool,
    /// The moment to judge certificates at; none: that of the last packet.
    pub as_of: Option<Timestamp>,
    /// Say nothing on standard error.
    pub quiet: bool,
}

/// Reads captures, or the history of a sensor where none is named.
///
/// # Errors
/// If nothing can be read, or the filter cannot be used.
pub fn read(captures: &[PathBuf], setup: &Setup, wanted: Wanted) -> Result<Material, Failure> {
    read_and_tell(captures, setup, wanted, &mut |_| {})
}

/// The same, and tells now and then how far reading has come.
///
/// # Errors
/// As [`read`].
pub fn read_and_tell(
    captures: &[PathBuf],
    setup: &Setup,
    wanted: Wanted,
    tell: &mut dyn FnMut(Progress),
) -> Result<Material, Failure> {
    if let Some(dir) = setup.data_dir.as_ref().filter(|_| captures.is_empty()) {
        return history(dir, setup, wanted);
    }
    let (outcome, sources) = run(captures, setup, wanted, tell)?;
    let repeated = repeated(&sources);
    if !wanted.quiet {
        tell_problems(&sources, &repeated);
    }
    let counted = Counted { repeated, ..counted(&outcome.totals, &setup.options) };
    Ok(material(outcome, sources, counted, (&setup.operator, &setup.knowledge), wanted.as_of))
}

/// What came of reading, made up for questions.
pub fn material(
    outcome: Outcome,
    sources: Vec<SourceFacts>,
    counted: Counted,
    (operator, knowledge): (&Operator, &Knowledge),
    as_of: Option<Timestamp>,
) -> Material {
    let snapshot = Arc::new(Snapshot::new(outcome.map, operator));
    let as_of = as_of.or(snapshot.last);
    let findings = finding::find(&snapshot, as_of.unwrap_or_default(), knowledge);
    Material {
        number: 1,
        records: Arc::new(outcome.records),
        indications: outcome.indications,
        indications_dropped: outcome.indications_dropped,
        tokens: outcome.tokens.sightings,
        watched: watched(&sources),
        findings: Arc::new(findings),
        counted: Arc::new(counted),
        sources: Arc::new(sources),
        snapshot,
        as_of,
    }
}

/// Reads history.
fn history(dir: &Path, setup: &Setup, wanted: Wanted) -> Result<Material, Failure> {
    let stored = stored::read(dir, setup, wanted)?;
    if !wanted.quiet {
        stored::tell_grain(stored.grain);
    }
    let sources: Vec<SourceFacts> = stored.sources.into_iter().map(stored::facts).collect();
    let snapshot = Arc::new(Snapshot::new(stored.map, &setup.operator));
    let as_of = wanted.as_of.or(snapshot.last);
    let findings = finding::find(&snapshot, as_of.unwrap_or_default(), &setup.knowledge);
    Ok(Material {
        number: 1,
        records: Arc::new(stored.records),
        indications: stored.indications,
        indications_dropped: stored.indications_dropped,
        tokens: stored.tokens,
        watched: stored.watched,
        findings: Arc::new(findings),
        counted: Arc::new(stored::counted(&stored.totals, &setup.options)),
        sources: Arc::new(sources),
        snapshot,
        as_of,
    })
}

/// Follows the packets of captures.
///
/// # Errors
/// If no capture can be read, or the filter cannot be used.
pub fn run(
    captures: &[PathBuf],
    setup: &Setup,
    wanted: Wanted,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Outcome, Vec<SourceFacts>), Failure> {
    let mut frames = Frames::open(captures, &setup.options).map_err(|error| match error {
        OpenError::Filter(_) | OpenError::NothingNamed | OpenError::StandardInputTwice => {
            Failure::usage(error)
        }
        OpenError::Source { .. } | OpenError::NoneReadable(_) => Failure::failed(error),
    })?;
    let settings = Settings {
        workers: setup.workers,
        drop_duplicates: setup.drop_duplicates,
        keep_records: wanted.records,
        ..Settings::default()
    };
    let bar = Bar::new(frames.progress(), wanted.quiet);
    let outcome = pipeline::run(&mut frames, &settings, &mut |progress| {
        bar.show(progress);
        tell(progress);
    });
    bar.finish();
    let sources = frames.sources().into_iter().map(source_facts).collect();
    Ok((outcome, sources))
}

/// Sources that are the same file as an earlier one, whatever they are called.
pub(super) fn repeated(sources: &[SourceFacts]) -> Vec<String> {
    let mut files = BTreeSet::new();
    let named = sources.iter().filter(|source| {
        let file = std::fs::canonicalize(&source.path).ok().filter(|path| path.is_file());
        file.is_some_and(|path| !files.insert(path))
    });
    named.map(|source| source.path.clone()).collect()
}

pub(super) fn tell_problems(sources: &[SourceFacts], repeated: &[String]) {
    let twice = repeated.iter().map(|path| clean(&format!("`{path}` is the same file as another one named")));
    let problems: Vec<String> = sources.iter().filter_map(SourceFacts::sentence).chain(twice).collect();
    let (told, more) = problems.split_at_checked(PROBLEMS_TOLD).unwrap_or((&problems, &[]));
    let mut stderr = std::io::stderr().lock();
    for problem in told {
        // If nobody listens there is nobody to tell.
        let _ = writeln!(stderr, "tapmap: {problem}");
    }
    if !more.is_empty() {
        let _ = writeln!(stderr, "tapmap: and {} more sources with problems", more.len());
    }
}

/// A source as the report tells of it.
pub fn source_facts(source: Source) -> SourceFacts {
    SourceFacts {
        path: source.path.display().to_string(),
        format: source.format.map(|format| format.name()),
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

/// What was counted, by the names of the contract.
pub fn counted(totals: &Totals, options: &Options) -> Counted {
    let packets = &totals.packets;
    Counted {
        selection: Selection { filter: options.filter.clone(), since: options.since, until: options.until },
        read: packets.read,
        analyzed: packets.analyzed,
        duplicate: packets.duplicate,
        non_ip: packets.non_ip,
        malformed: packets.malformed,
        unsupported: packets.unsupported,
        filtered: packets.filtered,
        bytes_captured: totals.bytes_captured,
        bytes_wire: totals.bytes_wire,
        evicted: totals.flows.evicted,
        unread: totals.flows.unread,
        cut_packets: totals.cut_packets,
        clock_steps: totals.clock_steps,
        bad_checksums: totals.flows.bad_checksums,
        link_types_not_read: totals
            .unread_link_types
            .iter()
            .map(|(link, frames)| (LinkType(*link).name(), *frames))
            .collect(),
        repeated: Vec::new(),
        anomalies: totals.anomalies.iter().map(|(name, count)| (*name, *count)).collect(),
    }
}
