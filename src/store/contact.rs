//! The flows that a question needs, in bounded number: the newest one by one, those before them as one
//! contact of an edge and hour, and the oldest as one contact of an edge.
//!
//! A contact that stands for several flows lasts from the first of them to the last. Whoever asks who can
//! have reached whom gets more ways by it than there were, and never fewer.

use rusqlite::{Connection, OptionalExtension, params};

use super::edge::{HOUR, KEYS, edge_key, hour_of};
use super::error::StoreError;
use super::flow::{self, Wanted};
use super::host::Book;
use super::scope::Scope;
use super::totals::{COLUMNS, read as totals};
use super::{day, pack};
use crate::graph::{EdgeKey, EdgeTotals};
use crate::model::{
    Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Outcome, Pair, Side, Timestamp,
};

/// Flows that are read one by one: 100,000 × ~400 B = 40 MiB, and a fifth of a second.
const FLOWS_MAX: i64 = 100_000;

/// Contacts of an edge and hour that are read: as many again.
const HOURS_MAX: i64 = 100_000;

/// How finely the time before now is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grain {
    /// Flows that ended before are told as one contact of an edge and hour; none: there are none.
    pub flows_since: Option<Timestamp>,
    /// Before this moment, all flows of an edge are told as one contact; none: nowhere.
    pub hours_since: Option<Timestamp>,
}

/// Reads flows of a time.
pub fn read(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<(Vec<FlowRecord>, Grain), StoreError> {
    let Some(cut) = cut(connection, scope)? else {
        return Ok((flow::read(connection, book, Wanted::During(scope), true)?, Grain::default()));
    };
    let newest = Scope { since: start(cut), ..scope };
    let mut records = flow::read(connection, book, Wanted::During(newest), true)?;
    let open = flow::read(connection, book, Wanted::Open, false)?;
    records
        .extend(open.into_iter().filter(|record| record.last < newest.since && record.last >= scope.since));
    let mut grain = Grain { flows_since: Some(newest.since), hours_since: None };
    let mut left = HOURS_MAX;
    let mut hour = cut;
    let first: Option<i64> = connection.query_row("SELECT min(hour) FROM edge_hour", (), |row| row.get(0))?;
    let first = first.unwrap_or(cut).max(hour_of(scope.since));
    while hour > first {
        let contacts: i64 = connection
            .prepare_cached("SELECT count(*) FROM edge_hour WHERE hour = ?")?
            .query_row([hour - 1], |row| row.get(0))?;
        if contacts > left {
            break;
        }
        left -= contacts;
        hour -= 1;
    }
    records.extend(by_the_hour(connection, book, hour, cut)?);
    if hour > first {
        grain.hours_since = Some(start(hour));
        for (key, mut totals) in day::as_of(connection, book, hour)? {
            if totals.span.last >= scope.since {
                totals.span.first = totals.span.first.max(scope.since);
                records.push(contact(&key, &totals));
            }
        }
    }
    Ok((records, grain))
}

/// The hour from which on flows are read one by one; none if all can be.
fn cut(connection: &Connection, scope: Scope) -> Result<Option<i64>, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached(
            "SELECT first FROM flow WHERE first < ? AND first >= ? ORDER BY first DESC LIMIT 1 OFFSET ?",
        )?
        .query_row(params![scope.end.nanos(), scope.since.nanos(), FLOWS_MAX], |row| row.get(0))
        .optional()?;
    Ok(first.map(|first| hour_of(Timestamp::from_nanos(first)) + 1))
}

fn start(hour: i64) -> Timestamp {
    Timestamp::from_nanos(hour.saturating_mul(HOUR))
}

fn by_the_hour(
    connection: &Connection,
    book: &Book,
    first: i64,
    end: i64,
) -> Result<Vec<FlowRecord>, StoreError> {
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("edge_hour.{column}")).collect();
    let select = format!(
        "SELECT edge.id, client, server, port, transport, {} FROM edge_hour JOIN edge ON edge.id = edge \
         WHERE hour >= ? AND hour < ? AND edge_hour.flows > 0",
        columns.join(", ")
    );
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query([first, end])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(contact(&edge_key(row, 1, book)?, &totals(row, KEYS.len())?));
    }
    Ok(records)
}

/// All that flows of an edge add up to, as one flow: its port is none, and nobody saw it end.
fn contact(key: &EdgeKey, totals: &EdgeTotals) -> FlowRecord {
    let asks = Endpoint { address: key.client.address, port: 0 };
    let answers = Endpoint { address: key.service.host.address, port: key.service.port };
    let (flow, client) = FlowKey::of(key.client.realm, key.service.transport, asks, answers);
    let answered = totals.answered > 0;
    // Bytes of both sides were seen where payload went both ways.
    let payload = |volume: crate::graph::Volume| match totals.capability {
        Some(_) if totals.observed > 0 || volume.bytes > 0 => volume.bytes,
        _ => 0,
    };
    let counters = |volume: crate::graph::Volume| Counters {
        packets: volume.packets,
        bytes: volume.bytes,
        payload: payload(volume),
    };
    let sent = [counters(totals.to_server), counters(totals.to_client)];
    let [up, down] = sent;
    FlowRecord {
        key: flow,
        first: totals.span.first,
        last: totals.span.last,
        frame: FrameId::default(),
        sent: match client {
            Side::A => Pair::new(up, down),
            Side::B => Pair::new(down, up),
        },
        ledger: Ledger { protocol_client: Some(client), ..Ledger::default() },
        outcome: Outcome { answered, refused: !answered, ended: true, ..Outcome::default() },
        protocol: totals.protocol(),
        tls: false,
        capability: totals.capability,
        purposes: totals.purposes,
        macs: Pair::new(Mac::default(), Mac::default()),
        vlans: Pair::new(0, 0),
        turns: pack::turns(&[]),
        turns_cut: false,
    }
}
