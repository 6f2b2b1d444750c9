//! EtherNet/IP (ODVA, The CIP Networks Library volume 2, chapter 2): the encapsulation of the Common
//! Industrial Protocol, over TCP and, for discovery, UDP.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of the header: command, length, session, status, the sender's own context, options (§2-3.1).
const HEADER: usize = 24;

const NOTHING: u16 = 0x00;
const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const UNREGISTER: u16 = 0x66;
const SEND_REQUEST: u16 = 0x6f;
const SEND_UNIT: u16 = 0x70;

/// Items that carry a message: of a connection, with a number before it, and without.
const CONNECTED: u16 = 0xb1;
const UNCONNECTED: u16 = 0xb2;

/// EtherNet/IP.
pub struct EtherNetIp;

impl Analyzer for EtherNetIp {
    fn protocol(&self) -> &'static str {
        "enip"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Sessions)
    }
}

/// One message: its command, session, status and data, and what follows it.
struct Message<'a> {
    command: u16,
    session: u32,
    status: u32,
    data: &'a [u8],
    len: usize,
    rest: &'a [u8],
}

fn message(bytes: &[u8]) -> Option<Message<'_>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [c0, c1, l0, l1, s0, s1, s2, s3, e0, e1, e2, e3, _, _, _, _, _, _, _, _, 0, 0, 0, 0] = *header else {
        return None;
    };
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    Some(Message {
        command: u16::from_le_bytes([c0, c1]),
        session: u32::from_le_bytes([s0, s1, s2, s3]),
        status: u32::from_le_bytes([e0, e1, e2, e3]),
        data: rest.get(..len).unwrap_or(rest),
        len,
        rest: rest.get(len..).unwrap_or_default(),
    })
}

fn speaker(mut bytes: &[u8]) -> Speaker {
    loop {
        let Some(message) = message(bytes) else {
            let begun = matches!(
                bytes,
                [] | [0 | 0x04 | 0x63..=0x66 | 0x6f | 0x70] | [0 | 0x04 | 0x63..=0x66 | 0x6f | 0x70, 0, ..]
            );
            return if begun && bytes.len() < HEADER { Speaker::Unclear } else { Speaker::Stranger };
        };
        // Status codes are few; the highest is that of a protocol version that is not spoken (§2-3.4).
        if message.status > 0x69 {
            return Speaker::Stranger;
        }
        let whole = message.data.len() == message.len;
        return match message.command {
            NOTHING if whole => {
                bytes = message.rest;
                continue;
            }
            LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES if message.session == 0 || message.len > 0 => {
                match message.data {
                    [] if message.len == 0 => Speaker::Is(Role::Client),
                    [count, 0, ..] if *count < 32 => Speaker::Is(Role::Server),
                    _ => Speaker::Stranger,
                }
            }
            REGISTER if message.len == 4 => match (message.data, message.session) {
                ([1, 0, 0, 0], 0) => Speaker::Is(Role::Client),
                ([1, 0, 0, 0], _) => Speaker::Is(Role::Server),
                _ if !whole => Speaker::Unclear,
                _ => Speaker::Stranger,
            },
            UNREGISTER if message.len == 0 && message.session != 0 => Speaker::Is(Role::Client),
            SEND_REQUEST | SEND_UNIT if message.session != 0 => packet(&message),
            _ => Speaker::Stranger,
        };
    }
}

/// The interface's handle (0 is CIP), a patience, and items (§2-6): the message in the last of them
/// says by the highest bit of its service whether it answers.
fn packet(message: &Message<'_>) -> Speaker {
    let Some(([0, 0, 0, 0, _, _, count, 0], mut items)) = message.data.split_first_chunk::<8>() else {
        return if message.data.len() < message.len { Speaker::Unclear } else { Speaker::Stranger };
    };
    if !(1..=8).contains(count) {
        return Speaker::Stranger;
    }
    while let Some(([k0, k1, l0, l1], rest)) = items.split_first_chunk::<4>() {
        let data = match u16::from_le_bytes([*k0, *k1]) {
            UNCONNECTED => rest,
            CONNECTED => rest.get(2..).unwrap_or_default(),
            _ => {
                items = rest.get(usize::from(u16::from_le_bytes([*l0, *l1]))..).unwrap_or_default();
                continue;
            }
        };
        return match data.first() {
            Some(service) if service & 0x80 == 0 => Speaker::Is(Role::Client),
            Some(_) => Speaker::Is(Role::Server),
            None => Speaker::Unclear,
        };
    }
    if message.data.len() < message.len { Speaker::Unclear } else { Speaker::Either }
}

/// Waits for a session that the controller has granted, or a message inside one.
struct Sessions;

impl Session for Sessions {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Client {
            return Step::Skip(u64::MAX);
        }
        if bytes.len() < HEADER {
            return Step::Need(HEADER);
        }
        let Some(message) = message(bytes) else { return Step::Done };
        if matches!(message.command, REGISTER | SEND_REQUEST | SEND_UNIT) {
            if message.status == 0 && message.session != 0 {
                seen.fault(Fault::EnipSession, State::Used, "EtherNet/IP session granted");
            }
            return Step::Done;
        }
        Step::Skip((HEADER + message.len) as u64)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_datagram(&mut self, _: Role, _: &[u8], _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Side;
    use crate::protocol::testing::{Line, faults, hex, late, tcp, udp};

    #[test]
    fn a_session_that_is_granted_is_a_fault() {
        let register = hex("6500 0400 00000000 00000000 0000000000000000 00000000 0100 0000");
        let talk = |session: &str, status: &str| {
            let answer = hex(&format!("6500 0400 {session} {status} 0000000000000000 00000000 0100 0000"));
            faults(&tcp(&[Line::C(&register), Line::S(&answer)]))
        };
        assert_eq!(talk("78563412", "00000000"), [(Fault::EnipSession, State::Used)]);
        assert_eq!(talk("00000000", "01000000"), [], "refused");
        assert_eq!(faults(&tcp(&[Line::C(&register)])), []);
    }

    const ZERO: &str = "00000000 00000000 00000000 00000000";

    #[test]
    fn a_session_shows_the_client() {
        let register = hex("6500 0400 00000000 00000000 0000000000000000 00000000 0100 0000");
        let nothing = hex(&format!("0000 0000 {ZERO} 00000000"));
        let registered = hex("6500 0400 78563412 00000000 0000000000000000 00000000 0100 0000");
        for opening in [register.clone(), [nothing, register].concat()] {
            let outcome = tcp(&[Line::C(&opening), Line::S(&registered)]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("enip"), Some(true)));
        }
        assert_eq!(late(&[(Side::A, &registered)]), (Some("enip"), Some(Side::B)));
    }

    #[test]
    fn a_message_of_a_connection_says_whether_it_answers() {
        let header =
            "7000 1800 00010211 00000000 0000000000000000 00000000 00000000 0100 0200 a100 0400 00010b7c";
        let (asks, tells) =
            (format!("{header} b100 0400 6008 07 0a"), format!("{header} b100 0400 6008 87 00"));
        for line in [Line::C(&hex(&asks)), Line::S(&hex(&tells))] {
            let outcome = tcp(&[line]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("enip"), Some(true)));
        }
    }

    #[test]
    fn discovery_by_datagram_is_recognised() {
        let list = hex(&format!("6300 0000 {ZERO} 00000000"));
        assert_eq!(udp(44_818, &[Line::C(&list)]).protocol, Some("enip"));
    }

    #[test]
    fn what_is_nearly_a_session_is_not() {
        for bytes in [
            "6500 0400 00000000 00000000 0000000000000000 01000000 0100 0000",
            "6500 0500 00000000 00000000 0000000000000000 00000000 0100 0000 00",
            "6500 0400 00000000 01000100 0000000000000000 00000000 0100 0000",
            "6700 0400 00000000 00000000 0000000000000000 00000000 0100 0000",
        ] {
            assert_eq!(tcp(&[Line::C(&hex(bytes))]).protocol, None, "{bytes}");
        }
        assert_eq!(tcp(&[Line::C(&[0; 64])]).protocol, None, "zeros");
    }
}
