//! Microsoft SQL Server: the tabular data stream ([MS-TDS]) up to the login, TLS inside it, and the
//! browser service that tells ports ([MC-SQLR]).

mod browser;
#[cfg(test)]
mod tests;
mod wrapped;

use compact_str::format_compact;

use crate::model::{Pair, Role, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step, ntlm};
pub use browser::Browser;
use wrapped::Wrapped;

/// Bytes of the header of a packet ([MS-TDS] §2.2.3.1).
const HEADER: usize = 8;

/// The longest packet: both sides agree on at most 32,767 bytes.
const PACKET_BYTES_MAX: usize = 32_767;

const SQL_BATCH: u8 = 0x01;
const OLD_LOGIN: u8 = 0x02;
const RPC: u8 = 0x03;
const ANSWER: u8 = 0x04;
const TRANSACTION: u8 = 0x0e;
const LOGIN: u8 = 0x10;
const SSPI: u8 = 0x11;
const PRELOGIN: u8 = 0x12;

/// Options of a PRELOGIN that are walked; the registry has 8 (§2.2.6.5).
const OPTIONS_MAX: usize = 16;

/// The tabular data stream.
pub struct Mssql;

impl Analyzer for Mssql {
    fn protocol(&self) -> &'static str {
        "mssql"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<MssqlSession>::default()
    }
}

/// A packet's header: type, length of the contents.
fn packet(bytes: &[u8]) -> Option<(u8, usize)> {
    // The last byte is reserved and zero.
    let [kind, status, high, low, _, _, _, 0] = bytes.first_chunk::<HEADER>()? else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    let known =
        matches!(*kind, SQL_BATCH | RPC | ANSWER | 0x06 | 0x07 | TRANSACTION | LOGIN | SSPI | PRELOGIN);
    (known && status & 0xe0 == 0 && (HEADER..=PACKET_BYTES_MAX).contains(&len)).then(|| (*kind, len - HEADER))
}

/// Who sends such a packet. Its header is weak, so its contents must begin as they should.
fn speaker(bytes: &[u8]) -> Speaker {
    if bytes.len() < HEADER {
        let possible =
            matches!(bytes, [SQL_BATCH | OLD_LOGIN | RPC | ANSWER | TRANSACTION | LOGIN | PRELOGIN, ..]);
        return if possible { Speaker::Unclear } else { Speaker::Stranger };
    }
    let contents = bytes.get(HEADER..).unwrap_or_default();
    if bytes.first() == Some(&OLD_LOGIN) {
        return is_old_login(bytes, contents);
    }
    let Some((kind, len)) = packet(bytes) else { return Speaker::Stranger };
    let contents = contents.get(..len).unwrap_or(contents);
    let (role, fits) = match kind {
        PRELOGIN => (Role::Client, is_prelogin(contents, len)),
        LOGIN => (Role::Client, is_login(contents, len)),
        SQL_BATCH | RPC | TRANSACTION => (Role::Client, has_transaction(contents, len)),
        ANSWER => match is_prelogin(contents, len) {
            Some(false) | None if contents.first() != Some(&0) => (Role::Server, is_answer(contents)),
            fits => (Role::Server, fits),
        },
        _ => return Speaker::Stranger,
    };
    match fits {
        Some(true) => Speaker::Is(role),
        Some(false) => Speaker::Stranger,
        None => Speaker::Unclear,
    }
}

/// The version comes first, then other options, then their contents (§2.2.6.5).
fn is_prelogin(contents: &[u8], len: usize) -> Option<bool> {
    let [0, high, low, 0, 6, next, ..] = contents.first_chunk::<6>()? else { return Some(false) };
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    Some((1..=OPTIONS_MAX).any(|options| at == options * 5 + 1) && at + 6 <= len && matches!(next, 1 | 0xff))
}

/// Its own length, then the version of the protocol: 7.0 to 7.4 (§2.2.6.4).
fn is_login(contents: &[u8], len: usize) -> Option<bool> {
    let ([a, b, c, d, rest @ ..], _) = contents.split_first_chunk::<8>()?;
    let said = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    let version = matches!(rest, [_, _, 0, 0x70..=0x74] | [0x70..=0x74, 0, _, _]);
    Some(version && (said == len || said > len && said <= PACKET_BYTES_MAX))
}

/// A login of version 4.2 or 5.0, which Sybase's servers still speak: the first packet of 512 bytes,
/// and in it four names of at most 30 bytes, each filled up with zeros and followed by its length.
fn is_old_login(bytes: &[u8], contents: &[u8]) -> Speaker {
    const NAME: usize = 30;
    if !matches!(bytes.first_chunk::<HEADER>(), Some([OLD_LOGIN, 0 | 1, 2, 0, 0, 0, 0 | 1, 0])) {
        return Speaker::Stranger;
    }
    let Some(names) = contents.get(..4 * (NAME + 1)) else { return Speaker::Unclear };
    let fits = names.chunks_exact(NAME + 1).all(|field| {
        let Some((len, name)) = field.split_last() else { return false };
        let filling = name.get(usize::from(*len)..);
        filling.is_some_and(|filling| filling.iter().all(|byte| *byte == 0))
    });
    if fits { Speaker::Is(Role::Client) } else { Speaker::Stranger }
}

/// Headers before a request: their length, and the one about transactions, which is always there
/// since version 7.2 (§2.2.5.3).
fn has_transaction(contents: &[u8], len: usize) -> Option<bool> {
    let headers = contents.first_chunk::<10>()?;
    Some(*headers == [22, 0, 0, 0, 18, 0, 0, 0, 2, 0] && len >= 22)
}

/// A token and a length that does not contradict it (§2.2.7): what a login or a query is answered by.
fn is_answer(contents: &[u8]) -> Option<bool> {
    let ([token, low, high], rest) = contents.split_first_chunk::<3>()?;
    let len = u16::from_le_bytes([*low, *high]);
    match token {
        // ENVCHANGE: a type of which there are 20.
        0xe3 => Some(len >= 2 && matches!(rest.first()?, 1..=20)),
        // ERROR, INFO: a number, a state, a class of at most 25.
        0xaa | 0xab => Some(len >= 10 && *rest.get(5)? <= 25),
        // DONE and its kin have twelve bytes, with flags of which nine bits are in use.
        0xfd..=0xff => {
            let end = rest.get(..10)?;
            Some(len & 0xfe08 == 0 && end.get(6..) == Some(&[0; 4]))
        }
        _ => Some(false),
    }
}

/// Version and build of the server, from its PRELOGIN.
fn version(contents: &[u8]) -> Option<[u8; 4]> {
    let [0, high, low, 0, 6] = contents.first_chunk::<5>()? else { return None };
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    contents.get(at..)?.first_chunk().copied()
}

/// One connection, until somebody has logged in.
#[derive(Default)]
struct MssqlSession {
    in_step: Pair<bool>,
    server_told: bool,
    tls: Wrapped,
}

impl Session for MssqlSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if bytes.len() < HEADER {
            return Step::Need(HEADER);
        }
        let Some((kind, len)) = packet(bytes) else {
            // What is encrypted from here on has no such header.
            return if self.in_step[from] { self.finish(seen) } else { Step::Consumed(bytes.len()) };
        };
        self.in_step[from] = true;
        let logs_in = matches!((from, kind), (_, PRELOGIN | ANSWER | SSPI) | (Role::Client, LOGIN));
        if !logs_in {
            // Queries: everything about the two has been said.
            return self.finish(seen);
        }
        let whole = HEADER + len;
        let Some(contents) = bytes.get(HEADER..whole) else { return Step::Need(whole) };
        if self.tls.has_begun() || wrapped::is_handshake(contents) {
            let goes_on = self.tls.on_bytes(from, contents, seen);
            return if goes_on { Step::Consumed(whole) } else { self.finish(seen) };
        }
        if from == Role::Server
            && !std::mem::replace(&mut self.server_told, true)
            && let Some([major, minor, high, low]) = version(contents)
        {
            let build = u16::from_be_bytes([high, low]);
            seen.product(Role::Server, format_compact!("Microsoft SQL Server {major}.{minor}.{build}"));
        }
        ntlm::names(contents, from, seen);
        Step::Consumed(whole)
    }

    fn on_gap(&mut self, _: Role, _: u64, seen: &mut Seen) -> Step {
        self.finish(seen)
    }

    fn on_end(&mut self, seen: &mut Seen) {
        self.tls.on_end(seen);
    }
}

impl MssqlSession {
    /// Nothing more is of interest: TLS tells what only its end could.
    fn finish(&mut self, seen: &mut Seen) -> Step {
        self.tls.on_end(seen);
        Step::Done
    }
}
