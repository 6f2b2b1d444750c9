//! The PROXY protocol, versions 1 and 2 (HAProxy, `proxy-protocol.txt`): a balancer's first bytes tell
//! whom it speaks for. Whatever the connection is about begins behind them.

use std::net::IpAddr;

use crate::model::{Address, Observation, Role, Transport};

use super::{Analyzer, Guess, Opening, Probe, Seen, Session, Step};

/// Bytes of the longest header of version 1 (§2.1), its line end included.
const LINE_BYTES_MAX: usize = 107;

/// What version 2 begins with (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes of version 2 before the addresses.
const HEADER: usize = 16;

/// The longest header of version 2 that is waited for: two UNIX socket paths are 216 bytes, TLS facts
/// and certificates' names go beyond that, and senders keep all of it within one packet.
const HEADER_BYTES_MAX: usize = 1_500;

/// PROXY protocol.
pub struct ProxyProtocol;

impl Analyzer for ProxyProtocol {
    fn protocol(&self) -> &'static str {
        "proxy-protocol"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        // Anywhere else the words are somebody's payload.
        if !opening.from_start {
            return Probe::NoMatch;
        }
        opening.either_way(|client, _| match header(client) {
            Header::Whole(..) => Guess::Yes,
            Header::More if !client.is_empty() => Guess::More,
            Header::More | Header::None => Guess::No,
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(ProxySession)
    }
}

/// What the bytes begin with.
#[derive(Debug, PartialEq, Eq)]
enum Header {
    /// A header of this many bytes, and the client that it names.
    Whole(usize, Option<Address>),
    /// It could become one.
    More,
    /// None.
    None,
}

fn header(bytes: &[u8]) -> Header {
    if bytes.starts_with(b"PROXY ") {
        return line(bytes);
    }
    if b"PROXY ".starts_with(bytes) {
        return Header::More;
    }
    if bytes.starts_with(SIGNATURE) {
        return binary(bytes);
    }
    if SIGNATURE.starts_with(bytes) { Header::More } else { Header::None }
}

/// `PROXY TCP4 192.0.2.1 10.0.0.2 40000 443`, or `PROXY UNKNOWN` and anything (§2.1).
fn line(bytes: &[u8]) -> Header {
    let near = bytes.get(..LINE_BYTES_MAX).unwrap_or(bytes);
    let Some(end) = near.iter().position(|&byte| byte == b'\n') else {
        return if near.len() < LINE_BYTES_MAX { Header::More } else { Header::None };
    };
    let Some(text) = near.get(..end).and_then(|line| line.strip_suffix(b"\r")) else { return Header::None };
    let Ok(text) = std::str::from_utf8(text) else { return Header::None };
    let mut words = text.split(' ').skip(1);
    let family = words.next();
    let source = words.next().and_then(|word| word.parse::<IpAddr>().ok());
    let address = match (family, source) {
        (Some("UNKNOWN"), _) => None,
        (Some("TCP4"), Some(source @ IpAddr::V4(_))) | (Some("TCP6"), Some(source @ IpAddr::V6(_))) => {
            Some(source)
        }
        _ => return Header::None,
    };
    Header::Whole(end + 1, address.map(Address::from))
}

/// Version and command, family, length, addresses (§2.2).
fn binary(bytes: &[u8]) -> Header {
    let Some([version, family, high, low]) = bytes.get(SIGNATURE.len()..HEADER) else { return Header::More };
    let len = HEADER + usize::from(u16::from_be_bytes([*high, *low]));
    if !matches!(version, 0x20 | 0x21) || len > HEADER_BYTES_MAX {
        return Header::None;
    }
    let Some(addresses) = bytes.get(HEADER..len) else { return Header::More };
    // LOCAL (0x20): the balancer speaks for itself, to see whether the server lives.
    let source = match (version, family >> 4) {
        (0x21, 1) => addresses.first_chunk::<4>().map(|bytes| Address::from(*bytes)),
        (0x21, 2) => addresses.first_chunk::<16>().map(|bytes| Address::from(*bytes)),
        _ => None,
    };
    Header::Whole(len, source)
}

/// One header.
struct ProxySession;

impl Session for ProxySession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if from == Role::Server {
            // What the server says belongs to the talk inside.
            return Step::Need(bytes.len());
        }
        match header(bytes) {
            Header::Whole(used, origin) => {
                if let Some(origin) = origin {
                    seen.push(Observation::Forwarded { origin });
                }
                Step::Envelope(used)
            }
            Header::More => Step::Need(bytes.len() + 1),
            Header::None => Step::Foreign,
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::{Line, Outcome, hex, tcp};
    use Line::{C, S};

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n";

    fn check(lines: &[Line<'_>], protocol: Option<&'static str>, origin: Option<Address>) {
        let observations = origin.map(|origin| Observation::Forwarded { origin }).into_iter().collect();
        let client_right = protocol.map(|_| true);
        assert_eq!(tcp(lines), Outcome { protocol, client_right, observations });
    }

    fn version2(command: u8, family: u8, addresses: &str) -> Vec<u8> {
        let addresses = hex(addresses);
        [&SIGNATURE[..], &[command, family, 0, addresses.len() as u8], &addresses].concat()
    }

    #[test]
    fn a_line_names_the_client_and_the_talk_behind_it_is_recognised() {
        let named = Some(Address::from([192, 0, 2, 7]));
        let line = b"PROXY TCP4 192.0.2.7 10.0.0.2 40000 80\r\n";
        check(&[C(line), C(GET)], Some("http"), named);
        check(&[C(&[&line[..], GET].concat())], Some("http"), named);
        let greeting = b"220 mail.example.com ESMTP Postfix\r\n";
        let outcome = tcp(&[C(line), S(greeting), C(b"EHLO ws-7\r\n")]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("smtp"), Some(true)));
        check(&[C(b"PROXY UNKNOWN\r\n"), C(GET)], Some("http"), None);
    }

    #[test]
    fn version_2_names_the_client_unless_the_balancer_speaks_for_itself() {
        let named = Some(Address::from([192, 0, 2, 7]));
        let four = "c0000207 0a000002 9c40 0050";
        check(&[C(&version2(0x21, 0x11, four)), C(GET)], Some("http"), named);
        check(&[C(&version2(0x20, 0x00, "")), C(GET)], Some("http"), None);
        let six = "20010db8000000000000000000000007 20010db8000000000000000000000002 9c40 0050";
        let named = "2001:db8::7".parse::<IpAddr>().ok().map(Address::from);
        check(&[C(&version2(0x21, 0x21, six)), C(GET)], Some("http"), named);
        // Shorter than its family says: nobody is named.
        check(&[C(&version2(0x21, 0x11, "c00002")), C(GET)], Some("http"), None);
    }

    #[test]
    fn one_envelope_is_opened_and_no_more() {
        let line = &b"PROXY TCP4 192.0.2.7 10.0.0.2 40000 80\r\n"[..];
        let outcome = tcp(&[C(line), C(line), C(GET)]);
        assert_eq!(outcome.protocol, Some("proxy-protocol"));
        assert_eq!(outcome.observations.len(), 2);
    }

    #[test]
    fn what_is_nearly_a_header_is_none() {
        for bytes in [
            &b"PROXY TCP4 somebody 10.0.0.2 1 2\r\n"[..],
            b"PROXY TCP6 192.0.2.7 10.0.0.2 1 2\r\n",
            b"PROXY TCP4 192.0.2.7 10.0.0.2 1 2\n",
            b"PROXY-COMMAND x\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
        ] {
            check(&[C(bytes)], None, None);
        }
        check(&[C(&[b"PROXY UNKNOWN ", "x".repeat(200).as_bytes()].concat())], None, None);
    }
}
