//! ONC RPC (RFC 5531) and the programs that are told apart by their number: the port mapper (RFC 1833)
//! and NFS (RFC 7530, RFC 1813).

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Program numbers (IANA, "RPC Program Numbers").
const PORT_MAPPER: u32 = 100_000;
const NFS: u32 = 100_003;

/// The longest record that is believed (RFC 5531 §11 allows 2 GiB).
const RECORD_BYTES_MAX: u32 = 16 << 20;

/// The port mapper.
pub struct PortMapper;

/// The network file system.
pub struct Nfs;

/// Any other program.
pub struct OncRpc;

impl Analyzer for PortMapper {
    fn protocol(&self) -> &'static str {
        "portmap"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        probe(opening, |program| program == PORT_MAPPER)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Calls>::default()
    }
}

impl Analyzer for Nfs {
    fn protocol(&self) -> &'static str {
        "nfs"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        probe(opening, |program| program == NFS)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Calls>::default()
    }
}

impl Analyzer for OncRpc {
    fn protocol(&self) -> &'static str {
        "onc-rpc"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        probe(opening, |program| program != PORT_MAPPER && program != NFS)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<Calls>::default()
    }
}

/// Asks about a call to one of these programs. An answer names none, so that calls alone are known.
fn probe(opening: &Opening<'_>, wanted: impl Fn(u32) -> bool) -> Probe {
    let datagram = opening.transport == Transport::Udp;
    opening.by_speaker(|bytes| {
        let message = if datagram { Some(bytes) } else { record(bytes) };
        match message {
            Some(message) => call(message, &wanted, datagram),
            None if bytes.len() < 4 => Speaker::Unclear,
            None => Speaker::Stranger,
        }
    })
}

/// A record's marker: the bit of the last fragment, and a length of whole words (§11).
fn record(bytes: &[u8]) -> Option<&[u8]> {
    let (marker, message) = bytes.split_first_chunk::<4>()?;
    let len = u32::from_be_bytes(*marker) & 0x7fff_ffff;
    ((40..=RECORD_BYTES_MAX).contains(&len) && len % 4 == 0).then_some(message)
}

/// Number, call, version 2, program and its version, procedure, credentials (§9).
fn call(message: &[u8], wanted: &impl Fn(u32) -> bool, whole: bool) -> Speaker {
    let word = |place: usize| {
        let bytes = message.get(4 * place..).and_then(|rest| rest.first_chunk::<4>());
        bytes.map(|four| u32::from_be_bytes(*four))
    };
    let fixed = [(1, 0..=0), (2, 2..=2), (4, 0..=32), (5, 0..=255), (6, 0..=6), (7, 0..=400)];
    let fits = fixed.iter().all(|(place, range)| word(*place).is_none_or(|value| range.contains(&value)));
    match (fits, word(3), word(7)) {
        (false, ..) => Speaker::Stranger,
        // Numbers below 0x60000000 are assigned or a site's own (§8.3).
        (_, Some(program), Some(_)) if wanted(program) && (100_000..0x6000_0000).contains(&program) => {
            Speaker::Is(Role::Client)
        }
        (_, Some(_), Some(_)) => Speaker::Stranger,
        _ if whole => Speaker::Stranger,
        _ => Speaker::Unclear,
    }
}

/// Credentials that the client makes up itself (RFC 5531 §8.2).
const AUTH_SYS: u32 = 1;

/// The network information service (`ypserv`), and the procedure of the port mapper that lists all.
const NIS: u32 = 100_004;
const DUMP: u32 = 4;

/// Bytes of a call up to the kind of its credentials, and of an answer up to whether it was accepted.
const CALL: usize = 28;
const ANSWER: usize = 12;

/// A word of a message.
fn word(message: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*message.get(4 * place..)?.first_chunk()?))
}

/// Watches calls until one that is a fault was answered.
#[derive(Default)]
struct Calls {
    /// The number of the call and what is wrong with it.
    asked: Option<(u32, Fault)>,
}

impl Calls {
    /// True once there is nothing more to tell.
    fn on_message(&mut self, from: Role, message: &[u8], seen: &mut Seen) -> bool {
        let word = |place| word(message, place);
        match (from, word(0), word(1)) {
            (Role::Client, Some(number), Some(0)) if word(2) == Some(2) => {
                let fault = match (word(3), word(5), word(6)) {
                    (Some(NFS), _, Some(AUTH_SYS)) => Some(Fault::NfsSystem),
                    (Some(NIS), Some(1..), _) => Some(Fault::Nis),
                    (Some(PORT_MAPPER), Some(DUMP), _) => Some(Fault::PortMapperDump),
                    _ => None,
                };
                self.asked = fault.map(|fault| (number, fault)).or(self.asked);
                false
            }
            // Accepted (§9).
            (Role::Server, Some(number), Some(1)) if word(2) == Some(0) => {
                let Some((_, fault)) = self.asked.filter(|(asked, _)| *asked == number) else { return false };
                let what = match fault {
                    Fault::NfsSystem => "NFS call with AUTH_SYS answered",
                    Fault::Nis => "NIS call answered",
                    _ => "list of the port mapper handed out",
                };
                seen.fault(fault, State::Used, what);
                true
            }
            _ => false,
        }
    }
}

impl Session for Calls {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        let Some((marker, message)) = bytes.split_first_chunk::<4>() else { return Step::Need(4) };
        let len = (u32::from_be_bytes(*marker) & 0x7fff_ffff) as usize;
        let wanted = len.min(if from == Role::Client { CALL } else { ANSWER });
        let Some(head) = message.get(..wanted) else { return Step::Need(4 + wanted) };
        if len as u64 > u64::from(RECORD_BYTES_MAX) || self.on_message(from, head, seen) {
            return Step::Done;
        }
        Step::Skip(4 + len as u64)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        if self.on_message(from, datagram, seen) { Step::Done } else { Step::Consumed(datagram.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, faults, hex, tcp, udp};

    #[test]
    fn a_call_that_should_not_be_answered_is_a_fault_once_it_is() {
        let call = |program: &str, procedure: u8, flavor: u8| {
            let call = format!("00000007 00000000 00000002 {program} 00000003 000000{procedure:02x}");
            format!("{call} 000000{flavor:02x} 00000000 00000000 00000000")
        };
        let answer = "00000007 00000001 00000000 00000000 00000000 00000000";
        let talk = |call: &str, answer: &str| {
            let by_datagram = faults(&udp(2049, &[Line::C(&hex(call)), Line::S(&hex(answer))]));
            let records = [hex(&format!("80000028 {call}")), hex(&format!("80000018 {answer}"))];
            assert_eq!(faults(&tcp(&[Line::C(&records[0]), Line::S(&records[1])])), by_datagram);
            by_datagram
        };
        assert_eq!(talk(&call("000186a3", 1, 1), answer), [(Fault::NfsSystem, State::Used)]);
        assert_eq!(talk(&call("000186a4", 3, 0), answer), [(Fault::Nis, State::Used)]);
        assert_eq!(talk(&call("000186a0", 4, 0), answer), [(Fault::PortMapperDump, State::Used)]);
        let denied = answer.replace("00000001 00000000", "00000001 00000001");
        for (call, answer) in [
            (call("000186a3", 1, 6), answer),
            (call("000186a3", 1, 1), denied.as_str()),
            (call("000186a0", 3, 1), answer),
            (call("000186a4", 0, 0), answer),
        ] {
            assert_eq!(talk(&call, answer), [], "{call}");
        }
    }

    fn call(program: &str) -> String {
        format!("0d8a454e 00000000 00000002 {program} 00000003 00000000 00000000 00000000 00000000 00000000")
    }

    #[test]
    fn calls_are_told_apart_by_their_program() {
        for (program, protocol) in [("000186a0", "portmap"), ("000186a3", "nfs"), ("000186a5", "onc-rpc")] {
            let by_datagram = udp(23_456, &[Line::C(&hex(&call(program)))]);
            let by_record = tcp(&[Line::C(&hex(&format!("80000028 {}", call(program))))]);
            for outcome in [by_datagram, by_record] {
                assert_eq!((outcome.protocol, outcome.client_right), (Some(protocol), Some(true)));
            }
        }
    }

    #[test]
    fn what_is_nearly_a_call_is_not() {
        for message in [
            call("000186a0").replace("00000000 00000002", "00000001 00000002"),
            call("000186a0").replace("00000000 00000002", "00000000 00000003"),
            call("00000064"),
        ] {
            assert_eq!(udp(23_456, &[Line::C(&hex(&message))]).protocol, None, "{message}");
        }
        let odd = format!("80000029 {}", call("000186a0"));
        assert_eq!(tcp(&[Line::C(&hex(&odd))]).protocol, None, "a record of 41 bytes");
    }
}
