//! DHCP for IPv6 (RFC 8415), and the names in it (RFC 4704).

use crate::model::{Address, NameSource, NamedThing, Observation, Role, Side, Transport};
use crate::protocol::datagram::each_datagram;
use crate::protocol::{Analyzer, Opening, Probe, Seen, Session};

use super::name_of_labels;

/// Relays that a message may have passed (HOP_COUNT_LIMIT, RFC 8415 §7.6).
const RELAYS_MAX: usize = 8;

/// Addresses in one answer that are given the client's name. Clients have one or two.
const ADDRESSES_MAX: usize = 8;

/// DHCP for IPv6.
pub struct DhcpV6;

impl Analyzer for DhcpV6 {
    fn protocol(&self) -> &'static str {
        "dhcpv6"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            let Some(message) = Message::read(opening.of(side)) else { continue };
            let client = match message.sender() {
                Role::Client => side,
                Role::Server => side.other(),
            };
            return Probe::Match { client: Some(client) };
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// Message types (RFC 8415 §7.3, RFC 5007 §4.1) and options (§21, RFC 4704 §4).
mod kind {
    pub(super) const ADVERTISE: u8 = 2;
    pub(super) const REPLY: u8 = 7;
    pub(super) const RECONFIGURE: u8 = 10;
    pub(super) const RELAY_FORWARD: u8 = 12;
    pub(super) const RELAY_REPLY: u8 = 13;
    pub(super) const LEASE_QUERY: u8 = 14;
    pub(super) const LEASE_QUERY_REPLY: u8 = 15;
    pub(super) const CLIENT_ID: u16 = 1;
    pub(super) const SERVER_ID: u16 = 2;
    pub(super) const ADDRESSES: u16 = 3;
    pub(super) const ADDRESS: u16 = 5;
    pub(super) const RELAYED: u16 = 9;
    pub(super) const FULL_NAME: u16 = 39;
}

/// A message, and the client's address if a relay names it.
struct Message<'a> {
    kind: u8,
    options: Options<'a>,
    client: Option<Address>,
}

impl<'a> Message<'a> {
    /// A message that names its client or server, all of whose options can be read. Relays wrap
    /// messages, which are unwrapped here.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut bytes = bytes;
        let mut client = None;
        for _ in 0..=RELAYS_MAX {
            let (&kind, rest) = bytes.split_first()?;
            match kind {
                1..=11 | kind::LEASE_QUERY | kind::LEASE_QUERY_REPLY => {
                    let options = Options(rest.get(3..)?);
                    return (options.are_sound() && options.has_identity()).then_some(Message {
                        kind,
                        options,
                        client,
                    });
                }
                kind::RELAY_FORWARD | kind::RELAY_REPLY => {
                    let (peer, rest) = rest.get(17..)?.split_first_chunk::<16>()?;
                    let options = Options(rest);
                    client = Some(Address::from(*peer));
                    bytes = options.get(kind::RELAYED).filter(|_| options.are_sound())?;
                }
                _ => return None,
            }
        }
        None
    }

    const fn sender(&self) -> Role {
        match self.kind {
            kind::ADVERTISE | kind::REPLY | kind::RECONFIGURE | kind::LEASE_QUERY_REPLY => Role::Server,
            _ => Role::Client,
        }
    }
}

/// Options one after the other.
#[derive(Clone, Copy)]
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let ([code, kode, high, low], rest) = self.0.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        self.0 = rest;
        Some((u16::from_be_bytes([*code, *kode]), value))
    }
}

impl<'a> Options<'a> {
    fn get(mut self, wanted: u16) -> Option<&'a [u8]> {
        self.find(|(code, _)| *code == wanted).map(|(_, value)| value)
    }

    /// True if they fill their place exactly.
    fn are_sound(mut self) -> bool {
        while self.next().is_some() {}
        self.0.is_empty()
    }

    /// True if one is a client's or server's DHCP unique identifier (RFC 8415 §11, RFC 6355).
    fn has_identity(mut self) -> bool {
        self.any(|(code, value)| {
            matches!(code, kind::CLIENT_ID | kind::SERVER_ID) && matches!(value, [0, 1..=4, _, ..])
        })
    }
}

/// A client's name belongs to the address it sends from, and to the addresses it is given.
fn tell(from: Role, datagram: &[u8], seen: &mut Seen) {
    let Some(message) = Message::read(datagram) else { return };
    let Some([_flags, name @ ..]) = message.options.get(kind::FULL_NAME) else { return };
    let Some(name) = name_of_labels(name) else { return };
    let mut push = |of| seen.push(Observation::Name { of, name: name.clone(), source: NameSource::Dhcp });
    match (message.sender(), message.client) {
        (Role::Client, None) => push(NamedThing::Role(from)),
        (Role::Client, Some(client)) => push(NamedThing::Address(client)),
        (Role::Server, _) if message.kind == kind::REPLY => {
            let held = message.options.filter(|(code, _)| *code == kind::ADDRESSES);
            // Identifier and two times come before the addresses of an association.
            let held = held.flat_map(|(_, value)| Options(value.get(12..).unwrap_or_default()));
            let addresses = held.filter(|(code, _)| *code == kind::ADDRESS);
            for (_, value) in addresses.take(ADDRESSES_MAX) {
                let Some((address, _)) = value.split_first_chunk::<16>() else { continue };
                push(NamedThing::Address(Address::from(*address)));
            }
        }
        (Role::Server, _) => {}
    }
}
