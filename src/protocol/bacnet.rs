//! BACnet/IP (ASHRAE 135 annex J): recognised by the header of a datagram, whose length must be right.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// BACnet/IP.
pub struct Bacnet;

impl Analyzer for Bacnet {
    fn protocol(&self) -> &'static str {
        "bacnet"
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

/// Type, function, length (J.2); of those that carry a message, version 1 and what it is for (§6.2).
fn speaker(bytes: &[u8]) -> Speaker {
    let [0x81, function @ 0..=0x0c, high, low, message @ ..] = bytes else { return Speaker::Stranger };
    if usize::from(u16::from_be_bytes([*high, *low])) != bytes.len() {
        return Speaker::Stranger;
    }
    match (function, message) {
        // Forwarded: the address of whoever sent it stands before.
        (0x04, [_, _, _, _, _, _, 1, ..]) => Speaker::Either,
        (0x09..=0x0b, [1, control, rest @ ..]) => network(*control, rest),
        // Registration with a router of broadcasts, and its tables (J.2.2 to J.2.9).
        (0x01 | 0x05 | 0x08, _) | (0x02 | 0x06, []) => Speaker::Is(Role::Client),
        (0x00, [_, _]) | (0x03 | 0x07, _) => Speaker::Either,
        _ => Speaker::Stranger,
    }
}

/// What a message is, where no addresses of other networks stand before it: 0 asks with confirmation,
/// 2, 3, 5, 6 and 7 answer (§20.1.2).
fn network(control: u8, rest: &[u8]) -> Speaker {
    if control & 0xa8 != 0 {
        return Speaker::Either;
    }
    match rest.first().map(|kind| kind >> 4) {
        Some(0) => Speaker::Is(Role::Client),
        Some(2 | 3 | 5 | 6 | 7) => Speaker::Is(Role::Server),
        Some(1 | 4) => Speaker::Either,
        _ => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, hex, udp};

    #[test]
    fn messages_say_who_asks() {
        let asks = "810a 0016 0104 0205180c 0a02581c010027d0293e2e 00";
        let tells = "810a 000b 0104 30010c 00 00";
        let outcome = udp(47_808, &[Line::C(&hex(asks)), Line::S(&hex(tells))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("bacnet"), Some(true)));
        let outcome = udp(47_808, &[Line::S(&hex("810a 000b 0104 50010c 0000"))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("bacnet"), Some(true)));
        let who_is = udp(47_808, &[Line::C(&hex("810b 000c 0120 ffff00ff 10 08"))]);
        assert_eq!((who_is.protocol, who_is.client_right), (Some("bacnet"), None));
    }

    #[test]
    fn what_is_nearly_a_message_is_not() {
        for bytes in
            ["810a 000a 0104 30010c 0000", "820a 000b 0104 30010c 0000", "810a 000b 0204 30010c 0000"]
        {
            assert_eq!(udp(47_808, &[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
