//! What one value of a filter asks of a cell.

use std::net::IpAddr;

use ipnet::IpNet;

use super::key::{Key, Shape};
use crate::graph::Host;
use crate::model::{HostKey, Nanos, Span, Timestamp};

/// What a row shows under a key.
pub enum Cell<'a> {
    /// A host, with what is known of it.
    Host(&'a HostKey, Option<&'a Host>),
    /// A text.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// From when to when.
    Span(Span),
}

/// What a value asks.
#[derive(Debug, PartialEq)]
pub enum Test {
    /// Is in this network, or is this address.
    Network(IpNet),
    /// Is equal, whatever the case.
    Equal(String),
    /// Begins so.
    Begins(String),
    /// Contains it.
    Contains(String),
    /// Lies between two numbers, both included.
    Between(f64, f64),
    /// Yes or no.
    Flag(bool),
    /// Seen at or after this moment.
    Since(Timestamp),
    /// First seen before this moment.
    Until(Timestamp),
}

impl Test {
    /// Contains a text.
    pub fn containing(text: &str) -> Test {
        Test::Contains(text.replace(super::QUOTED_COMMA, ",").to_lowercase())
    }

    /// Reads a value of a key.
    ///
    /// # Errors
    /// In one sentence, what is wrong with it.
    pub fn read(key: &Key, text: &str, now: Timestamp) -> Result<Test, String> {
        if text.is_empty() {
            return Err(format!("`{}:` is followed by nothing", key.name));
        }
        match key.shape {
            Shape::Number => number(key, text),
            Shape::Flag => match text.to_lowercase().as_str() {
                "yes" | "true" => Ok(Test::Flag(true)),
                "no" | "false" => Ok(Test::Flag(false)),
                _ => Err(format!("`{text}` is neither `yes` nor `no`")),
            },
            Shape::Since => moment(text, now).map(Test::Since),
            Shape::Until => moment(text, now).map(Test::Until),
            Shape::Host if network(text).is_some() => {
                Ok(network(text).map_or(Test::Flag(false), Test::Network))
            }
            Shape::Host | Shape::Text | Shape::Beginning => match text.strip_prefix('~') {
                Some("") => Err("`~` is followed by nothing".to_owned()),
                Some(part) => Ok(Test::Contains(part.to_lowercase())),
                None if key.shape == Shape::Beginning => Ok(Test::Begins(text.to_lowercase())),
                None => Ok(Test::Equal(text.to_lowercase())),
            },
        }
    }

    /// A cell is as it asks.
    pub fn holds(&self, cell: &Cell<'_>) -> bool {
        match (self, cell) {
            (Test::Network(network), Cell::Host(key, _)) => network.contains(&key.address.ip()),
            (_, Cell::Host(key, host)) => {
                let names = host.iter().flat_map(|host| &host.names);
                self.holds_text(&key.to_string()) || { names }.any(|name| self.holds_text(&name.name))
            }
            (_, Cell::Text(text)) => self.holds_text(text),
            (Test::Between(low, high), Cell::Number(number)) => low <= number && number <= high,
            (Test::Flag(wanted), Cell::Flag(flag)) => wanted == flag,
            (Test::Since(since), Cell::Span(span)) => span.last >= *since,
            (Test::Until(until), Cell::Span(span)) => span.first < *until,
            _ => false,
        }
    }

    fn holds_text(&self, text: &str) -> bool {
        match self {
            Test::Equal(wanted) => text.to_lowercase() == *wanted,
            Test::Begins(wanted) => text.to_lowercase().starts_with(wanted.as_str()),
            Test::Contains(wanted) => text.to_lowercase().contains(wanted.as_str()),
            _ => false,
        }
    }
}

/// An address or a network.
pub fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address));
    }
    text.parse::<IpNet>().ok()
}

fn number(key: &Key, text: &str) -> Result<Test, String> {
    let read = |text: &str| {
        let (digits, times) = match text.strip_suffix(['k', 'M', 'G']) {
            Some(digits) if text.ends_with('k') => (digits, 1e3),
            Some(digits) if text.ends_with('M') => (digits, 1e6),
            Some(digits) => (digits, 1e9),
            None => (text, 1.0),
        };
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(|number| number * times).ok_or_else(|| {
            format!("`{text}` is no number; write `{0}:443`, `{0}:1-1023`, `{0}:>=10k`", key.name)
        })
    };
    // Below and above without a bound of their own: whole numbers and tenths are all that rows have.
    const STEP: f64 = 1e-6;
    if let Some(rest) = text.strip_prefix(">=") {
        return Ok(Test::Between(read(rest)?, f64::INFINITY));
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return Ok(Test::Between(f64::NEG_INFINITY, read(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return Ok(Test::Between(read(rest)? + STEP, f64::INFINITY));
    }
    if let Some(rest) = text.strip_prefix('<') {
        return Ok(Test::Between(f64::NEG_INFINITY, read(rest)? - STEP));
    }
    // The first character may be the sign of a number; a dash after it parts two.
    match text.char_indices().skip(1).find(|(_, character)| *character == '-') {
        Some((dash, _)) => {
            let (low, high) = text.split_at(dash);
            let (low, high) = (read(low)?, read(high.trim_start_matches('-'))?);
            match low <= high {
                true => Ok(Test::Between(low, high)),
                false => Err(format!("`{text}` ends before it begins")),
            }
        }
        None => read(text).map(|number| Test::Between(number, number)),
    }
}

/// A moment: RFC 3339 with a zone, or so long before now.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let ago = || {
        let unit = text.chars().next_back()?;
        let seconds: i64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(now + Nanos::from(count).saturating_mul(seconds).saturating_mul(1_000_000_000).saturating_neg())
    };
    match ago() {
        Some(moment) => Ok(moment),
        None => text.parse().map_err(|error: crate::model::TimestampError| {
            format!("{error}, or `90s`, `15m`, `1h`, `7d` ago")
        }),
    }
}
