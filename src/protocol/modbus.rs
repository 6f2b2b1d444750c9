//! Modbus over TCP (Modbus Application Protocol 1.1b3; Messaging on TCP/IP 1.0b §3.1): reads and writes
//! of a controller's registers, without any authentication.

use crate::model::{Capability, Fault, Observation, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of the header before the unit: transaction, protocol (always 0), length of what follows.
const HEADER: usize = 6;

/// The longest message after the header: unit, function and 252 bytes (1.1b3 §4.1).
const BODY_BYTES_MAX: usize = 254;

/// Values in one message, by function: single bits, registers (§6.1 to 6.4).
const BITS_MAX: u16 = 2_000;
const REGISTERS_MAX: u16 = 125;

/// Modbus.
pub struct Modbus;

impl Analyzer for Modbus {
    fn protocol(&self) -> &'static str {
        "modbus"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Messages>::default()
    }
}

/// The message at the beginning: its body after the header, and how long both are.
fn message(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [_, _, 0, 0, high, low] = *header else { return None };
    let len = usize::from(u16::from_be_bytes([high, low]));
    (2..=BODY_BYTES_MAX).contains(&len).then_some(())?;
    Some((rest.get(..len)?, HEADER + len))
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some((body, _)) = message(bytes) else {
        let begun = match bytes {
            [_, _, 0, 0, 0, len, ..] => (2..=BODY_BYTES_MAX).contains(&usize::from(*len)),
            [_, _, 0, 0, 0] | [_, _, 0, 0] | [_, _, 0] | [_, _] | [_] => true,
            _ => false,
        };
        return if begun { Speaker::Unclear } else { Speaker::Stranger };
    };
    let [_unit, function, data @ ..] = body else { return Speaker::Stranger };
    let word = |at: usize| {
        data.get(at..at + 2).map_or(0, |two| two.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
    };
    let counted =
        data.split_first().is_some_and(|(count, values)| usize::from(*count) == values.len() && *count > 0);
    let (asks, tells) = match function {
        1 | 2 => (data.len() == 4 && (1..=BITS_MAX).contains(&word(2)), counted),
        3 | 4 => (data.len() == 4 && (1..=REGISTERS_MAX).contains(&word(2)), counted && data.len() % 2 == 1),
        // A single write is repeated word for word.
        5 => (data.len() == 4 && matches!(word(2), 0 | 0xff00), data.len() == 4),
        6 => (data.len() == 4, data.len() == 4),
        // Several: where, how many, and then their values; the answer repeats the first two.
        15 | 16 => {
            let values = data.get(5..).map_or(0, <[u8]>::len);
            (values > 0 && data.get(4).is_some_and(|count| usize::from(*count) == values), data.len() == 4)
        }
        22 => (data.len() == 6, data.len() == 6),
        // Device identification (§6.21): an object to begin with, or a list of them.
        43 => (data.len() == 3 && data.first() == Some(&14), data.len() >= 6 && data.first() == Some(&14)),
        // An exception: one of nine reasons (§7).
        0x81..=0xab => (false, matches!(data, [1..=6 | 8 | 10 | 11])),
        _ => (false, false),
    };
    match (asks, tells) {
        (true, true) => Speaker::Either,
        (true, false) => Speaker::Is(Role::Client),
        (false, true) => Speaker::Is(Role::Server),
        (false, false) => Speaker::Stranger,
    }
}

/// Functions that change something in the controller.
const fn writes(function: u8) -> bool {
    matches!(function, 5 | 6 | 15 | 16 | 21 | 22 | 23)
}

/// Watches for writes.
#[derive(Default)]
struct Messages {
    /// A write was asked for, a read was answered: each is told once.
    asked: bool,
    read: bool,
}

impl Session for Messages {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match (message(bytes), bytes) {
            (Some(([_, function, ..], len)), _) => {
                let first = |told: &mut bool| !std::mem::replace(told, true);
                match (from, writes(*function), *function) {
                    (Role::Client, true, _) if first(&mut self.asked) => {
                        seen.push(Observation::Capability(Capability::OtWrite));
                    }
                    // An exception has the highest bit (§7): nothing was done.
                    (Role::Client, ..) | (Role::Server, _, 0x80..) => {}
                    (Role::Server, true, _) => {
                        seen.fault(Fault::ModbusWrite, State::Used, "Modbus write answered");
                        return Step::Done;
                    }
                    (Role::Server, false, _) if first(&mut self.read) => {
                        seen.fault(Fault::ModbusRead, State::Used, "Modbus read answered");
                    }
                    (Role::Server, false, _) => {}
                }
                Step::Consumed(len)
            }
            (None, [_, _, 0, 0, 0, len, ..]) if (2..=254).contains(len) => {
                Step::Need(HEADER + usize::from(*len))
            }
            (None, [_, _, 0, 0, ..] | [_, _, 0] | [_, _] | [_]) if bytes.len() < HEADER => Step::Need(HEADER),
            _ => Step::Done,
        }
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

    #[test]
    fn a_read_and_its_answer_show_who_asks() {
        let asks = hex("0001 0000 0006 01 01 0000 0003");
        let tells = hex("0001 0000 0004 01 01 01 00");
        let outcome = tcp(&[Line::C(&asks), Line::S(&tells)]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("modbus"), Some(true)));
        assert_eq!(faults(&outcome), [(Fault::ModbusRead, State::Used)]);
        assert_eq!(late(&[(Side::A, &tells)]), (Some("modbus"), Some(Side::B)));
        assert_eq!(late(&[(Side::B, &hex("0201 0000 0003 01 83 02"))]), (Some("modbus"), Some(Side::A)));
    }

    #[test]
    fn a_write_is_power_over_a_process() {
        let write = hex("0001 0000 0008 01 0f 0000 0003 01 05");
        let outcome = tcp(&[Line::C(&write), Line::S(&hex("0001 0000 0006 01 0f 0000 0003"))]);
        assert_eq!(outcome.protocol, Some("modbus"));
        assert_eq!(outcome.observations.first(), Some(&Observation::Capability(Capability::OtWrite)));
        assert_eq!(faults(&outcome), [(Fault::ModbusWrite, State::Used)]);
        let refused = tcp(&[Line::C(&write), Line::S(&hex("0001 0000 0003 01 8f 02"))]);
        assert_eq!(refused.observations, [Observation::Capability(Capability::OtWrite)]);
    }

    #[test]
    fn what_is_nearly_a_message_is_not() {
        for bytes in [
            "0001 0001 0006 01 03 0000 000a",
            "0001 0000 0006 01 03 0000 0000",
            "0001 0000 0006 01 03 0000 00ff",
            "0001 0000 0006 01 63 0000 000a",
            "0001 0000 0106 01 03 0000 000a",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
