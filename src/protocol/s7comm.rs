//! S7 communication of Siemens controllers (no public standard; ISO 8073 and RFC 1006 below it), old
//! and new (`S7comm-plus`): recognised, and writes and stops told from reads.

use crate::model::{Capability, Fault, Observation, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes before the length of a packet and with it (RFC 1006 §6): version 3, zero, length.
const TPKT: usize = 4;

/// What the data of an ISO transport packet begins with.
const S7: u8 = 0x32;
const S7_PLUS: u8 = 0x72;

/// S7 communication.
pub struct S7comm;

impl Analyzer for S7comm {
    fn protocol(&self) -> &'static str {
        "s7comm"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Jobs>::default()
    }
}

/// One packet: what the transport layer carries after its own header, and where the next begins.
/// Connection requests and acknowledgements carry nothing.
fn packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [3, 0, high, low, rest @ ..] = bytes else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(TPKT)?;
    let (packet, next) = rest.split_at_checked(len)?;
    let (header_len, packet) = packet.split_first()?;
    let (header, data) = packet.split_at_checked(usize::from(*header_len))?;
    match header {
        // Data (ISO 8073 §13.7), and the request and confirmation of a connection (§13.3, 13.4).
        [0xf0, _] => Some((data, next)),
        [0xd0 | 0xe0, _, _, _, _, _, ..] => Some((&[], next)),
        _ => None,
    }
}

fn speaker(mut bytes: &[u8]) -> Speaker {
    loop {
        if bytes.len() < 3 && [3, 0].starts_with(bytes.get(..2).unwrap_or(bytes)) {
            return Speaker::Unclear;
        }
        let Some((data, next)) = packet(bytes) else {
            let begun = matches!(bytes, [3, 0, 0..=8, ..]) && !is_whole(bytes);
            return if begun { Speaker::Unclear } else { Speaker::Stranger };
        };
        match data {
            // Job and its acknowledgements; user data says in its parameters who asks.
            [S7, 1, 0, 0, ..] => return Speaker::Is(Role::Client),
            [S7, 2 | 3, 0, 0, ..] => return Speaker::Is(Role::Server),
            [S7, 7, 0, 0, ..] => return user_data(data),
            // Version 1 or 2 or 3 (254 keeps alive), a length, and in the first two what it is.
            [S7_PLUS, 1..=3, _, _, 0x31, ..] => return Speaker::Is(Role::Client),
            [S7_PLUS, 1..=3, _, _, 0x32, ..] => return Speaker::Is(Role::Server),
            [S7_PLUS, 1..=3 | 254, ..] => return Speaker::Either,
            [] => bytes = next,
            _ => return Speaker::Stranger,
        }
    }
}

/// The packet that begins here is there to its end.
fn is_whole(bytes: &[u8]) -> bool {
    let [_, _, high, low, ..] = bytes else { return false };
    bytes.len() >= usize::from(u16::from_be_bytes([*high, *low]))
}

/// The parameters' sixth byte has in its upper half whether this asks (4) or answers (8).
fn user_data(data: &[u8]) -> Speaker {
    match data.get(10..) {
        Some([0, 1, 0x12, _, _, kind, ..]) => match kind >> 4 {
            4 => Speaker::Is(Role::Client),
            8 => Speaker::Is(Role::Server),
            _ => Speaker::Either,
        },
        _ => Speaker::Either,
    }
}

/// Functions of a job that change the controller: write, download, start, stop.
const fn changes(function: u8) -> bool {
    matches!(function, 0x05 | 0x1a..=0x1c | 0x28 | 0x29)
}

/// The function that reads variables.
const READ: u8 = 0x04;

/// Watches for jobs that change something.
#[derive(Default)]
struct Jobs {
    /// A change was asked for, a read was answered: each is told once.
    asked: bool,
    read: bool,
}

impl Session for Jobs {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let [3, 0, high, low, ..] = bytes else {
            return if bytes.len() < TPKT { Step::Need(TPKT) } else { Step::Done };
        };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if len <= TPKT {
            return Step::Done;
        }
        if bytes.len() < len {
            return Step::Need(len);
        }
        let job = packet(bytes).map(|(data, _)| data);
        if from == Role::Client
            && let Some([S7, 1, _, _, _, _, _, _, _, _, function, ..]) = job
            && changes(*function)
            && !std::mem::replace(&mut self.asked, true)
        {
            seen.push(Observation::Capability(Capability::OtWrite));
        }
        // An answer has two bytes of error before its function.
        if let (Role::Server, Some([S7, 3, _, _, _, _, _, _, _, _, 0, 0, function, ..])) = (from, job) {
            if changes(*function) {
                seen.fault(Fault::S7Control, State::Used, "S7 write, start or stop carried out");
                return Step::Done;
            }
            if *function == READ && !std::mem::replace(&mut self.read, true) {
                seen.fault(Fault::S7, State::Used, "S7 read answered");
            }
        }
        Step::Consumed(len)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp};

    const CONNECT: &str = "03000016 11 e0 0000 0001 00 c0010a c1020100 c2020101";
    const SETUP: &str = "03000019 02f080 32 01 0000 0000 0008 0000 f0 00 0001 0001 01e0";

    #[test]
    fn a_job_after_the_connection_shows_the_client() {
        let lines = [hex(CONNECT), hex("03000016 11 d0 0001 0001 00 c0010a c1020100 c2020101"), hex(SETUP)];
        let outcome = tcp(&[Line::C(&lines[0]), Line::S(&lines[1]), Line::C(&lines[2])]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("s7comm"), Some(true)));
        assert_eq!(outcome.observations, []);
        let answer = hex("0300001b 02f080 32 03 0000 0000 0008 0000 0000 f0 00 0001 0001 01e0");
        assert_eq!(late(&[(Side::B, &answer)]), (Some("s7comm"), Some(Side::A)));
    }

    #[test]
    fn a_write_is_power_over_a_process() {
        let write =
            hex("03000024 02f080 32 01 0000 0500 000e 0005 05 01 120a1002000100018400000000040008 01");
        let lines = [hex(CONNECT), hex(SETUP), write];
        let outcome = tcp(&[Line::C(&lines[0]), Line::C(&lines[1]), Line::C(&lines[2])]);
        assert_eq!(outcome.observations, [Observation::Capability(Capability::OtWrite)]);
    }

    #[test]
    fn an_answer_shows_what_was_done() {
        let answer = |errors: &str, function: &str| {
            let answer = hex(&format!("03000016 02f080 32 03 0000 0500 0002 0001 {errors} {function} 01 ff"));
            faults(&tcp(&[Line::C(&hex(CONNECT)), Line::C(&hex(SETUP)), Line::S(&answer)]))
        };
        assert_eq!(answer("0000", "05"), [(Fault::S7Control, State::Used)]);
        assert_eq!(answer("0000", "29"), [(Fault::S7Control, State::Used)]);
        assert_eq!(answer("0000", "04"), [(Fault::S7, State::Used)]);
        assert_eq!(answer("8500", "05"), [], "refused");
        assert_eq!(answer("0000", "f0"), [], "only agreed on lengths");
    }

    #[test]
    fn what_is_nearly_a_job_is_not() {
        for bytes in [
            CONNECT,
            "03000019 02f080 33 01 0000 0000 0008 0000 f0 00 0001 0001 01e0",
            "03000019 02f080 32 09 0000 0000 0008 0000 f0 00 0001 0001 01e0",
            "03000019 02e080 32 01 0000 0000 0008 0000 f0 00 0001 0001 01e0",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
