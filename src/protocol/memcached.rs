//! memcached (its `doc/protocol.txt` and `doc/protocol-binary`): recognised by the lines of both sides, or by
//! the header of the binary form.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

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
        Box::new(Answers)
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

/// Waits for the first answer that is none about authentication.
struct Answers;

impl Session for Answers {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        let Some(head) = bytes.first_chunk::<8>() else { return Step::Need(8) };
        let open = match head {
            // Authentication itself (0x20 to 0x22) proves nothing.
            [0x81, operation, _, _, _, _, 0, 0] => !matches!(operation, 0x20..=0x22),
            [0x81, ..] => false,
            text => ![&b"ERROR"[..], b"CLIENT_", b"SERVER_"].iter().any(|error| text.starts_with(error)),
        };
        if open {
            seen.fault(Fault::MemcachedOpen, State::Used, "Memcached answered without authentication");
        }
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp};

    #[test]
    fn an_answer_without_a_password_is_a_fault() {
        let talk = |asks: &[u8], tells: &[u8]| faults(&tcp(&[Line::C(asks), Line::S(tells)]));
        let open = [(Fault::MemcachedOpen, State::Used)];
        assert_eq!(talk(b"stats\r\n", b"STAT pid 8837\r\nEND\r\n"), open);
        assert_eq!(talk(b"get key\r\n", b"CLIENT_ERROR unauthenticated\r\n"), []);
        let binary = |head: &str| hex(&format!("{head} {}", "00".repeat(16)));
        assert_eq!(talk(&binary("80 0b 0000 00 00 0000"), &binary("81 0b 0000 00 00 0000")), open);
        assert_eq!(talk(&binary("80 0b 0000 00 00 0000"), &binary("81 0b 0000 00 00 0020")), []);
        assert_eq!(talk(&binary("80 20 0000 00 00 0000"), &binary("81 20 0000 00 00 0000")), []);
    }

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
