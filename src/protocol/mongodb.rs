//! MongoDB's wire protocol (mongodb.com/docs/manual/reference/mongodb-wire-protocol): recognised by the
//! header of a message and how its body begins.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a header: length, number, number of what is answered, operation; little endian.
const HEADER: usize = 16;

/// The longest message (`maxMessageSizeBytes`).
const MESSAGE_BYTES_MAX: u32 = 48_000_000;

const REPLY: u32 = 1;
const QUERY: u32 = 2004;
const COMPRESSED: u32 = 2012;
const MESSAGE: u32 = 2013;

/// MongoDB.
pub struct MongoDb;

impl Analyzer for MongoDb {
    fn protocol(&self) -> &'static str {
        "mongodb"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        let begun = bytes.get(..4).is_none_or(|len| matches!(len, [_, _, _, 0..=2]));
        return if begun { Speaker::Unclear } else { Speaker::Stranger };
    };
    let word = |at: usize| {
        header.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four))
    };
    let [len, answers, operation] = [word(0), word(8), word(12)];
    if !(HEADER as u32 + 5..=MESSAGE_BYTES_MAX).contains(&len) {
        return Speaker::Stranger;
    }
    match operation {
        // Flags of which four are used, then a name with a dot, that ends.
        QUERY => match body.split_first_chunk::<4>() {
            Some((flags, name)) if u32::from_le_bytes(*flags) < 256 => namespace(name),
            Some(_) => Speaker::Stranger,
            None => Speaker::Unclear,
        },
        REPLY if answers != 0 && len >= 36 => Speaker::Is(Role::Server),
        // Flags of which three are used (one says that no answer is wanted), then a section.
        MESSAGE => match body {
            [0..=3, 0, 0 | 1, 0, 0 | 1, ..] if answers == 0 => Speaker::Is(Role::Client),
            [0..=3, 0, 0 | 1, 0, 0 | 1, ..] => Speaker::Is(Role::Server),
            [_, _, _, _, _, ..] => Speaker::Stranger,
            _ => Speaker::Unclear,
        },
        COMPRESSED if answers == 0 => Speaker::Is(Role::Client),
        COMPRESSED => Speaker::Is(Role::Server),
        _ => Speaker::Stranger,
    }
}

/// A name of a collection: at most 255 bytes, printable, with a dot, ended by zero.
fn namespace(bytes: &[u8]) -> Speaker {
    let Some(end) = bytes.iter().take(256).position(|byte| *byte == 0) else {
        let plain = bytes.len() < 256 && bytes.iter().all(u8::is_ascii_graphic);
        return if plain { Speaker::Unclear } else { Speaker::Stranger };
    };
    let name = bytes.get(..end).unwrap_or_default();
    let valid = name.iter().all(u8::is_ascii_graphic) && name.contains(&b'.');
    if valid { Speaker::Is(Role::Client) } else { Speaker::Stranger }
}

#[cfg(test)]
mod tests {
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp};

    #[test]
    fn questions_and_answers_are_told_apart() {
        let query =
            "3a000000 4c040000 00000000 d4070000 00000000 61646d696e2e24636d6400 00000000 01000000 13000000";
        let reply = "24000000 01000000 4c040000 01000000 08000000 0000000000000000 00000000 01000000";
        let outcome = tcp(&[Line::C(&hex(query)), Line::S(&hex(reply))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("mongodb"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(reply))]), (Some("mongodb"), Some(Side::B)));
        let message = "30000000 02000000 00000000 dd070000 00000000 00 1b000000";
        assert_eq!(late(&[(Side::A, &hex(message))]), (Some("mongodb"), Some(Side::A)));
    }

    #[test]
    fn what_is_nearly_a_message_is_not() {
        for bytes in [
            "3a000000 4c040000 00000000 d5070000 00000000 61646d696e2e24636d6400",
            "3a000000 4c040000 00000000 d4070000 00000000 61646d696e00",
            "3a000000 4c040000 00000000 d4070000 00000100 61646d696e2e24636d6400",
            "0a000000 4c040000 00000000 d4070000 00000000 61646d696e2e24636d6400",
            "30000000 02000000 00000000 dd070000 10000000 00 1b000000",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
