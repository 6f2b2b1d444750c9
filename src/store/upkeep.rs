//! Keeping house: days closed, what is too old forgotten, pages given back, the size told.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::day;
use super::edge::{HOUR, hour_of};
use super::error::StoreError;
use super::read::{meta, newest};
use super::writer::Writer;
use crate::model::Timestamp;

/// Rows forgotten in one transaction, so that a second's work stays a second's.
const ROWS_MAX: usize = 50_000;

/// Pages given back in one go: 4,096 × 4 KiB = 16 MiB.
const PAGES_MAX: i64 = 4_096;

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Flow records, marks and tokens.
    pub flows: Duration,
    /// When the sides of flows took turns.
    pub exchanges: Duration,
    /// Edges by the hour and by the day.
    pub hours: Duration,
    /// Hosts, names, services, edges, certificates that were not seen since.
    pub inventory: Duration,
    /// Insecure practices that were not seen since.
    pub findings: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Retention {
            flows: days(30),
            exchanges: days(7),
            hours: days(180),
            inventory: days(400),
            findings: days(400),
        }
    }
}

/// How much room the tables of a class take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The table, with its indexes.
    pub table: String,
    /// Rows.
    pub rows: u64,
}

/// What a store takes on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the database.
    pub bytes: u64,
    /// Of these, bytes that are free to be written again.
    pub free: u64,
    /// Rows by table.
    pub rows: Vec<Room>,
}

impl Writer {
    /// One step of keeping house: closes a day that is over, forgets some of what is too old, gives pages
    /// back. `now` is the clock's time; what is too old is judged by the older of it and the newest packet,
    /// so that neither a clock nor a packet from the future empties the store. Returns true if there is more
    /// to do.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_house(&mut self, now: Timestamp, retention: &Retention) -> Result<bool, StoreError> {
        let change = self.connection().unchecked_transaction()?;
        let Some(newest) = newest(&change)? else { return Ok(false) };
        let mut more = day::close_next(&change, newest)?;
        more |= forget(&change, newest.min(now), retention)?;
        change.commit()?;
        self.connection().execute_batch(&format!("PRAGMA incremental_vacuum({PAGES_MAX})"))?;
        Ok(more)
    }

    /// Writes the log into the database, and gives back all pages that are free.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.connection().execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize")?;
        Ok(())
    }
}

/// Forgets what is too old, some of it at a time.
fn forget(connection: &Connection, now: Timestamp, retention: &Retention) -> Result<bool, StoreError> {
    let before = |kept: Duration| {
        let kept = i64::try_from(kept.as_nanos()).unwrap_or(i64::MAX);
        now.nanos().saturating_sub(kept)
    };
    let flows = before(retention.flows);
    if !is_due(connection, now)? {
        return Ok(false);
    }
    let mut more = false;
    let mut some = |sql: &str, before: i64| -> Result<usize, StoreError> {
        let gone = connection.prepare_cached(sql)?.execute(params![before, ROWS_MAX as i64])?;
        more |= gone >= ROWS_MAX;
        Ok(gone)
    };
    some(
        "DELETE FROM exchange WHERE flow IN (SELECT id FROM flow JOIN exchange ON flow = id \
         WHERE first < ?1 AND last < ?1 LIMIT ?2)",
        before(retention.exchanges.min(retention.flows)),
    )?;
    let gone = some(
        "DELETE FROM flow WHERE id IN (SELECT id FROM flow WHERE first < ?1 AND last < ?1 AND open = 0 LIMIT ?2)",
        flows,
    )?;
    some("DELETE FROM token WHERE id IN (SELECT id FROM token WHERE time < ?1 LIMIT ?2)", flows)?;
    some("DELETE FROM indication WHERE last < ?1 AND ?2 > 0", flows)?;
    let hours = before(retention.hours).div_euclid(HOUR);
    some("DELETE FROM edge_hour WHERE hour < ?1 AND ?2 > 0", hours)?;
    some("DELETE FROM edge_day WHERE day < ?1 AND ?2 > 0", hours.div_euclid(24))?;
    some(
        "DELETE FROM counter WHERE hour < ?1 AND ?2 > 0",
        hours.min(hour_of(Timestamp::from_nanos(before(retention.inventory)))),
    )?;
    let found = before(retention.findings);
    some("DELETE FROM sighting WHERE last < ?1 AND ?2 > 0", found)?;
    // Hours name their edges, and go first.
    forget_inventory(connection, before(retention.inventory.max(retention.hours)))?;
    if gone > 0 {
        connection
            .prepare_cached(
                "INSERT INTO meta VALUES ('flows_since', ?1) ON CONFLICT DO UPDATE SET value = max(value, ?1)",
            )?
            .execute([flows])?;
    }
    if !more {
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('forgot', ?)")?
            .execute([now.nanos()])?;
    }
    Ok(more)
}

/// Looking through all tables once an hour is enough.
fn is_due(connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let forgot = meta(connection, "forgot")?;
    Ok(forgot.is_none_or(|forgot| (now - forgot).abs() >= HOUR))
}

/// Forgets what was not seen for long, and what belonged to it.
fn forget_inventory(connection: &Connection, before: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM edge WHERE last < ?1 AND flows > 0",
        "DELETE FROM undecided WHERE last < ?1",
        "DELETE FROM scan WHERE last < ?1",
        "DELETE FROM ping WHERE last < ?1",
        "DELETE FROM name WHERE last < ?1",
        "DELETE FROM holding WHERE last < ?1",
        "DELETE FROM certificate_place WHERE last < ?1",
    ] {
        connection.prepare_cached(sql)?.execute([before])?;
    }
    for sql in [
        "DELETE FROM sighting_client WHERE sighting NOT IN (SELECT id FROM sighting)",
        "DELETE FROM sighting_proof WHERE sighting NOT IN (SELECT id FROM sighting)",
        "DELETE FROM certificate_client WHERE place NOT IN (SELECT id FROM certificate_place)",
        "DELETE FROM certificate WHERE id NOT IN (SELECT certificate FROM certificate_place)",
    ] {
        connection.prepare_cached(sql)?.execute(())?;
    }
    connection
        .prepare_cached("UPDATE host SET first = NULL, last = NULL WHERE last < ?1")?
        .execute([before])?;
    Ok(())
}

/// The size of a store.
pub fn size(connection: &Connection) -> Result<Size, StoreError> {
    let pragma = |name: &str| -> Result<u64, StoreError> {
        let value: i64 = connection.query_row(&format!("PRAGMA {name}"), (), |row| row.get(0))?;
        Ok(u64::try_from(value).unwrap_or(0))
    };
    let page = pragma("page_size")?;
    let mut size = Size {
        bytes: pragma("page_count")? * page,
        free: pragma("freelist_count")? * page,
        rows: Vec::new(),
    };
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let rows: i64 =
            connection.query_row(&format!("SELECT count(*) FROM \"{table}\""), (), |row| row.get(0))?;
        size.rows.push(Room { table, rows: u64::try_from(rows).unwrap_or(0) });
    }
    Ok(size)
}
