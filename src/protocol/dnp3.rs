//! DNP3 (IEEE 1815-2012 §9): recognised by the header of its link frames, whose checksum must be right.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

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
        Box::new(Recognised)
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

#[cfg(test)]
mod tests {
    use crate::model::Side;
    use crate::protocol::testing::{Line, hex, late, tcp, udp};

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
