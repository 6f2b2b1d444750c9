//! Hosts and their numbers: every other table names hosts by them.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::scope::Scope;
use super::word::{kept, of_realm, realm};
use crate::graph::{HostSeen, Rows};
use crate::model::{Address, HostKey, Mac};

/// Numbers of hosts that a writer remembers: 262,144 × ~50 B = 13 MiB. Past it, it forgets all of them
/// and looks them up again.
const NUMBERS_MAX: usize = 262_144;

/// MACs, and VLANs, kept of one host: as many as the map keeps, the smallest.
const LINKS_MAX: usize = 8;

/// Numbers of hosts, for writing.
#[derive(Default)]
pub struct Numbers {
    known: HashMap<HostKey, i64, RandomState>,
}

impl Numbers {
    /// The number of a host, which gets one if it has none.
    pub fn of(&mut self, connection: &Connection, key: &HostKey) -> Result<i64, StoreError> {
        if let Some(number) = self.known.get(key) {
            return Ok(*number);
        }
        let (address, realm) = (key.address.to_string(), of_realm(key.realm));
        let known = connection
            .prepare_cached("SELECT id FROM host WHERE address = ? AND realm = ?")?
            .query_row(params![address, realm], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO host (address, realm) VALUES (?, ?)")?
                .insert(params![address, realm])?,
        };
        if self.known.len() >= NUMBERS_MAX {
            self.known.clear();
        }
        self.known.insert(*key, number);
        Ok(number)
    }

    /// Forgets all of them: what was given out was not kept.
    pub fn forget(&mut self) {
        self.known.clear();
    }
}

/// Hosts by number, for reading.
pub struct Book {
    keys: HashMap<i64, HostKey, RandomState>,
}

impl Book {
    /// Reads all of them.
    pub fn read(connection: &Connection) -> Result<Book, StoreError> {
        let mut keys = HashMap::default();
        let mut statement = connection.prepare_cached("SELECT id, address, realm FROM host")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let text = |at: usize| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
            keys.insert(row.get(0)?, key(text(1)?, text(2)?)?);
        }
        Ok(Book { keys })
    }

    /// The host with a number.
    pub fn host(&self, number: i64) -> Result<HostKey, StoreError> {
        self.keys
            .get(&number)
            .copied()
            .ok_or_else(|| StoreError::Strange { table: "host", what: format!("no host {number}") })
    }
}

/// A host's key from its address and realm.
pub fn key(address: &str, place: &str) -> Result<HostKey, StoreError> {
    let (ip, realm) = address
        .parse::<std::net::IpAddr>()
        .ok()
        .zip(realm(place))
        .ok_or_else(|| StoreError::Strange { table: "host", what: format!("{place}/{address}") })?;
    Ok(HostKey { realm, address: Address::from(ip) })
}

/// A MAC as a number, as flows keep it; 0 for none.
pub fn mac_number(mac: Mac) -> i64 {
    let [a, b, c, d, e, f] = mac.0;
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// The MAC of a number.
pub fn mac_of_number(number: i64) -> Mac {
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    Mac([a, b, c, d, e, f])
}

/// The MAC of a text: six pairs of hexadecimal digits.
pub fn mac(text: &str) -> Result<Mac, StoreError> {
    let strange = || StoreError::Strange { table: "host_mac", what: text.to_owned() };
    let mut mac = Mac::default();
    let mut digits = text.split(':');
    for byte in &mut mac.0 {
        let pair = digits.next().ok_or_else(strange)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| strange())?;
    }
    Ok(mac)
}

/// Writes what hosts showed of themselves.
pub fn write(connection: &Connection, numbers: &mut Numbers, rows: &Rows<'_>) -> Result<(), StoreError> {
    for (key, seen) in rows.hosts.iter() {
        let host = numbers.of(connection, key)?;
        let (first, last) = (seen.span.first.nanos(), seen.span.last.nanos());
        connection
            .prepare_cached(
                "UPDATE host SET first = min(ifnull(first, ?2), ?2), last = max(ifnull(last, ?3), ?3), \
                 active = active | ?4 WHERE id = ?1",
            )?
            .execute(params![host, first, last, seen.active])?;
        for mac in seen.macs() {
            let new = connection
                .prepare_cached(
                    "INSERT INTO host_mac VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = ?3 WHERE first > ?3",
                )?
                .execute(params![host, mac.to_string(), first])?;
            if new > 0 {
                trim(connection, "host_mac", "mac", host)?;
            }
        }
        for vlan in seen.vlans() {
            let new = connection
                .prepare_cached(
                    "INSERT INTO host_vlan VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = ?3 WHERE first > ?3",
                )?
                .execute(params![host, vlan, first])?;
            if new > 0 {
                trim(connection, "host_vlan", "vlan", host)?;
            }
        }
    }
    for (key, role) in rows.roles {
        let host = numbers.of(connection, key)?;
        let first = rows.hosts.get(key).map(|seen| seen.span.first).or(rows.last).unwrap_or_default();
        connection
            .prepare_cached(
                "INSERT INTO role VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = ?3 WHERE first > ?3",
            )?
            .execute(params![host, role, first.nanos()])?;
    }
    Ok(())
}

/// Keeps the smallest links of a host, as the map does.
fn trim(connection: &Connection, table: &str, column: &str, host: i64) -> Result<(), StoreError> {
    let sql = format!(
        "DELETE FROM {table} WHERE host = ?1 AND {column} NOT IN \
         (SELECT {column} FROM {table} WHERE host = ?1 ORDER BY {column} LIMIT {LINKS_MAX})"
    );
    connection.prepare_cached(&sql)?.execute(params![host])?;
    Ok(())
}

/// Hosts and roles known in a time.
#[expect(clippy::type_complexity, reason = "two lists of what the map keeps")]
pub fn read(
    connection: &Connection,
    book: &Book,
    scope: Scope,
) -> Result<(Vec<(HostKey, HostSeen)>, Vec<(HostKey, &'static str)>), StoreError> {
    let mut macs: HashMap<i64, Vec<Mac>, RandomState> = HashMap::default();
    let mut vlans: HashMap<i64, Vec<u16>, RandomState> = HashMap::default();
    let mut statement =
        connection.prepare_cached("SELECT host, mac FROM host_mac WHERE first < ? ORDER BY host, mac")?;
    let mut rows = statement.query([scope.end.nanos()])?;
    while let Some(row) = rows.next()? {
        macs.entry(row.get(0)?).or_default().push(mac(&row.get::<_, String>(1)?)?);
    }
    let mut statement =
        connection.prepare_cached("SELECT host, vlan FROM host_vlan WHERE first < ? ORDER BY host, vlan")?;
    let mut rows = statement.query([scope.end.nanos()])?;
    while let Some(row) = rows.next()? {
        vlans.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    let mut hosts = Vec::new();
    let mut statement = connection
        .prepare_cached("SELECT id, first, last, active FROM host WHERE first < ? AND last >= ?")?;
    let mut rows = statement.query(scope.bounds())?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let span = scope.span(row.get(1)?, row.get(2)?);
        let of = |list: Option<&Vec<Mac>>| list.cloned().unwrap_or_default();
        let vlans = vlans.get(&id).cloned().unwrap_or_default();
        hosts.push((book.host(id)?, HostSeen::of(span, row.get(3)?, &of(macs.get(&id)), &vlans)));
    }
    let mut roles = Vec::new();
    let mut statement = connection.prepare_cached("SELECT host, role FROM role WHERE first < ?")?;
    let mut rows = statement.query([scope.end.nanos()])?;
    while let Some(row) = rows.next()? {
        roles.push((book.host(row.get(0)?)?, kept(&row.get::<_, String>(1)?)));
    }
    Ok((hosts, roles))
}
