//! DNP3 (IEEE 1815-2012 §9): recognised by the header of its link frames, whose checksum must be right.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a header: two that begin it, length, control, destination, source, checksum (§9.2.4.1).
const HEADER: usize = 10;

/// The bit of the control octet that a master sets.
const FROM_MASTER: u8 = 0x80;

/// DNP3.
pub struct Dnp3;

impl Analyzer for Dnp3 {
    fn protocol(&self) -> &'static str {
        "dnp3"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Stations>::default()
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return if [0x05, 0x64].starts_with(bytes.get(..2).unwrap_or(bytes)) {
            Speaker::Unclear
        } else {
            Speaker::Stranger
        };
    };
    let [0x05, 0x64, 5..=255, control, _, _, _, _, low, high] = *header else { return Speaker::Stranger };
    let counted = header.get(..8).unwrap_or_default();
    if checksum(counted) != u16::from_le_bytes([low, high]) {
        return Speaker::Stranger;
    }
    Speaker::Is(if control & FROM_MASTER == 0 { Role::Server } else { Role::Client })
}

/// The cyclic redundancy check of a block (§9.2.4.3): polynomial 0x3d65, reflected, complemented.
fn checksum(block: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0xa6bc;
    let step = |sum: u16| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
    let sum = block.iter().fold(0, |sum: u16, byte| (0..8).fold(sum ^ u16::from(*byte), |sum, _| step(sum)));
    !sum
}

/// Bytes of data before each checksum (§9.2.4.2).
const BLOCK: usize = 16;

/// Functions that switch (3 to 6) or restart (13, 14), and an answer to any (part 4, §4.4).
const SWITCHES: [u8; 6] = [3, 4, 5, 6, 13, 14];
const RESPONSE: u8 = 0x81;

/// The objects of secure authentication.
const AUTHENTICATION: u8 = 120;

/// Watches for commands that are answered.
#[derive(Default)]
struct Stations {
    /// The number of the command that waits for its answer.
    asked: Option<u8>,
}

impl Stations {
    /// The frame that begins here, after its header; transport, control, function, first object.
    fn on_frame(&mut self, from: Role, data: &[u8], seen: &mut Seen) -> bool {
        let [transport, control, function, rest @ ..] = data else { return false };
        // Only the first segment of a message begins so (§8.2.1).
        if transport & 0x40 == 0 {
            return false;
        }
        let number = control & 0x0f;
        match from {
            Role::Client if SWITCHES.contains(function) && rest.first() != Some(&AUTHENTICATION) => {
                self.asked = Some(number);
            }
            // What asks for a proof, and the proof, come with these objects or functions.
            Role::Client => self.asked = None,
            Role::Server if *function == RESPONSE && self.asked == Some(number) => {
                seen.fault(Fault::Dnp3Control, State::Used, "DNP3 control or restart answered");
                return true;
            }
            Role::Server => {}
        }
        false
    }
}

/// How many bytes a frame has, by its length octet (control and addresses count 5).
fn frame_len(length: u8) -> Option<usize> {
    let data = usize::from(length).checked_sub(5)?;
    Some(HEADER + data + 2 * data.div_ceil(BLOCK))
}

impl Session for Stations {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some([0x05, 0x64, length, ..]) = bytes.first_chunk::<HEADER>() else {
            return if bytes.len() < HEADER { Step::Need(HEADER) } else { Step::Done };
        };
        let Some(len) = frame_len(*length) else { return Step::Done };
        let wanted = len.min(HEADER + 4);
        let Some(data) = bytes.get(HEADER..wanted) else { return Step::Need(wanted) };
        if self.on_frame(from, data, seen) { Step::Done } else { Step::Skip(len as u64) }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        let data = datagram.get(HEADER..).unwrap_or_default();
        if self.on_frame(from, data, seen) { Step::Done } else { Step::Consumed(datagram.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp, udp};

    #[test]
    fn a_command_that_is_answered_without_a_proof_is_a_fault() {
        let frame = |head: &str, length: u8, data: &str| {
            let header = hex(&format!("0564 {length:02x} {head}"));
            [header.clone(), checksum(&header).to_le_bytes().to_vec(), hex(data), vec![0, 0]].concat()
        };
        let talk = |function: &str, object: &str, answer: &str| {
            let asks = frame("c4 0400 0300", 9, &format!("c0 c3 {function} {object}"));
            let tells = frame("44 0300 0400", 10, &format!("c0 {answer} 0000"));
            let lines = [Line::C(&asks), Line::S(&tells)];
            assert_eq!(faults(&tcp(&lines)), faults(&udp(20_000, &lines)));
            faults(&tcp(&lines))
        };
        assert_eq!(talk("05", "0c", "c3 81"), [(Fault::Dnp3Control, State::Used)]);
        assert_eq!(talk("0d", "00", "c3 81"), [(Fault::Dnp3Control, State::Used)]);
        assert_eq!(talk("01", "3c", "c3 81"), [], "a read");
        assert_eq!(talk("05", "0c", "c4 81"), [], "the answer to something else");
        assert_eq!(talk("05", "0c", "c3 83"), [], "a challenge");
    }

    const ASKS: &str = "0564 63 c4 0400 0300 c7ee";
    const TELLS: &str = "0564 1d 44 0300 0400 8308";

    #[test]
    fn frames_say_who_is_the_master() {
        let outcome = tcp(&[Line::C(&hex(ASKS)), Line::S(&hex(TELLS))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("dnp3"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(TELLS))]), (Some("dnp3"), Some(Side::B)));
        assert_eq!(udp(20_000, &[Line::C(&hex(ASKS))]).protocol, Some("dnp3"));
    }

    #[test]
    fn a_wrong_checksum_or_length_is_no_frame() {
        for bytes in ["0564 63 c4 0400 0300 c7ef", "0564 04 c4 0400 0300 c7ee", "0565 63 c4 0400 0300 c7ee"] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
