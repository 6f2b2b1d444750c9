//! What machines tell their neighbours about themselves: ARP, neighbour discovery, LLDP, CDP.
//!
//! etherparse reads ARP and the messages and options of neighbour discovery.

use etherparse::icmpv6::{Icmpv6PayloadSlice, NdpOptionSlice};
use etherparse::{ArpHardwareId, ArpOperation, ArpPacketSlice, Icmpv6Slice, ether_type};

use crate::model::{Address, Mac};

use super::field::{after, u16_at, u32_at, up_to, zero_filled};
use super::network::Ip;
use super::packet::LinkFact;

/// Entries walked in one packet: a frame of 1500 B has room for fewer useful ones.
const ENTRIES_MAX: usize = 64;

/// Bytes of a name (IEEE 802.1AB §8.5.6.2).
const NAME_LEN_MAX: usize = 255;

/// An ARP packet between Ethernet and IPv4 up to its sender's addresses, and with its target's.
const ARP_SENDER_LEN: usize = 18;
const ARP_LEN: usize = 28;

/// The sender of an ARP packet (RFC 826). A probe's sender has no address yet (RFC 5227 §2.1.1), and
/// who is asked for says nothing by being asked.
pub(super) fn arp(bytes: &[u8], vlan: u16) -> Option<LinkFact> {
    if bytes.len() < ARP_SENDER_LEN {
        return None;
    }
    let filled = zero_filled::<ARP_LEN>(bytes);
    let packet = ArpPacketSlice::from_slice(&filled).ok()?;
    let between = (packet.hw_addr_type(), packet.proto_addr_type());
    let told = matches!(packet.operation(), ArpOperation::REQUEST | ArpOperation::REPLY);
    if between != (ArpHardwareId::ETHERNET, ether_type::IPV4) || !told {
        return None;
    }
    let mac: [u8; 6] = packet.sender_hw_addr().try_into().ok()?;
    let address: [u8; 4] = packet.sender_protocol_addr().try_into().ok()?;
    binding(Mac(mac), Address::from(address), vlan)
}

/// Neighbour discovery (RFC 4861 §4): the sender's or the target's link-layer address option. Its hop
/// limit shows that no router passed it on.
pub(super) fn discovery(ip: &Ip<'_>, vlan: u16) -> Option<LinkFact> {
    if ip.ttl != 255 {
        return None;
    }
    // What options there are, whose address they are about, and which of them tells the link's address.
    let (options, address, of_target) = match Icmpv6Slice::from_slice(ip.payload)
        .ok()?
        .payload_slice()
        .ok()?
    {
        Icmpv6PayloadSlice::RouterSolicitation(message) => (message.options_iterator(), ip.source, false),
        Icmpv6PayloadSlice::RouterAdvertisement(message) => (message.options_iterator(), ip.source, false),
        Icmpv6PayloadSlice::NeighborSolicitation(message) => (message.options_iterator(), ip.source, false),
        Icmpv6PayloadSlice::NeighborAdvertisement(message) => {
            (message.options_iterator(), Address::from(message.target_address().octets()), true)
        }
        _ => return None,
    };
    let mac: [u8; 6] = options.take(ENTRIES_MAX).find_map(|option| match option.ok()? {
        NdpOptionSlice::SourceLinkLayerAddress(option) if !of_target => {
            option.link_layer_address().try_into().ok()
        }
        NdpOptionSlice::TargetLinkLayerAddress(option) if of_target => {
            option.link_layer_address().try_into().ok()
        }
        _ => None,
    })?;
    binding(Mac(mac), address, vlan)
}

fn binding(mac: Mac, address: Address, vlan: u16) -> Option<LinkFact> {
    let holds = !mac.is_group() && !mac.is_zero() && !address.is_unspecified() && !address.is_group();
    holds.then_some(LinkFact::Binding { mac, address, vlan })
}

/// LLDP (IEEE 802.1AB §8.4): seven bits of type, nine of length.
pub(super) fn lldp(mac: Mac, mut bytes: &[u8]) -> Option<LinkFact> {
    let (mut name, mut address) = (None, None);
    for _ in 0..ENTRIES_MAX {
        let Some(head) = u16_at(bytes, 0) else { break };
        let length = usize::from(head & 0x01ff);
        let value = up_to(after(bytes, 2), length);
        bytes = after(bytes, 2 + length);
        match head >> 9 {
            0 => break,
            5 => name = readable(value),
            // Length of what follows, and IANA's address family.
            8 => {
                address = address.or(match *value {
                    [5, 1, a, b, c, d, ..] => Some(Address::from([a, b, c, d])),
                    [17, 2, ref rest @ ..] => rest.first_chunk::<16>().map(|v6| Address::from(*v6)),
                    _ => None,
                })
            }
            _ => {}
        }
    }
    Some(LinkFact::Neighbour {
        mac,
        address: address.filter(|it: &Address| !it.is_unspecified()),
        name: name?,
        cdp: false,
    })
}

/// CDP: version, lifetime, checksum; then type, length (with both), value. 1 is the device's name, 2
/// its addresses, 22 those for management.
pub(super) fn cdp(mac: Mac, bytes: &[u8]) -> Option<LinkFact> {
    let mut rest = after(bytes, 4);
    let (mut name, mut address, mut management) = (None, None, None);
    for _ in 0..ENTRIES_MAX {
        let (Some(kind), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) else { break };
        let length = usize::from(length);
        let value = after(up_to(rest, length), 4);
        match kind {
            1 => name = readable(value),
            2 => address = cdp_address(value),
            22 => management = cdp_address(value),
            _ => {}
        }
        rest = after(rest, length.max(4));
    }
    Some(LinkFact::Neighbour {
        mac,
        address: management.or(address).filter(|it: &Address| !it.is_unspecified()),
        name: name?,
        cdp: true,
    })
}

/// The first IPv4 address: how many there are, then protocol type, its length, the protocol (NLPID
/// cc), the address's length, the address.
fn cdp_address(value: &[u8]) -> Option<Address> {
    match (u32_at(value, 0)?, after(value, 4)) {
        (1.., &[1, 1, 0xcc, 0, 4, a, b, c, d, ..]) => Some(Address::from([a, b, c, d])),
        _ => None,
    }
}

fn readable(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(up_to(value, NAME_LEN_MAX));
    let name: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
