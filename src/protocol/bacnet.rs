//! BACnet/IP (ASHRAE 135 annex J): recognised by the header of a datagram, whose length must be right.

use crate::model::{Fault, Role, State, Transport};

use super::datagram::each_datagram;
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
        // The request that waits for its answer: its number and its service.
        let mut asked = None;
        each_datagram(move |from, datagram, seen| match (from, unit(datagram)) {
            (Role::Client, Some([0x00..=0x0f, _, number, service, ..])) => {
                asked = changes(*service).then_some((*number, *service));
            }
            // A simple acknowledgement (§20.1.4).
            (Role::Server, Some([0x20, number, service, ..])) if asked == Some((*number, *service)) => {
                asked = None;
                seen.fault(Fault::BacnetWrite, State::Used, "BACnet write or restart acknowledged");
            }
            _ => {}
        })
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

/// The message of an application, where no addresses of other networks stand before it.
fn unit(datagram: &[u8]) -> Option<&[u8]> {
    match datagram {
        [0x81, 0x0a, _, _, 1, control, unit @ ..] if control & 0xa8 == 0 => Some(unit),
        _ => None,
    }
}

/// Services that change something: WriteProperty, WritePropertyMultiple, DeviceCommunicationControl,
/// ReinitializeDevice (§21).
const fn changes(service: u8) -> bool {
    matches!(service, 15 | 16 | 17 | 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, faults, hex, udp};

    #[test]
    fn a_write_that_is_acknowledged_is_a_fault() {
        let talk = |service: &str, answer: &str| {
            let asks = hex(&format!("810a 000e 0104 0005 07 {service} 0c 00 00 01"));
            let tells = hex(&format!("810a 0009 0104 {answer} {service}"));
            faults(&udp(47_808, &[Line::C(&asks), Line::S(&tells)]))
        };
        assert_eq!(talk("0f", "20 07"), [(Fault::BacnetWrite, State::Used)]);
        assert_eq!(talk("14", "20 07"), [(Fault::BacnetWrite, State::Used)]);
        assert_eq!(talk("0f", "50 07"), [], "an error");
        assert_eq!(talk("0f", "20 08"), [], "the answer to something else");
        assert_eq!(talk("0c", "20 07"), [], "a read");
    }

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
