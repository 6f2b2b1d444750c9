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

/// How many flows, and contacts of an edge and hour, are read at most.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Flows that are read one by one.
    pub flows: i64,
    /// Contacts of an edge and hour.
    pub hours: i64,
}

/// 2 × 50,000 × ~400 B = 40 MiB, and a third of the second that a cold start may take.
pub const BUDGET: Budget = Budget { flows: 50_000, hours: 50_000 };

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
    budget: Budget,
) -> Result<(Vec<FlowRecord>, Grain), StoreError> {
    let Some(cut) = cut(connection, scope, budget.flows)? else {
        return Ok((flow::read(connection, book, Wanted::During(scope), true)?, Grain::default()));
    };
    let newest = Scope { since: start(cut), ..scope };
    let mut records = flow::read(connection, book, Wanted::During(newest), true)?;
    let open = flow::read(connection, book, Wanted::Open, false)?;
    records
        .extend(open.into_iter().filter(|record| record.last < newest.since && record.last >= scope.since));
    let mut grain = Grain { flows_since: Some(newest.since), hours_since: None };
    let mut left = budget.hours;
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
fn cut(connection: &Connection, scope: Scope, flows_max: i64) -> Result<Option<i64>, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached(
            "SELECT first FROM flow WHERE first < ? AND first >= ? ORDER BY first DESC LIMIT 1 OFFSET ?",
        )?
        .query_row(params![scope.end.nanos(), scope.since.nanos(), flows_max], |row| row.get(0))
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

#[cfg(test)]
mod tests {
    use super::super::{Store, StoreOptions, database};
    use super::*;
    use crate::graph::{Delta, Filed, Gained, filed};
    use crate::model::{Address, Realm, Transport};

    /// A flow of one of three clients, every ten minutes.
    fn flow(number: u64) -> FlowRecord {
        let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        let client = endpoint(1 + (number % 3) as u8, 40_000 + number as u16);
        let (key, side) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, client, endpoint(100, 443));
        let sent = Counters { packets: 2, bytes: 200, payload: 100 };
        let mut ledger = Ledger::default();
        ledger.syn_from[side] = true;
        let first = 490_000 * HOUR + number as i64 * HOUR / 6;
        FlowRecord {
            key,
            first: Timestamp::from_nanos(first),
            last: Timestamp::from_nanos(first + HOUR / 60),
            frame: FrameId { source: 0, number },
            sent: Pair::new(sent, sent),
            ledger,
            outcome: Outcome { answered: true, ended: true, ..Outcome::default() },
            protocol: Some("tls"),
            tls: true,
            capability: None,
            purposes: Default::default(),
            macs: Default::default(),
            vlans: Default::default(),
            turns: Box::default(),
            turns_cut: false,
        }
    }

    fn edge(record: &FlowRecord) -> EdgeKey {
        match filed(record) {
            Filed::Edge(key, _) => key,
            _ => panic!("undecided"),
        }
    }

    #[test]
    fn older_flows_are_told_more_coarsely_and_none_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Store::open(dir.path(), &StoreOptions::default()).writer().unwrap();
        let flows: Vec<FlowRecord> = (0..600).map(flow).collect();
        let mut delta = Delta::default();
        flows.iter().for_each(|record| delta.flow(record.clone()));
        writer.write(&Gained { delta, ended: flows.clone(), ..Gained::default() }).unwrap();
        let connection = database::to_read(&database::path(dir.path())).unwrap();
        let book = Book::read(&connection).unwrap();
        let all = |flows, hours| read(&connection, &book, Scope::ALL, Budget { flows, hours }).unwrap();
        let (records, grain) = all(1_000, 0);
        assert_eq!((records.len(), grain), (600, Grain::default()));
        let (records, grain) = all(50, 30);
        let (one_by_one, by_the_hour) = (grain.flows_since.unwrap(), grain.hours_since.unwrap());
        assert!(by_the_hour < one_by_one);
        // 48 flows of eight hours, three edges in each of ten hours, and three edges before.
        assert_eq!(records.len(), 48 + 30 + 3);
        for flow in &flows {
            let stands_for = |record: &&FlowRecord| {
                edge(record) == edge(flow) && record.first <= flow.first && record.last >= flow.last
            };
            assert!(records.iter().any(|record| stands_for(&record)), "{flow:?}");
        }
        let bytes =
            |records: &[FlowRecord]| records.iter().map(|record| record.sent.first.bytes).sum::<u64>();
        assert_eq!(bytes(&records), bytes(&flows), "and none is told twice");
    }
}
