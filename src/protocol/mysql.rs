//! MySQL's and MariaDB's client/server protocol (MySQL internals manual, "Connection Phase"):
//! recognised, followed into TLS, its version told, and replicas known by what they ask for.

use compact_str::format_compact;

use crate::model::{Observation, Purpose, Role, Transport};

use super::speaker::Speaker;
use super::tls::Tls;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes before each packet: a length of three, a sequence number.
const FRAMING: usize = 4;

/// The longest greeting or error that is believed. The longest greetings have about 130 bytes, and
/// an error message at most 512 (MYSQL_ERRMSG_SIZE).
const GREETING_BYTES_MAX: usize = 600;

/// Bytes of a request for TLS, and of what a login begins with: capabilities, the largest packet,
/// character set, and 23 bytes of filler.
const LOGIN_HEAD: usize = 32;

const CLIENT_COMPRESS: u32 = 0x0020;
const CLIENT_PROTOCOL_41: u32 = 0x0200;
const CLIENT_SSL: u32 = 0x0800;

/// What a replica asks for: to be known as one, and to be sent the log.
const BINLOG_DUMP: u8 = 0x12;
const REGISTER_REPLICA: u8 = 0x15;
const BINLOG_DUMP_GTID: u8 = 0x1e;

/// Commands after which a client is taken for none: replicas ask for the log after about fifteen.
const COMMANDS_MAX: u8 = 64;

/// Words that a query begins with, upper case. The longest has 8 letters.
const VERBS: &[&[u8]] = &[
    b"SELECT",
    b"INSERT",
    b"UPDATE",
    b"DELETE",
    b"REPLACE",
    b"SHOW",
    b"SET",
    b"USE",
    b"BEGIN",
    b"COMMIT",
    b"ROLLBACK",
    b"START",
    b"CREATE",
    b"ALTER",
    b"DROP",
    b"CALL",
    b"WITH",
    b"EXPLAIN",
    b"DESCRIBE",
];

/// MySQL.
pub struct MySql;

impl Analyzer for MySql {
    fn protocol(&self) -> &'static str {
        "mysql"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<MySqlSession>::default()
    }
}

/// A packet: its sequence number, its length, and what is there of its contents.
fn packet(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let ([a, b, c, sequence], contents) = bytes.split_first_chunk::<FRAMING>()?;
    let len = usize::from(*c) << 16 | usize::from(*b) << 8 | usize::from(*a);
    Some((*sequence, len, contents.get(..len).unwrap_or(contents)))
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some((sequence, len, contents)) = packet(bytes) else { return Speaker::Unclear };
    let arrived = contents.len() == len;
    match (sequence, contents) {
        _ if len == 0 => Speaker::Stranger,
        (_, []) => Speaker::Unclear,
        (0, [10 | 0xff, ..]) if len > GREETING_BYTES_MAX => Speaker::Stranger,
        (0, [10 | 0xff, ..]) if !arrived => Speaker::Unclear,
        (0, [10, ..]) if version(contents).is_some() => Speaker::Is(Role::Server),
        (0, [0xff, low, high, text @ ..]) if is_refusal(u16::from_le_bytes([*low, *high]), text) => {
            Speaker::Is(Role::Server)
        }
        // A query; since version 8.0.23 two numbers of attributes may come before the text.
        (0, [3, 0, 1, text @ ..] | [3, text @ ..]) => begins_with_verb(text, arrived),
        (1, _) if len >= LOGIN_HEAD && contents.len() < LOGIN_HEAD => Speaker::Unclear,
        (1, _) if login(contents).is_some() => Speaker::Is(Role::Client),
        // An answer: one number of columns, then the first of them, which names its catalog "def".
        (1, [1..=250]) => match bytes.get(FRAMING + 1..).unwrap_or_default() {
            [_, _, 0, 2, 3, b'd', b'e', b'f', ..] => Speaker::Is(Role::Server),
            next if next.len() < 8 => Speaker::Unclear,
            _ => Speaker::Stranger,
        },
        _ => Speaker::Stranger,
    }
}

/// The version in a greeting of protocol 10. Behind it stand the connection's number, eight bytes
/// of salt, and a byte of 0.
fn version(greeting: &[u8]) -> Option<&str> {
    let text = greeting.get(1..)?;
    let end = text.iter().take(100).position(|byte| *byte == 0)?;
    let (text, rest) = text.split_at_checked(end)?;
    let text = std::str::from_utf8(text).ok()?;
    let fits = text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        && rest.get(13) == Some(&0);
    fits.then_some(text)
}

/// An error instead of a greeting: "Host is blocked", "Too many connections".
fn is_refusal(code: u16, text: &[u8]) -> bool {
    (1000..5000).contains(&code) && text.len() >= 8 && text.iter().all(|byte| *byte >= 0x20)
}

fn begins_with_verb(text: &[u8], arrived: bool) -> Speaker {
    let text = text.get(..9).unwrap_or(text).to_ascii_uppercase();
    let verb = text.split(|byte| !byte.is_ascii_uppercase()).next().unwrap_or_default();
    if VERBS.contains(&verb) && (verb.len() < text.len() || arrived) {
        Speaker::Is(Role::Client)
    } else if !arrived && verb.len() == text.len() && text.len() < 9 {
        Speaker::Unclear
    } else {
        Speaker::Stranger
    }
}

/// The capabilities of a login or of a request for TLS (HandshakeResponse41, SSLRequest). MariaDB
/// uses the last four bytes of the filler.
fn login(contents: &[u8]) -> Option<u32> {
    let head = contents.get(..LOGIN_HEAD)?;
    let capabilities = u32::from_le_bytes(*head.first_chunk()?);
    let filler = head.get(9..28)?;
    let fits = capabilities & CLIENT_PROTOCOL_41 != 0 && filler.iter().all(|byte| *byte == 0);
    fits.then_some(capabilities)
}

/// One connection, until the client has logged in and shown whether it is a replica.
#[derive(Default)]
struct MySqlSession {
    logged_in: bool,
    commands: u8,
}

impl MySqlSession {
    /// A command of the client, by its first byte.
    fn on_command(&mut self, command: u8, len: usize, seen: &mut Seen) -> Step {
        self.commands += 1;
        match command {
            REGISTER_REPLICA | BINLOG_DUMP | BINLOG_DUMP_GTID => {
                seen.push(Observation::Purpose(Purpose::Replication));
                Step::Done
            }
            _ if self.commands == COMMANDS_MAX => Step::Done,
            _ => Step::Skip((FRAMING + len) as u64),
        }
    }
}

impl Session for MySqlSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some((sequence, len, contents)) = packet(bytes) else { return Step::Need(FRAMING) };
        match (from, sequence, contents.first()) {
            (_, _, None) if len > 0 => Step::Need(FRAMING + 1),
            (Role::Server, 0, Some(10)) if len <= GREETING_BYTES_MAX => {
                if contents.len() < len {
                    return Step::Need(FRAMING + len);
                }
                if let Some(version) = version(contents) {
                    // MariaDB has said 5.5.5 first ever since old replicas choked on a 10.
                    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
                    let product = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
                    seen.product(Role::Server, format_compact!("{product} {version}"));
                }
                Step::Consumed(FRAMING + len)
            }
            (Role::Client, 1, _) if len >= LOGIN_HEAD => {
                if contents.len() < LOGIN_HEAD {
                    return Step::Need(FRAMING + LOGIN_HEAD);
                }
                match login(contents) {
                    Some(capabilities) if capabilities & CLIENT_SSL != 0 && len == LOGIN_HEAD => {
                        Step::Upgrade(FRAMING + LOGIN_HEAD, &Tls)
                    }
                    // Compressed, packets look different from here on.
                    Some(capabilities) if capabilities & CLIENT_COMPRESS == 0 => {
                        self.logged_in = true;
                        Step::Skip((FRAMING + len) as u64)
                    }
                    _ => Step::Done,
                }
            }
            (Role::Client, 0, Some(command)) => self.on_command(*command, len, seen),
            // What else the client sends is part of its login, or of a file.
            (Role::Client, ..) if self.logged_in => Step::Skip((FRAMING + len) as u64),
            // Answers say nothing more.
            (Role::Server, 1.., _) => Step::Skip(u64::MAX),
            _ => Step::Done,
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
    use crate::protocol::testing::{Line, Outcome, hex, tcp};
    use crate::protocol::{Conversation, Verdict};
    use Line::{C, S};

    fn greeting() -> Vec<u8> {
        hex("4a0000000a382e302e32380018000000365a5c3d1c74517700ffffff0200ffdf15000000000000000000
             0040604d114279355628471534006d7973716c5f6e61746976655f70617373776f726400")
    }

    fn request_for_tls() -> Vec<u8> {
        hex("2000000185aeff20000000012100000000000000000000000000000000000000 00000000")
    }

    fn login_in_clear() -> Vec<u8> {
        hex("2b00000105a60f00000000012100000000000000000000000000000000000000
             00000000726f6f745f6e6f70650000")
    }

    fn check(lines: &[Line<'_>], products: &[&str]) {
        let product = |text: &&str| Observation::Product { of: Role::Server, text: (*text).into() };
        let expected = Outcome {
            protocol: Some("mysql"),
            client_right: Some(true),
            observations: products.iter().map(product).collect(),
        };
        assert_eq!(tcp(lines), expected);
    }

    #[test]
    fn a_greeting_tells_product_and_version() {
        check(&[S(&greeting()), C(&login_in_clear()), S(&hex("0700000200000002000000"))], &["MySQL 8.0.28"]);
        let version = b"5.5.5-10.11.6-MariaDB\0";
        let rest = hex("18000000365a5c3d1c74517700fff7");
        let mariadb = [&[1 + version.len() as u8 + 15, 0, 0, 0, 10], &version[..], &rest].concat();
        check(&[S(&mariadb)], &["MariaDB 10.11.6-MariaDB"]);
    }

    #[test]
    fn a_request_for_tls_hands_over_to_tls() {
        let mut seen = Seen::default();
        let step = MySql.begin().on_bytes(Role::Client, &request_for_tls(), &mut seen);
        assert!(matches!(step, Step::Upgrade(36, to) if to.protocol() == "tls"), "{step:?}");
        check(&[S(&greeting()), C(&request_for_tls())], &["MySQL 8.0.28"]);
        // The same capability in a login that goes on in clear asks for nothing.
        let mut login = login_in_clear();
        login[5] |= 0x08;
        let step = MySql.begin().on_bytes(Role::Client, &login, &mut seen);
        assert!(matches!(step, Step::Skip(_)), "{step:?}");
    }

    #[test]
    fn a_login_alone_shows_the_client() {
        check(&[C(&login_in_clear())], &[]);
    }

    #[test]
    fn an_error_instead_of_a_greeting_is_recognised() {
        check(&[S(b"\x28\0\0\0\xff\x69\x04Host '10.0.0.9' is blocked because of")], &[]);
    }

    #[test]
    fn a_talk_joined_late_is_recognised_by_either_side() {
        let query = hex("210000000373656c65637420404076657273696f6e5f636f6d6d656e74206c696d69742031");
        let answer = hex("0100000101 27000002 03646566000000 11404076657273696f6e5f636f6d6d656e74");
        for (said, client) in [(query, Side::A), (answer, Side::B)] {
            let endpoint = |last| Endpoint { address: Address::from([10, 0, 0, last]), port: 9 };
            let mut seen = Seen::default();
            let endpoints = Pair::new(endpoint(1), endpoint(2));
            let mut talk = Conversation::new(endpoints, Transport::Tcp, false, Side::A);
            talk.on_bytes(Side::A, b"the end of a row", &mut seen);
            assert_eq!(talk.verdict(), None);
            talk.on_bytes(Side::A, &said, &mut seen);
            assert_eq!(talk.verdict(), Some(Verdict { protocol: "mysql", client: Some(client) }));
        }
    }

    #[test]
    fn what_is_nearly_mysql_is_not() {
        for bytes in [
            // No version, no byte of 0 behind the salt, no filler, no verb, no text.
            &b"\x14\0\0\0\x0ahello\0\x18\0\0\0abcdefgh\0"[..],
            b"\x14\0\0\0\x0a8.0.1\0\x18\0\0\0abcdefgh\x01",
            b"\x20\0\0\x01\x05\xa6\x0f\0\0\0\0\x01\x21xxxxxxxxxxxxxxxxxxxxxxx",
            b"\x09\0\0\0\x03SELECTED",
            b"\x09\0\0\0\xff\x69\x04\0\0\0\0\0\0",
            b"\x01\0\0\0\x0e",
        ] {
            assert_ne!(tcp(&[S(bytes)]).protocol, Some("mysql"), "{bytes:?}");
        }
    }

    /// A command with nothing behind its first byte that matters.
    fn command(command: u8) -> Vec<u8> {
        [&[19, 0, 0, 0, command][..], &[0; 18]].concat()
    }

    #[test]
    fn a_replica_is_known_by_asking_for_the_log() {
        let query = b"\x09\0\0\0\x03SELECT 1";
        let ok = hex("07000002 00 00 00 02 00 00 00");
        let told = |asked: u8, login: &[u8]| {
            let (greeting, asked) = (greeting(), command(asked));
            let lines = [S(&greeting), C(login), S(&ok), C(query), S(&ok), C(&asked)];
            let replication = Observation::Purpose(Purpose::Replication);
            tcp(&lines).observations.into_iter().filter(|it| *it == replication).count()
        };
        for asked in [BINLOG_DUMP, BINLOG_DUMP_GTID, REGISTER_REPLICA] {
            assert_eq!(told(asked, &login_in_clear()), 1, "{asked}");
        }
        assert_eq!(told(0x03, &login_in_clear()), 0);
        let mut compressed = login_in_clear();
        compressed[FRAMING] |= CLIENT_COMPRESS as u8;
        assert_eq!(told(BINLOG_DUMP, &compressed), 0);
    }
}
