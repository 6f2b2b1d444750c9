//! MQTT (OASIS MQTT 3.1.1 and 5.0; MQIsdp before them): recognised by its CONNECT, or by the pings that
//! keep a long connection alive. Whether the client names itself is told; as whom is not read.

use crate::model::{Practice, Role, State, Transport};

use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

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
        Box::<MqttSession>::default()
    }
}

/// CONNECT flags: a user, a password (§3.1.2).
const USER: u8 = 0x80;
const PASSWORD: u8 = 0x40;

/// The property of a CONNECT that begins another kind of login (version 5, §3.1.2.11.9).
const AUTHENTICATION_METHOD: u8 = 0x15;

/// Bytes of a CONNECT that are waited for: the fixed header, the name, the level, flags, the time to keep
/// alive. Properties come behind them.
const CONNECT_HEAD_MAX: usize = 5 + 8 + 4;

/// One connection, until the server has let the client in or not.
#[derive(Default)]
struct MqttSession {
    /// The client sends credentials, once its CONNECT was read.
    credentials: Option<bool>,
}

impl Session for MqttSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match (from, self.credentials) {
            (Role::Client, None) => self.on_connect(bytes, seen),
            (Role::Client, Some(_)) => Step::Skip(u64::MAX),
            (Role::Server, None) => Step::Need(bytes.len()),
            (Role::Server, Some(credentials)) => match bytes {
                // CONNACK: its length, flags, and a code that is zero for who is let in (§3.2).
                [0x20, _, _, 0, ..] => {
                    seen.practice(Practice::Mqtt { credentials }, State::Used, "accepted");
                    Step::Done
                }
                [0x20, ..] if bytes.len() < 4 => Step::Need(4),
                _ => Step::Done,
            },
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

impl MqttSession {
    fn on_connect(&mut self, bytes: &[u8], seen: &mut Seen) -> Step {
        let digits = bytes.iter().skip(1).take(4).take_while(|byte| **byte & 0x80 != 0).count();
        let variable = bytes.get(digits + 2..).unwrap_or_default();
        let name_len = variable.first_chunk().map_or(0, |len| usize::from(u16::from_be_bytes(*len)));
        let (Some(level), Some(flags)) = (variable.get(name_len + 2), variable.get(name_len + 3)) else {
            let possible = connect(bytes) != Guess::No && bytes.len() < CONNECT_HEAD_MAX;
            return if possible { Step::Need(bytes.len() + 1) } else { Step::Done };
        };
        if connect(bytes) != Guess::Yes {
            return Step::Done;
        }
        let credentials = flags & (USER | PASSWORD) != 0;
        if *level == 5 && !credentials {
            // Behind the flags: two bytes of time, the length of the properties, and those.
            let Some(len) = variable.get(name_len + 6) else { return Step::Need(bytes.len() + 1) };
            let end = name_len + 7 + usize::from(*len);
            let Some(properties) = variable.get(name_len + 7..end) else {
                return Step::Need(bytes.len() + 1);
            };
            if *len >= 0x80 || properties.contains(&AUTHENTICATION_METHOD) {
                return Step::Done;
            }
        }
        self.credentials = Some(credentials);
        if credentials {
            seen.practice(Practice::Mqtt { credentials }, State::Attempted, "user or password in CONNECT");
        }
        Step::Skip(u64::MAX)
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
    use crate::model::{Observation, Side};
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
    fn who_is_let_in_without_tls_is_told_and_how() {
        let with = "1028 0004 4d515454 04c2 003c 000a 73656e736f722d303031";
        let without = "1010 0004 4d515454 0402 003c 0004 61626364";
        let five = "1011 0004 4d515454 0502 003c 00 0004 61626364";
        let scram = "1016 0004 4d515454 0502 003c 05 1500025343 0004 61626364";
        let told = |connect: &str, answer: &str| {
            let outcome = tcp(&[Line::C(&hex(connect)), Line::S(&hex(answer))]);
            let practice = |it: &Observation| match it {
                Observation::Practice { practice: Practice::Mqtt { credentials }, state, .. } => {
                    (*credentials, *state)
                }
                other => panic!("{other:?}"),
            };
            outcome.observations.iter().map(practice).collect::<Vec<_>>()
        };
        let (accepted, refused) = ("2002 0000", "2002 0005");
        assert_eq!(told(with, accepted), [(true, State::Attempted), (true, State::Used)]);
        assert_eq!(told(with, refused), [(true, State::Attempted)]);
        assert_eq!(told(without, accepted), [(false, State::Used)]);
        assert_eq!(told(without, refused), []);
        assert_eq!(told(five, "2003 0000 00"), [(false, State::Used)]);
        assert_eq!(told(scram, accepted), [], "another kind of login");
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
