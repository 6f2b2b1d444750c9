//! What a store gives back: the map of a time, and the flows that questions need.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::flow::Wanted;
use super::host::Book;
use super::scope::Scope;
use super::source::SourceRow;
use super::{certificate, database, edge, fact, flow, host, mark, sighting, source};
use crate::graph::{Facts, Map};
use crate::model::{FlowRecord, Indication, Span, Timestamp, TokenSighting};

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
    /// The time that is looked at.
    fn scope(&self) -> Scope {
        let end = [self.until, self.as_of].into_iter().flatten().min();
        Scope { since: self.since.unwrap_or(Timestamp::MIN), end: end.unwrap_or(Timestamp::MAX) }
    }
}

/// What came out of a store.
pub struct Stored {
    /// Everything seen, ready for a snapshot.
    pub map: Map,
    /// Flows in the order of their first packets, where they were wanted.
    pub records: Vec<FlowRecord>,
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

/// Reads a store.
pub(super) fn read(dir: &Path, window: &Window) -> Result<Stored, StoreError> {
    let connection = database::to_read(&database::path(dir))?;
    // One transaction, so that everything is of one moment while somebody writes.
    let moment = connection.unchecked_transaction()?;
    let scope = window.scope();
    let book = Book::read(&moment)?;
    let newest = newest(&moment)?;
    let open = flow::read(&moment, &book, Wanted::Open, false)?;
    let mut facts = Facts { edges: edge::read(&moment, &book)?, ..Facts::default() };
    let (hosts, roles) = host::read(&moment, &book, scope)?;
    facts.hosts = hosts;
    facts.roles = roles.into_iter().collect();
    facts.undecided = edge::read_undecided(&moment, &book, scope)?;
    fact::read(&moment, &book, scope, &mut facts)?;
    facts.certificates = certificate::read(&moment, &book, scope)?;
    facts.sightings = sighting::read(&moment, &book, scope)?;
    facts.last = newest.map(|newest| newest.min(scope.last()));
    let mut stored = Stored {
        map: facts.into_map(&open),
        records: Vec::new(),
        indications: Vec::new(),
        indications_dropped: 0,
        tokens: Vec::new(),
        watched: source::read_watched(&moment, scope)?,
        sources: source::read(&moment)?,
        totals: fact::counters(&moment, scope)?,
    };
    if window.records {
        stored.records = flow::read(&moment, &book, Wanted::Between(scope.since, scope.end), true)?;
        stored.records.sort_by_key(|record| (record.first, record.frame, record.key));
        stored.indications = mark::read_indications(&moment, &book, scope)?;
        stored.indications_dropped = stored.totals.get("dropped.indications").copied().unwrap_or(0);
        stored.tokens = mark::read_tokens(&moment, &book, scope)?;
    }
    Ok(stored)
}

/// The time of the newest packet.
fn newest(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let last: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE name = 'last'", (), |row| row.get(0))
        .optional()?;
    Ok(last.map(Timestamp::from_nanos))
}
