//! OPC UA over TCP (OPC 10000-6 §7.1): recognised by the header of its messages.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a header: three letters, one that says whether more follows, a length.
const HEADER: usize = 8;

/// The longest message: ten times what servers take by default.
const MESSAGE_BYTES_MAX: u32 = 640 << 20;

/// OPC UA.
pub struct OpcUa;

impl Analyzer for OpcUa {
    fn protocol(&self) -> &'static str {
        "opcua"
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
    let kinds: [(&[u8], Speaker); 8] = [
        (b"HELF", Speaker::Is(Role::Client)),
        (b"ACKF", Speaker::Is(Role::Server)),
        (b"ERRF", Speaker::Is(Role::Server)),
        // A server that calls its client back (§7.1.2.6).
        (b"RHEF", Speaker::Is(Role::Server)),
        (b"OPNF", Speaker::Either),
        (b"MSGF", Speaker::Either),
        (b"MSGC", Speaker::Either),
        (b"CLOF", Speaker::Is(Role::Client)),
    ];
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        let begun = kinds
            .iter()
            .any(|(kind, _)| bytes.get(..4).map_or(kind.starts_with(bytes), |four| four == *kind));
        return if begun { Speaker::Unclear } else { Speaker::Stranger };
    };
    let [k0, k1, k2, k3, l0, l1, l2, l3] = *header;
    let len = u32::from_le_bytes([l0, l1, l2, l3]);
    let kind = kinds.iter().find(|(kind, _)| *kind == [k0, k1, k2, k3]);
    let Some((_, speaker)) = kind.filter(|_| (12..=MESSAGE_BYTES_MAX).contains(&len)) else {
        return Speaker::Stranger;
    };
    // The limits of buffers in a greeting and its answer (§7.1.2.3) are kilobytes, never less.
    if !matches!(&[k0, k1, k2], b"HEL" | b"ACK") {
        return *speaker;
    }
    match rest {
        [_, _, _, _, _, low, mid, high, ..] if *low >= 0x20 || *mid > 0 || *high > 0 => *speaker,
        [_, _, _, _, _, _, _, _, ..] => Speaker::Stranger,
        _ => Speaker::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp};

    #[test]
    fn a_greeting_shows_the_client() {
        let hello = "48454c46 38000000 00000000 00000100 00000100 00000000 00000000 18000000
                     6f70632e7463703a2f2f6c6f63616c686f73743a34383430";
        let known = "41434b46 1c000000 00000000 00000100 00000100 00000000 00000000";
        let outcome = tcp(&[Line::C(&hex(hello)), Line::S(&hex(known))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("opcua"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(known))]), (Some("opcua"), Some(Side::B)));
        assert_eq!(late(&[(Side::A, &hex("4d534746 40000000 01000000 01000000"))]), (Some("opcua"), None));
    }

    #[test]
    fn what_is_nearly_a_greeting_is_not() {
        for bytes in [
            "48454c58 38000000 00000000 00000100 00000100",
            "48454c46 04000000 00000000 00000100 00000100",
            "48454c46 38000000 00000000 00010000 00000100",
            "48454c4c 4f0d0a",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
