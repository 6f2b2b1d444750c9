//! Oracle's Transparent Network Substrate (no public standard): recognised by the packets that open a
//! connection.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a header: length, checksum (unused), type, flags, checksum of the header (unused).
const HEADER: usize = 8;

const CONNECT: u8 = 1;
const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const RESEND: u8 = 11;

/// Versions from the first with TCP to those of the newest servers.
const VERSIONS: std::ops::RangeInclusive<u16> = 300..=330;

/// Oracle.
pub struct Oracle;

impl Analyzer for Oracle {
    fn protocol(&self) -> &'static str {
        "oracle"
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
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return if matches!(bytes, [_] | [_, _] | [_, _, 0] | [_, _, 0, 0, ..]) {
            Speaker::Unclear
        } else {
            Speaker::Stranger
        };
    };
    let [high, low, 0, 0, kind, flags, 0, 0] = *header else { return Speaker::Stranger };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len < HEADER || flags & 0xf0 != 0 {
        return Speaker::Stranger;
    }
    let version = rest.first_chunk::<2>().map(|version| u16::from_be_bytes(*version));
    let described = |from: usize| match rest.get(from..) {
        Some([b'(', ..]) => Speaker::Is(Role::Server),
        Some([_, ..]) => Speaker::Stranger,
        _ => Speaker::Unclear,
    };
    match kind {
        CONNECT if len >= 34 => match (version, rest.get(2..4)) {
            (Some(version), Some([high, low])) => {
                let oldest = u16::from_be_bytes([*high, *low]);
                let spoken = VERSIONS.contains(&version) && VERSIONS.contains(&oldest) && oldest <= version;
                if spoken { Speaker::Is(Role::Client) } else { Speaker::Stranger }
            }
            _ => Speaker::Unclear,
        },
        ACCEPT if len >= 24 => match version {
            Some(version) if VERSIONS.contains(&version) => Speaker::Is(Role::Server),
            Some(_) => Speaker::Stranger,
            None => Speaker::Unclear,
        },
        // Two reasons and a length, or a length alone, then a description in brackets.
        REFUSE if len > 12 => described(4),
        REDIRECT if len > 10 => described(2),
        // Says nothing else: too little to be known by.
        RESEND if len == HEADER => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp};

    #[test]
    fn opening_a_connection_shows_the_client() {
        let connect = "004a 0000 01 00 0000 0139 012c 0000 0800 7fff 4f98 0000 0001 0010 003a 00000000 00 00
                       284445534352495054494f4e3d";
        let accept = "0020 0000 02 00 0000 0139 0000 0800 7fff 0100 0000 0020 0101";
        let outcome = tcp(&[Line::C(&hex(connect)), Line::S(&hex(accept))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("oracle"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(accept))]), (Some("oracle"), Some(Side::B)));
        let refuse = "0020 0000 04 00 0000 22 00 0014 284552523d";
        assert_eq!(late(&[(Side::A, &hex(refuse))]), (Some("oracle"), Some(Side::B)));
    }

    #[test]
    fn what_is_nearly_a_packet_is_not() {
        for bytes in [
            "004a 0000 01 00 0000 0239 012c 0000 0800",
            "004a 0000 01 00 0000 0139 013c 0000 0800",
            "004a 0001 01 00 0000 0139 012c 0000 0800",
            "0008 0000 0b 00 0000",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
