//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with IPv6's extension headers and AH.
//!
//! etherparse reads each header. Lengths are ours: its lax slices end where the capture does, while here
//! what was sent counts as well.

use etherparse::err::{ip_auth, ipv4};
use etherparse::{
    IpAuthHeader, IpAuthHeaderSlice, Ipv4Header, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6Header,
    Ipv6HeaderSlice, Ipv6RawExtHeader, Ipv6RawExtHeaderSlice, ip_number,
};

use crate::model::Address;

use super::checksum::{is_right, sum};
use super::field::{after, up_to, zero_filled};

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
    match Ipv4HeaderSlice::from_slice(bytes) {
        Ok(header) => ipv4_behind(&header, bytes, missing),
        Err(ipv4::HeaderSliceError::Content(_)) => Err("ipv4_header_length"),
        Err(ipv4::HeaderSliceError::Len(_)) => ipv4_cut(bytes, missing),
    }
}

/// Of a header that ends within its options the addresses and lengths are good all the same.
#[cold]
fn ipv4_cut(bytes: &[u8], missing: u32) -> Result<Ip<'_>, &'static str> {
    if bytes.len() < Ipv4Header::MIN_LEN {
        return Err("ip_header_cut");
    }
    let filled = zero_filled::<{ Ipv4Header::MAX_LEN }>(bytes);
    let header = Ipv4HeaderSlice::from_slice(&filled).map_err(|_| "ipv4_header_length")?;
    ipv4_behind(&header, bytes, missing)
}

/// The packet of which `header` was read from the front of `bytes`.
#[inline]
fn ipv4_behind<'a>(
    header: &Ipv4HeaderSlice<'_>,
    bytes: &'a [u8],
    missing: u32,
) -> Result<Ip<'a>, &'static str> {
    let header_len = header.slice().len();
    let on_wire = length_of(bytes).saturating_add(missing);
    let length = match u32::from(header.total_len()) {
        // The sending machine leaves the length to its network card, which cuts the segment.
        0 => on_wire,
        length => length,
    };
    let Some(payload_len) = length.checked_sub(length_of(header.slice())) else {
        return Err("ipv4_total_length");
    };
    let oddity = match bytes.get(..header_len) {
        None => Some("ipv4_options_cut"),
        // etherparse takes the header apart to sum it up: 22 ns, this is 6.
        Some(whole) if !is_right(sum(whole)) => Some("ipv4_header_checksum"),
        Some(_) => (length > on_wire).then_some("ip_length_beyond_frame"),
    };
    let payload = up_to(after(bytes, header_len), usize::try_from(payload_len).unwrap_or(usize::MAX));
    let mut ip = Ip {
        source: Address::from(header.source()),
        destination: Address::from(header.destination()),
        protocol: header.protocol().0,
        ttl: header.ttl(),
        id: header.identification(),
        flow_label: 0,
        length,
        payload,
        payload_len,
        fragment: None,
        oddity,
    };
    if header.is_fragmenting_payload() {
        ip.fragment = Some(Piece {
            id: u32::from(header.identification()),
            offset: u32::from(header.fragments_offset().byte_offset()),
            more: header.more_fragments(),
        });
    } else if ip.protocol == AUTHENTICATION {
        ip.pass_extensions();
    }
    Ok(ip)
}

#[inline]
fn ipv6(bytes: &[u8], missing: u32) -> Result<Ip<'_>, &'static str> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| "ip_header_cut")?;
    let rest = after(bytes, Ipv6Header::LEN);
    let protocol = header.next_header().0;
    let on_wire = length_of(rest).saturating_add(missing);
    let payload_len = match u32::from(header.payload_length()) {
        // A jumbogram (RFC 2675), or left to the network card as with IPv4.
        0 if protocol != NO_NEXT => on_wire,
        length => length,
    };
    let mut ip = Ip {
        source: Address::from(header.source()),
        destination: Address::from(header.destination()),
        protocol,
        ttl: header.hop_limit(),
        id: 0,
        flow_label: header.flow_label().value(),
        length: payload_len.saturating_add(length_of(header.slice())),
        payload: up_to(rest, usize::try_from(payload_len).unwrap_or(usize::MAX)),
        payload_len,
        fragment: None,
        oddity: (payload_len > on_wire).then_some("ip_length_beyond_frame"),
    };
    ip.pass_extensions();
    Ok(ip)
}

const HOP_BY_HOP: u8 = ip_number::IPV6_HOP_BY_HOP.0;
const ROUTING: u8 = ip_number::IPV6_ROUTE.0;
pub(super) const FRAGMENT: u8 = ip_number::IPV6_FRAG.0;
const AUTHENTICATION: u8 = ip_number::AUTH.0;
const NO_NEXT: u8 = ip_number::IPV6_NO_NEXT_HEADER.0;
const DESTINATION_OPTIONS: u8 = ip_number::IPV6_DEST_OPTIONS.0;
const HOST_IDENTITY: u8 = ip_number::HIP.0;
const SHIM6: u8 = ip_number::SHIM6.0;

impl Ip<'_> {
    /// The header's facts alone, which can be kept.
    pub(super) fn without_payload(&self) -> Ip<'static> {
        Ip { payload: &[], fragment: None, oddity: None, ..*self }
    }

    /// Steps over extension headers (RFC 8200 §4) up to what they stand before, or to a fragment
    /// header that says that only a piece follows.
    ///
    /// etherparse walks them too, but goes on behind the header of a fragment, and not behind one that the
    /// capture cut though it still says what comes next.
    pub(super) fn pass_extensions(&mut self) {
        for _ in 0..EXTENSIONS_MAX {
            let extension = match self.protocol {
                HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | HOST_IDENTITY | SHIM6 => options(self.payload),
                AUTHENTICATION => authentication(self.payload),
                FRAGMENT => fragment(self.payload),
                // A mobility header carries nothing behind it (RFC 6275 §6.1.1): it ends the chain.
                _ => return,
            };
            let Extension { next, length, piece } = match extension {
                Ok(extension) => extension,
                Err(anomaly) => {
                    self.oddity = Some(anomaly);
                    return;
                }
            };
            let Some(payload_len) = self.payload_len.checked_sub(length) else {
                self.oddity = Some(EXTENSION_LENGTH);
                return;
            };
            self.payload = after(self.payload, usize::try_from(length).unwrap_or(usize::MAX));
            self.payload_len = payload_len;
            self.protocol = next;
            if piece.is_some() {
                self.fragment = piece;
                return;
            }
        }
        self.oddity = Some("ipv6_extensions_too_many");
    }
}

const EXTENSION_CUT: &str = "ipv6_extension_cut";
const EXTENSION_LENGTH: &str = "ipv6_extension_length";

/// What an extension header says about how to go on.
struct Extension {
    next: u8,
    length: u32,
    piece: Option<Piece>,
}

/// The form that most extension headers have (RFC 6564 §4).
fn options(bytes: &[u8]) -> Result<Extension, &'static str> {
    match Ipv6RawExtHeaderSlice::from_slice(bytes) {
        Ok(header) => {
            Ok(Extension { next: header.next_header().0, length: length_of(header.slice()), piece: None })
        }
        Err(_) if (2..Ipv6RawExtHeader::MAX_LEN).contains(&bytes.len()) => {
            options(&zero_filled::<{ Ipv6RawExtHeader::MAX_LEN }>(bytes))
        }
        Err(_) => Err(EXTENSION_CUT),
    }
}

/// RFC 4302 §2.
fn authentication(bytes: &[u8]) -> Result<Extension, &'static str> {
    match IpAuthHeaderSlice::from_slice(bytes) {
        Ok(header) => {
            Ok(Extension { next: header.next_header().0, length: length_of(header.slice()), piece: None })
        }
        Err(ip_auth::HeaderSliceError::Content(_)) => Err(EXTENSION_LENGTH),
        Err(_) if (2..IpAuthHeader::MAX_LEN).contains(&bytes.len()) => {
            authentication(&zero_filled::<{ IpAuthHeader::MAX_LEN }>(bytes))
        }
        Err(_) => Err(EXTENSION_CUT),
    }
}

/// RFC 8200 §4.5. An atomic fragment (RFC 6946) is a whole packet.
fn fragment(bytes: &[u8]) -> Result<Extension, &'static str> {
    let header = Ipv6FragmentHeaderSlice::from_slice(bytes).map_err(|_| EXTENSION_CUT)?;
    let piece = header.is_fragmenting_payload().then(|| Piece {
        id: header.identification(),
        offset: u32::from(header.fragment_offset().byte_offset()),
        more: header.more_fragments(),
    });
    Ok(Extension { next: header.next_header().0, length: length_of(header.slice()), piece })
}
