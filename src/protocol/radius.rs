//! RADIUS (RFC 2865 §3, RFC 2866, RFC 5176): recognised by a header and attributes that add up.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a header: code, identifier, length, authenticator; and the longest packet (§3).
const HEADER: usize = 20;
const PACKET_BYTES_MAX: usize = 4_096;

/// RADIUS.
pub struct Radius;

impl Analyzer for Radius {
    fn protocol(&self) -> &'static str {
        "radius"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some(([code, _, high, low, authenticator @ ..], rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Speaker::Stranger;
    };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    // What stands behind the length is padding (§3).
    let attributes = len.checked_sub(HEADER).and_then(|len| rest.get(..len));
    let Some(attributes) = attributes.filter(|_| len <= PACKET_BYTES_MAX) else { return Speaker::Stranger };
    let zero = authenticator.iter().all(|byte| *byte == 0);
    if !add_up(attributes) || zero {
        return Speaker::Stranger;
    }
    match code {
        // Who asks for access or accounts for it has something to say.
        1 | 4 | 12 | 40 | 43 if !attributes.is_empty() || *code == 12 => Speaker::Is(Role::Client),
        2 | 3 | 5 | 11 | 41 | 42 | 44 | 45 => Speaker::Is(Role::Server),
        _ => Speaker::Stranger,
    }
}

/// Type and length of at least two, one after the other, to the end (§5).
fn add_up(mut attributes: &[u8]) -> bool {
    while let [1..=255, len, ..] = attributes {
        match attributes.get(usize::from(*len)..) {
            Some(rest) if *len >= 2 => attributes = rest,
            _ => return false,
        }
    }
    attributes.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, hex, udp};

    const AUTHENTICATOR: &str = "0f403f9473978057bd83d5cb98f4227a";

    #[test]
    fn codes_show_who_asks() {
        let asks = hex(&format!("01 00 001b {AUTHENTICATOR} 01 07 616c696365"));
        let tells = hex(&format!("02 00 0014 {AUTHENTICATOR}"));
        let outcome = udp(1812, &[Line::C(&asks), Line::S(&tells)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("radius"), Some(true)));
        let outcome = udp(1812, &[Line::S(&tells)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("radius"), Some(true)));
    }

    #[test]
    fn what_is_nearly_a_packet_is_not() {
        for bytes in [
            format!("01 00 001c {AUTHENTICATOR} 01 07 616c696365"),
            format!("01 00 001b {AUTHENTICATOR} 01 08 616c696365"),
            format!("09 00 001b {AUTHENTICATOR} 01 07 616c696365"),
            format!("01 00 0014 {AUTHENTICATOR}"),
            format!("02 00 0014 {}", "00".repeat(16)),
        ] {
            assert_eq!(udp(1812, &[Line::C(&hex(&bytes))]).protocol, None, "{bytes}");
        }
    }
}
