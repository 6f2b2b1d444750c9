//! OPC UA over TCP (OPC 10000-6 §7.1): recognised by the header of its messages.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of a header: three letters, one that says whether more follows, a length.
const HEADER: usize = 8;

/// The longest message: ten times what servers take by default.
const MESSAGE_BYTES_MAX: u32 = 640 << 20;

/// OPC UA.
pub struct OpcUa;

impl Analyzer for OpcUa {
    fn protocol(&self) -> &'static str {
        "opcua"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Channel)
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let kinds: [(&[u8], Speaker); 8] = [
        (b"HELF", Speaker::Is(Role::Client)),
        (b"ACKF", Speaker::Is(Role::Server)),
        (b"ERRF", Speaker::Is(Role::Server)),
        // A server that calls its client back (§7.1.2.6).
        (b"RHEF", Speaker::Is(Role::Server)),
        (b"OPNF", Speaker::Either),
        (b"MSGF", Speaker::Either),
        (b"MSGC", Speaker::Either),
        (b"CLOF", Speaker::Is(Role::Client)),
    ];
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        let begun = kinds
            .iter()
            .any(|(kind, _)| bytes.get(..4).map_or(kind.starts_with(bytes), |four| four == *kind));
        return if begun { Speaker::Unclear } else { Speaker::Stranger };
    };
    let [k0, k1, k2, k3, l0, l1, l2, l3] = *header;
    let len = u32::from_le_bytes([l0, l1, l2, l3]);
    let kind = kinds.iter().find(|(kind, _)| *kind == [k0, k1, k2, k3]);
    let Some((_, speaker)) = kind.filter(|_| (12..=MESSAGE_BYTES_MAX).contains(&len)) else {
        return Speaker::Stranger;
    };
    // The limits of buffers in a greeting and its answer (§7.1.2.3) are kilobytes, never less.
    if !matches!(&[k0, k1, k2], b"HEL" | b"ACK") {
        return *speaker;
    }
    match rest {
        [_, _, _, _, _, low, mid, high, ..] if *low >= 0x20 || *mid > 0 || *high > 0 => *speaker,
        [_, _, _, _, _, _, _, _, ..] => Speaker::Stranger,
        _ => Speaker::Unclear,
    }
}

/// Waits for the channel that the server opens.
struct Channel;

impl Session for Channel {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        let Some([k0, k1, k2, _, l0, l1, l2, l3]) = bytes.first_chunk::<HEADER>() else {
            return Step::Need(HEADER);
        };
        let len = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
        match [k0, k1, k2] {
            [b'O', b'P', b'N'] => {}
            [b'A', b'C', b'K'] | [b'R', b'H', b'E'] => return Step::Skip(u64::from(len.max(1))),
            _ => return Step::Done,
        }
        // A channel's number, then the policy with its length (§6.7.2).
        let Some(head) = bytes.get(..POLICY) else { return Step::Need(POLICY) };
        let policy_len = head.last_chunk::<4>().map_or(0, |len| u32::from_le_bytes(*len)) as usize;
        if policy_len > POLICY_BYTES_MAX {
            return Step::Done;
        }
        let whole = POLICY + policy_len;
        let Some(policy) = bytes.get(POLICY..whole) else { return Step::Need(whole) };
        if policy.ends_with(b"#None") {
            seen.fault(Fault::OpcUaNone, State::Used, "OPC UA channel with policy None");
        }
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

/// Bytes before the text of a policy, and the longest policy that is believed.
const POLICY: usize = 16;
const POLICY_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp};

    #[test]
    fn a_channel_without_security_is_a_fault() {
        let hello = hex("48454c46 20000000 00000000 00000100 00000100 00000000 00000000 00000000");
        let talk = |policy: &str| {
            let head = [b"OPNF".as_slice(), &[132, 0, 0, 0, 1, 0, 0, 0], &[policy.len() as u8, 0, 0, 0]];
            let open = [head.concat(), policy.as_bytes().to_vec()].concat();
            faults(&tcp(&[Line::C(&hello), Line::S(&open)]))
        };
        let prefix = "http://opcfoundation.org/UA/SecurityPolicy";
        assert_eq!(talk(&format!("{prefix}#None")), [(Fault::OpcUaNone, State::Used)]);
        assert_eq!(talk(&format!("{prefix}#Basic256Sha256")), []);
    }

    #[test]
    fn a_greeting_shows_the_client() {
        let hello = "48454c46 38000000 00000000 00000100 00000100 00000000 00000000 18000000
                     6f70632e7463703a2f2f6c6f63616c686f73743a34383430";
        let known = "41434b46 1c000000 00000000 00000100 00000100 00000000 00000000";
        let outcome = tcp(&[Line::C(&hex(hello)), Line::S(&hex(known))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("opcua"), Some(true)));
        assert_eq!(late(&[(Side::A, &hex(known))]), (Some("opcua"), Some(Side::B)));
        assert_eq!(late(&[(Side::A, &hex("4d534746 40000000 01000000 01000000"))]), (Some("opcua"), None));
    }

    #[test]
    fn what_is_nearly_a_greeting_is_not() {
        for bytes in [
            "48454c58 38000000 00000000 00000100 00000100",
            "48454c46 04000000 00000000 00000100 00000100",
            "48454c46 38000000 00000000 00010000 00000100",
            "48454c4c 4f0d0a",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
    }
}
