//! What stands above IP: TCP, UDP, SCTP and ICMP headers.
//!
//! etherparse reads those of TCP, UDP and ICMP; it has none for SCTP, of which ports are enough.

use etherparse::err::tcp;
use etherparse::{Icmpv4Slice, Icmpv6Slice, TcpHeader, TcpHeaderSlice, UdpHeader, UdpHeaderSlice, ip_number};

use crate::model::{Address, Endpoint};

use super::checksum::{is_right, sum};
use super::field::{after, array_at, u16_at, u32_at, up_to, zero_filled};
use super::network::{self, Ip};
use super::packet::{Layer4, Quoted, TcpFlags};

/// A transport header and what stands behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transport<'a> {
    /// The header.
    pub layer4: Layer4,
    /// For TCP and UDP the payload, for others everything behind the IP header; as captured.
    pub payload: &'a [u8],
    /// The length of `payload` as sent.
    pub payload_len: u32,
    /// What was odd about the header.
    pub oddity: Option<&'static str>,
}

pub(super) const ICMP: u8 = ip_number::ICMP.0;
pub(super) const TCP: u8 = ip_number::TCP.0;
pub(super) const UDP: u8 = ip_number::UDP.0;
pub(super) const ICMPV6: u8 = ip_number::IPV6_ICMP.0;
pub(super) const SCTP: u8 = ip_number::SCTP.0;

/// Reads what an IP packet carries. A header that cannot be read leaves the protocol's number.
#[inline]
pub(super) fn read<'a>(ip: &Ip<'a>) -> Transport<'a> {
    match ip.protocol {
        TCP => tcp(ip),
        UDP => udp(ip),
        SCTP => match (u16_at(ip.payload, 0), u16_at(ip.payload, 2)) {
            (Some(source), Some(destination)) => {
                // The common header is twelve bytes long (RFC 9260 §3.1).
                let chunk = ip.payload.get(12).copied().unwrap_or(u8::MAX);
                whole(ip, Layer4::Sctp { ports: (source, destination), chunk })
            }
            _ => unread(ip, "sctp_header_cut"),
        },
        ICMP | ICMPV6 => icmp(ip),
        other => whole(ip, Layer4::Other(other)),
    }
}

fn whole<'a>(ip: &Ip<'a>, layer4: Layer4) -> Transport<'a> {
    Transport { layer4, payload: ip.payload, payload_len: ip.payload_len, oddity: None }
}

fn unread<'a>(ip: &Ip<'a>, oddity: &'static str) -> Transport<'a> {
    Transport { oddity: Some(oddity), ..whole(ip, Layer4::Other(ip.protocol)) }
}

/// RFC 9293 §3.1.
#[inline]
fn tcp<'a>(ip: &Ip<'a>) -> Transport<'a> {
    match TcpHeaderSlice::from_slice(ip.payload) {
        Ok(header) => segment(ip, &header),
        Err(tcp::HeaderSliceError::Content(_)) => unread(ip, "tcp_data_offset"),
        Err(tcp::HeaderSliceError::Len(_)) => tcp_cut(ip),
    }
}

/// Flags and window must have been captured: without them nothing can be made of a segment.
#[cold]
fn tcp_cut<'a>(ip: &Ip<'a>) -> Transport<'a> {
    if ip.payload.len() < 16 {
        return unread(ip, "tcp_header_cut");
    }
    match TcpHeaderSlice::from_slice(&zero_filled::<{ TcpHeader::MAX_LEN }>(ip.payload)) {
        Ok(header) => segment(ip, &header),
        Err(_) => unread(ip, "tcp_data_offset"),
    }
}

#[inline]
fn segment<'a>(ip: &Ip<'a>, header: &TcpHeaderSlice<'_>) -> Transport<'a> {
    let Some(payload_len) = ip.payload_len.checked_sub(u32::from(header.data_offset()) * 4) else {
        return unread(ip, "tcp_data_offset");
    };
    Transport {
        layer4: Layer4::Tcp {
            ports: (header.source_port(), header.destination_port()),
            sequence: header.sequence_number(),
            acknowledgement: header.acknowledgment_number(),
            flags: TcpFlags(header.slice().get(13).copied().unwrap_or(0)),
            window: header.window_size(),
        },
        payload: after(ip.payload, header.slice().len()),
        payload_len,
        oddity: None,
    }
}

/// RFC 768. A length that the IP packet has no room for is counted, and IP's is believed.
#[inline]
fn udp<'a>(ip: &Ip<'a>) -> Transport<'a> {
    match UdpHeaderSlice::from_slice(ip.payload) {
        Ok(header) => datagram(ip, &header),
        Err(_) => udp_cut(ip),
    }
}

/// Only the checksum may be missing.
#[cold]
fn udp_cut<'a>(ip: &Ip<'a>) -> Transport<'a> {
    match UdpHeaderSlice::from_slice(&zero_filled::<{ UdpHeader::LEN }>(ip.payload)) {
        Ok(header) if ip.payload.len() >= 6 => datagram(ip, &header),
        _ => unread(ip, "udp_header_cut"),
    }
}

#[inline]
fn datagram<'a>(ip: &Ip<'a>, header: &UdpHeaderSlice<'_>) -> Transport<'a> {
    let Some(room) = ip.payload_len.checked_sub(8) else { return unread(ip, "udp_header_cut") };
    let (payload_len, oddity) = match u32::from(header.length()).checked_sub(8) {
        Some(length) if length <= room => (length, None),
        // Zero stands for a jumbogram (RFC 2675 §4) or for a length left to the network card.
        None if header.length() == 0 => (room, None),
        _ => (room, Some("udp_length")),
    };
    let payload = after(ip.payload, UdpHeader::LEN);
    Transport {
        layer4: Layer4::Udp { ports: (header.source_port(), header.destination_port()) },
        payload: up_to(payload, usize::try_from(payload_len).unwrap_or(usize::MAX)),
        payload_len,
        oddity,
    }
}

/// RFC 792, RFC 4443 §2.1. Type and code are enough.
fn icmp<'a>(ip: &Ip<'a>) -> Transport<'a> {
    /// etherparse wants eight bytes, and of ICMP's timestamps exactly this many.
    const TIMESTAMP_LEN: usize = 20;
    let header = zero_filled::<TIMESTAMP_LEN>(ip.payload);
    let v6 = ip.protocol == ICMPV6;
    let read = if v6 {
        Icmpv6Slice::from_slice(&header).map(|message| (message.type_u8(), message.code_u8()))
    } else {
        Icmpv4Slice::from_slice(&header).map(|message| (message.type_u8(), message.code_u8()))
    };
    match read {
        Ok((kind, code)) if ip.payload.len() >= 2 => {
            whole(ip, Layer4::Icmp { v6, kind, code, about: quoted(v6, kind, after(ip.payload, 8)) })
        }
        _ => unread(ip, "icmp_header_cut"),
    }
}

/// The packet that an ICMP error quotes. Errors of ICMP are types 3, 4, 5, 11 and 12 (RFC 792);
/// of ICMPv6 those below 128 (RFC 4443 §2.1).
fn quoted(v6: bool, kind: u8, quote: &[u8]) -> Option<Quoted> {
    let is_error = if v6 { (1..128).contains(&kind) } else { matches!(kind, 3 | 4 | 5 | 11 | 12) };
    if !is_error {
        return None;
    }
    // Errors quote the beginning only, so the header speaks of more than is there.
    let ip = network::read(quote, u32::MAX).ok()?;
    let first = ip.fragment.is_none_or(|piece| piece.offset == 0);
    let ports = match ip.protocol {
        TCP | UDP | SCTP if first => u32_at(ip.payload, 0)?.to_be_bytes(),
        _ => [0; 4],
    };
    let [s0, s1, d0, d1] = ports;
    let endpoint = |address: Address, port| Endpoint { address, port: u16::from_be_bytes(port) };
    Some(Quoted {
        source: endpoint(ip.source, [s0, s1]),
        destination: endpoint(ip.destination, [d0, d1]),
        protocol: ip.protocol,
    })
}

/// The bytes of `ip` that every copy of it shares: the transport header and a piece of its payload.
pub(super) fn shared_bytes<'a>(ip: &Ip<'a>) -> &'a [u8] {
    /// A TCP header of at most 60 bytes and 128 bytes of payload.
    const SHARED_MAX: usize = 60 + 128;
    up_to(ip.payload, SHARED_MAX)
}

/// True if the transport checksum was captured whole and is wrong (RFC 1071).
pub(super) fn checksum_is_wrong(ip: &Ip<'_>) -> bool {
    let (place, with_addresses) = match ip.protocol {
        TCP => (16, true),
        UDP => (6, true),
        ICMPV6 => (2, true),
        ICMP => (2, false),
        _ => return false,
    };
    let Some(told) = array_at::<2>(ip.payload, place) else { return false };
    // UDP sums up what its own length covers, and over IPv4 may leave its checksum out (RFC 768).
    let length = match (ip.protocol, u16_at(ip.payload, 4)) {
        (UDP, _) if told == [0, 0] => return false,
        (UDP, Some(length @ 8..)) => u32::from(length).min(ip.payload_len),
        _ => ip.payload_len,
    };
    let Some(covered) = ip.payload.get(..usize::try_from(length).unwrap_or(usize::MAX)) else { return false };
    let mut total = sum(covered);
    if with_addresses {
        // An IPv4 address in its mapped form adds ffff, which is nothing in ones' complement.
        total += sum(&ip.source.bits().to_be_bytes()) + sum(&ip.destination.bits().to_be_bytes());
        total += sum(&length.to_be_bytes()) + sum(&[0, 0, 0, ip.protocol]);
    }
    !is_right(total)
}
