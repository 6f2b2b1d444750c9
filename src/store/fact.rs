//! Facts about hosts and services that only ever add up: names, holdings, software, TLS, pings, scans,
//! what was counted.

use std::collections::BTreeMap;

use compact_str::CompactString;
use rusqlite::{Connection, OptionalExtension, params};

use super::edge::{hour_of, service_key};
use super::error::StoreError;
use super::host::{Book, Numbers, mac};
use super::pack;
use super::scope::Scope;
use super::totals::count;
use super::word::{Word, kept};
use crate::graph::{Dropped, Facts, Named, PingSeen, Rows, ServiceSeen, Summary, TlsSeen};
use crate::model::{HostKey, Mac, NameSource, ServiceKey, Span, Timestamp, TlsVersion};

/// Words kept of one service and kind: as many as the map keeps, the smallest.
const WORDS_MAX: usize = 256;

/// Sources, and targets, of scans that are kept: eight shards of 1,024.
const SCANS_MAX: i64 = 8_192;

/// Writes all of them.
pub fn write(connection: &Connection, numbers: &mut Numbers, rows: &Rows<'_>) -> Result<(), StoreError> {
    for ((named, source, name), seen) in rows.names.iter() {
        let (host, mac) = match named {
            Named::Host(host) => (numbers.of(connection, host)?, String::new()),
            Named::Mac(mac) => (0, mac.to_string()),
        };
        connection
            .prepare_cached(
                "INSERT INTO name VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE \
                 SET first = min(first, ?5), last = max(last, ?6)",
            )?
            .execute(params![host, mac, source.to_word(), &**name, seen.first.nanos(), seen.last.nanos()])?;
    }
    for (table, source) in [(rows.leases, "lease"), (rows.bindings, "neighbour")] {
        for ((mac, host), seen) in table.iter() {
            let host = numbers.of(connection, host)?;
            connection
                .prepare_cached(
                    "INSERT INTO holding VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE \
                     SET first = min(first, ?4), last = max(last, ?5)",
                )?
                .execute(params![host, mac.to_string(), source, seen.first.nanos(), seen.last.nanos()])?;
        }
    }
    write_services(connection, numbers, rows)?;
    for ((from, to), seen) in rows.pings.iter() {
        let (from, to) = (numbers.of(connection, from)?, numbers.of(connection, to)?);
        connection
            .prepare_cached(
                "INSERT INTO ping VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE \
                 SET requests = requests + ?3, replies = replies + ?4, first = min(first, ?5), last = max(last, ?6)",
            )?
            .execute(params![
                from,
                to,
                count(seen.requests),
                count(seen.replies),
                seen.span.first.nanos(),
                seen.span.last.nanos()
            ])?;
    }
    for (side, table) in [("source", rows.summaries.sources), ("target", rows.summaries.targets)] {
        write_scans(connection, numbers, side, table)?;
    }
    write_counters(connection, rows)
}

/// Services' facts are known from when the service was first seen in what was gained: nobody notes the
/// very packet.
fn write_services(connection: &Connection, numbers: &mut Numbers, rows: &Rows<'_>) -> Result<(), StoreError> {
    let mut firsts: BTreeMap<ServiceKey, Timestamp> = BTreeMap::new();
    if !rows.services.is_empty() {
        for (key, totals) in rows.edges.iter() {
            let first = firsts.entry(key.service).or_insert(totals.span.first);
            *first = totals.span.first.min(*first);
        }
    }
    for (key, seen) in rows.services.iter() {
        let server = numbers.of(connection, &key.host)?;
        let first = firsts.get(key).copied().or(rows.last).unwrap_or_default().nanos();
        let mut grew = std::collections::BTreeSet::new();
        for (kind, value) in words(seen) {
            let new = connection
                .prepare_cached(
                    "INSERT INTO service_fact VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                     ON CONFLICT DO UPDATE SET first = ?6 WHERE first > ?6",
                )?
                .execute(params![server, key.port, key.transport.to_word(), kind, value, first])?;
            if new > 0 {
                grew.insert(kind);
            }
        }
        for kind in grew {
            connection
                .prepare_cached(
                    "DELETE FROM service_fact WHERE server = ?1 AND port = ?2 AND transport = ?3 AND kind = ?4 \
                     AND value NOT IN (SELECT value FROM service_fact WHERE server = ?1 AND port = ?2 \
                     AND transport = ?3 AND kind = ?4 ORDER BY value LIMIT ?5)",
                )?
                .execute(params![server, key.port, key.transport.to_word(), kind, count(WORDS_MAX as u64)])?;
        }
    }
    Ok(())
}

/// What was seen of a service, one word each.
fn words(seen: &ServiceSeen) -> Vec<(&'static str, String)> {
    let mut words: Vec<(&'static str, String)> =
        seen.products.iter().map(|product| ("product", product.to_string())).collect();
    if let Some(tls) = &seen.tls {
        words.push(("tls", String::new()));
        words.extend(tls.versions.iter().map(|version| ("version", version.to_word().to_owned())));
        for (kind, set) in [("sni", &tls.sni), ("alpn", &tls.alpn), ("ja4", &tls.ja4)] {
            words.extend(set.iter().map(|word| (kind, word.to_string())));
        }
        words.extend(tls.certificates.iter().map(|sha256| ("certificate", hex(sha256))));
        words.extend(tls.resumed.then(|| ("resumed", String::new())));
        words.extend(tls.ech.then(|| ("ech", String::new())));
    }
    words
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The 32 bytes of 64 hexadecimal digits.
pub fn sha256(text: &str) -> Result<[u8; 32], StoreError> {
    let strange = || StoreError::Strange { table: "certificate", what: text.to_owned() };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(strange()) };
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return Err(strange());
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair).map_err(|_| strange())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| strange())?;
    }
    Ok(bytes)
}

fn write_scans(
    connection: &Connection,
    numbers: &mut Numbers,
    side: &str,
    rows: &BTreeMap<HostKey, Summary>,
) -> Result<(), StoreError> {
    for (host, new) in rows {
        let host = numbers.of(connection, host)?;
        let known = connection
            .prepare_cached(
                "SELECT attempts, first, last, addresses, ports FROM scan WHERE side = ? AND host = ?",
            )?
            .query_row(params![side, host], |row| summary(row, 0))
            .optional()?;
        let mut sum = new.clone();
        if let Some(known) = known {
            sum.join(&known);
        }
        connection.prepare_cached("INSERT OR REPLACE INTO scan VALUES (?, ?, ?, ?, ?, ?, ?)")?.execute(
            params![
                host,
                side,
                count(sum.attempts),
                sum.span.first.nanos(),
                sum.span.last.nanos(),
                pack::of_distinct(&sum.addresses),
                pack::of_distinct(&sum.ports)
            ],
        )?;
    }
    if !rows.is_empty() {
        connection
            .prepare_cached(
                "DELETE FROM scan WHERE side = ?1 AND host NOT IN \
                 (SELECT host FROM scan WHERE side = ?1 ORDER BY attempts DESC, host LIMIT ?2)",
            )?
            .execute(params![side, SCANS_MAX])?;
    }
    Ok(())
}

fn summary(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Summary> {
    Ok(Summary {
        attempts: u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0),
        span: Span {
            first: Timestamp::from_nanos(row.get(at + 1)?),
            last: Timestamp::from_nanos(row.get(at + 2)?),
        },
        addresses: pack::distinct(row.get_ref(at + 3)?.as_blob()?),
        ports: pack::distinct(row.get_ref(at + 4)?.as_blob()?),
    })
}

/// Counts that are told by the hour. Malformed things are `anomaly.NAME`.
fn write_counters(connection: &Connection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let hour = hour_of(rows.last.unwrap_or_default());
    let dropped = &rows.dropped;
    let mut counts: Vec<(String, u64)> = vec![
        ("flows".to_owned(), rows.flows),
        ("flows.summarised".to_owned(), rows.summaries.flows),
        ("dropped.hosts".to_owned(), dropped.hosts),
        ("dropped.flows".to_owned(), dropped.flows),
        ("dropped.names".to_owned(), dropped.names),
        ("dropped.facts".to_owned(), dropped.facts),
    ];
    counts.extend(rows.anomalies.iter().map(|(name, times)| (format!("anomaly.{name}"), *times)));
    for (name, times) in counts {
        add_counter(connection, &name, hour, times)?;
    }
    Ok(())
}

/// Adds to what is counted by a name.
pub fn add_counter(connection: &Connection, name: &str, hour: i64, times: u64) -> Result<(), StoreError> {
    if times > 0 {
        connection
            .prepare_cached(
                "INSERT INTO counter VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + ?3",
            )?
            .execute(params![name, hour, count(times)])?;
    }
    Ok(())
}

/// What was counted in the hours of a time, by name.
pub fn counters(connection: &Connection, scope: Scope) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT name, sum(count) FROM counter WHERE hour >= ? AND hour < ? GROUP BY name")?;
    let mut rows = statement.query([hour_of(scope.since), hour_of(scope.end)])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
    }
    Ok(counts)
}

/// Reads all of them as they were known in a time.
pub fn read(connection: &Connection, book: &Book, scope: Scope, facts: &mut Facts) -> Result<(), StoreError> {
    facts.names = names(connection, book, scope)?;
    (facts.leases, facts.bindings) = holdings(connection, book, scope)?;
    facts.services = services(connection, book, scope)?;
    facts.pings = pings(connection, book, scope)?;
    facts.sources = scans(connection, book, "source", scope)?;
    facts.targets = scans(connection, book, "target", scope)?;
    for (name, times) in counters(connection, scope)? {
        match name.as_str() {
            "flows" => facts.flows = times,
            "flows.summarised" => facts.summarised = times,
            "dropped.hosts" => facts.dropped = Dropped { hosts: times, ..facts.dropped },
            "dropped.flows" => facts.dropped = Dropped { flows: times, ..facts.dropped },
            "dropped.names" => facts.dropped = Dropped { names: times, ..facts.dropped },
            "dropped.facts" => facts.dropped = Dropped { facts: times, ..facts.dropped },
            name => {
                if let Some(name) = name.strip_prefix("anomaly.") {
                    facts.anomalies.insert(kept(name), times);
                }
            }
        }
    }
    Ok(())
}

#[expect(clippy::type_complexity, reason = "rows as the map keeps them")]
fn names(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<((Named, NameSource, CompactString), Span)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT host, mac, source, name, first, last FROM name WHERE first < ? AND last >= ?",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        let named = match row.get::<_, i64>(0)? {
            0 => Named::Mac(mac(&row.get::<_, String>(1)?)?),
            host => Named::Host(book.host(host)?),
        };
        let source = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        let source = NameSource::of_word(source)
            .ok_or_else(|| StoreError::Strange { table: "name", what: source.to_owned() })?;
        let name = CompactString::from(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?);
        names.push(((named, source, name), scope.span(row.get(4)?, row.get(5)?)));
    }
    Ok(names)
}

type Holdings = Vec<((Mac, HostKey), Span)>;

fn holdings(connection: &Connection, book: &Book, scope: Scope) -> Result<(Holdings, Holdings), StoreError> {
    let (mut leases, mut bindings) = (Vec::new(), Vec::new());
    let mut statement = connection
        .prepare_cached("SELECT host, mac, source, first, last FROM holding WHERE first < ? AND last >= ?")?;
    let mut rows = statement.query(scope.bounds())?;
    while let Some(row) = rows.next()? {
        let key = (mac(&row.get::<_, String>(1)?)?, book.host(row.get(0)?)?);
        let of = if row.get::<_, String>(2)? == "lease" { &mut leases } else { &mut bindings };
        of.push((key, scope.span(row.get(3)?, row.get(4)?)));
    }
    Ok((leases, bindings))
}

fn services(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<(ServiceKey, ServiceSeen)>, StoreError> {
    const PRODUCTS_MAX: usize = 8;
    let mut statement = connection.prepare_cached(
        "SELECT server, port, transport, kind, value FROM service_fact WHERE first < ? \
         ORDER BY server, port, transport, kind, value",
    )?;
    let mut rows = statement.query([scope.end.nanos()])?;
    let mut services: Vec<(ServiceKey, ServiceSeen)> = Vec::new();
    while let Some(row) = rows.next()? {
        let key = service_key(row, 0, book)?;
        if services.last().is_none_or(|(last, _)| *last != key) {
            services.push((key, ServiceSeen::default()));
        }
        let Some((_, seen)) = services.last_mut() else { continue };
        let word = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
        let (kind, value) = (word(3)?, word(4)?);
        if kind == "product" {
            seen.products.add(PRODUCTS_MAX, value.into());
            continue;
        }
        let tls: &mut TlsSeen = seen.tls.get_or_insert_with(Box::default);
        match kind {
            "version" => {
                let version = TlsVersion::of_word(value)
                    .ok_or_else(|| StoreError::Strange { table: "service_fact", what: value.to_owned() })?;
                tls.versions.add(WORDS_MAX, version);
            }
            "sni" => tls.sni.add(WORDS_MAX, value.into()),
            "alpn" => tls.alpn.add(WORDS_MAX, value.into()),
            "ja4" => tls.ja4.add(WORDS_MAX, value.into()),
            "certificate" => tls.add_certificate(sha256(value)?),
            "resumed" => tls.resumed = true,
            "ech" => tls.ech = true,
            _ => {}
        }
    }
    Ok(services)
}

#[expect(clippy::type_complexity, reason = "rows as the map keeps them")]
fn pings(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<((HostKey, HostKey), PingSeen)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT client, server, requests, replies, first, last FROM ping WHERE first < ? AND last >= ?",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut pings = Vec::new();
    while let Some(row) = rows.next()? {
        let counted = |at: usize| row.get::<_, i64>(at).map(|number| u64::try_from(number).unwrap_or(0));
        let seen = PingSeen {
            requests: counted(2)?,
            replies: counted(3)?,
            span: scope.span(row.get(4)?, row.get(5)?),
        };
        pings.push(((book.host(row.get(0)?)?, book.host(row.get(1)?)?), seen));
    }
    Ok(pings)
}

fn scans(
    connection: &Connection,
    book: &Book,
    side: &str,
    scope: Scope,
) -> Result<Vec<(HostKey, Summary)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT host, attempts, first, last, addresses, ports FROM scan WHERE first < ? AND last >= ? AND side = ?",
    )?;
    let mut rows = statement.query(params![scope.end.nanos(), scope.since.nanos(), side])?;
    let mut scans = Vec::new();
    while let Some(row) = rows.next()? {
        let mut seen = summary(row, 1)?;
        seen.span = scope.span(seen.span.first.nanos(), seen.span.last.nanos());
        scans.push((book.host(row.get(0)?)?, seen));
    }
    Ok(scans)
}
