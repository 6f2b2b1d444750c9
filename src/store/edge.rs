//! Edges: what they add up to in all, and by the hour in which flows ended.

use std::collections::BTreeMap;

use rusqlite::{Connection, Statement, params};

use super::day;
use super::error::StoreError;
use super::host::{Book, Numbers};
use super::scope::Scope;
use super::totals::{COLUMNS, bind, read as totals, replacing, selecting, updating};
use super::word::Word;
use crate::graph::{EdgeKey, EdgeTotals, Filed, Gained, Undecided, filed};
use crate::model::{
    Endpoint, FlowKey, FlowRecord, HostKey, Ledger, Pair, ServiceKey, Side, Span, Timestamp, Transport,
};

const MINUTE: i64 = 60_000_000_000;

/// An hour in nanoseconds.
pub const HOUR: i64 = 60 * MINUTE;

/// What one edge did in one hour.
#[derive(Default)]
struct Hour {
    /// Bit 0 is the first minute.
    minutes: u64,
    /// Flows that ended in it.
    totals: Option<EdgeTotals>,
}

type Hours = BTreeMap<(i64, EdgeKey), Hour>;

/// Writes edges and their hours.
pub fn write(connection: &Connection, numbers: &mut Numbers, gained: &Gained) -> Result<(), StoreError> {
    let rows = gained.delta.rows();
    let mut hours = hours(gained);
    let counted = |(_, hour): &(_, &Hour)| hour.totals.is_some();
    if let Some(((hour, _), _)) = hours.iter().find(counted) {
        day::reopen(connection, hour.div_euclid(24))?;
    }
    let mut known: BTreeMap<EdgeKey, i64> = BTreeMap::new();
    for (key, new) in rows.edges.iter().chain(rows.attempts.iter()) {
        known.insert(*key, add(connection, numbers, key, Some(new))?);
    }
    for ((hour, key), active) in &mut hours {
        let edge = match known.get(key) {
            Some(edge) => *edge,
            None => {
                let edge = add(connection, numbers, key, None)?;
                known.insert(*key, edge);
                edge
            }
        };
        add_hour(connection, *hour, edge, active)?;
    }
    for (key, new) in rows.undecided.iter() {
        add_undecided(connection, numbers, key, new)?;
    }
    Ok(())
}

/// The hours that something gained belongs to. Flows are counted in the hour of their last packet; edges
/// without a record of a flow in the hour in which they were last seen.
fn hours(gained: &Gained) -> Hours {
    let mut hours = Hours::new();
    let mut told = std::collections::BTreeSet::new();
    for record in &gained.ended {
        let Filed::Edge(key, new) = filed(record) else { continue };
        mark(&mut hours, key, record);
        let hour = hours.entry((hour_of(record.last), key)).or_default();
        match &mut hour.totals {
            Some(totals) => totals.join(&new),
            totals @ None => *totals = Some(*new),
        }
        told.insert(key);
    }
    for record in &gained.open {
        if let Filed::Edge(key, _) = filed(record) {
            minute(&mut hours, key, record.last);
        }
    }
    let rows = gained.delta.rows();
    for (key, totals) in rows.edges.iter().chain(rows.attempts.iter()) {
        if !told.contains(key) {
            minute(&mut hours, *key, totals.span.first);
            minute(&mut hours, *key, totals.span.last);
            let hour = hours.entry((hour_of(totals.span.last), *key)).or_default();
            hour.totals = Some(totals.clone());
        }
    }
    hours
}

/// The hour since 1970.
pub fn hour_of(time: Timestamp) -> i64 {
    time.nanos().div_euclid(HOUR)
}

/// Marks the minutes in which a flow was active: those of its first and last packet and of its turns.
/// Minutes in which nobody spoke are no activity, however long the session was open.
fn mark(hours: &mut Hours, key: EdgeKey, record: &FlowRecord) {
    minute(hours, key, record.first);
    minute(hours, key, record.last);
    let mut before = i64::MIN;
    for turn in &record.turns {
        let (first, last) = (turn.first.nanos().div_euclid(MINUTE), turn.last().nanos().div_euclid(MINUTE));
        for minute_of_turn in first.max(before)..=last {
            minute(hours, key, Timestamp::from_nanos(minute_of_turn * MINUTE));
        }
        before = before.max(last);
    }
}

fn minute(hours: &mut Hours, key: EdgeKey, time: Timestamp) {
    let minute = time.nanos().div_euclid(MINUTE);
    hours.entry((minute.div_euclid(60), key)).or_default().minutes |= 1 << minute.rem_euclid(60);
}

pub const KEYS: [&str; 5] = ["id", "client", "server", "port", "transport"];

/// Adds to an edge, and returns its number. Without totals it only gets a number.
fn add(
    connection: &Connection,
    numbers: &mut Numbers,
    key: &EdgeKey,
    new: Option<&EdgeTotals>,
) -> Result<i64, StoreError> {
    let client = numbers.of(connection, &key.client)?;
    let server = numbers.of(connection, &key.service.host)?;
    let (port, transport) = (key.service.port, key.service.transport.to_word());
    let select =
        selecting("edge", &["id"]) + " WHERE server = ? AND port = ? AND transport = ? AND client = ?";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(params![server, port, transport, client])?;
    let known = match rows.next()? {
        Some(row) => Some((row.get::<_, i64>(0)?, totals(row, 1)?)),
        None => None,
    };
    let sum = match (&known, new) {
        (Some((id, _)), None) => return Ok(*id),
        (Some((_, known)), Some(new)) if known.flows > 0 => {
            let mut sum = known.clone();
            sum.join(new);
            sum
        }
        (_, Some(new)) => new.clone(),
        (None, None) => nothing(),
    };
    drop(rows);
    if let Some((id, _)) = known {
        let mut statement = connection.prepare_cached(&updating("edge"))?;
        bind(&mut statement, 1, &sum)?;
        statement.raw_bind_parameter(1 + COLUMNS.len(), id)?;
        statement.raw_execute()?;
        return Ok(id);
    }
    let mut statement = connection.prepare_cached(&replacing("edge", &KEYS))?;
    let keys: [&dyn rusqlite::ToSql; 5] = [&None::<i64>, &client, &server, &port, &transport];
    bind_keys(&mut statement, &keys)?;
    bind(&mut statement, 1 + KEYS.len(), &sum)?;
    statement.raw_execute()?;
    Ok(connection.last_insert_rowid())
}

/// Totals of an edge whose flows all go on still.
fn nothing() -> EdgeTotals {
    EdgeTotals::none(Span::at(Timestamp::default()))
}

fn add_hour(connection: &Connection, hour: i64, edge: i64, new: &mut Hour) -> Result<(), StoreError> {
    let select = selecting("edge_hour", &["minutes"]) + " WHERE hour = ? AND edge = ?";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(params![hour, edge])?;
    let mut sum = new.totals.take();
    if let Some(row) = rows.next()? {
        new.minutes |= row.get::<_, i64>(0)? as u64;
        let known = totals(row, 1)?;
        match &mut sum {
            _ if known.flows == 0 => {}
            Some(sum) => sum.join(&known),
            sum @ None => *sum = Some(known),
        }
    }
    let mut statement = connection.prepare_cached(&replacing("edge_hour", &["hour", "edge", "minutes"]))?;
    for (at, value) in (1..).zip([hour, edge, new.minutes as i64]) {
        statement.raw_bind_parameter(at, value)?;
    }
    bind(&mut statement, 4, sum.as_ref().unwrap_or(&nothing()))?;
    statement.raw_execute()?;
    Ok(())
}

/// Reads every edge with flows that ended, as they stand in all.
pub fn read(connection: &Connection, book: &Book) -> Result<Vec<(EdgeKey, EdgeTotals)>, StoreError> {
    let select = selecting("edge", &KEYS) + " WHERE flows > 0";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(())?;
    let mut edges = Vec::new();
    while let Some(row) = rows.next()? {
        edges.push((edge_key(row, 1, book)?, totals(row, KEYS.len())?));
    }
    Ok(edges)
}

/// An edge's key from four columns.
pub fn edge_key(row: &rusqlite::Row<'_>, at: usize, book: &Book) -> Result<EdgeKey, StoreError> {
    let client = book.host(row.get(at)?)?;
    Ok(EdgeKey { client, service: service_key(row, at + 1, book)? })
}

/// A service's key from three columns: host, port, transport.
pub fn service_key(row: &rusqlite::Row<'_>, at: usize, book: &Book) -> Result<ServiceKey, StoreError> {
    let host: HostKey = book.host(row.get(at)?)?;
    Ok(ServiceKey { host, port: row.get(at + 1)?, transport: transport(row, at + 2)? })
}

/// A transport from its column.
pub fn transport(row: &rusqlite::Row<'_>, at: usize) -> Result<Transport, StoreError> {
    let word = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    Transport::of_word(word).ok_or_else(|| StoreError::Strange { table: "edge", what: word.to_owned() })
}

const UNDECIDED_KEYS: [&str; 7] = ["id", "a", "a_port", "b", "b_port", "transport", "ledger"];

fn add_undecided(
    connection: &Connection,
    numbers: &mut Numbers,
    key: &FlowKey,
    new: &Undecided,
) -> Result<(), StoreError> {
    let (a, b) = (numbers.of(connection, &key.host(Side::A))?, numbers.of(connection, &key.host(Side::B))?);
    let transport = key.transport.to_word();
    let select = selecting("undecided", &["id", "ledger"])
        + " WHERE a = ? AND a_port = ? AND b = ? AND b_port = ? AND transport = ?";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(params![a, key.a.port, b, key.b.port, transport])?;
    let (mut id, mut sum) = (None, new.clone());
    if let Some(row) = rows.next()? {
        id = Some(row.get::<_, i64>(0)?);
        // What was kept came first, and the first word on a direction stands.
        sum = Undecided { totals: totals(row, 2)?, ledger: ledger(row.get(1)?, Side::A) };
        sum.join(new.clone());
    }
    let evidence = of_ledger(&sum.ledger, Side::A);
    let keys: [&dyn rusqlite::ToSql; 7] = [&id, &a, &key.a.port, &b, &key.b.port, &transport, &evidence];
    let mut statement: rusqlite::CachedStatement<'_> =
        connection.prepare_cached(&replacing("undecided", &UNDECIDED_KEYS))?;
    bind_keys(&mut statement, &keys)?;
    bind(&mut statement, 1 + keys.len(), &sum.totals)?;
    statement.raw_execute()?;
    Ok(())
}

fn bind_keys(statement: &mut Statement<'_>, keys: &[&dyn rusqlite::ToSql]) -> Result<(), StoreError> {
    for (at, value) in (1..).zip(keys) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

/// Reads flows that others decide, of a time.
pub fn read_undecided(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<(FlowKey, Undecided)>, StoreError> {
    let select = selecting("undecided", &UNDECIDED_KEYS) + " WHERE first < ? AND last >= ?";
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(scope.bounds())?;
    let mut undecided = Vec::new();
    while let Some(row) = rows.next()? {
        let (a, b) = (book.host(row.get(1)?)?, book.host(row.get(3)?)?);
        let key = FlowKey {
            a: Endpoint { address: a.address, port: row.get(2)? },
            b: Endpoint { address: b.address, port: row.get(4)? },
            realm: a.realm,
            transport: transport(row, 5)?,
        };
        let totals = totals(row, UNDECIDED_KEYS.len())?;
        undecided.push((key, Undecided { totals, ledger: ledger(row.get(6)?, Side::A) }));
    }
    Ok(undecided)
}

/// Evidence for a direction in bits, seen from a side: 1 and 2 a SYN from it and from the other, 4 and 8
/// SYN-ACKs, 16 and 32 the client by the bytes, 64 and 128 by announcement, 256 and 512 who was first.
pub fn of_ledger(ledger: &Ledger, from: Side) -> i64 {
    let pair = |pair: &Pair<bool>| i64::from(pair[from]) | i64::from(pair[from.other()]) << 1;
    let one = |side: Option<Side>| side.map_or(0, |side| if side == from { 1 } else { 2 });
    pair(&ledger.syn_from)
        | pair(&ledger.syn_ack_from) << 2
        | one(ledger.protocol_client) << 4
        | one(ledger.announced_client) << 6
        | one(ledger.first_from) << 8
}

/// The evidence of [`of_ledger`].
pub fn ledger(bits: i64, from: Side) -> Ledger {
    let pair = |shift: u32| {
        let mut pair = Pair::new(false, false);
        pair[from] = bits >> shift & 1 == 1;
        pair[from.other()] = bits >> shift & 2 == 2;
        pair
    };
    let one = |shift: u32| match bits >> shift & 3 {
        1 => Some(from),
        2 => Some(from.other()),
        _ => None,
    };
    Ledger {
        syn_from: pair(0),
        syn_ack_from: pair(2),
        protocol_client: one(4),
        announced_client: one(6),
        first_from: one(8),
    }
}
