//! NetBIOS datagrams (RFC 1002 §4.4), in which Windows hosts announce themselves to their network:
//! each says the name and the address of who sent it.

use crate::model::{Address, NameSource, NamedThing, Observation, Role, Side, Transport};

use super::datagram::each_datagram;
use super::dns::message::Name;
use super::nbns::NetbiosName;
use super::{Analyzer, Opening, Probe, Seen, Session};

/// Octets of the header before the two names.
const HEADER_OCTETS: usize = 14;

/// NetBIOS datagrams.
pub struct Nbdgm;

impl Analyzer for Nbdgm {
    fn protocol(&self) -> &'static str {
        "netbios-dgm"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            if Datagram::read(opening.of(side)).is_some() {
                // An announcement to everybody comes from who asks for attention; between two
                // hosts nobody can tell.
                let to_group = opening.endpoint(side.other()).address.is_group();
                return Probe::Match { client: to_group.then_some(side) };
            }
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// Who sent a datagram, by its own account.
struct Datagram {
    source: Address,
    name: NetbiosName,
}

impl Datagram {
    /// Type (to one, to a group, to everybody), flags, number, source, length, offset, names. The
    /// length counts what follows the header.
    fn read(bytes: &[u8]) -> Option<Self> {
        const RESERVED: u8 = 0xf0;
        let (header, rest) = bytes.split_first_chunk::<HEADER_OCTETS>()?;
        let [0x10..=0x12, flags, _, _, a, b, c, d, _, _, high, low, _, _] = *header else { return None };
        let whole = usize::from(u16::from_be_bytes([high, low])) == rest.len();
        let name =
            NetbiosName::read(Name::at(bytes, HEADER_OCTETS)).filter(|_| whole && flags & RESERVED == 0)?;
        Some(Datagram { source: Address::from([a, b, c, d]), name })
    }
}

fn tell(_from: Role, datagram: &[u8], seen: &mut Seen) {
    let Some(Datagram { source, name }) = Datagram::read(datagram) else { return };
    let real = !source.is_unspecified() && !source.is_group();
    if let Some(name) = name.host().filter(|_| real) {
        let of = NamedThing::Address(source);
        seen.push(Observation::Name { of, name, source: NameSource::Nbns });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::Line::C;
    use crate::protocol::testing::{Outcome, hex, udp};

    /// EVON to the browsers of MSHOME, cut after the names.
    const DATAGRAM: &str = "1102 80a1 0a00000a 008a 0044 0000
        20 4546 4647 4550 454f 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 4341 00
        20 454e 4644 4549 4550 454e 4546 4341 4341 4341 4341 4341 4341 4341 4341 4341 424f 00";

    fn check(text: &str, names: &[&str]) {
        let of = NamedThing::Address(Address::from([10, 0, 0, 10]));
        let name = |name: &&str| Observation::Name { of, name: (*name).into(), source: NameSource::Nbns };
        let observations = names.iter().map(name).collect();
        let expected = Outcome { protocol: Some("netbios-dgm"), client_right: None, observations };
        assert_eq!(udp(138, &[C(&hex(text))]), expected);
    }

    #[test]
    fn a_host_announces_its_name() {
        check(DATAGRAM, &["evon"]);
    }

    #[test]
    fn what_is_no_hosts_name_or_address_is_not_told() {
        check(&DATAGRAM.replacen("4341 00", "424e 00", 1), &[]);
        check(&DATAGRAM.replace("0a00000a", "00000000"), &[]);
    }

    #[test]
    fn what_only_resembles_a_datagram_is_none() {
        for (why, text) in [
            ("type 13, an error", DATAGRAM.replace("1102", "1302")),
            ("reserved flags", DATAGRAM.replace("1102", "1142")),
            ("another length", DATAGRAM.replace("008a 0044", "008a 0045")),
            ("a letter beyond P", DATAGRAM.replace("4546 4647", "4546 5147")),
        ] {
            assert_eq!(udp(138, &[C(&hex(&text))]).protocol, None, "{why}");
        }
    }
}
