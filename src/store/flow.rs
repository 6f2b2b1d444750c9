//! Flow records, one row each; those that go on are written again until they end.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rusqlite::{Connection, Row, ToSql, params};

use super::edge::{HOUR, ledger, of_ledger, transport};
use super::error::StoreError;
use super::host::{Book, Numbers, mac_number, mac_of_number};
use super::pack;
use super::scope::Scope;
use super::totals::count;
use super::word::{Word, kept};
use crate::model::{
    Capability, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Outcome, Pair, Purposes, Side, Timestamp,
};

/// The columns, in the order in which they are bound and read.
const COLUMNS: &str = "id, client, client_port, server, server_port, transport, first, last, open, source, \
    frame, packets_to_server, bytes_to_server, payload_to_server, packets_to_client, bytes_to_client, \
    payload_to_client, ledger, outcome, unseen, retransmitted, protocol, capability, purposes, client_mac, \
    server_mac, client_vlan, server_vlan";

/// Rows of flows that go on, by what makes a flow one: its endpoints and its first frame.
pub type Open = HashMap<(FlowKey, FrameId), i64, RandomState>;

/// Where frames of this writer's sources begin among all sources of the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Base(pub i64);

impl Base {
    /// The source of a frame as the store numbers it.
    pub fn source(self, frame: FrameId) -> i64 {
        self.0 + i64::from(frame.source)
    }
}

/// A frame as it is told to readers.
pub fn frame(source: i64, number: i64) -> FrameId {
    FrameId { source: u32::try_from(source).unwrap_or(u32::MAX), number: u64::try_from(number).unwrap_or(0) }
}

/// Writes a flow, and its turns once it has ended.
pub fn write(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    open: &mut Open,
    record: &FlowRecord,
    ended: bool,
) -> Result<(), StoreError> {
    let identity = (record.key, record.frame);
    let known = if ended { open.remove(&identity) } else { open.get(&identity).copied() };
    insert(connection, numbers, base, record, known, !ended)?;
    let id = known.unwrap_or_else(|| connection.last_insert_rowid());
    if !ended && known.is_none() {
        open.insert(identity, id);
    }
    if ended && !record.turns.is_empty() {
        connection
            .prepare_cached("INSERT OR REPLACE INTO exchange VALUES (?, ?)")?
            .execute(params![id, pack::of_turns(&record.turns)])?;
    }
    Ok(())
}

/// The side that rows call the client.
fn client_side(record: &FlowRecord) -> Side {
    if record.key.a == record.key.b {
        return Side::A;
    }
    record.ledger.decide_alone(&record.key).leaning
}

fn insert(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    record: &FlowRecord,
    id: Option<i64>,
    open: bool,
) -> Result<(), StoreError> {
    let client = client_side(record);
    let server = client.other();
    let (asks, answers) = (record.key.endpoint(client), record.key.endpoint(server));
    let hosts = (
        numbers.of(connection, &record.key.host(client))?,
        numbers.of(connection, &record.key.host(server))?,
    );
    let (up, down) = (&record.sent[client], &record.sent[server]);
    let values: [&dyn ToSql; 28] = [
        &id,
        &hosts.0,
        &asks.port,
        &hosts.1,
        &answers.port,
        &record.key.transport.to_word(),
        &record.first.nanos(),
        &record.last.nanos(),
        &open,
        &base.source(record.frame),
        &count(record.frame.number),
        &count(up.packets),
        &count(up.bytes),
        &count(up.payload),
        &count(down.packets),
        &count(down.bytes),
        &count(down.payload),
        &of_ledger(&record.ledger, client),
        &of_outcome(record, client),
        &count(record.outcome.unseen),
        &count(record.outcome.retransmitted),
        &record.protocol,
        &record.capability.map(Word::to_word),
        &record.purposes.bits(),
        &mac_number(record.macs[client]),
        &mac_number(record.macs[server]),
        &record.vlans[client],
        &record.vlans[server],
    ];
    let sql = format!("INSERT OR REPLACE INTO flow ({COLUMNS}) VALUES ({})", ["?"; 28].join(", "));
    connection.prepare_cached(&sql)?.execute(values)?;
    Ok(())
}

fn of_outcome(record: &FlowRecord, client: Side) -> i64 {
    let outcome = &record.outcome;
    let bits = [
        outcome.answered,
        outcome.refused,
        outcome.ended,
        outcome.one_sided,
        outcome.acknowledged_by[client],
        outcome.acknowledged_by[client.other()],
        record.tls,
        record.turns_cut,
    ];
    (0..).zip(bits).map(|(at, bit)| i64::from(bit) << at).sum()
}

/// What is wanted of the flows.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// Those that go on.
    Open,
    /// Those that had begun before the end of a time and were not over before it.
    During(Scope),
}

/// Reads flows, with their turns if they are wanted, in the order of their rows.
pub fn read(
    connection: &Connection,
    book: &Book,
    wanted: Wanted,
    turns: bool,
) -> Result<Vec<FlowRecord>, StoreError> {
    let joined = if turns { "turns FROM flow LEFT JOIN exchange ON flow = id" } else { "NULL FROM flow" };
    let select = format!("SELECT {COLUMNS}, {joined}");
    // Nearly all flows are shorter than an hour: those are found by when they began, the few others one by
    // one.
    let (sql, bounds) = match wanted {
        Wanted::Open => (format!("{select} WHERE open = 1"), Vec::new()),
        Wanted::During(Scope { since, end }) => (
            format!(
                "{select} WHERE first < ?1 AND first >= ?3 AND last >= ?2 UNION ALL \
                 {select} WHERE last - first > 3600000000000 AND last >= ?2 AND first < ?1 AND first < ?3"
            ),
            vec![end.nanos(), since.nanos(), since.nanos().saturating_sub(HOUR)],
        ),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(bounds))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row, book)?);
    }
    Ok(records)
}

fn record(row: &Row<'_>, book: &Book) -> Result<FlowRecord, StoreError> {
    let (asks, answers) = (book.host(row.get(1)?)?, book.host(row.get(3)?)?);
    let (key, client) = FlowKey::of(
        asks.realm,
        transport(row, 5)?,
        Endpoint { address: asks.address, port: row.get(2)? },
        Endpoint { address: answers.address, port: row.get(4)? },
    );
    let counted = |at: usize| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or(0));
    let bits: i64 = row.get(18)?;
    let bit = |at: u32| bits >> at & 1 == 1;
    let capability = match row.get_ref(22)?.as_str_or_null().map_err(rusqlite::Error::from)? {
        Some(word) => Some(
            Capability::of_word(word)
                .ok_or_else(|| StoreError::Strange { table: "flow", what: word.to_owned() })?,
        ),
        None => None,
    };
    let protocol = row.get_ref(21)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let turns = row.get_ref(28)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    Ok(FlowRecord {
        key,
        first: Timestamp::from_nanos(row.get(6)?),
        last: Timestamp::from_nanos(row.get(7)?),
        frame: frame(row.get(9)?, row.get(10)?),
        sent: sides(
            client,
            Counters { packets: counted(11)?, bytes: counted(12)?, payload: counted(13)? },
            Counters { packets: counted(14)?, bytes: counted(15)?, payload: counted(16)? },
        ),
        ledger: ledger(row.get(17)?, client),
        outcome: Outcome {
            answered: bit(0),
            refused: bit(1),
            ended: bit(2),
            one_sided: bit(3),
            acknowledged_by: sides(client, bit(4), bit(5)),
            unseen: counted(19)?,
            retransmitted: counted(20)?,
        },
        protocol: protocol.map(kept),
        tls: bit(6),
        capability,
        purposes: Purposes::from_bits(row.get(23)?),
        macs: sides(client, mac_of_number(row.get(24)?), mac_of_number(row.get(25)?)),
        vlans: sides(client, row.get(26)?, row.get(27)?),
        turns: turns.map(pack::turns).unwrap_or_default(),
        turns_cut: bit(7),
    })
}

/// A pair by sides of what the client and the server have.
fn sides<T>(client: Side, asks: T, answers: T) -> Pair<T> {
    match client {
        Side::A => Pair::new(asks, answers),
        Side::B => Pair::new(answers, asks),
    }
}

/// The rows of flows that go on, of sources from `base` on.
pub fn open_rows(connection: &Connection, book: &Book, base: Base) -> Result<Open, StoreError> {
    let sql = format!("SELECT {COLUMNS}, NULL FROM flow WHERE open = 1 AND source >= ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([base.0])?;
    let mut open = Open::default();
    while let Some(row) = rows.next()? {
        let record = record(row, book)?;
        let source = i64::from(record.frame.source) - base.0;
        open.insert((record.key, frame(source, count(record.frame.number))), row.get(0)?);
    }
    Ok(open)
}
