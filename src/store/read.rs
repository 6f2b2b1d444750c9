//! What a store gives back: the map of a time, and the flows that questions need.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::contact::{self, Grain};
use super::day;
use super::edge::HOUR;
use super::error::StoreError;
use super::flow::Wanted;
use super::host::Book;
use super::scope::Scope;
use super::source::SourceRow;
use super::{certificate, database, edge, fact, flow, host, mark, sighting, source};
use crate::graph::{EdgeKey, EdgeTotals, Facts, Map};
use crate::model::{FlowKey, FlowRecord, Indication, Side, Span, Timestamp, TokenSighting};

/// What a question looks at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// Only what was seen at or after this moment.
    pub since: Option<Timestamp>,
    /// Only what was seen before this moment.
    pub until: Option<Timestamp>,
    /// The map as it was known at this moment.
    pub as_of: Option<Timestamp>,
    /// Flow records and what belongs to them are wanted.
    pub records: bool,
}

impl Window {
    /// The time that is looked at. A moment that is still to come looks at everything.
    fn scope(&self, newest: Option<Timestamp>) -> Scope {
        let end = [self.until, self.as_of].into_iter().flatten().min();
        let end = end.filter(|end| newest.is_some_and(|newest| *end <= newest));
        Scope { since: self.since.unwrap_or(Timestamp::MIN), end: end.unwrap_or(Timestamp::MAX) }
    }
}

/// What came out of a store.
pub struct Stored {
    /// Everything seen, ready for a snapshot.
    pub map: Map,
    /// Flows in the order of their first packets, where they were wanted.
    pub records: Vec<FlowRecord>,
    /// How finely these are told.
    pub grain: Grain,
    /// Names, fingerprints and users, sorted, where records were wanted.
    pub indications: Vec<Indication>,
    /// How often one did not fit.
    pub indications_dropped: u64,
    /// Tokens in order of time, where records were wanted.
    pub tokens: Vec<TokenSighting>,
    /// When somebody watched, sorted.
    pub watched: Vec<Span>,
    /// Where packets came from: frames name them by their places.
    pub sources: Vec<SourceRow>,
    /// What was counted, by name.
    pub totals: BTreeMap<String, u64>,
}

/// What tells one state of a store from the next: a transaction that has flows or packets changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    newest: Option<Timestamp>,
    flows: Option<i64>,
}

impl State {
    fn of(moment: &Connection) -> Result<State, StoreError> {
        let flows = moment.query_row("SELECT max(id) FROM flow", (), |row| row.get(0))?;
        Ok(State { newest: newest(moment)?, flows })
    }
}

/// How two pieces of work are done: one after the other, or at the same time by who may start threads.
pub type Both = dyn Fn(&mut (dyn FnMut() + Send), &mut dyn FnMut());

/// Reads a store: the map, and beside it its flows.
pub(super) fn read(dir: &Path, window: &Window, both: &Both) -> Result<Stored, StoreError> {
    let path = database::path(dir);
    let connection = database::to_read(&path)?;
    // One transaction, so that everything is of one moment while somebody writes.
    let moment = connection.unchecked_transaction()?;
    let state = State::of(&moment)?;
    let scope = window.scope(state.newest);
    if !window.records {
        return read_map(&moment, scope, state.newest);
    }
    let (mut stored, mut beside) = (None, None);
    both(&mut || beside = Some(read_flows_of(&path, state, scope)), &mut || {
        stored = Some(read_map(&moment, scope, state.newest))
    });
    let flows = match beside.transpose()?.flatten() {
        Some(flows) => flows,
        None => FlowsRead::of(&moment, scope)?,
    };
    let stored = match stored {
        Some(stored) => stored?,
        None => read_map(&moment, scope, state.newest)?,
    };
    Ok(Stored {
        records: flows.records,
        grain: flows.grain,
        indications: flows.indications,
        indications_dropped: stored.totals.get("dropped.indications").copied().unwrap_or(0),
        tokens: flows.tokens,
        ..stored
    })
}

/// What questions need of flows.
struct FlowsRead {
    records: Vec<FlowRecord>,
    grain: Grain,
    indications: Vec<Indication>,
    tokens: Vec<TokenSighting>,
}

impl FlowsRead {
    fn of(moment: &Connection, scope: Scope) -> Result<FlowsRead, StoreError> {
        let book = Book::read(moment)?;
        let (records, grain) = contact::read(moment, &book, scope, contact::BUDGET)?;
        let mut records: Vec<FlowRecord> = records.into_iter().map(|record| clipped(record, scope)).collect();
        records.sort_by_key(|record| (record.first, record.frame, record.key));
        Ok(FlowsRead {
            records,
            grain,
            indications: mark::read_indications(moment, &book, scope)?,
            tokens: mark::read_tokens(moment, &book, scope)?,
        })
    }
}

/// The flows of a store that is still in a state; none where somebody has written since.
fn read_flows_of(path: &Path, state: State, scope: Scope) -> Result<Option<FlowsRead>, StoreError> {
    let connection = database::to_read(path)?;
    let moment = connection.unchecked_transaction()?;
    if State::of(&moment)? != state {
        return Ok(None);
    }
    FlowsRead::of(&moment, scope).map(Some)
}

/// The map of a time, without flows.
fn read_map(moment: &Connection, scope: Scope, newest: Option<Timestamp>) -> Result<Stored, StoreError> {
    let book = Book::read(moment)?;
    let (edges, mut around, apart) = edges(moment, &book, scope)?;
    let (hosts, roles) = host::read(moment, &book, scope)?;
    let mut facts = Facts { edges, hosts, roles: roles.into_iter().collect(), ..Facts::default() };
    facts.undecided = edge::read_undecided(moment, &book, scope)?;
    // One flow of its endpoints that went on then is told of as it stood.
    let apart: HashMap<FlowKey, FlowRecord> = apart.into_iter().map(|record| (record.key, record)).collect();
    facts.undecided.retain(|(key, undecided)| match apart.get(key) {
        Some(record) if undecided.totals.flows == 1 => {
            around.push(record.clone());
            false
        }
        _ => true,
    });
    fact::read(moment, &book, scope, &mut facts)?;
    facts.certificates = certificate::read(moment, &book, scope)?;
    facts.sightings = sighting::read(moment, &book, scope)?;
    let something = !facts.hosts.is_empty() || !around.is_empty();
    facts.last = newest.filter(|_| something).map(|newest| newest.min(scope.last()));
    let mut sources = source::read(moment)?;
    Ok(Stored {
        map: facts.into_map(&around),
        records: Vec::new(),
        grain: Grain::default(),
        indications: Vec::new(),
        indications_dropped: 0,
        tokens: Vec::new(),
        watched: source::read_watched(moment, scope, &mut sources)?,
        sources,
        totals: fact::counters(moment, scope)?,
    })
}

type Edges = Vec<(EdgeKey, EdgeTotals)>;
type Flows = Vec<FlowRecord>;

/// Edges by the hour, and the flows that belong to the time besides: those that ended in an hour of which
/// only a part is looked at, and those that were open at its end. Of the latter, those that others decide come
/// last.
fn edges(connection: &Connection, book: &Book, scope: Scope) -> Result<(Edges, Flows, Flows), StoreError> {
    let open = flow::read(connection, book, Wanted::Open, false)?;
    if scope == Scope::ALL {
        return Ok((edge::read(connection, book)?, open, Flows::new()));
    }
    let whole = scope.since == Timestamp::MIN;
    let first = if whole { i64::MIN } else { edge::hour_of(scope.since + (HOUR - 1)) };
    // A time that no longer has its flows is told to the hour.
    let kept = meta(connection, "flows_since")?;
    let told_to_the_hour = kept.is_some_and(|kept| scope.end <= kept);
    let end = edge::hour_of(scope.end) + i64::from(told_to_the_hour);
    let edges = match (whole, first < end) {
        (true, _) => day::as_of(connection, book, end)?,
        (false, true) => day::between(connection, book, first, end)?,
        (false, false) => Edges::new(),
    };
    let start = |hour: i64| Timestamp::from_nanos(hour.saturating_mul(HOUR));
    let summed = Scope { since: start(first).max(scope.since), end: start(end).max(scope.since) };
    let is_summed = |record: &FlowRecord| record.last >= summed.since && record.last < summed.end;
    // What others decide is kept apart, and whole.
    let is_kept_apart = |record: &FlowRecord| !record.ledger.is_decisive();
    let mut around: Vec<FlowRecord> =
        open.into_iter().filter(|record| record.first < scope.end && record.last >= scope.since).collect();
    let mut ended = Vec::new();
    if summed.end < scope.end {
        ended.extend(flow::read(
            connection,
            book,
            Wanted::During(Scope { since: summed.end, ..scope }),
            true,
        )?);
    }
    if scope.since < summed.since && summed.since <= summed.end {
        let head = Wanted::During(Scope { end: summed.since, ..scope });
        let before = flow::read(connection, book, head, false)?;
        ended.extend(before.into_iter().filter(|record| record.last < summed.since));
    }
    let identities: HashSet<_> = around.iter().map(|record| (record.key, record.frame)).collect();
    let clip = |record| clipped(record, scope);
    let new = ended.into_iter().filter(|record: &FlowRecord| {
        !is_summed(record) && !identities.contains(&(record.key, record.frame))
    });
    let (apart, ended): (Flows, Flows) = new.partition(is_kept_apart);
    around.extend(ended);
    let went_on = apart.into_iter().filter(|record| record.last >= scope.end);
    Ok((edges, around.into_iter().map(clip).collect(), went_on.map(clip).collect()))
}

/// A flow as it stood at the end of a time: all that it had added up to by then is not known, but which of
/// its sides had spoken is, as long as its turns are kept.
fn clipped(mut record: FlowRecord, scope: Scope) -> FlowRecord {
    if record.last < scope.end {
        return record;
    }
    record.last = scope.last();
    record.outcome.ended = false;
    if !record.turns.is_empty() {
        record.turns = record.turns.iter().filter(|turn| turn.first < scope.end).copied().collect();
        for side in [Side::A, Side::B] {
            if !record.turns.iter().any(|turn| turn.side == side) {
                record.sent[side].payload = 0;
            }
        }
    }
    record
}

/// A time that the store knows of itself.
pub(super) fn meta(connection: &Connection, name: &str) -> Result<Option<Timestamp>, StoreError> {
    let value: Option<i64> =
        connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0)).optional()?;
    Ok(value.map(Timestamp::from_nanos))
}

/// The time of the newest packet.
pub(super) fn newest(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    meta(connection, "last")
}
