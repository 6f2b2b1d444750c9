//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with IPv6's extension headers and AH.

use crate::model::Address;

use super::checksum::{is_right, sum};
use super::field::{after, u16_at, u32_at, up_to};

/// Extension headers walked in one packet. RFC 8200 §4.1 names seven, the destination options twice.
const EXTENSIONS_MAX: usize = 12;

/// The header of an IP packet, and what it carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ip<'a> {
    /// Source.
    pub source: Address,
    /// Destination.
    pub destination: Address,
    /// What `payload` is: the protocol number, extension headers passed.
    pub protocol: u8,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// IPv4 identification, 0 for IPv6.
    pub id: u16,
    /// IPv6 flow label, 0 for IPv4.
    pub flow_label: u32,
    /// Length of the packet as sent, header included.
    pub length: u32,
    /// The payload as captured, without the link layer's padding.
    pub payload: &'a [u8],
    /// Length of the payload as sent.
    pub payload_len: u32,
    /// Where this piece belongs, if it is a fragment.
    pub fragment: Option<Piece>,
    /// What was odd about the header though it could be read.
    pub oddity: Option<&'static str>,
}

/// The fragment fields of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The identification that all fragments of a packet share.
    pub id: u32,
    /// Where the payload belongs, in bytes.
    pub offset: u32,
    /// More fragments follow it.
    pub more: bool,
}

/// Reads the header at the front of `bytes`, to which `missing` more were sent than captured.
///
/// # Errors
/// The name of the anomaly for which it cannot be read.
#[inline]
pub(super) fn read(bytes: &[u8], missing: u32) -> Result<Ip<'_>, &'static str> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4(bytes, missing),
        Some(6) => ipv6(bytes, missing),
        Some(_) => Err("ip_version"),
        None => Err("ip_header_cut"),
    }
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[inline]
fn ipv4(bytes: &[u8], missing: u32) -> Result<Ip<'_>, &'static str> {
    let Some(header) = bytes.first_chunk::<20>() else { return Err("ip_header_cut") };
    let [first, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *header;
    let header_len = u32::from(first & 0x0f) * 4;
    if header_len < 20 {
        return Err("ipv4_header_length");
    }
    let on_wire = length_of(bytes).saturating_add(missing);
    let mut oddity = None;
    let length = match u32::from(u16::from_be_bytes([l0, l1])) {
        // The sending machine leaves the length to its network card, which cuts the segment.
        0 => on_wire,
        length => length,
    };
    let Some(payload_len) = length.checked_sub(header_len) else {
        return Err("ipv4_total_length");
    };
    if length > on_wire {
        oddity = Some("ip_length_beyond_frame");
    }
    let header_len = usize::try_from(header_len).unwrap_or(usize::MAX);
    match bytes.get(..header_len) {
        Some(whole) if is_right(sum(whole)) => {}
        Some(_) => oddity = Some("ipv4_header_checksum"),
        None => oddity = Some("ipv4_options_cut"),
    }
    let id = u16::from_be_bytes([i0, i1]);
    let fragment = u16::from_be_bytes([f0, f1]);
    let payload = up_to(after(bytes, header_len), usize::try_from(payload_len).unwrap_or(usize::MAX));
    let mut ip = Ip {
        source: Address::from([s0, s1, s2, s3]),
        destination: Address::from([d0, d1, d2, d3]),
        protocol,
        ttl,
        id,
        flow_label: 0,
        length,
        payload,
        payload_len,
        fragment: None,
        oddity,
    };
    if fragment & 0x3fff != 0 {
        ip.fragment = Some(Piece {
            id: u32::from(id),
            offset: u32::from(fragment & 0x1fff) * 8,
            more: fragment & 0x2000 != 0,
        });
    } else if protocol == AUTHENTICATION {
        ip.pass_extensions();
    }
    Ok(ip)
}

#[inline]
fn ipv6(bytes: &[u8], missing: u32) -> Result<Ip<'_>, &'static str> {
    let Some((header, rest)) = bytes.split_first_chunk::<40>() else { return Err("ip_header_cut") };
    let [c0, c1, c2, c3, l0, l1, protocol, ttl, addresses @ ..] = *header;
    let (Some(source), Some(destination)) = (addresses.first_chunk::<16>(), addresses.last_chunk::<16>())
    else {
        return Err("ip_header_cut");
    };
    let on_wire = length_of(rest).saturating_add(missing);
    let payload_len = match u32::from(u16::from_be_bytes([l0, l1])) {
        // A jumbogram (RFC 2675), or left to the network card as with IPv4.
        0 if protocol != NO_NEXT => on_wire,
        length => length,
    };
    let mut ip = Ip {
        source: Address::from(*source),
        destination: Address::from(*destination),
        protocol,
        ttl,
        id: 0,
        flow_label: u32::from_be_bytes([c0, c1, c2, c3]) & 0x000f_ffff,
        length: payload_len.saturating_add(40),
        payload: up_to(rest, usize::try_from(payload_len).unwrap_or(usize::MAX)),
        payload_len,
        fragment: None,
        oddity: (payload_len > on_wire).then_some("ip_length_beyond_frame"),
    };
    ip.pass_extensions();
    Ok(ip)
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
pub(super) const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const NO_NEXT: u8 = 59;
const DESTINATION_OPTIONS: u8 = 60;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

impl Ip<'_> {
    /// The header's facts alone, which can be kept.
    pub(super) fn without_payload(&self) -> Ip<'static> {
        Ip { payload: &[], fragment: None, oddity: None, ..*self }
    }

    /// Steps over extension headers (RFC 8200 §4) up to what they stand before, or to a fragment
    /// header that says that only a piece follows.
    pub(super) fn pass_extensions(&mut self) {
        for _ in 0..EXTENSIONS_MAX {
            let units = match self.protocol {
                HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | HOST_IDENTITY | SHIM6 => 8,
                // A mobility header carries nothing behind it (RFC 6275 §6.1.1): it ends the chain.
                AUTHENTICATION => 4,
                FRAGMENT => 0,
                _ => return,
            };
            let Some(&[next, length]) = self.payload.first_chunk::<2>() else {
                self.oddity = Some("ipv6_extension_cut");
                return;
            };
            let length = match units {
                // AH counts in words, less two (RFC 4302 §2.2); the others in eights, less one.
                4 => (u32::from(length) + 2) * 4,
                8 => (u32::from(length) + 1) * 8,
                _ => 8,
            };
            let piece = if self.protocol == FRAGMENT {
                let (Some(place), Some(id)) = (u16_at(self.payload, 2), u32_at(self.payload, 4)) else {
                    self.oddity = Some("ipv6_extension_cut");
                    return;
                };
                Some(Piece { id, offset: u32::from(place & 0xfff8), more: place & 1 == 1 })
            } else {
                None
            };
            let Some(payload_len) = self.payload_len.checked_sub(length) else {
                self.oddity = Some("ipv6_extension_length");
                return;
            };
            self.payload = after(self.payload, usize::try_from(length).unwrap_or(usize::MAX));
            self.payload_len = payload_len;
            self.protocol = next;
            // An atomic fragment (RFC 6946) is a whole packet.
            if let Some(piece) = piece.filter(|piece| piece.more || piece.offset != 0) {
                self.fragment = Some(piece);
                return;
            }
        }
        self.oddity = Some("ipv6_extensions_too_many");
    }
}
