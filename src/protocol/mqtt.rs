//! MQTT (OASIS MQTT 3.1.1 and 5.0; MQIsdp before them): recognised by its CONNECT, or by the pings that
//! keep a long connection alive.

use crate::model::Transport;

use super::recognised::Recognised;
use super::{Analyzer, Guess, Opening, Probe, Session};

/// PINGREQ and PINGRESP (§3.12, §3.13).
const PING: &[u8] = &[0xc0, 0];
const PONG: &[u8] = &[0xd0, 0];

/// MQTT.
pub struct Mqtt;

impl Analyzer for Mqtt {
    fn protocol(&self) -> &'static str {
        "mqtt"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.either_way(|client, server| match (connect(client), client == PING && server == PONG) {
            (_, true) if !opening.from_start => Guess::Yes,
            (Guess::No, _) if !opening.from_start && client == PING && server.is_empty() => Guess::More,
            (guess, _) => guess,
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// CONNECT: a type, a length of one to four bytes, the protocol's name, its level (§3.1).
fn connect(bytes: &[u8]) -> Guess {
    let Some((&0x10, rest)) = bytes.split_first() else { return Guess::No };
    let digits = rest.iter().take(4).take_while(|byte| **byte & 0x80 != 0).count();
    let Some(variable) = rest.get(digits + 1..) else {
        return if rest.len() < 4 { Guess::More } else { Guess::No };
    };
    let names: [&[u8]; 4] = [b"\0\x04MQTT\x04", b"\0\x04MQTT\x05", b"\0\x04MQTT\x03", b"\0\x06MQIsdp\x03"];
    if names.iter().any(|name| variable.starts_with(name)) {
        Guess::Yes
    } else if names.iter().any(|name| name.starts_with(variable)) {
        Guess::More
    } else {
        Guess::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp};

    #[test]
    fn a_connect_shows_the_client() {
        for connect in [
            "1028 0004 4d515454 04c2 003c 000a 73656e736f722d303031",
            "10 a001 0004 4d515454 05 02 003c",
            "1010 0006 4d5149736470 03 02 003c 0002 6162",
        ] {
            let outcome = tcp(&[Line::C(&hex(connect))]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("mqtt"), Some(true)), "{connect}");
        }
    }

    #[test]
    fn pings_prove_it_only_together_and_late() {
        assert_eq!(late(&[(Side::A, PING), (Side::B, PONG)]), (Some("mqtt"), Some(Side::A)));
        assert_eq!(late(&[(Side::A, PING)]).0, None);
        assert_eq!(tcp(&[Line::C(PING), Line::S(PONG)]).protocol, None);
    }

    #[test]
    fn what_is_nearly_a_connect_is_not() {
        for connect in
            ["1028 0004 4d515455 04", "1028 0004 4d515454 06", "10 ffffffff 0004 4d515454", "20020000"]
        {
            assert_eq!(tcp(&[Line::C(&hex(connect))]).protocol, None, "{connect}");
        }
    }
}
