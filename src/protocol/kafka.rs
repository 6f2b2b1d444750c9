//! Kafka (kafka.apache.org/protocol): recognised by the header of a request, which has no fixed
//! number in it: every field must be as it can be.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a request's length and header up to the client's name: the length, key and version of the
/// operation, a number to find the answer by, the name's length.
const HEADER: usize = 14;

/// The longest request: brokers refuse more by default (`socket.request.max.bytes`).
const REQUEST_BYTES_MAX: u32 = 100 << 20;

/// The operations up to ListTransactions with the first version that is too new; versions grow by one
/// in years.
const OPERATIONS: u16 = 70;
const VERSIONS: u16 = 20;

const LIST_OFFSETS: u16 = 2;
const METADATA: u16 = 3;

/// Bytes of a client's or a topic's name (topics have at most 249).
const NAME_BYTES_MAX: usize = 255;

/// Kafka.
pub struct Kafka;

impl Analyzer for Kafka {
    fn protocol(&self) -> &'static str {
        "kafka"
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

/// Is this a request? Only clients send something that can be told from other protocols.
fn speaker(bytes: &[u8]) -> Speaker {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return if matches!(bytes, [0..=6, ..]) { Speaker::Unclear } else { Speaker::Stranger };
    };
    let [l0, l1, l2, l3, k0, k1, v0, v1, number, _, _, _, n0, n1] = *header;
    let len = u32::from_be_bytes([l0, l1, l2, l3]);
    let operation = u16::from_be_bytes([k0, k1]);
    let version = u16::from_be_bytes([v0, v1]);
    if !(10..=REQUEST_BYTES_MAX).contains(&len)
        || operation >= OPERATIONS
        || version >= VERSIONS
        || number & 0x80 != 0
    {
        return Speaker::Stranger;
    }
    let inside = len as usize - 10;
    match u16::from_be_bytes([n0, n1]) {
        // Nobody: then the request itself must begin as it should.
        0 | 0xffff => nameless(operation, version, body),
        name_len => {
            let name_len = usize::from(name_len);
            if name_len > NAME_BYTES_MAX || name_len > inside {
                return Speaker::Stranger;
            }
            let name = body.get(..name_len).unwrap_or(body);
            match name.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
                true if name.len() == name_len => Speaker::Is(Role::Client),
                true => Speaker::Unclear,
                false => Speaker::Stranger,
            }
        }
    }
}

/// Two operations of clients that give no name, in the versions that such clients speak: a list of
/// topics, with nothing or the number of a replica that is none before it.
fn nameless(operation: u16, version: u16, body: &[u8]) -> Speaker {
    let list = match (operation, version) {
        (METADATA, 0..=8) => body,
        (LIST_OFFSETS, 0..=1) => match body.strip_prefix(&[0xff; 4]) {
            Some(list) => list,
            None if body.len() < 4 => return Speaker::Unclear,
            None => return Speaker::Stranger,
        },
        _ => return Speaker::Stranger,
    };
    let Some(([0, 0, 0, 1..=255], rest)) = list.split_first_chunk::<4>() else {
        return if list.len() < 4 { Speaker::Unclear } else { Speaker::Stranger };
    };
    let Some(([high, low], topic)) = rest.split_first_chunk::<2>() else { return Speaker::Unclear };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    let topic = topic.get(..len).unwrap_or(topic);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    match (1..=NAME_BYTES_MAX).contains(&len) && topic.iter().all(allowed) {
        true if topic.len() == len => Speaker::Is(Role::Client),
        true => Speaker::Unclear,
        false => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {

    use crate::protocol::testing::{Line, hex, tcp};

    fn protocol(request: &str) -> Option<&'static str> {
        tcp(&[Line::C(&hex(request))]).protocol
    }

    #[test]
    fn a_request_with_a_name_is_recognised() {
        // ApiVersions of version 3 by `rdkafka`; Metadata of version 1 by `c-1`.
        for request in [
            "00000020 0012 0003 00000001 0007 72646b61666b61 00 0a6c696272646b61666b61 06322e332e30 00",
            "00000011 0003 0001 00000002 0003 632d31 00000000",
        ] {
            let outcome = tcp(&[Line::C(&hex(request))]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("kafka"), Some(true)), "{request}");
        }
    }

    #[test]
    fn a_request_without_a_name_is_recognised_by_its_topics() {
        let topics = "00000001 0006 6f7264657273 00000001 00000000 ffffffffffffffff 00000001";
        assert_eq!(protocol(&format!("0000002a 0002 0000 00000000 ffff ffffffff {topics}")), Some("kafka"));
        assert_eq!(protocol(&format!("0000002a 0002 0000 00000000 0000 ffffffff {topics}")), Some("kafka"));
        assert_eq!(protocol(&format!("0000002a 0003 0000 00000000 ffff {topics}")), Some("kafka"));
    }

    #[test]
    fn what_is_nearly_a_request_is_not() {
        for request in [
            // A startup of PostgreSQL, an operation and a version that are none, a name that is too
            // long or unreadable, a request of nobody with no topic.
            "00000016 00030000 75736572 00 616c696365 00 00",
            "00000011 0063 0001 00000002 0003 632d31 00000000",
            "00000011 0003 0063 00000002 0003 632d31 00000000",
            "00000011 0003 0001 00000002 0013 632d31 00000000",
            "00000011 0003 0001 00000002 0003 63002d 00000000",
            "00000011 0003 0001 00000002 ffff 00000001 0000 00",
        ] {
            assert_ne!(protocol(request), Some("kafka"), "{request}");
        }
    }
}
