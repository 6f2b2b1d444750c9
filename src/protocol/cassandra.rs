//! Cassandra's native protocol (native_protocol_v4.spec, v5): recognised by the header of a frame.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a frame's header from version 3 on: version, flags, stream, operation, length.
const HEADER: usize = 9;

/// The longest frame (`native_transport_max_frame_size`).
const FRAME_BYTES_MAX: u32 = 256 << 20;

/// Cassandra.
pub struct Cassandra;

impl Analyzer for Cassandra {
    fn protocol(&self) -> &'static str {
        "cassandra"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Login>::default()
    }
}

/// A connection begins with OPTIONS, which says nothing, or STARTUP, which names the version of its
/// language; the server says what it supports, that it is ready, or that it wants to know who asks.
fn speaker(bytes: &[u8]) -> Speaker {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return if matches!(bytes, [0x03..=0x05 | 0x83..=0x85] | [0x03..=0x05 | 0x83..=0x85, 0..=0x1f, ..]) {
            Speaker::Unclear
        } else {
            Speaker::Stranger
        };
    };
    let [version @ (0x03..=0x05 | 0x83..=0x85), 0..=0x1f, _, _, operation, l0, l1, l2, l3] = *header else {
        return Speaker::Stranger;
    };
    let len = u32::from_be_bytes([l0, l1, l2, l3]);
    let asks = version & 0x80 == 0;
    let language = b"\0\x0bCQL_VERSION";
    match (asks, operation, len) {
        (true, 0x05, 0) => Speaker::Is(Role::Client),
        (true, 0x01, 4..=4_096) if body.windows(language.len()).any(|text| text == language) => {
            Speaker::Is(Role::Client)
        }
        (true, 0x01, 4..=4_096) if body.len() < len as usize => Speaker::Unclear,
        // A query: its text's length must fit.
        (true, 0x07 | 0x09, 5..=FRAME_BYTES_MAX) => match body.first_chunk::<4>() {
            Some(text) if u32::from_be_bytes(*text) < len => Speaker::Is(Role::Client),
            Some(_) => Speaker::Stranger,
            None => Speaker::Unclear,
        },
        (false, 0x02, 0) => Speaker::Is(Role::Server),
        (false, 0x06, 2..=65_536) | (false, 0x03, 2..=512) | (false, 0x08, 4..=FRAME_BYTES_MAX) => match body
        {
            [0, 0..=64, ..] => Speaker::Is(Role::Server),
            [] | [0] => Speaker::Unclear,
            _ => Speaker::Stranger,
        },
        _ => Speaker::Stranger,
    }
}

/// One connection, until the server has let the client in.
#[derive(Default)]
struct Login {
    /// The client has begun, and has shown a password.
    begun: bool,
    shown: bool,
}

impl Session for Login {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some(header) = bytes.first_chunk::<HEADER>() else { return Step::Need(HEADER) };
        let [_, _, _, _, operation, l0, l1, l2, l3] = *header;
        let len = u32::from_be_bytes([l0, l1, l2, l3]);
        match (from, operation) {
            (Role::Client, STARTUP) => self.begun = true,
            (Role::Client, AUTH_RESPONSE) => self.shown = true,
            (Role::Client, _) => {}
            (Role::Server, READY) if self.begun => {
                seen.fault(Fault::CassandraOpen, State::Used, "Cassandra asked for no password");
                return Step::Done;
            }
            (Role::Server, AUTH_SUCCESS) if self.shown => {
                seen.fault(Fault::CassandraClear, State::Used, "Cassandra password in clear accepted");
                return Step::Done;
            }
            (Role::Server, SUPPORTED | AUTHENTICATE) => {}
            (Role::Server, _) => return Step::Done,
        }
        Step::Skip(HEADER as u64 + u64::from(len))
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// Operations of the beginning (native protocol version 4 §4).
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const SUPPORTED: u8 = 0x06;
const AUTH_RESPONSE: u8 = 0x0f;
const AUTH_SUCCESS: u8 = 0x10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp};

    #[test]
    fn a_beginning_without_a_password_or_with_one_in_clear_is_a_fault() {
        let startup = hex(&format!("04 00 0001 01 00000016 0001 000b {} 0005 332e302e30", CQL_VERSION));
        let ready = hex("84 00 0001 02 00000000");
        let asks = hex("84 00 0001 03 00000003 0001 61");
        let shows = hex("04 00 0002 0f 00000008 00000004 00610062");
        let (success, refusal) = (hex("84 00 0002 10 00000004 ffffffff"), hex("84 00 0002 00 00000000"));
        let open = tcp(&[Line::C(&startup), Line::S(&ready)]);
        assert_eq!(faults(&open), [(Fault::CassandraOpen, State::Used)]);
        let login = |answer: &[u8]| {
            faults(&tcp(&[Line::C(&startup), Line::S(&asks), Line::C(&shows), Line::S(answer)]))
        };
        assert_eq!(login(&success), [(Fault::CassandraClear, State::Used)]);
        assert_eq!(login(&refusal), []);
    }

    const CQL_VERSION: &str = "43514c5f56455253494f4e";

    const STARTUP: &str = "04 00 0000 01 00000016 0001 000b 43514c5f56455253494f4e 0005 332e302e30";

    #[test]
    fn opening_a_connection_shows_the_client() {
        for asks in [STARTUP, "04 00 0001 05 00000000"] {
            let outcome = tcp(&[Line::C(&hex(asks)), Line::S(&hex("84 00 0000 02 00000000"))]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("cassandra"), Some(true)), "{asks}");
        }
        assert_eq!(late(&[(Side::A, &hex("84 00 0000 02 00000000"))]), (Some("cassandra"), Some(Side::B)));
    }

    #[test]
    fn what_is_nearly_a_frame_is_not() {
        for bytes in [
            "06 00 0001 05 00000000",
            "04 20 0001 05 00000000",
            "04 00 0001 05 00000001 00",
            "04 00 0000 07 00000008 00000009 73656c65",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
