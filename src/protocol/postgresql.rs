//! PostgreSQL's frontend/backend protocol, versions 2 and 3 (PostgreSQL documentation, chapter
//! "Frontend/Backend Protocol"): recognised, followed into TLS, and its version told.

use compact_str::format_compact;

use crate::model::{Fault, Observation, Purpose, Role, State, Transport};

use super::speaker::Speaker;
use super::tls::Tls;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// The longest startup packet that a server takes (MAX_STARTUP_PACKET_LENGTH).
const STARTUP_BYTES_MAX: u32 = 10_000;

/// The longest message by which a talk joined late is recognised. Four letters read as a length
/// are above this, so text is never taken for a message.
const MESSAGE_BYTES_MAX: u32 = 64 << 20;

/// The longest server parameter that is read; the version has below 100 bytes.
const PARAMETER_BYTES_MAX: usize = 1024;

/// Names and values of a startup packet that are read; clients send five or six pairs.
const PARAMETER_TEXTS_MAX: usize = 64;

/// Messages that are walked over to find one that shows its sender: 2 KiB are probed, and the
/// shortest message has 5 bytes.
const WALK_MAX: usize = 410;

/// Bytes of SQL after which a query is believed without its end.
const SQL_BYTES_MIN: usize = 16;

const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// The first byte of a TLS record with a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// PostgreSQL.
pub struct PostgreSql;

impl Analyzer for PostgreSql {
    fn protocol(&self) -> &'static str {
        "postgresql"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(|bytes| match bytes {
            [0, ..] => startup_speaker(bytes),
            // The answer to a request for encryption, with nothing seen of the client.
            [b'S', TLS_HANDSHAKE, 3, ..] => Speaker::Is(Role::Server),
            [b'S', TLS_HANDSHAKE] => Speaker::Unclear,
            [b'N', rest @ ..] if rest.first() == Some(&b'R') => message_speaker(rest),
            _ => message_speaker(bytes),
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<PostgreSqlSession>::default()
    }
}

/// Length and code of a packet that may open a connection.
fn startup(bytes: &[u8]) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h] = bytes.first_chunk::<8>()?;
    Some((u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h])))
}

fn startup_speaker(bytes: &[u8]) -> Speaker {
    let Some((len, code)) = startup(bytes) else { return Speaker::Unclear };
    let known = match code {
        SSL | GSS => len == 8,
        CANCEL => (16..=268).contains(&len),
        // Version 2 has a fixed form.
        0x0002_0000 => len == 296,
        0x0003_0000..=0x0003_000f if (16..=STARTUP_BYTES_MAX).contains(&len) => {
            let parameters = bytes.get(8..).unwrap_or_default();
            let arrived = parameters.len() + 8 >= len as usize;
            let user = parameters.starts_with(b"user\0")
                || parameters.windows(6).any(|window| window == b"\0user\0");
            let looks_right = parameters.first().is_none_or(|first| first.is_ascii_lowercase());
            if looks_right && !user && !arrived {
                return Speaker::Unclear;
            }
            looks_right && user
        }
        _ => false,
    };
    if known { Speaker::Is(Role::Client) } else { Speaker::Stranger }
}

/// Type, length and what is there of a message's contents.
fn message(bytes: &[u8]) -> Option<(u8, u32, &[u8])> {
    let ([kind, a, b, c, d], contents) = bytes.split_first_chunk::<5>()?;
    let len = u32::from_be_bytes([*a, *b, *c, *d]);
    let contents_len = usize::try_from(len).unwrap_or(usize::MAX).saturating_sub(4);
    Some((*kind, len, contents.get(..contents_len).unwrap_or(contents)))
}

/// Walks over whole messages until one shows its sender.
fn message_speaker(bytes: &[u8]) -> Speaker {
    let mut rest = bytes;
    for place in 0..WALK_MAX {
        let Some((kind, len, contents)) = message(rest) else { return Speaker::Unclear };
        let judged = judge(kind, len, contents, place > 0);
        if judged != Speaker::Either {
            return judged;
        }
        let Some(next) = rest.get(1 + len as usize..) else { return Speaker::Unclear };
        rest = next;
    }
    Speaker::Stranger
}

/// What one message says of its sender. Many letters are used by both sides.
fn judge(kind: u8, len: u32, contents: &[u8], follows: bool) -> Speaker {
    let arrived = contents.len() + 4 == len as usize;
    if !(4..=MESSAGE_BYTES_MAX).contains(&len) {
        return Speaker::Stranger;
    }
    match (kind, contents) {
        (b'Z', [b'I' | b'T' | b'E']) if len == 5 => Speaker::Is(Role::Server),
        (b'R', [0, 0, 0, kind, ..]) if is_authentication(*kind, len) => Speaker::Is(Role::Server),
        // Sync ends a series of an extended query.
        (b'S', []) if len == 4 && follows => Speaker::Is(Role::Client),
        (b'S', _) if arrived && parameter(contents).is_some() => Speaker::Is(Role::Server),
        (b'E', [b'S', severity @ ..])
            if [&b"FATAL\0"[..], b"ERROR\0", b"PANIC\0"].iter().any(|known| severity.starts_with(known)) =>
        {
            Speaker::Is(Role::Server)
        }
        (b'Q', [first, ..]) if first.is_ascii_alphabetic() || b"(/-; \n\t".contains(first) => {
            match contents.iter().position(|b| *b == 0) {
                Some(end) if arrived && end + 1 == contents.len() => Speaker::Is(Role::Client),
                None if contents.len() >= SQL_BYTES_MIN => Speaker::Is(Role::Client),
                None if !arrived => Speaker::Unclear,
                _ => Speaker::Stranger,
            }
        }
        (b'Z' | b'R' | b'S' | b'Q', _) if arrived => Speaker::Stranger,
        (b'Z' | b'R' | b'S' | b'Q', _) => Speaker::Unclear,
        (b'B' | b'C' | b'D' | b'E' | b'F' | b'H' | b'P' | b'X' | b'c' | b'd' | b'f' | b'p', _)
        | (b'1'..=b'3' | b'A' | b'G' | b'I' | b'K' | b'N' | b'T' | b'V' | b'W' | b'n' | b's' | b't', _) => {
            Speaker::Either
        }
        _ => Speaker::Stranger,
    }
}

/// The kinds of authentication requests with their lengths.
const fn is_authentication(kind: u8, len: u32) -> bool {
    match kind {
        0 | 2 | 3 | 6 | 7 | 9 => len == 8,
        5 => len == 12,
        8 | 10 | 11 | 12 => len > 8 && len < STARTUP_BYTES_MAX,
        _ => false,
    }
}

/// Name and value of a ParameterStatus.
fn parameter(contents: &[u8]) -> Option<(&str, &str)> {
    let mut texts = std::str::from_utf8(contents).ok()?.split('\0');
    let (name, value) = (texts.next()?, texts.next()?);
    let ends = texts.next() == Some("") && texts.next().is_none();
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    (ends && is_name).then_some((name, value))
}

/// What the client asked the connection to be wrapped in, and got no answer to yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    Tls,
    Gss,
}

/// One connection, until the server is ready for queries.
#[derive(Default)]
struct PostgreSqlSession {
    asked: Option<Wrapping>,
    /// The client began in clear.
    begun: bool,
    /// A password was asked for, and how it is shown where that is wrong.
    login: Option<Option<Fault>>,
}

impl PostgreSqlSession {
    fn client(&mut self, bytes: &[u8], seen: &mut Seen) -> Step {
        match bytes {
            [0, ..] => {
                let Some((len, code)) = startup(bytes) else { return Step::Need(8) };
                self.asked = match code {
                    SSL => Some(Wrapping::Tls),
                    GSS => Some(Wrapping::Gss),
                    CANCEL => return Step::Done,
                    _ => None,
                };
                if !(8..=STARTUP_BYTES_MAX).contains(&len) {
                    return Step::Done;
                }
                let Some(packet) = bytes.get(..len as usize) else { return Step::Need(len as usize) };
                if let Some(purpose) = purpose(packet.get(8..).unwrap_or_default()) {
                    seen.push(Observation::Purpose(purpose));
                }
                self.begun |= self.asked.is_none();
                Step::Consumed(len as usize)
            }
            // The server's consent was not seen.
            [TLS_HANDSHAKE, ..] if self.asked == Some(Wrapping::Tls) => Step::Upgrade(0, &Tls),
            _ => skip_message(bytes),
        }
    }

    /// What the server wants to be shown, or that it is content (0).
    fn authentication(&mut self, kind: u8, seen: &mut Seen) {
        let fault = match (kind, self.login) {
            (3, _) => return self.login = Some(Some(Fault::PostgresClear)),
            (5, _) => return self.login = Some(Some(Fault::PostgresMd5)),
            (1.., _) => return self.login = self.login.or(Some(None)),
            (0, Some(fault)) => fault,
            // A certificate would have needed TLS; a system user cannot be seen from outside.
            (0, None) => self.begun.then_some(Fault::PostgresTrust),
        };
        let what = match fault {
            Some(Fault::PostgresClear) => "PostgreSQL password in clear accepted",
            Some(Fault::PostgresMd5) => "PostgreSQL password as MD5 accepted, without TLS",
            _ => "PostgreSQL asked for no password, without TLS",
        };
        if let Some(fault) = fault {
            seen.fault(fault, State::Used, what);
        }
    }

    fn server(&mut self, bytes: &[u8], seen: &mut Seen) -> Step {
        match (self.asked, bytes) {
            (Some(Wrapping::Tls), [b'S', ..]) | (None, [b'S', TLS_HANDSHAKE, ..]) => Step::Upgrade(1, &Tls),
            (Some(Wrapping::Gss), [b'G', ..]) => Step::Done,
            (Some(_), [b'N', ..]) | (None, [b'N', b'R', ..]) => {
                self.asked = None;
                Step::Consumed(1)
            }
            _ => {
                self.asked = None;
                if let Some((b'R', _, contents)) = message(bytes) {
                    let Some([0, 0, 0, kind]) = contents.first_chunk::<4>() else { return Step::Need(9) };
                    self.authentication(*kind, seen);
                }
                server_message(bytes, seen)
            }
        }
    }
}

/// What a connection is for, by the parameters of its startup packet: texts that end in a zero, names
/// and values in turn (section "Streaming Replication Protocol"). Tools that make backups use the same
/// protocol as replicas and say who they are.
fn purpose(parameters: &[u8]) -> Option<Purpose> {
    let texts: Vec<&[u8]> = parameters.split(|byte| *byte == 0).take(PARAMETER_TEXTS_MAX).collect();
    let value = |name: &[u8]| {
        let pair = texts.chunks_exact(2).find(|pair| pair.first() == Some(&name));
        pair.and_then(|pair| pair.get(1)).copied().unwrap_or_default()
    };
    let replicates = value(b"replication");
    if matches!(value(b"application_name"), b"pg_basebackup" | b"pg_dump" | b"pg_dumpall") {
        return Some(Purpose::Backup);
    }
    let replicates = [&b"true"[..], b"on", b"yes", b"1", b"database"].contains(&replicates);
    replicates.then_some(Purpose::Replication)
}

/// The longest message that PostgreSQL knows has 1 GiB.
fn skip_message(bytes: &[u8]) -> Step {
    match message(bytes) {
        None => Step::Need(5),
        Some((_, len @ 4..=0x4000_0000, _)) => Step::Skip(1 + u64::from(len)),
        Some(_) => Step::Done,
    }
}

fn server_message(bytes: &[u8], seen: &mut Seen) -> Step {
    match message(bytes) {
        // Ready for queries: whatever names the server has been said.
        Some((b'Z', ..)) => Step::Done,
        Some((b'S', len, contents)) if len as usize <= PARAMETER_BYTES_MAX => {
            if contents.len() + 4 < len as usize {
                return Step::Need(1 + len as usize);
            }
            if let Some(("server_version", version)) = parameter(contents) {
                seen.product(Role::Server, format_compact!("PostgreSQL {version}"));
            }
            skip_message(bytes)
        }
        _ => skip_message(bytes),
    }
}

impl Session for PostgreSqlSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match from {
            Role::Client => self.client(bytes, seen),
            Role::Server => self.server(bytes, seen),
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, Observation, Pair, Side};
    use crate::protocol::testing::{Line, Outcome, faults, hex, tcp};
    use crate::protocol::{Conversation, Verdict};
    use Line::{C, S};

    const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];

    fn startup_packet() -> Vec<u8> {
        hex("0000002d 00030000 75736572 00 757365720064617461626173650070 6c616e745f736572766963655f64620000")
    }

    fn ready() -> Vec<u8> {
        let version = b"server_version\x0012.22 (Debian 12.22-1)\0";
        let status = [&[b'S', 0, 0, 0, version.len() as u8 + 4], &version[..]].concat();
        [hex("5200000008 00000000"), hex("530000000961 0062 0000"), status, hex("5a0000000554")].concat()
    }

    fn check(lines: &[Line<'_>], products: &[&str]) {
        let product = |text: &&str| Observation::Product { of: Role::Server, text: (*text).into() };
        let expected = Outcome {
            protocol: Some("postgresql"),
            client_right: Some(true),
            observations: products.iter().map(product).collect(),
        };
        let mut outcome = tcp(lines);
        outcome.observations.retain(|told| !matches!(told, Observation::Practice { .. }));
        assert_eq!(outcome, expected);
    }

    #[test]
    fn a_clear_connection_tells_the_server_version() {
        let version = ["PostgreSQL 12.22 (Debian 12.22-1)"];
        check(&[C(&startup_packet()), S(&ready())], &version);
        check(&[C(SSL_REQUEST), S(b"N"), C(&startup_packet()), S(&ready())], &version);
        check(&[S(&ready())], &version);
        check(&[S(b"N"), S(&ready())], &version);
    }

    #[test]
    fn how_a_password_is_shown_is_judged_once_it_was_accepted() {
        let talk = |asked: &str| {
            faults(&tcp(&[C(&startup_packet()), S(&hex(asked)), C(b"p\0\0\0\x06x\0"), S(&ready())]))
        };
        assert_eq!(talk("5200000008 00000003"), [(Fault::PostgresClear, State::Used)]);
        assert_eq!(talk("520000000c 00000005 01020304"), [(Fault::PostgresMd5, State::Used)]);
        let scram = "5200000017 0000000a 534352414d2d5348412d323536 00 00";
        assert_eq!(talk(scram), []);
        let trust = faults(&tcp(&[C(&startup_packet()), S(&ready())]));
        assert_eq!(trust, [(Fault::PostgresTrust, State::Used)]);
        assert_eq!(faults(&tcp(&[S(&ready())])), [], "who knows what the client showed");
    }

    #[test]
    fn agreed_encryption_hands_over_to_tls() {
        use Role::{Client, Server};
        let hello = hex("160301015c010001580303");
        let answered = [b"S", hello.as_slice()].concat();
        for (asked, from, bytes, used) in
            [(true, Server, b"S".to_vec(), 1), (true, Client, hello, 0), (false, Server, answered, 1)]
        {
            let mut seen = Seen::default();
            let mut session = PostgreSql.begin();
            if asked {
                assert!(matches!(session.on_bytes(Client, SSL_REQUEST, &mut seen), Step::Consumed(8)));
            }
            let step = session.on_bytes(from, &bytes, &mut seen);
            assert!(matches!(step, Step::Upgrade(n, to) if n == used && to.protocol() == "tls"), "{step:?}");
        }
        check(&[C(SSL_REQUEST), S(b"S")], &[]);
        check(&[S(b"S\x16\x03\x01")], &[]);
    }

    #[test]
    fn an_error_at_the_start_comes_from_the_server() {
        check(&[S(b"E\0\0\0\x26SFATAL\0C53300\0Mtoo many clients\0\0")], &[]);
    }

    #[test]
    fn a_talk_joined_late_is_recognised_by_either_side() {
        let query = b"Q\0\0\0\x0dSELECT 1\0";
        let extended = b"P\0\0\0\x10\0SELECT 1\0\0\0B\0\0\0\x0c\0\0\0\0\0\0\0\0S\0\0\0\x04";
        let answer = b"C\0\0\0\x0aBEGIN\0Z\0\0\0\x05T";
        for (said, client) in [(&query[..], Side::A), (extended, Side::A), (answer, Side::B)] {
            let endpoint = |last| Endpoint { address: Address::from([10, 0, 0, last]), port: 9 };
            let mut seen = Seen::default();
            let endpoints = Pair::new(endpoint(1), endpoint(2));
            let mut talk = Conversation::new(endpoints, Transport::Tcp, false, Side::A);
            talk.on_bytes(Side::A, b"2024-01-01 00:00:00\0", &mut seen);
            assert_eq!(talk.verdict(), None);
            talk.on_bytes(Side::A, said, &mut seen);
            assert_eq!(talk.verdict(), Some(Verdict { protocol: "postgresql", client: Some(client) }));
        }
    }

    #[test]
    fn what_is_nearly_postgresql_is_not() {
        for bytes in [
            // A file's share of an SMB message, a startup without a user, text, a lone Sync,
            // a ready state that is none, a query with something behind its end.
            &b"\0\0\0\x68\xfeSMB@\0"[..],
            b"\0\0\0\x12\0\x03\0\0name\0joe\0\0\0",
            b"QUIT\r\n",
            b"PASS secret\r\n",
            b"S\0\0\0\x04",
            b"Z\0\0\0\x05X",
            b"Q\0\0\0\x0dSELECT\0 1",
            b"D\0\0\0\x08\0\0\0\0",
        ] {
            assert_ne!(tcp(&[C(bytes)]).protocol, Some("postgresql"), "{bytes:?}");
        }
    }

    #[test]
    fn replicas_and_backups_say_what_they_are_at_startup() {
        let told = |parameters: &str| {
            let parameters = parameters.replace('|', "\0");
            let len = parameters.len() as u8 + 10;
            let packet = [&[0, 0, 0, len, 0, 3, 0, 0][..], parameters.as_bytes(), &[0, 0]].concat();
            tcp(&[C(&packet)]).observations
        };
        let replication = [Observation::Purpose(Purpose::Replication)];
        assert_eq!(told("user|repl|replication|true|application_name|walreceiver"), replication);
        assert_eq!(told("user|repl|database|shop|replication|database"), replication);
        let backup = [Observation::Purpose(Purpose::Backup)];
        assert_eq!(told("user|repl|replication|true|application_name|pg_basebackup"), backup);
        assert_eq!(told("user|alice|database|replication"), []);
        assert_eq!(told("user|alice|replication|false"), []);
    }
}
