//! TACACS+ (RFC 8907 §4.1): recognised by its header. The body is only obscured, never protected (§10).

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a header: version, type, sequence number, flags, session, length.
const HEADER: usize = 12;

/// The longest body that is believed: servers give fields 65,535 bytes and use few of them.
const BODY_BYTES_MAX: usize = 65_535;

/// TACACS+.
pub struct Tacacs;

impl Analyzer for Tacacs {
    fn protocol(&self) -> &'static str {
        "tacacs"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Packets)
    }
}

/// Clients send odd sequence numbers, servers even ones (§4.1).
fn speaker(bytes: &[u8]) -> Speaker {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return if matches!(bytes, [0xc0 | 0xc1] | [0xc0 | 0xc1, 1..=3, ..]) {
            Speaker::Unclear
        } else {
            Speaker::Stranger
        };
    };
    let [0xc0 | 0xc1, 1..=3, sequence @ 1..=255, flags, _, _, _, _, l0, l1, l2, l3] = *header else {
        return Speaker::Stranger;
    };
    let len = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    // The body unobscured (1), several sessions in one connection (4).
    if flags & !5 != 0 || !(5..=BODY_BYTES_MAX).contains(&len) {
        return Speaker::Stranger;
    }
    match body.len() < len {
        true => Speaker::Unclear,
        false => Speaker::Is(if sequence % 2 == 1 { Role::Client } else { Role::Server }),
    }
}

/// Waits for the server's first packet: by then both sides use the same protection.
struct Packets;

impl Session for Packets {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some([_, _, _, flags, ..]) = bytes.first_chunk::<HEADER>() else { return Step::Need(HEADER) };
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        if flags & 1 == 1 {
            seen.fault(Fault::TacacsClear, State::Used, "TACACS+ with its body in clear");
        } else {
            seen.fault(Fault::TacacsObscured, State::Used, "TACACS+ with its body hidden by MD5");
        }
        Step::Done
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
    fn a_body_in_clear_is_worse_than_a_hidden_one() {
        let clear = TELLS.replace("c0 01 02 00", "c0 01 02 01");
        let talk = |tells: &str| faults(&tcp(&[Line::C(&hex(ASKS)), Line::S(&hex(tells))]));
        assert_eq!(talk(&clear), [(Fault::TacacsClear, State::Used)]);
        assert_eq!(talk(TELLS), [(Fault::TacacsObscured, State::Used)]);
        assert_eq!(faults(&tcp(&[Line::C(&hex(ASKS))])), [], "nobody agreed");
    }

    const ASKS: &str = "c0 01 01 00 6d0e1631 00000011 573908bd8ed2c28efaff1bf00d07578a9a";
    const TELLS: &str = "c0 01 02 00 6d0e1631 00000006 f7711e4b904f";

    #[test]
    fn sequence_numbers_show_who_asks() {
        let outcome = tcp(&[Line::C(&hex(ASKS)), Line::S(&hex(TELLS))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("tacacs"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(TELLS))]), (Some("tacacs"), Some(Side::B)));
    }

    #[test]
    fn what_is_nearly_a_packet_is_not() {
        for bytes in [
            "c0 04 01 00 6d0e1631 00000006 f7711e4b904f",
            "c0 01 00 00 6d0e1631 00000006 f7711e4b904f",
            "c0 01 01 02 6d0e1631 00000006 f7711e4b904f",
            "c0 01 01 00 6d0e1631 00000007 f7711e4b904f",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
