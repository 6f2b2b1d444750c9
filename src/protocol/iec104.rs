//! IEC 60870-5-104: telecontrol over TCP, recognised by its frames; commands told from reports.

use crate::model::{Capability, Fault, Observation, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes before the length ends, and of the control field (§5 of part 5-104).
const PREFIX: usize = 2;
const CONTROL: usize = 4;

/// The longest frame after its length: 253 (§5).
const FRAME_BYTES_MAX: u8 = 253;

/// IEC 60870-5-104.
pub struct Iec104;

impl Analyzer for Iec104 {
    fn protocol(&self) -> &'static str {
        "iec104"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Frames>::default()
    }
}

/// Only the controlling station starts and stops the transfer of data (§5.3).
fn speaker(bytes: &[u8]) -> Speaker {
    let [0x68, len, frame @ ..] = bytes else {
        return if matches!(bytes, [] | [0x68]) { Speaker::Unclear } else { Speaker::Stranger };
    };
    match (len, frame) {
        // STARTDT and STOPDT: asked for, confirmed; TESTFR by either.
        (4, [0x07 | 0x13, 0, 0, 0, ..]) => Speaker::Is(Role::Client),
        (4, [0x0b | 0x23, 0, 0, 0, ..]) => Speaker::Is(Role::Server),
        (4, [0x43 | 0x83, 0, 0, 0, ..]) => Speaker::Either,
        // Information: even counters, a type, and a cause.
        (10..=FRAME_BYTES_MAX, [sent, _, received, _, kind, number, cause, _, ..])
            if (sent | received) & 1 == 0 =>
        {
            match (kind, number & 0x7f, cause & 0x3f) {
                (_, 0, _) | (_, _, 0) => Speaker::Stranger,
                (1..=40, _, 1..=13 | 20..=41) => Speaker::Is(Role::Server),
                (45..=64 | 100..=107, _, 6 | 8) => Speaker::Is(Role::Client),
                (45..=64 | 70 | 100..=107, _, 4 | 7 | 9 | 10 | 44..=47) => Speaker::Is(Role::Server),
                _ => Speaker::Stranger,
            }
        }
        (4, [0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83, rest @ ..])
            if rest.len() < 3 && rest.iter().all(|b| *b == 0) =>
        {
            Speaker::Unclear
        }
        (4, []) => Speaker::Unclear,
        (10..=FRAME_BYTES_MAX, _) if frame.len() < 8 => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

/// Watches for commands.
#[derive(Default)]
struct Frames {
    asked: bool,
}

impl Session for Frames {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let [0x68, len, ..] = bytes else {
            return if matches!(bytes, [0x68]) { Step::Need(PREFIX) } else { Step::Done };
        };
        let whole = PREFIX + usize::from(*len);
        if whole < PREFIX + CONTROL {
            return Step::Done;
        }
        match bytes.get(PREFIX..whole) {
            None => Step::Need(whole),
            // Commands of switches, steps and set points, with activation (§7 of part 5-101).
            Some([sent, _, _, _, 45..=64, _, cause, ..])
                if sent & 1 == 0 && cause & 0x3f == 6 && from == Role::Client =>
            {
                if !std::mem::replace(&mut self.asked, true) {
                    seen.push(Observation::Capability(Capability::OtWrite));
                }
                Step::Consumed(whole)
            }
            // Confirmed (7), and not in the negative (bit 6).
            Some([sent, _, _, _, 45..=64, _, cause, ..])
                if sent & 1 == 0 && cause & 0x7f == 7 && from == Role::Server =>
            {
                seen.fault(Fault::Iec104Command, State::Used, "IEC 104 command confirmed");
                Step::Done
            }
            Some(_) => Step::Consumed(whole),
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
    fn starting_a_transfer_shows_the_controlling_station() {
        let outcome = tcp(&[Line::C(&hex("6804 07000000")), Line::S(&hex("6804 0b000000"))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("iec104"), Some(true)));
        let report = hex("680e 02000000 0d 01 0300 0100 010000 00");
        assert_eq!(late(&[(Side::A, &report)]), (Some("iec104"), Some(Side::B)));
    }

    #[test]
    fn a_command_is_power_over_a_process() {
        let command = hex("680e 00000000 2d 01 0600 0100 010000 01");
        let outcome = tcp(&[Line::C(&hex("6804 07000000")), Line::C(&command)]);
        assert_eq!(outcome.observations, [Observation::Capability(Capability::OtWrite)]);
        let confirmed = |cause: &str| {
            let answer = hex(&format!("680e 00000200 2d 01 {cause}00 0100 010000 01"));
            faults(&tcp(&[Line::C(&hex("6804 07000000")), Line::C(&command), Line::S(&answer)]))
        };
        assert_eq!(confirmed("07"), [(Fault::Iec104Command, State::Used)]);
        assert_eq!(confirmed("47"), [], "in the negative");
    }

    #[test]
    fn what_is_nearly_a_frame_is_not() {
        for bytes in [
            "6804 08000000",
            "6904 07000000",
            "6804 07010000",
            "680e 01000000 2d 01 0600 0100",
            "680e 00000000 2d 00 0600 0100",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
