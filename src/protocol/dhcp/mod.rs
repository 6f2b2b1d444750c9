//! DHCP and its elder BOOTP (RFC 2131, RFC 951): which machine holds which address, and the names
//! that clients give themselves. DHCP for IPv6 is in [`v6`].

mod v6;

#[cfg(test)]
mod tests;

use compact_str::CompactString;

use crate::model::{Address, Mac, NameSource, NamedThing, Observation, Role, Side, Transport};

use super::datagram::each_datagram;
use super::wording::host_name;
use super::{Analyzer, Opening, Probe, Seen, Session};

pub use v6::DhcpV6;

/// Octets before the cookie or BOOTP's vendor area (RFC 951 §3).
const FIXED_OCTETS: usize = 236;

/// What tells DHCP's options from a vendor area (RFC 2131 §3).
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

/// DHCP for IPv4, and BOOTP.
pub struct Dhcp;

impl Analyzer for Dhcp {
    fn protocol(&self) -> &'static str {
        "dhcp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        for side in [Side::A, Side::B] {
            let Some(message) = Message::read(opening.of(side)) else { continue };
            let ports = [Side::A, Side::B].map(|side| opening.endpoint(side).port);
            // Without the cookie little tells BOOTP from other datagrams of its size.
            if message.options.is_some() || ports.iter().any(|port| matches!(port, 67 | 68)) {
                let client = if message.request { side } else { side.other() };
                return Probe::Match { client: Some(client) };
            }
        }
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        each_datagram(tell)
    }
}

/// What of a message is of interest here.
struct Message<'a> {
    /// From the client, or from a relay on its behalf.
    request: bool,
    /// The address that the client already has.
    client: Address,
    /// The address that the server gives it.
    yours: Address,
    /// The client's machine, where it has an Ethernet address.
    mac: Option<Mac>,
    /// The options, if it is DHCP.
    options: Option<&'a [u8]>,
}

/// Message types (RFC 2132 §9.6).
mod kind {
    pub(super) const DECLINE: u8 = 4;
    pub(super) const ACK: u8 = 5;
    pub(super) const RELEASE: u8 = 7;
}

/// Option codes (RFC 2132, RFC 4702).
mod option {
    pub(super) const HOST_NAME: u8 = 12;
    pub(super) const MESSAGE_TYPE: u8 = 53;
    pub(super) const SERVER: u8 = 54;
    pub(super) const FULL_NAME: u8 = 81;
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED_OCTETS>()?;
        let [operation @ (1 | 2), hardware, hardware_len @ 0..=16, 0..=16, fixed @ ..] = fixed else {
            return None;
        };
        let options = rest.strip_prefix(&COOKIE);
        let [_, _, _, _, _, _, broadcast, zeros, fixed @ ..] = fixed;
        let (client, fixed) = fixed.split_first_chunk::<4>()?;
        let (yours, fixed) = fixed.split_first_chunk::<4>()?;
        let (_servers_and_relays, fixed) = fixed.split_first_chunk::<8>()?;
        let (mac, fixed) = fixed.split_first_chunk::<6>()?;
        let padding = fixed.get(..10)?;
        let ethernet = (*hardware, *hardware_len) == (1, 6);
        if options.is_none() {
            // BOOTP from an Ethernet: its unused bits are zero, its vendor area has 64 octets.
            let clear = broadcast & 0x7f == 0 && *zeros == 0 && padding.iter().all(|octet| *octet == 0);
            if !(ethernet && clear && rest.len() >= 64) {
                return None;
            }
        }
        let mac = Some(Mac(*mac)).filter(|mac| ethernet && !mac.is_zero() && !mac.is_group());
        let (client, yours) = (Address::from(*client), Address::from(*yours));
        Some(Message { request: *operation == 1, client, yours, mac, options })
    }

    /// The value of an option.
    fn option(&self, wanted: u8) -> Option<&'a [u8]> {
        let mut rest = self.options?;
        loop {
            rest = match rest {
                [0, rest @ ..] => rest,
                [255, ..] | [] | [_] => return None,
                [code, length, rest @ ..] => {
                    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
                    if *code == wanted {
                        return Some(value);
                    }
                    rest
                }
            }
        }
    }

    fn kind(&self) -> Option<u8> {
        self.option(option::MESSAGE_TYPE)?.first().copied()
    }

    /// The client's names: its own (RFC 2132 §3.14), and the one for the DNS (RFC 4702 §2).
    fn names(&self) -> impl Iterator<Item = CompactString> {
        let own = self.option(option::HOST_NAME).and_then(|name| host_name(std::str::from_utf8(name).ok()?));
        let full = self.option(option::FULL_NAME).and_then(full_name);
        let other = full.filter(|full| own.as_ref() != Some(full));
        own.into_iter().chain(other)
    }
}

/// Flags, two unused octets, then the name as text or, with the flag E, as in DNS.
fn full_name(value: &[u8]) -> Option<CompactString> {
    const ENCODED: u8 = 0x04;
    let [flags, _, _, name @ ..] = value else { return None };
    if flags & ENCODED != 0 { name_of_labels(name) } else { host_name(std::str::from_utf8(name).ok()?) }
}

/// A name as DNS writes it, but uncompressed, and without its end if the client does not know its
/// domain (RFC 4702 §2.3.1, RFC 4704 §4.2).
fn name_of_labels(mut octets: &[u8]) -> Option<CompactString> {
    let mut text = String::new();
    while let [length @ 1..=63, rest @ ..] = octets {
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        text.push_str(std::str::from_utf8(label).ok()?);
        text.push('.');
        octets = rest;
    }
    let ended = matches!(octets, [] | [0, ..]);
    ended.then(|| host_name(&text)).flatten()
}

/// Every message stands for itself: clients without an address all share one flow.
fn tell(_from: Role, datagram: &[u8], seen: &mut Seen) {
    match Message::read(datagram) {
        Some(message) if message.request => tell_request(&message, seen),
        Some(message) => tell_answer(&message, seen),
        None => {}
    }
}

/// A client's names belong to the address it has. While it only hopes for one, they belong to its
/// machine: the address asked for may be refused.
fn tell_request(message: &Message<'_>, seen: &mut Seen) {
    if matches!(message.kind(), Some(kind::DECLINE | kind::RELEASE)) {
        return;
    }
    let of = match message.mac {
        _ if !message.client.is_unspecified() => NamedThing::Address(message.client),
        Some(mac) => NamedThing::Mac(mac),
        None => return,
    };
    for name in message.names() {
        seen.push(Observation::Name { of, name, source: NameSource::Dhcp });
    }
}

/// An acknowledgement is a lease, or answers a client that had an address by other means. So does
/// a BOOTP answer, which has no type.
fn tell_answer(message: &Message<'_>, seen: &mut Seen) {
    if !matches!(message.kind(), None | Some(kind::ACK)) {
        return;
    }
    let leased = !message.yours.is_unspecified();
    let address = if leased { message.yours } else { message.client };
    if let Some(mac) = message.mac.filter(|_| leased) {
        let server = message.option(option::SERVER).and_then(|server| <[u8; 4]>::try_from(server).ok());
        seen.push(Observation::Lease { mac, address, server: server.map(Address::from) });
    }
    if !address.is_unspecified() {
        for name in message.names() {
            let of = NamedThing::Address(address);
            seen.push(Observation::Name { of, name, source: NameSource::Dhcp });
        }
    }
}
