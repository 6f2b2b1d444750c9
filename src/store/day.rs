//! Edges by the end of each day, so that the map of a moment long ago needs one row an edge and the hours
//! of one day, and not all hours before it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::edge::{HOUR, KEYS, edge_key};
use super::error::StoreError;
use super::host::Book;
use super::totals::{COLUMNS, bind, read as totals, replacing, selecting};
use crate::graph::{EdgeKey, EdgeTotals};
use crate::model::Timestamp;

/// A day is over once packets are so much younger: flows are told of when they end, and for UDP that is
/// minutes after their last packet.
const PATIENCE: i64 = 2 * HOUR;

const DAY: i64 = 24 * HOUR;

/// The last day that was closed; none yet.
pub fn closed(connection: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'closed'")?
        .query_row((), |row| row.get(0))
        .optional()?)
}

fn set_closed(connection: &Connection, day: i64) -> Result<(), StoreError> {
    connection.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('closed', ?)")?.execute([day])?;
    Ok(())
}

/// Something is about to be written into a day. Where it was closed, it and the days after it are
/// open again.
pub fn reopen(connection: &Connection, day: i64) -> Result<(), StoreError> {
    if closed(connection)?.is_some_and(|closed| day <= closed) {
        connection.execute("DELETE FROM edge_day WHERE day >= ?", [day])?;
        set_closed(connection, day - 1)?;
    }
    Ok(())
}

/// Closes the next day that is over. Returns false if there is none.
pub fn close_next(connection: &Connection, newest: Timestamp) -> Result<bool, StoreError> {
    let after = closed(connection)?.map_or(i64::MIN, |day| (day + 1) * 24);
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(hour) FROM edge_hour WHERE hour >= ?")?
        .query_row([after], |row| row.get(0))?;
    let Some(day) = next.map(|hour| hour.div_euclid(24)) else { return Ok(false) };
    if (day + 1) * DAY + PATIENCE > newest.nanos() {
        return Ok(false);
    }
    for (edge, of_day) in sums(connection, day * 24, (day + 1) * 24)? {
        let before = selecting("edge_day", &[]) + " WHERE edge = ? AND day < ? ORDER BY day DESC LIMIT 1";
        let mut statement = connection.prepare_cached(&before)?;
        let mut rows = statement.query(params![edge, day])?;
        let mut sum = of_day;
        if let Some(row) = rows.next()? {
            sum.join(&totals(row, 0)?);
        }
        sum.hours.clear();
        let mut statement = connection.prepare_cached(&replacing("edge_day", &["edge", "day"]))?;
        statement.raw_bind_parameter(1, edge)?;
        statement.raw_bind_parameter(2, day)?;
        bind(&mut statement, 3, &sum)?;
        statement.raw_execute()?;
    }
    set_closed(connection, day)?;
    Ok(true)
}

/// What edges add up to in the hours from `first` to before `end`, by their numbers.
pub fn sums(connection: &Connection, first: i64, end: i64) -> Result<BTreeMap<i64, EdgeTotals>, StoreError> {
    let mut sums = BTreeMap::new();
    let select = selecting("edge_hour", &["edge"]) + " WHERE hour >= ? AND hour < ? AND flows > 0";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query([first, end])?;
    while let Some(row) = rows.next()? {
        let of_hour = totals(row, 1)?;
        sums.entry(row.get(0)?).and_modify(|sum: &mut EdgeTotals| sum.join(&of_hour)).or_insert(of_hour);
    }
    Ok(sums)
}

/// Edges as they stood when an hour began, from the last closed day and the hours since.
pub fn as_of(
    connection: &Connection,
    book: &Book,
    hour: i64,
) -> Result<Vec<(EdgeKey, EdgeTotals)>, StoreError> {
    let day = closed(connection)?.map_or(i64::MIN, |closed| closed.min(hour.div_euclid(24) - 1));
    let since = if day == i64::MIN { i64::MIN } else { (day + 1) * 24 };
    let mut later = sums(connection, since, hour)?;
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("edge_day.{column}")).collect();
    let select = format!(
        "SELECT edge.id, edge.client, edge.server, edge.port, edge.transport, edge.hours, edge_day.edge, {} \
         FROM edge LEFT JOIN edge_day ON edge_day.edge = edge.id AND edge_day.day = \
         (SELECT max(day) FROM edge_day WHERE edge = edge.id AND day <= ?) WHERE edge.first < ?",
        columns.join(", ")
    );
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query([day, hour.saturating_mul(HOUR)])?;
    let mut edges = Vec::new();
    while let Some(row) = rows.next()? {
        let closed = match row.get::<_, Option<i64>>(KEYS.len() + 1)? {
            Some(_) => Some(totals(row, KEYS.len() + 2)?),
            None => None,
        };
        let sum = match (closed, later.remove(&row.get::<_, i64>(0)?)) {
            (Some(mut before), Some(after)) => {
                before.join(&after);
                before
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => continue,
        };
        let hours = super::pack::hours(row.get_ref(KEYS.len())?.as_blob().map_err(rusqlite::Error::from)?);
        let hours = hours.into_iter().filter(|each| i64::from(*each) < hour).collect();
        edges.push((edge_key(row, 1, book)?, EdgeTotals { hours, ..sum }));
    }
    Ok(edges)
}

/// Edges of the hours of a time, and nothing that was before.
pub fn between(
    connection: &Connection,
    book: &Book,
    first: i64,
    end: i64,
) -> Result<Vec<(EdgeKey, EdgeTotals)>, StoreError> {
    let mut edges = Vec::new();
    let mut sums = sums(connection, first, end)?;
    let mut statement = connection.prepare_cached("SELECT id, client, server, port, transport FROM edge")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        if let Some(sum) = sums.remove(&row.get::<_, i64>(0)?) {
            edges.push((edge_key(row, 1, book)?, sum));
        }
    }
    Ok(edges)
}
