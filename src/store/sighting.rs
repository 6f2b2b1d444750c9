//! Insecure practices that were seen: who, with whom, how often, and the frames that show it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::certificate::{clients, write_clients};
use super::edge::service_key;
use super::error::StoreError;
use super::flow::{Base, frame};
use super::host::{Book, Numbers};
use super::scope::Scope;
use super::totals::count;
use super::word::{Word, of_practice, practice};
use crate::graph::{Proof, Rows, Set, Sighting, SightingKey};
use crate::model::{Moment, State, Timestamp};

/// Frames kept as evidence, the earliest: as many as the map keeps.
const PROOFS_MAX: usize = 5;

/// Clients named: as many as the map keeps.
const CLIENTS_MAX: usize = 64;

/// Writes sightings.
pub fn write(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    rows: &Rows<'_>,
) -> Result<(), StoreError> {
    for (key, seen) in rows.sightings.iter() {
        let id = write_one(connection, numbers, key, seen)?;
        let first = seen.span.first.nanos();
        write_clients(connection, numbers, ("sighting_client", "sighting"), id, &seen.clients, first)?;
        for proof in &seen.proofs {
            let (source, number) = (base.source(proof.at.frame), count(proof.at.frame.number));
            connection
                .prepare_cached("INSERT OR IGNORE INTO sighting_proof VALUES (?, ?, ?, ?, ?)")?
                .execute(params![id, proof.at.time.nanos(), source, number, &*proof.what])?;
        }
        connection
            .prepare_cached(
                "DELETE FROM sighting_proof WHERE sighting = ?1 AND (time, source, frame, what) NOT IN \
                 (SELECT time, source, frame, what FROM sighting_proof WHERE sighting = ?1 \
                 ORDER BY time, source, frame, what LIMIT ?2)",
            )?
            .execute(params![id, count(PROOFS_MAX as u64)])?;
    }
    Ok(())
}

fn write_one(
    connection: &Connection,
    numbers: &mut Numbers,
    key: &SightingKey,
    seen: &Sighting,
) -> Result<i64, StoreError> {
    let host = numbers.of(connection, &key.host)?;
    let server = key.service.map(|service| numbers.of(connection, &service.host)).transpose()?;
    let (port, transport) =
        (key.service.map(|service| service.port), key.service.map(|service| service.transport.to_word()));
    let (practice, state) = (of_practice(key.practice), key.state.to_word());
    let known: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM sighting WHERE host = ? AND practice = ? AND state = ? AND server IS ? AND port IS ? \
             AND transport IS ?",
        )?
        .query_row(params![host, practice, state, server, port, transport], |row| row.get(0))
        .optional()?;
    let (times, first, last) = (count(seen.count), seen.span.first.nanos(), seen.span.last.nanos());
    if let Some(id) = known {
        connection
            .prepare_cached(
                "UPDATE sighting SET count = count + ?2, first = min(first, ?3), last = max(last, ?4) WHERE id = ?1",
            )?
            .execute(params![id, times, first, last])?;
        return Ok(id);
    }
    Ok(connection
        .prepare_cached(
            "INSERT INTO sighting (practice, state, host, server, port, transport, count, first, last) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .insert(params![practice, state, host, server, port, transport, times, first, last])?)
}

/// Reads sightings of a time.
pub fn read(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<(SightingKey, Sighting)>, StoreError> {
    let mut took_part = clients(connection, book, ("sighting_client", "sighting"), scope)?;
    let mut proofs = proofs(connection, scope)?;
    let mut statement = connection.prepare_cached(
        "SELECT server, port, transport, id, practice, state, host, count, first, last FROM sighting \
         WHERE first < ? AND last >= ?",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut sightings = Vec::new();
    while let Some(row) = rows.next()? {
        let word = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
        let strange = |what: &str| StoreError::Strange { table: "sighting", what: what.to_owned() };
        let (kind, state) = (word(4)?, word(5)?);
        let key = SightingKey {
            practice: practice(kind).ok_or_else(|| strange(kind))?,
            state: State::of_word(state).ok_or_else(|| strange(state))?,
            host: book.host(row.get(6)?)?,
            service: match row.get::<_, Option<i64>>(0)? {
                Some(_) => Some(service_key(row, 0, book)?),
                None => None,
            },
        };
        let id: i64 = row.get(3)?;
        let mut clients = Set::default();
        for client in took_part.remove(&id).unwrap_or_default() {
            clients.add(CLIENTS_MAX, client);
        }
        let seen = Sighting {
            count: u64::try_from(row.get::<_, i64>(7)?).unwrap_or(0),
            span: scope.span(row.get(8)?, row.get(9)?),
            clients,
            proofs: proofs.remove(&id).unwrap_or_default(),
        };
        sightings.push((key, seen));
    }
    Ok(sightings)
}

fn proofs(connection: &Connection, scope: Scope) -> Result<BTreeMap<i64, Vec<Proof>>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT sighting, time, source, frame, what FROM sighting_proof WHERE time < ? \
         ORDER BY sighting, time, source, frame, what",
    )?;
    let mut rows = statement.query([scope.end.nanos()])?;
    let mut proofs: BTreeMap<i64, Vec<Proof>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let at = Moment { frame: frame(row.get(2)?, row.get(3)?), time: Timestamp::from_nanos(row.get(1)?) };
        let what = row.get::<_, String>(4)?.into();
        proofs.entry(row.get(0)?).or_default().push(Proof { at, what });
    }
    Ok(proofs)
}
