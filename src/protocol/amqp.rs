//! AMQP 0-9-1 and 1.0: recognised by the header that opens it, and the broker's product.

use compact_str::format_compact;

use crate::model::{Role, Side, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a protocol header (AMQP 0-9-1 §4.2.2, AMQP 1.0 §2.2).
const HEADER: usize = 8;

/// Bytes of a frame before its payload in version 0-9-1, and the octet that ends it (§4.2.3).
const FRAME_HEADER: usize = 7;
const FRAME_END: u8 = 0xce;

/// The longest Connection.Start that is read: brokers list their capabilities and licence in it.
const START_BYTES_MAX: usize = 4_096;

/// AMQP.
pub struct Amqp;

impl Analyzer for Amqp {
    fn protocol(&self) -> &'static str {
        "amqp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let mut more = false;
        for side in [Side::A, Side::B] {
            let said = opening.of(side);
            match (Header::of(said), is_start(said)) {
                (Some(Header::Version0), _) => return Probe::Match { client: Some(side) },
                // In version 1.0 the server answers with the same header.
                (Some(Header::Version1), _) => return Probe::Match { client: None },
                (None, true) => return Probe::Match { client: Some(side.other()) },
                _ => more |= said.len() < HEADER && b"AMQP".starts_with(said.get(..4).unwrap_or(said)),
            }
        }
        if more && !opening.last_chance { Probe::NeedMore } else { Probe::NoMatch }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(AmqpSession)
    }
}

enum Header {
    Version0,
    Version1,
}

impl Header {
    /// Four letters, a protocol (0 messages, 2 TLS, 3 SASL) and three numbers.
    fn of(bytes: &[u8]) -> Option<Header> {
        match bytes.get(..HEADER)? {
            [b'A', b'M', b'Q', b'P', 0, 0, 9, 0 | 1] | [b'A', b'M', b'Q', b'P', 1, 1, ..] => {
                Some(Header::Version0)
            }
            [b'A', b'M', b'Q', b'P', 0 | 2 | 3, 1, 0, 0] => Some(Header::Version1),
            _ => None,
        }
    }
}

/// Connection.Start in a method frame of channel 0: what a broker says first.
fn is_start(bytes: &[u8]) -> bool {
    matches!(bytes, [1, 0, 0, 0, 0, _, _, 0, 10, 0, 10, 0, 8 | 9, ..])
}

/// Only the broker's first words are of interest.
struct AmqpSession;

impl Session for AmqpSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        let Some(header) = bytes.first_chunk::<13>() else { return Step::Need(13) };
        if !is_start(header) {
            return Step::Done;
        }
        let len = usize::from(u16::from_be_bytes([header[5], header[6]]));
        if len > START_BYTES_MAX {
            return Step::Done;
        }
        let whole = FRAME_HEADER + len + 1;
        let Some(frame) = bytes.get(..whole) else { return Step::Need(whole) };
        if frame.last() == Some(&FRAME_END)
            && let Some(product) = property(frame, b"product")
        {
            let version = property(frame, b"version").unwrap_or_default();
            seen.product(Role::Server, format_compact!("{product} {version}"));
        }
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// A text among the server's properties: its name with its length, the letter S, the text with its
/// length (§4.2.5.5). Looked for, since the other properties are of many types.
fn property<'a>(frame: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let len = u8::try_from(name.len()).ok()?;
    let key: Vec<u8> = [&[len], name, b"S"].concat();
    let at = frame.windows(key.len()).position(|window| window == key)?;
    let (len, text) = frame.get(at + key.len()..)?.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    std::str::from_utf8(text.get(..len)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observation;
    use crate::protocol::testing::{Line, hex, tcp};
    use Line::{C, S};

    fn start() -> Vec<u8> {
        let mut payload = hex("000a 000a 00 09 0000002c");
        payload.extend(b"\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.12.1");
        payload.extend(b"\0\0\0\x05PLAIN\0\0\0\x05en_US");
        [&[1, 0, 0, 0, 0, 0, payload.len() as u8][..], &payload, &[FRAME_END]].concat()
    }

    #[test]
    fn the_header_shows_the_client_and_the_start_the_broker() {
        let told = [Observation::Product { of: Role::Server, text: "RabbitMQ 3.12.1".into() }];
        for lines in [&[C(b"AMQP\0\0\x09\x01"), S(&start())][..], &[S(&start())]] {
            let outcome = tcp(lines);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("amqp"), Some(true)));
            assert_eq!(outcome.observations, told);
        }
    }

    #[test]
    fn in_version_1_both_say_the_same() {
        let outcome = tcp(&[C(b"AMQP\x03\x01\0\0"), S(b"AMQP\x03\x01\0\0")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("amqp"), None));
    }

    #[test]
    fn what_is_nearly_a_header_is_not() {
        for bytes in [&b"AMQP\0\0\x07\x01"[..], b"AMQP\x04\x01\0\0", b"AMQX\0\0\x09\x01", b"AMQP"] {
            assert_eq!(tcp(&[C(bytes)]).protocol, None, "{bytes:?}");
        }
    }
}
