//! TFTP (RFC 1350) with options (RFC 2347).
//!
//! The server answers a request from a new port, so the data is another flow, and nothing in that
//! flow proves what it is. It is therefore announced by the request, and followed by [`transfer`].

use crate::model::{Announcement, Observation, Practice, Role, Side, State, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// TFTP's requests.
pub struct Tftp;

/// Bytes of a file's name. RFC 2347 lets a whole request have 512.
const NAME_BYTES_MAX: usize = 480;

const MODES: &[&str] = &["octet", "netascii", "mail"];

impl Analyzer for Tftp {
    fn protocol(&self) -> &'static str {
        "tftp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let asks = |side: &Side| request(opening.of(*side)).is_some();
        match [Side::A, Side::B].into_iter().find(asks) {
            Some(client) => Probe::Match { client: Some(client) },
            None => Probe::NoMatch,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(TftpSession { configuration: false, asked: false, used: false })
    }
}

/// A request to read or to write a file.
struct Request<'a> {
    write: bool,
    name: &'a [u8],
}

/// Opcode 1 or 2, a name, a mode, then pairs of options; each text ends with a zero (RFC 1350 §5).
fn request(datagram: &[u8]) -> Option<Request<'_>> {
    let ([0, opcode @ (1 | 2)], texts) = datagram.split_first_chunk()? else { return None };
    let mut texts = texts.strip_suffix(&[0])?.split(|&byte| byte == 0);
    let name = texts.next()?;
    let mode = texts.next()?;
    let shown = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..));
    let known = MODES.iter().any(|known| mode.eq_ignore_ascii_case(known.as_bytes()));
    let named = !name.is_empty() && name.len() <= NAME_BYTES_MAX && shown(name);
    (known && named && texts.all(shown)).then_some(Request { write: *opcode == 2, name })
}

/// Does the name look like a network device's configuration? What a machine boots from is not one.
fn is_configuration(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.windows(part.len()).any(|window| window == part.as_bytes());
    let boots = ["pxelinux.cfg", "grub.cfg", "grub/", "syslinux"].into_iter().any(has);
    !boots && ["cfg", "conf", "startup", "running"].into_iter().any(has)
}

/// DATA, ACK or OACK: what passes only once both sides have agreed.
fn is_transfer(datagram: &[u8]) -> bool {
    match datagram {
        [0, 3, block @ ..] => block.len() >= 2,
        [0, 4, block @ ..] => block.len() == 2,
        [0, 6, options @ ..] => options.last() == Some(&0),
        _ => false,
    }
}

/// A flow with a request.
struct TftpSession {
    configuration: bool,
    asked: bool,
    used: bool,
}

impl Session for TftpSession {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        match (from, request(datagram)) {
            (Role::Client, Some(request)) => self.on_request(&request, seen),
            // Some servers answer from the port that they were asked on.
            (Role::Server, None) if is_transfer(datagram) && self.asked && !self.used => {
                self.used = true;
                let practice = Practice::Tftp { configuration: self.configuration };
                seen.practice(practice, State::Used, "TFTP transfer");
            }
            _ => {}
        }
        Step::Consumed(datagram.len())
    }
}

impl TftpSession {
    fn on_request(&mut self, request: &Request<'_>, seen: &mut Seen) {
        let configuration = is_configuration(request.name);
        let practice = Practice::Tftp { configuration };
        if !self.asked || (configuration && !self.configuration) {
            let what = if request.write { "TFTP write of " } else { "TFTP read of " };
            seen.practice(practice, State::Attempted, [what.as_bytes(), request.name].concat());
            self.used = false;
        }
        self.asked = true;
        self.configuration |= configuration;
        seen.push(Observation::Announced(Announcement {
            listener: Role::Server,
            address: None,
            port: 0,
            peer_port: Some(0),
            transport: Transport::Udp,
            protocol: "tftp",
            practice: Some(practice),
        }));
    }
}

/// A flow that a request announced. Its bytes prove nothing, so it never matches a probe.
struct Transfer {
    configuration: bool,
}

/// Who follows the data of a request.
pub(super) fn transfer(configuration: bool) -> &'static dyn Analyzer {
    if configuration { &Transfer { configuration: true } } else { &Transfer { configuration: false } }
}

impl Analyzer for Transfer {
    fn protocol(&self) -> &'static str {
        "tftp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, _opening: &Opening<'_>) -> Probe {
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(TransferSession { configuration: self.configuration })
    }
}

struct TransferSession {
    configuration: bool,
}

impl Session for TransferSession {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_datagram(&mut self, _from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        match datagram {
            [0, 3, ..] if is_transfer(datagram) => {
                let practice = Practice::Tftp { configuration: self.configuration };
                seen.practice(practice, State::Used, "TFTP transfer");
                Step::Done
            }
            // An error (RFC 1350 §5) ends what has not begun.
            [0, 5, ..] => Step::Done,
            _ if is_transfer(datagram) => Step::Consumed(datagram.len()),
            _ => Step::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, Pair};
    use crate::protocol::testing::Line::{self, C, S};
    use crate::protocol::testing::udp;
    use crate::protocol::{Conversation, announced};

    fn practice(configuration: bool, state: State, what: &str) -> Observation {
        let practice = Practice::Tftp { configuration };
        Observation::Practice { practice, state, at_fault: Role::Server, what: what.into() }
    }

    fn announcement(configuration: bool) -> Announcement {
        Announcement {
            listener: Role::Server,
            address: None,
            port: 0,
            peer_port: Some(0),
            transport: Transport::Udp,
            protocol: "tftp",
            practice: Some(Practice::Tftp { configuration }),
        }
    }

    fn check(lines: &[Line<'_>], told: &[Observation]) {
        let outcome = udp(4000, lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("tftp"), Some(true)));
        assert_eq!(outcome.observations, told);
    }

    const READ: &[u8] = b"\0\x01rfc1350.txt\0octet\0";
    const WRITE: &[u8] = b"\0\x02router-confg\0NetASCII\0blksize\x001428\0";

    #[test]
    fn a_request_announces_its_transfer() {
        let attempted = practice(false, State::Attempted, "TFTP read of rfc1350.txt");
        let there = Observation::Announced(announcement(false));
        check(&[C(READ), C(READ)], &[attempted, there.clone(), there]);
        let attempted = practice(true, State::Attempted, "TFTP write of router-confg");
        check(&[C(WRITE)], &[attempted, Observation::Announced(announcement(true))]);
    }

    #[test]
    fn an_answer_on_the_same_flow() {
        let attempted = practice(false, State::Attempted, "TFTP read of rfc1350.txt");
        let told = [attempted, Observation::Announced(announcement(false))];
        let used = practice(false, State::Used, "TFTP transfer");
        for answer in [&b"\0\x03\0\x01text"[..], b"\0\x06blksize\x001428\0", b"\0\x04\0\0"] {
            check(&[C(READ), S(answer), S(answer)], &[&told[..], std::slice::from_ref(&used)].concat());
        }
        check(&[C(READ), S(b"\0\x05\0\x01File not found\0")], &told);
    }

    #[test]
    fn what_is_no_request_is_not_it() {
        for other in [
            &b"\0\x01rfc1350.txt\0octet"[..],
            b"\0\x01rfc1350.txt\0binary\0",
            b"\0\x01\0octet\0",
            b"\0\x01a\x01b\0octet\0",
            b"\0\x03\0\x01text",
            b"\0\x01\x01\0\0\x01\0\0\0\0\0\0",
        ] {
            assert_eq!(udp(69, &[C(other)]).protocol, None, "{other:?}");
        }
    }

    #[test]
    fn configurations_by_their_names() {
        for name in ["router-confg", "startup-config", "backup/SW1.cfg", "Running.txt", "phone.conf"] {
            assert!(is_configuration(name.as_bytes()), "{name}");
        }
        for name in ["firmware.bin", "pxelinux.cfg/default", "boot/grub/grub.cfg", "vmlinuz"] {
            assert!(!is_configuration(name.as_bytes()), "{name}");
        }
    }

    /// Plays datagrams of an announced flow; the server has spoken first.
    fn follow(datagrams: &[&[u8]]) -> (Option<&'static str>, Vec<Observation>) {
        let end = |last: u8, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        let analyzer = announced(&announcement(true)).unwrap();
        let endpoints = Pair::new(end(1, 3445), end(2, 50_618));
        let mut conversation = Conversation::following(endpoints, Transport::Udp, Side::B, analyzer);
        let mut seen = Seen::default();
        for (datagram, side) in datagrams.iter().zip([Side::A, Side::B].into_iter().cycle()) {
            conversation.on_datagram(side, datagram, &mut seen);
        }
        (conversation.verdict().map(|verdict| verdict.protocol), seen.drain().collect())
    }

    #[test]
    fn the_announced_flow_is_followed() {
        let used = vec![practice(true, State::Used, "TFTP transfer")];
        assert_eq!(follow(&[b"\0\x03\0\x01text", b"\0\x04\0\x01"]), (Some("tftp"), used.clone()));
        assert_eq!(
            follow(&[b"\0\x06blksize\08\0", b"\0\x04\0\0", b"\0\x03\0\x01text"]),
            (Some("tftp"), used)
        );
        assert_eq!(follow(&[b"\0\x05\0\x01File not found\0"]), (Some("tftp"), vec![]));
        assert_eq!(follow(&[b"\x16\xfe\xfd\0\0"]), (None, vec![]));
    }
}
