//! Marks that somebody who looks for an intruder asks for, and tokens that pass from flow to flow.

use rusqlite::{Connection, params};

use super::edge::{service_key, transport};
use super::error::StoreError;
use super::flow::{Base, frame};
use super::host::{Book, Numbers};
use super::scope::Scope;
use super::totals::count;
use super::word::Word;
use crate::model::{
    Endpoint, FlowKey, Indication, Indicator, IndicatorKind, Role, Timestamp, Token, TokenKind, TokenSighting,
};

/// Writes marks.
pub fn write_indications(
    connection: &Connection,
    numbers: &mut Numbers,
    base: Base,
    indications: &[Indication],
) -> Result<(), StoreError> {
    for each in indications {
        let client = numbers.of(connection, &each.client)?;
        let server = numbers.of(connection, &each.service.host)?;
        connection
            .prepare_cached(
                "INSERT INTO indication VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE \
                 SET source = iif(?7 < first, ?9, source), frame = iif(?7 < first, ?10, frame), \
                 first = min(first, ?7), last = max(last, ?8), count = count + ?11",
            )?
            .execute(params![
                each.indicator.kind.to_word(),
                &*each.indicator.text,
                client,
                server,
                each.service.port,
                each.service.transport.to_word(),
                each.span.first.nanos(),
                each.span.last.nanos(),
                base.source(each.frame),
                count(each.frame.number),
                count(each.count)
            ])?;
    }
    Ok(())
}

/// Reads marks of a time, sorted.
pub fn read_indications(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<Indication>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, text, client, server, port, transport, first, last, source, frame, count FROM indication \
         WHERE first < ? AND last >= ?",
    )?;
    let mut rows = statement.query(scope.bounds())?;
    let mut indications = Vec::new();
    while let Some(row) = rows.next()? {
        let word = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
        let kind = word(0)?;
        let kind = IndicatorKind::of_word(kind)
            .ok_or_else(|| StoreError::Strange { table: "indication", what: kind.to_owned() })?;
        indications.push(Indication {
            indicator: Indicator { kind, text: word(1)?.into() },
            client: book.host(row.get(2)?)?,
            service: service_key(row, 3, book)?,
            span: scope.span(row.get(6)?, row.get(7)?),
            frame: frame(row.get(8)?, row.get(9)?),
            count: u64::try_from(row.get::<_, i64>(10)?).unwrap_or(0),
        });
    }
    indications.sort_unstable();
    Ok(indications)
}

/// Writes tokens.
pub fn write_tokens(
    connection: &Connection,
    numbers: &mut Numbers,
    tokens: &[TokenSighting],
) -> Result<(), StoreError> {
    for each in tokens {
        let (client, server) = (each.client, each.client.other());
        let (asks, answers) = (each.flow.endpoint(client), each.flow.endpoint(server));
        let hosts = (
            numbers.of(connection, &each.flow.host(client))?,
            numbers.of(connection, &each.flow.host(server))?,
        );
        connection
            .prepare_cached(
                "INSERT INTO token (time, client, client_port, server, server_port, transport, kind, hash, sent_by) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                each.time.nanos(),
                hosts.0,
                asks.port,
                hosts.1,
                answers.port,
                each.flow.transport.to_word(),
                each.token.kind.to_word(),
                each.token.hash as i64,
                each.token.role.to_word()
            ])?;
    }
    Ok(())
}

/// Reads tokens of a time, in order.
pub fn read_tokens(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<Vec<TokenSighting>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT time, client, client_port, server, server_port, transport, kind, hash, sent_by FROM token \
         WHERE time >= ? AND time < ?",
    )?;
    let mut rows = statement.query([scope.since.nanos(), scope.end.nanos()])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        let (asks, answers) = (book.host(row.get(1)?)?, book.host(row.get(3)?)?);
        let (flow, client) = FlowKey::of(
            asks.realm,
            transport(row, 5)?,
            Endpoint { address: asks.address, port: row.get(2)? },
            Endpoint { address: answers.address, port: row.get(4)? },
        );
        let word = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
        let strange = |what: &str| StoreError::Strange { table: "token", what: what.to_owned() };
        let (kind, role) = (word(6)?, word(8)?);
        let token = Token {
            kind: TokenKind::of_word(kind).ok_or_else(|| strange(kind))?,
            hash: row.get::<_, i64>(7)? as u64,
            role: Role::of_word(role).ok_or_else(|| strange(role))?,
        };
        tokens.push(TokenSighting { time: Timestamp::from_nanos(row.get(0)?), flow, client, token });
    }
    tokens.sort_unstable();
    Ok(tokens)
}
