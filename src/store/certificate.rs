//! Certificates: what they say, where and when they were seen, and who was shown them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::edge::service_key;
use super::error::StoreError;
use super::fact::{hex, sha256};
use super::flow::{Base, frame};
use super::host::{Book, Numbers};
use super::scope::Scope;
use super::totals::count;
use super::word::Word;
use crate::graph::{
    CertificateFacts, CertificateSeenAt, Place, PlaceSeen, Places, Rows, Staple, StapleStatus,
};
use crate::model::{HostKey, Moment, Role, Timestamp};

/// Places kept of one certificate: as many as the map keeps, and those that came first.
const PLACES_MAX: i64 = 64;

/// Clients kept of one place: as many as the map keeps, the smallest.
const CLIENTS_MAX: usize = 64;

/// Writes certificates and their places.
pub fn write(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    rows: &Rows<'_>,
) -> Result<(), StoreError> {
    for (sha256, seen) in rows.certificates.iter() {
        let id = write_facts(connection, &hex(sha256), seen)?;
        for (place, seen) in &seen.places {
            write_place(connection, numbers, base, id, place, seen)?;
        }
    }
    Ok(())
}

fn write_facts(connection: &Connection, sha256: &str, seen: &CertificateSeenAt) -> Result<i64, StoreError> {
    let known = connection
        .prepare_cached("SELECT id FROM certificate WHERE sha256 = ?")?
        .query_row([sha256], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    let facts = &seen.facts;
    let san = serde_json::Value::from(facts.san.clone()).to_string();
    Ok(connection
        .prepare_cached(
            "INSERT INTO certificate (sha256, spki_sha256, serial, subject, issuer, not_before, not_after, san, \
             key_algorithm, key_bits, signature_algorithm, is_ca, self_issued, self_signed, problem, \
             der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .insert(params![
            sha256,
            facts.spki_sha256,
            facts.serial,
            facts.subject,
            facts.issuer,
            facts.not_before.nanos(),
            facts.not_after.nanos(),
            san,
            facts.key_algorithm,
            facts.key_bits,
            facts.signature_algorithm,
            facts.is_ca,
            facts.self_issued,
            facts.self_signed,
            facts.problem,
            (!facts.der.is_empty()).then_some(&facts.der[..]),
        ])?)
}

fn write_place(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    certificate: i64,
    place: &Place,
    seen: &PlaceSeen,
) -> Result<(), StoreError> {
    let server = numbers.of(connection, &place.service.host)?;
    let client = place.client.map(|client| numbers.of(connection, &client)).transpose()?;
    let transport = place.service.transport.to_word();
    let (first, last) = (seen.span.first.nanos(), seen.span.last.nanos());
    let known: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM certificate_place WHERE certificate = ? AND server = ? AND port = ? AND transport = ? \
             AND presented_by = ? AND client IS ? AND sni IS ? AND position = ?",
        )?
        .query_row(
            params![
                certificate,
                server,
                place.service.port,
                transport,
                place.role.to_word(),
                client,
                place.sni.as_deref(),
                place.position
            ],
            |row| row.get(0),
        )
        .optional()?;
    let moment = (base.source(seen.at.frame), count(seen.at.frame.number), seen.at.time.nanos());
    let id = match known {
        Some(id) => {
            connection
                .prepare_cached(
                    "UPDATE certificate_place SET first = min(first, ?2), last = max(last, ?3), \
                     (source, frame, time) = (SELECT ?4, ?5, ?6 WHERE ?6 < time UNION ALL \
                     SELECT source, frame, time LIMIT 1) WHERE id = ?1",
                )?
                .execute(params![id, first, last, moment.0, moment.1, moment.2])?;
            id
        }
        None => {
            let places: i64 = connection
                .prepare_cached("SELECT count(*) FROM certificate_place WHERE certificate = ?")?
                .query_row([certificate], |row| row.get(0))?;
            if places >= PLACES_MAX {
                return Ok(());
            }
            connection
                .prepare_cached(
                    "INSERT INTO certificate_place (certificate, server, port, transport, presented_by, client, \
                     sni, position, first, last, source, frame, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?
                .insert(params![
                    certificate,
                    server,
                    place.service.port,
                    transport,
                    place.role.to_word(),
                    client,
                    place.sni.as_deref(),
                    place.position,
                    first,
                    last,
                    moment.0,
                    moment.1,
                    moment.2
                ])?
        }
    };
    write_staple(connection, id, seen.staple)?;
    write_clients(connection, numbers, ("certificate_client", "place"), id, &seen.clients, first)
}

/// What was stapled, unless something later is known.
fn write_staple(connection: &Connection, place: i64, staple: Option<Staple>) -> Result<(), StoreError> {
    let Some(staple) = staple else { return Ok(()) };
    connection
        .prepare_cached(
            "UPDATE certificate_place SET staple = ?2, staple_since = ?3, staple_until = ?4 \
             WHERE id = ?1 AND coalesce(staple_since <= ?3, true)",
        )?
        .execute(params![
            place,
            staple.status.word(),
            staple.since.nanos(),
            staple.until.map(Timestamp::nanos)
        ])?;
    Ok(())
}

/// Adds clients to a table of them. Where there are more than the map keeps, the smallest stay.
pub fn write_clients(
    connection: &Connection,
    numbers: &mut Numbers,
    (table, owner): (&str, &str),
    id: i64,
    clients: &[HostKey],
    first: i64,
) -> Result<(), StoreError> {
    let mut grew = false;
    for client in clients {
        let client = numbers.of(connection, client)?;
        let sql = format!(
            "INSERT INTO {table} VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = ?3 WHERE first > ?3"
        );
        grew |= connection.prepare_cached(&sql)?.execute(params![id, client, first])? > 0;
    }
    if !grew {
        return Ok(());
    }
    let sql = format!("SELECT address, realm, id FROM {table} JOIN host ON id = client WHERE {owner} = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let mut all: Vec<(HostKey, i64)> = Vec::new();
    while let Some(row) = rows.next()? {
        let word = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
        all.push((super::host::key(word(0)?, word(1)?)?, row.get(2)?));
    }
    all.sort_unstable();
    for (_, client) in all.iter().skip(CLIENTS_MAX) {
        let sql = format!("DELETE FROM {table} WHERE {owner} = ? AND client = ?");
        connection.prepare_cached(&sql)?.execute([id, *client])?;
    }
    Ok(())
}

/// Clients of every row of a table of them, known in a time.
pub fn clients(
    connection: &Connection,
    book: &Book,
    (table, owner): (&str, &str),
    scope: Scope,
) -> Result<BTreeMap<i64, Vec<HostKey>>, StoreError> {
    let sql = format!("SELECT {owner}, client FROM {table} WHERE first < ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([scope.end.nanos()])?;
    let mut clients: BTreeMap<i64, Vec<HostKey>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        clients.entry(row.get(0)?).or_default().push(book.host(row.get(1)?)?);
    }
    Ok(clients)
}

/// A certificate's row as the map takes it.
pub type Certificate = ([u8; 32], CertificateFacts, Places);

/// Reads certificates that were seen in a time, and where.
pub fn read(connection: &Connection, book: &Book, scope: Scope) -> Result<Vec<Certificate>, StoreError> {
    let mut places = places(connection, book, scope)?;
    let mut statement = connection.prepare_cached(
        "SELECT id, sha256, spki_sha256, serial, subject, issuer, not_before, not_after, san, key_algorithm, \
         key_bits, signature_algorithm, is_ca, self_issued, self_signed, problem, der FROM certificate",
    )?;
    let mut rows = statement.query(())?;
    let mut certificates = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(places) = places.remove(&row.get::<_, i64>(0)?) {
            certificates.push((sha256(&row.get::<_, String>(1)?)?, facts(row)?, places));
        }
    }
    Ok(certificates)
}

/// What a certificate says is read again from its bytes, where they were kept.
fn facts(row: &Row<'_>) -> Result<CertificateFacts, StoreError> {
    if let Some(der) = row.get_ref(16)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        return Ok(CertificateFacts::of(der));
    }
    let san: String = row.get(8)?;
    let names: Vec<String> = serde_json::from_str(&san)
        .map_err(|_| StoreError::Strange { table: "certificate", what: san.clone() })?;
    Ok(CertificateFacts {
        spki_sha256: row.get(2)?,
        serial: row.get(3)?,
        subject: row.get(4)?,
        issuer: row.get(5)?,
        not_before: Timestamp::from_nanos(row.get(6)?),
        not_after: Timestamp::from_nanos(row.get(7)?),
        san: names,
        key_algorithm: row.get(9)?,
        key_bits: row.get(10)?,
        signature_algorithm: row.get(11)?,
        is_ca: row.get(12)?,
        self_issued: row.get(13)?,
        self_signed: row.get(14)?,
        problem: row.get(15)?,
        ..CertificateFacts::unread(row.get(1)?)
    })
}

fn staple(row: &Row<'_>) -> Result<Option<Staple>, StoreError> {
    let Some(word) = row.get::<_, Option<String>>(14)? else { return Ok(None) };
    let status = StapleStatus::ALL.into_iter().find(|status| status.word() == word);
    let status = status.ok_or(StoreError::Strange { table: "certificate_place", what: word })?;
    let time = |at: usize| Ok::<_, StoreError>(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_nanos));
    Ok(Some(Staple { since: time(15)?.unwrap_or(Timestamp::MIN), status, until: time(16)? }))
}

fn places(connection: &Connection, book: &Book, scope: Scope) -> Result<BTreeMap<i64, Places>, StoreError> {
    let mut shown = clients(connection, book, ("certificate_client", "place"), scope)?;
    let mut statement = connection.prepare_cached(
        "SELECT certificate, id, server, port, transport, presented_by, client, sni, position, first, last, \
         source, frame, time, staple, staple_since, staple_until FROM certificate_place \
         WHERE first < ? AND last >= ?",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut places: BTreeMap<i64, Places> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let role = row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?;
        let role = Role::of_word(role)
            .ok_or_else(|| StoreError::Strange { table: "certificate_place", what: role.to_owned() })?;
        let place = Place {
            service: service_key(row, 2, book)?,
            role,
            client: row.get::<_, Option<i64>>(6)?.map(|client| book.host(client)).transpose()?,
            sni: row.get::<_, Option<String>>(7)?.map(Into::into),
            position: row.get(8)?,
        };
        let span = scope.span(row.get(9)?, row.get(10)?);
        let at =
            Moment { frame: frame(row.get(11)?, row.get(12)?), time: Timestamp::from_nanos(row.get(13)?) };
        let mut seen = PlaceSeen { span, at, clients: None.into(), staple: staple(row)? };
        for client in shown.remove(&row.get::<_, i64>(1)?).unwrap_or_default() {
            seen.clients.add(CLIENTS_MAX, client);
        }
        places.entry(row.get(0)?).or_default().push((place, seen));
    }
    Ok(places)
}
