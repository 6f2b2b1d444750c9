//! ONC RPC (RFC 5531) and the programs that are told apart by their number: the port mapper (RFC 1833)
//! and NFS (RFC 7530, RFC 1813).

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

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
        Box::new(Recognised)
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
        Box::new(Recognised)
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
        Box::new(Recognised)
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

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, hex, tcp, udp};

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
