//! memcached (its `doc/protocol.txt` and `doc/protocol-binary`): recognised by the lines of both sides, or by
//! the header of the binary form.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Guess, Opening, Probe, Session};

/// Bytes of a binary header.
const HEADER: usize = 24;

/// The longest key, and the longest value that is believed (`-I` allows 1 GiB).
const KEY_BYTES_MAX: u16 = 250;
const BODY_BYTES_MAX: u32 = 1 << 30;

/// The longest line: a command with a key and some numbers.
const LINE_BYTES_MAX: usize = 512;

/// memcached.
pub struct Memcached;

impl Analyzer for Memcached {
    fn protocol(&self) -> &'static str {
        "memcached"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        match opening.by_speaker(binary) {
            Probe::NoMatch => opening.either_way(|client, server| match (asks(client), tells(server)) {
                (Guess::No, _) | (_, Guess::No) => Guess::No,
                (Guess::Yes, Guess::Yes) => Guess::Yes,
                _ => Guess::More,
            }),
            decided => decided,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// A magic number, an operation, the lengths of key, extras and all of it, no data type.
fn binary(bytes: &[u8]) -> Speaker {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return if matches!(bytes, [0x80 | 0x81] | [0x80 | 0x81, 0..=0x43, ..]) {
            Speaker::Unclear
        } else {
            Speaker::Stranger
        };
    };
    let [magic @ (0x80 | 0x81), 0..=0x43, k0, k1, extras @ 0..=20, 0, s0, s1, b0, b1, b2, b3, ..] = *header
    else {
        return Speaker::Stranger;
    };
    let key = u16::from_be_bytes([k0, k1]);
    let body = u32::from_be_bytes([b0, b1, b2, b3]);
    let asks = magic == 0x80;
    // An answer has its status where a request has a number of a bucket; statuses are few.
    let status = u16::from_be_bytes([s0, s1]);
    let fits = u32::from(key) + u32::from(extras) <= body && body <= BODY_BYTES_MAX && key <= KEY_BYTES_MAX;
    match (fits && (asks || status <= 0x86), asks) {
        (false, _) => Speaker::Stranger,
        (true, true) => Speaker::Is(Role::Client),
        (true, false) => Speaker::Is(Role::Server),
    }
}

/// The first word of the first line is one of these.
fn line(bytes: &[u8], words: &[&str]) -> Guess {
    if bytes.is_empty() {
        return Guess::More;
    }
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| matches!(byte, b' ' | b'\r' | b'\n'));
    match end.and_then(|end| bytes.get(..end)) {
        Some(word) if words.iter().any(|known| known.as_bytes() == word) => {
            if bytes.iter().take(LINE_BYTES_MAX).any(|byte| *byte == b'\n') {
                Guess::Yes
            } else {
                Guess::More
            }
        }
        None if words.iter().any(|known| known.as_bytes().starts_with(bytes)) => Guess::More,
        _ => Guess::No,
    }
}

fn asks(bytes: &[u8]) -> Guess {
    const COMMANDS: [&str; 24] = [
        "get",
        "gets",
        "gat",
        "gats",
        "set",
        "add",
        "replace",
        "append",
        "prepend",
        "cas",
        "delete",
        "incr",
        "decr",
        "touch",
        "stats",
        "version",
        "flush_all",
        "verbosity",
        "mg",
        "ms",
        "md",
        "ma",
        "mn",
        "watch",
    ];
    line(bytes, &COMMANDS)
}

fn tells(bytes: &[u8]) -> Guess {
    const ANSWERS: [&str; 20] = [
        "VALUE",
        "END",
        "STORED",
        "NOT_STORED",
        "EXISTS",
        "NOT_FOUND",
        "DELETED",
        "TOUCHED",
        "STAT",
        "VERSION",
        "OK",
        "ERROR",
        "CLIENT_ERROR",
        "SERVER_ERROR",
        "RESET",
        "HD",
        "EN",
        "VA",
        "NF",
        "MN",
    ];
    // The answer to a counter is a number, which proves nothing.
    line(bytes, &ANSWERS)
}

#[cfg(test)]
mod tests {
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp};

    #[test]
    fn both_sides_together_are_recognised() {
        for (asks, tells) in [
            ("stats\r\n", "STAT pid 8837\r\nEND\r\n"),
            ("get session:1\r\n", "VALUE session:1 0 2\r\nok\r\nEND\r\n"),
            ("set a 0 0 1\r\nx\r\n", "STORED\r\n"),
        ] {
            let outcome = tcp(&[Line::C(asks.as_bytes()), Line::S(tells.as_bytes())]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("memcached"), Some(true)), "{asks}");
        }
    }

    #[test]
    fn the_binary_form_shows_who_asks() {
        let get = hex("80 00 0003 00 00 0000 00000003 00000000 0000000000000000 666f6f");
        let found = hex("81 00 0000 04 00 0000 00000006 00000000 0000000000000001 00000000 3132");
        assert_eq!(late(&[(Side::A, &get)]), (Some("memcached"), Some(Side::A)));
        assert_eq!(late(&[(Side::A, &found)]), (Some("memcached"), Some(Side::B)));
    }

    #[test]
    fn what_is_nearly_a_talk_is_not() {
        assert_eq!(tcp(&[Line::C(b"stats\r\n")]).protocol, None, "one side alone");
        assert_eq!(tcp(&[Line::C(b"get x\r\n"), Line::S(b"250 ok\r\n")]).protocol, None);
        assert_eq!(tcp(&[Line::C(b"fetch x\r\n"), Line::S(b"END\r\n")]).protocol, None);
        let long = hex("80 00 0103 00 00 0000 00000103 00000000 0000000000000000");
        assert_eq!(tcp(&[Line::C(&long)]).protocol, None, "a key of more than 250 bytes");
    }
}
