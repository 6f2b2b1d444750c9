//! Where packets came from, and when the tap was watched.

use rusqlite::{Connection, params};

use super::error::StoreError;
use super::flow::Base;
use super::scope::Scope;
use super::totals::count;
use crate::model::{Span, Timestamp};

/// Watching that pauses for less than this went on: a sensor tells of it several times a second.
const PAUSE_MAX: i64 = 10_000_000_000;

/// A capture or an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRow {
    /// As it was named.
    pub path: String,
    /// `pcap`, `pcapng`, `live`; none where it could not be told.
    pub format: Option<String>,
    /// SHA-256, if it was asked for.
    pub sha256: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Names of its link types.
    pub link_types: Vec<String>,
    /// Frames read.
    pub packets: u64,
    /// The earliest time of its frames.
    pub first: Option<Timestamp>,
    /// The latest.
    pub last: Option<Timestamp>,
    /// When it watched; empty where it is told of from tick to tick.
    pub watched: Vec<Span>,
    /// Why it stopped early, or could not be read.
    pub problem: Option<String>,
}

/// Writes sources as they stand now; each keeps its place.
pub fn write(connection: &Connection, base: Base, sources: &[SourceRow]) -> Result<(), StoreError> {
    for (id, source) in (base.0..).zip(sources) {
        connection
            .prepare_cached("INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                id,
                source.path,
                source.format,
                source.sha256,
                count(source.bytes),
                source.link_types.join(","),
                count(source.packets),
                source.first.map(Timestamp::nanos),
                source.last.map(Timestamp::nanos),
                source.problem
            ])?;
        if !source.watched.is_empty() {
            connection.prepare_cached("DELETE FROM watched WHERE source = ?")?.execute([id])?;
        }
        for span in &source.watched {
            connection
                .prepare_cached("INSERT INTO watched (source, first, last) VALUES (?, ?, ?)")?
                .execute([id, span.first.nanos(), span.last.nanos()])?;
        }
    }
    Ok(())
}

/// Where the next writer's sources begin.
pub fn next(connection: &Connection) -> Result<Base, StoreError> {
    Ok(Base(connection.query_row("SELECT ifnull(max(id), -1) + 1 FROM source", (), |row| row.get(0))?))
}

/// Reads all sources, each at the place that frames name.
pub fn read(connection: &Connection) -> Result<Vec<SourceRow>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM source ORDER BY id")?;
    let mut rows = statement.query(())?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        let counted = |at: usize| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or(0));
        let id = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        // A source that was forgotten leaves a place that no frame names any more.
        while sources.len() < id.min(1 << 24) {
            sources.push(SourceRow::default());
        }
        let link_types: String = row.get(5)?;
        sources.push(SourceRow {
            path: row.get(1)?,
            format: row.get(2)?,
            sha256: row.get(3)?,
            bytes: counted(4)?,
            link_types: link_types.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            packets: counted(6)?,
            first: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_nanos),
            last: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_nanos),
            watched: Vec::new(),
            problem: row.get(9)?,
        });
    }
    Ok(sources)
}

/// Somebody watched. What follows closely upon what the same writer told last is the same watch.
pub fn write_watched(connection: &Connection, base: Base, span: Span) -> Result<(), StoreError> {
    let (first, last) = (span.first.nanos(), span.last.nanos());
    let longer = connection
        .prepare_cached(
            "UPDATE watched SET first = min(first, ?2), last = max(last, ?3) WHERE id = (SELECT max(id) FROM watched) \
             AND source = ?1 AND ?2 <= last + ?4 AND ?3 >= first - ?4",
        )?
        .execute(params![base.0, first, last, PAUSE_MAX])?;
    if longer == 0 {
        connection
            .prepare_cached("INSERT INTO watched (source, first, last) VALUES (?, ?, ?)")?
            .execute(params![base.0, first, last])?;
    }
    Ok(())
}

/// Reads when somebody watched in a time, sorted; each source is told its own.
pub fn read_watched(
    connection: &Connection,
    scope: Scope,
    sources: &mut [SourceRow],
) -> Result<Vec<Span>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT source, first, last FROM watched WHERE first < ? AND last >= ? ORDER BY first, last",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut watched = Vec::new();
    while let Some(row) = rows.next()? {
        let span = scope.span(row.get(1)?, row.get(2)?);
        watched.push(span);
        let of = usize::try_from(row.get::<_, i64>(0)?).ok().and_then(|place| sources.get_mut(place));
        if let Some(source) = of {
            source.watched.push(span);
        }
    }
    Ok(watched)
}
