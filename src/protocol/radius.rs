//! RADIUS (RFC 2865 §3, RFC 2866, RFC 5176): recognised by a header and attributes that add up.

use crate::model::{Fault, Role, State, Transport};

use super::datagram::each_datagram;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a header: code, identifier, length, authenticator; and the longest packet (§3).
const HEADER: usize = 20;
const PACKET_BYTES_MAX: usize = 4_096;

/// Attributes (RFC 2865 §5.2, RFC 3579 §3.2).
const USER_PASSWORD: u8 = 2;
const MESSAGE_AUTHENTICATOR: u8 = 80;

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
        // A request with a password waits for its answer; each fault is told once a flow.
        let (mut password, mut told) = (None, [false; 2]);
        each_datagram(move |from, datagram, seen| {
            let Some(([code, id, ..], rest)) = datagram.split_first_chunk::<HEADER>() else { return };
            match (code, from) {
                (1, Role::Client) => password = has(rest, USER_PASSWORD).then_some(*id),
                (2, Role::Server) => {
                    if !has(rest, MESSAGE_AUTHENTICATOR) && !std::mem::replace(&mut told[0], true) {
                        let what = "RADIUS Access-Accept without a Message-Authenticator";
                        seen.fault(Fault::RadiusForgeable, State::Used, what);
                    }
                    if password == Some(*id) && !std::mem::replace(&mut told[1], true) {
                        let what = "RADIUS User-Password, hidden by MD5, accepted";
                        seen.fault(Fault::RadiusPassword, State::Used, what);
                    }
                }
                _ => {}
            }
        })
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

/// Is there an attribute of this type?
fn has(mut attributes: &[u8], wanted: u8) -> bool {
    while let [kind, len @ 2..=255, ..] = attributes {
        if *kind == wanted {
            return true;
        }
        attributes = attributes.get(usize::from(*len)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, faults, hex, udp};

    #[test]
    fn an_access_that_could_be_forged_and_a_password_are_faults() {
        let zeros = "00".repeat(16);
        let password = hex(&format!("01 07 0026 {AUTHENTICATOR} 02 12 {AUTHENTICATOR}"));
        let accept = hex(&format!("02 07 0014 {AUTHENTICATOR}"));
        let signed = hex(&format!("02 07 0026 {AUTHENTICATOR} 50 12 {zeros}"));
        let refusal = hex(&format!("03 07 0014 {AUTHENTICATOR}"));
        let talk = |answer: &[u8]| faults(&udp(1812, &[Line::C(&password), Line::S(answer)]));
        let pap = (Fault::RadiusPassword, State::Used);
        assert_eq!(talk(&accept), [(Fault::RadiusForgeable, State::Used), pap]);
        assert_eq!(talk(&signed), [pap]);
        assert_eq!(talk(&refusal), []);
    }

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
