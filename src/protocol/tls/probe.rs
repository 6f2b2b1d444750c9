//! Is this TLS? By its first bytes, from either side, on any port.

use crate::model::{Role, Side};
use crate::protocol::{Opening, Probe};

use super::message::{LEN_MAX, kind};
use super::record::{Content, HEADER_LEN, Header};
use super::sslv2;

/// What one side's bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    /// TLS, and the role of the side that sent it where the bytes tell.
    Tls(Option<Role>),
    /// Perhaps.
    Unsure,
    /// Something else.
    Other,
}

pub(super) fn probe(opening: &Opening<'_>) -> Probe {
    let mut tls = false;
    let mut unsure = false;
    for side in [Side::A, Side::B] {
        match looks(opening.of(side), opening.from_start) {
            Looks::Tls(Some(Role::Client)) => return Probe::Match { client: Some(side) },
            Looks::Tls(Some(Role::Server)) => return Probe::Match { client: Some(side.other()) },
            Looks::Tls(None) => tls = true,
            Looks::Unsure => unsure = true,
            Looks::Other => {}
        }
    }
    match (tls, unsure) {
        (true, _) => Probe::Match { client: None },
        (false, true) if !opening.last_chance => Probe::NeedMore,
        (false, _) => Probe::NoMatch,
    }
}

fn looks(bytes: &[u8], from_start: bool) -> Looks {
    match bytes {
        // A side that has said nothing speaks neither for nor against.
        [] => Looks::Other,
        [first, ..] if first & 0x80 != 0 => version_2(bytes),
        [0x14..=0x17] | [0x14..=0x17, 3, ..] => record(bytes, from_start),
        _ => Looks::Other,
    }
}

fn version_2(bytes: &[u8]) -> Looks {
    match sslv2::opening(bytes) {
        sslv2::Opening::Hello(sslv2::Hello::Client { .. }, _) => Looks::Tls(Some(Role::Client)),
        sslv2::Opening::Hello(sslv2::Hello::Server { .. }, _) => Looks::Tls(Some(Role::Server)),
        sslv2::Opening::Part(_) => Looks::Unsure,
        sslv2::Opening::Other => Looks::Other,
    }
}

fn record(bytes: &[u8], from_start: bool) -> Looks {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else { return Looks::Unsure };
    let Some(header) = Header::parse(*header) else { return Looks::Other };
    let sender = match header.content {
        Content::Handshake => handshake(header, rest),
        // A server that refuses without a hello: one alert of two bytes, warning or fatal.
        Content::Alert if from_start => match (header.len, rest) {
            (2, [1 | 2, ..]) => Looks::Tls(None),
            (2, []) => Looks::Unsure,
            _ => Looks::Other,
        },
        _ => Looks::Other,
    };
    if from_start || matches!(sender, Looks::Tls(_)) { sender } else { traffic(header, rest) }
}

/// The first handshake record of a side: does it begin with a message that tells who sent it?
fn handshake(header: Header, rest: &[u8]) -> Looks {
    let [first, rest @ ..] = rest else { return Looks::Unsure };
    let (sender, body_len) = match *first {
        // Version, random, session id, suites, compression: 41 bytes at least.
        kind::CLIENT_HELLO => (Role::Client, 41..=LEN_MAX),
        kind::SERVER_HELLO => (Role::Server, 36..=LEN_MAX),
        _ => return Looks::Other,
    };
    // Some senders cut their hello into records of a few bytes; what lies beyond is not looked at.
    if header.len >= 4 {
        let Some((len, rest)) = rest.split_first_chunk::<3>() else { return Looks::Unsure };
        let [high, middle, low] = *len;
        if !body_len.contains(&(u32::from_be_bytes([0, high, middle, low]) as usize)) {
            return Looks::Other;
        }
        match rest {
            [] if header.len > 4 => return Looks::Unsure,
            [version, ..] if header.len > 4 && !matches!(version, 3 | 0x7f) => return Looks::Other,
            _ => {}
        }
    }
    Looks::Tls(Some(sender))
}

/// A talk joined late: a record of any kind and, where enough was said, another one after it.
fn traffic(header: Header, rest: &[u8]) -> Looks {
    let sender = match (header.content, rest) {
        (Content::Handshake, [first, 0, ..]) => match *first {
            kind::CLIENT_KEY_EXCHANGE | kind::CERTIFICATE_VERIFY => Some(Role::Client),
            kind::SERVER_KEY_EXCHANGE | kind::SERVER_HELLO_DONE => Some(Role::Server),
            _ => None,
        },
        _ => None,
    };
    let next = rest.get(header.len..).unwrap_or_default();
    match next.first_chunk::<HEADER_LEN>() {
        Some(next) if Header::parse(*next).is_none() => Looks::Other,
        _ => Looks::Tls(sender),
    }
}
