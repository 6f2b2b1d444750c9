//! What is added up of flows, as columns: the same for edges, their hours and days, and undecided flows.

use rusqlite::{Row, Statement};
use smallvec::SmallVec;

use super::error::StoreError;
use super::pack;
use super::word::{Word, kept};
use crate::graph::{EdgeTotals, Volume};
use crate::model::{Capability, Evidence, Purposes, Span, Timestamp};

/// The columns, in the order in which they are bound and read.
pub const COLUMNS: [&str; 26] = [
    "first",
    "last",
    "flows",
    "failed",
    "answered",
    "observed",
    "one_sided",
    "packets_to_server",
    "bytes_to_server",
    "packets_to_client",
    "bytes_to_client",
    "opened_by_client",
    "opened_by_server",
    "evidence",
    "confidence",
    "decided",
    "capability",
    "purposes",
    "conflicts",
    "longest",
    "protocols",
    "recognised",
    "unrecognised",
    "hours",
    "unseen",
    "retransmitted",
];

/// `INSERT OR REPLACE INTO table (keys, columns) VALUES (?, ...)`.
pub fn replacing(table: &str, keys: &[&str]) -> String {
    let columns: Vec<&str> = keys.iter().chain(&COLUMNS).copied().collect();
    let places = vec!["?"; columns.len()].join(", ");
    format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({places})", columns.join(", "))
}

/// `UPDATE table SET columns = ? WHERE id = ?`: what is indexed stays untouched.
pub fn updating(table: &str) -> String {
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("{column} = ?")).collect();
    format!("UPDATE {table} SET {} WHERE id = ?", columns.join(", "))
}

/// `SELECT keys, columns FROM table`.
pub fn selecting(table: &str, keys: &[&str]) -> String {
    let columns: Vec<&str> = keys.iter().chain(&COLUMNS).copied().collect();
    format!("SELECT {} FROM {table}", columns.join(", "))
}

/// A count as SQLite keeps it: in 63 bits.
pub fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Binds all columns from place `at`, counted from 1.
pub fn bind(statement: &mut Statement<'_>, at: usize, totals: &EdgeTotals) -> Result<(), StoreError> {
    let mut at = at..;
    let mut next = move || at.next().unwrap_or_default();
    let mut put = |value: &dyn rusqlite::ToSql| statement.raw_bind_parameter(next(), value);
    put(&totals.span.first.nanos())?;
    put(&totals.span.last.nanos())?;
    put(&totals.flows)?;
    put(&totals.failed)?;
    put(&totals.answered)?;
    put(&totals.observed)?;
    put(&totals.one_sided)?;
    put(&count(totals.to_server.packets))?;
    put(&count(totals.to_server.bytes))?;
    put(&count(totals.to_client.packets))?;
    put(&count(totals.to_client.bytes))?;
    put(&totals.opened_by_client)?;
    put(&totals.opened_by_server)?;
    put(&totals.evidence.to_word())?;
    put(&f64::from(totals.confidence))?;
    put(&totals.decided)?;
    put(&totals.capability.map(Word::to_word))?;
    put(&totals.purposes.bits())?;
    put(&totals.conflicts)?;
    put(&totals.longest)?;
    put(&protocols_text(&totals.protocols))?;
    put(&totals.recognised)?;
    put(&totals.unrecognised)?;
    put(&pack::of_hours(&totals.hours))?;
    put(&count(totals.unseen))?;
    put(&totals.retransmitted)?;
    Ok(())
}

/// Reads all columns from place `at`, counted from 0.
pub fn read(row: &Row<'_>, at: usize) -> Result<EdgeTotals, StoreError> {
    let number = |place: usize| row.get::<_, i64>(at + place);
    let counted = |place: usize| number(place).map(|n| u64::try_from(n).unwrap_or(0));
    let few = |place: usize| number(place).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let text = |place: usize| -> Result<Option<&str>, StoreError> {
        Ok(row.get_ref(at + place)?.as_str_or_null().map_err(rusqlite::Error::from)?)
    };
    let strange = |what: &str| StoreError::Strange { table: "edge", what: what.to_owned() };
    let evidence = text(13)?.unwrap_or_default();
    let capability = match text(16)? {
        Some(word) => Some(Capability::of_word(word).ok_or_else(|| strange(word))?),
        None => None,
    };
    Ok(EdgeTotals {
        span: Span { first: Timestamp::from_nanos(number(0)?), last: Timestamp::from_nanos(number(1)?) },
        flows: few(2)?,
        failed: few(3)?,
        answered: few(4)?,
        observed: few(5)?,
        one_sided: few(6)?,
        to_server: Volume { packets: counted(7)?, bytes: counted(8)? },
        to_client: Volume { packets: counted(9)?, bytes: counted(10)? },
        opened_by_client: row.get(at + 11)?,
        opened_by_server: row.get(at + 12)?,
        evidence: Evidence::of_word(evidence).ok_or_else(|| strange(evidence))?,
        confidence: row.get::<_, f64>(at + 14)? as f32,
        decided: row.get(at + 15)?,
        capability,
        purposes: Purposes::from_bits(row.get(at + 17)?),
        conflicts: few(18)?,
        longest: number(19)?,
        protocols: protocols(text(20)?.unwrap_or_default()),
        recognised: few(21)?,
        unrecognised: few(22)?,
        hours: pack::hours(row.get_ref(at + 23)?.as_blob().map_err(rusqlite::Error::from)?),
        unseen: counted(24)?,
        retransmitted: few(25)?,
    })
}

fn protocols_text(protocols: &[(&'static str, u32)]) -> String {
    let words: Vec<String> = protocols.iter().map(|(name, flows)| format!("{name}={flows}")).collect();
    words.join(" ")
}

fn protocols(text: &str) -> SmallVec<[(&'static str, u32); 1]> {
    let words = text.split(' ').filter_map(|word| word.split_once('='));
    words.filter_map(|(name, flows)| Some((kept(name), flows.parse().ok()?))).collect()
}
