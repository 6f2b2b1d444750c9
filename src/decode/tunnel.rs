//! Packets inside of packets. etherparse knows no tunnel, so every header here is read by ourselves.
//!
//! A UDP port only says where to look; what stands there must have the tunnel's form. What does not
//! is left alone and stays the datagram that it is.

use crate::model::{Realm, RealmKind};

use super::field::{after, array_at, u16_at, u32_at};
use super::link::{Carries, Front};
use super::network::Ip;
use super::packet::Layer4;
use super::transport::Transport;

/// Entries of a GRE routing list, and GTP extension headers, that are walked.
const ENTRIES_MAX: usize = 16;

/// A tunnel's header was read.
#[derive(Clone, Copy)]
pub(super) struct Opened<'a> {
    /// The name in [`super::Tunnel`].
    pub kind: &'static str,
    /// The overlay that the header names.
    pub realm: Option<Realm>,
    /// For a mirror, whose content is another wire's frame: the VLAN that its header names, or 0.
    pub mirror_vlan: Option<u16>,
    /// What `content` begins with.
    pub front: Front,
    /// What stands behind the tunnel's header.
    pub content: &'a [u8],
}

impl<'a> Opened<'a> {
    fn new(kind: &'static str, front: Front, content: &'a [u8]) -> Self {
        Opened { kind, realm: None, mirror_vlan: None, front, content }
    }

    fn overlay(self, kind: RealmKind, id: u32) -> Self {
        Opened { realm: Some(Realm::overlay(kind, id)), ..self }
    }

    fn mirror(self, vlan: u16) -> Self {
        Opened { mirror_vlan: Some(vlan), ..self }
    }
}

/// Opens the tunnel that a packet is; none if it is no tunnel.
///
/// # Errors
/// The name of the anomaly for which its header cannot be read.
#[inline]
pub(super) fn open<'a>(ip: &Ip<'a>, carried: &Transport<'a>) -> Result<Option<Opened<'a>>, &'static str> {
    match (carried.layer4, ip.source.is_v4()) {
        (Layer4::Tcp { .. } | Layer4::Icmp { .. } | Layer4::Sctp { .. }, _) => Ok(None),
        (Layer4::Udp { ports }, _) => Ok(in_udp(ports, carried.payload, carried.payload_len)),
        (Layer4::Other(4), true) => bare("ipip", 4, ip.payload),
        (Layer4::Other(4), false) => bare("4in6", 4, ip.payload),
        (Layer4::Other(41), true) => bare("6in4", 6, ip.payload),
        (Layer4::Other(41), false) => bare("6in6", 6, ip.payload),
        (Layer4::Other(47), _) => gre(ip.payload),
        // RFC 3378: version 3, the other twelve bits zero.
        (Layer4::Other(97), _) => match *ip.payload {
            [0x30, 0x00, ref content @ ..] => Ok(Some(Opened::new("etherip", Front::Ethernet, content))),
            _ => Err("etherip_header"),
        },
        // RFC 4023.
        (Layer4::Other(137), _) => Ok(Some(Opened::new("mpls-in-ip", Front::Mpls, ip.payload))),
        (Layer4::Other(_), _) => Ok(None),
    }
}

/// RFC 2003, RFC 2473, RFC 4213.
fn bare<'a>(kind: &'static str, version: u8, content: &'a [u8]) -> Result<Option<Opened<'a>>, &'static str> {
    match content.first().map(|first| first >> 4) {
        Some(found) if found == version => Ok(Some(Opened::new(kind, Front::End(Carries::Ip), content))),
        _ => Err("tunnel_content"),
    }
}

#[inline]
fn in_udp(ports: (u16, u16), payload: &[u8], payload_len: u32) -> Option<Opened<'_>> {
    match ports {
        // IANA's, Linux's old default, and Azure's and Cisco's own.
        (_, 4789 | 8472 | 65_330 | 48_879) | (4789 | 8472, _) => vxlan(payload),
        (_, 4790) | (4790, _) => vxlan_gpe(payload),
        (_, 6081) | (6081, _) => geneve(payload),
        (_, 2152) | (2152, _) => gtp(payload, payload_len),
        (_, 3544) | (3544, _) => teredo(payload, payload_len),
        _ => None,
    }
}

/// RFC 7348 §5: only the I flag, all reserved bits zero; or with a group policy id, whose flags are G, D
/// and A (draft-smith-vxlan-group-policy).
fn vxlan(payload: &[u8]) -> Option<Opened<'_>> {
    match *payload {
        [0x08, 0, 0, 0, v0, v1, v2, 0, ref frame @ ..] => Some((v0, v1, v2, frame)),
        [0x88, policy, _, _, v0, v1, v2, 0, ref frame @ ..] if policy & !0x48 == 0 => {
            Some((v0, v1, v2, frame))
        }
        _ => None,
    }
    .map(|(v0, v1, v2, frame)| {
        let vni = u32::from_be_bytes([0, v0, v1, v2]);
        Opened::new("vxlan", Front::Ethernet, frame).overlay(RealmKind::Vxlan, vni)
    })
}

/// draft-ietf-nvo3-vxlan-gpe: the I flag, the P flag (which some leave out), and what comes next.
fn vxlan_gpe(payload: &[u8]) -> Option<Opened<'_>> {
    let [0x08 | 0x0c, 0, 0, next, v0, v1, v2, 0, ref content @ ..] = *payload else { return vxlan(payload) };
    let front = match next {
        1 | 2 => Front::End(Carries::Ip),
        3 => Front::Ethernet,
        5 => Front::Mpls,
        _ => return None,
    };
    let vni = u32::from_be_bytes([0, v0, v1, v2]);
    Some(Opened::new("vxlan", front, content).overlay(RealmKind::Vxlan, vni))
}

/// RFC 8926 §3.4: version 0, length of the options in words, no control packet, reserved bits zero.
fn geneve(payload: &[u8]) -> Option<Opened<'_>> {
    let [options, flags, t0, t1, v0, v1, v2, 0, ref rest @ ..] = *payload else { return None };
    if options & 0xc0 != 0 || flags & 0xbf != 0 {
        return None;
    }
    let front = match u16::from_be_bytes([t0, t1]) {
        0x6558 => Front::Ethernet,
        ethertype @ (0x0800 | 0x86dd | 0x8847) => Front::Type(ethertype),
        _ => return None,
    };
    let vni = u32::from_be_bytes([0, v0, v1, v2]);
    let content = rest.get(usize::from(options) * 4..)?;
    Some(Opened::new("geneve", front, content).overlay(RealmKind::Geneve, vni))
}

/// 3GPP TS 29.281 §5: version 1, protocol type GTP, message type 255 (a subscriber's packet), a length
/// that fits. The tunnel endpoint id is another one in each direction, so it names no realm.
fn gtp(payload: &[u8], payload_len: u32) -> Option<Opened<'_>> {
    let [flags, 255, l0, l1, _, _, _, _, ref rest @ ..] = *payload else { return None };
    if flags & 0xf0 != 0x30 || u32::from(u16::from_be_bytes([l0, l1])) + 8 != payload_len {
        return None;
    }
    let mut content = rest;
    if flags & 0x07 != 0 {
        let mut extension = *rest.get(3)?;
        content = after(rest, 4);
        for _ in 0..ENTRIES_MAX {
            if extension == 0 || flags & 0x04 == 0 {
                break;
            }
            // The length counts words, and the last byte names the next extension (§5.2.1).
            let length = usize::from(*content.first().filter(|words| **words != 0)?) * 4;
            extension = *content.get(length - 1)?;
            content = after(content, length);
        }
    }
    matches!(content.first()? >> 4, 4 | 6)
        .then(|| Opened::new("gtp", Front::End(Carries::Ip), content).overlay(RealmKind::Gtp, 0))
}

/// RFC 4380 §5.1.1: authentication and origin indications may stand before the IPv6 packet, which
/// fills the rest of the datagram.
fn teredo(payload: &[u8], payload_len: u32) -> Option<Opened<'_>> {
    let mut content = payload;
    if let [0, 1, client, value, ..] = *content {
        content = content.get(13 + usize::from(client) + usize::from(value)..)?;
    }
    if let [0, 0, _, _, _, _, _, _, ref rest @ ..] = *content {
        content = rest;
    }
    let indications = u32::try_from(payload.len() - content.len()).ok()?;
    let fills = u32::from(u16_at(content, 4)?) + 40 + indications == payload_len;
    (content.first()? >> 4 == 6 && fills).then(|| Opened::new("teredo", Front::End(Carries::Ip), content))
}

/// RFC 2784 and RFC 2890, with the routing of RFC 1701; version 1 is PPTP's (RFC 2637 §4.1).
fn gre(payload: &[u8]) -> Result<Option<Opened<'_>>, &'static str> {
    const CUT: &str = "gre_header";
    let (Some([flags, version]), Some(protocol)) = (array_at(payload, 0), u16_at(payload, 2)) else {
        return Err(CUT);
    };
    let (with_checksum, with_routing) = (flags & 0x80 != 0, flags & 0x40 != 0);
    let (with_key, with_sequence) = (flags & 0x20 != 0, flags & 0x10 != 0);
    let mut at = 4;
    if with_checksum || with_routing {
        at += 4;
    }
    let key = if with_key { Some(u32_at(payload, at).ok_or(CUT)?) } else { None };
    at += 4 * (usize::from(with_key) + usize::from(with_sequence));
    if version & 0x07 == 1 {
        at += if version & 0x80 != 0 { 4 } else { 0 };
        let content = payload.get(at..).ok_or(CUT)?;
        let opened = Opened::new("pptp", Front::Ppp, content);
        // An acknowledgement alone carries nothing.
        return Ok((protocol == 0x880b && !content.is_empty()).then_some(opened));
    }
    if version & 0x07 != 0 {
        return Err("gre_version");
    }
    let mut content = payload.get(at..).ok_or(CUT)?;
    if with_routing {
        content = behind_routing(content).ok_or(CUT)?;
    }
    match protocol {
        0x88be => erspan(with_sequence, content).map(Some),
        0x22eb => erspan3(content).map(Some),
        _ => Ok(plain_gre(protocol, content).map(|opened| match key {
            Some(key) => opened.overlay(RealmKind::Gre, key),
            None => opened,
        })),
    }
}

fn plain_gre(protocol: u16, content: &[u8]) -> Option<Opened<'_>> {
    let (front, content) = match protocol {
        0x6558 => (Front::Ethernet, content),
        0x0800 | 0x86dd | 0x8847 | 0x8848 => (Front::Type(protocol), content),
        // Cisco's metadata: behind GRE its ethertype comes first, then the six bytes that name a group.
        0x8909 => (Front::Type(u16_at(content, 0)?), after(content, 8)),
        0x880b => (Front::Ppp, content),
        // WCCP: its second version has four bytes of its own before the packet.
        0x883e if matches!(content, [0x40..=0x4f, ..]) => (Front::End(Carries::Ip), content),
        0x883e => (Front::End(Carries::Ip), after(content, 4)),
        _ => return None,
    };
    Some(Opened::new("gre", front, content))
}

/// RFC 1701: source route entries of address family, offset, length; an empty one is the last.
fn behind_routing(mut content: &[u8]) -> Option<&[u8]> {
    for _ in 0..ENTRIES_MAX {
        let [f0, f1, _, length] = array_at(content, 0)?;
        content = content.get(4 + usize::from(length)..)?;
        if (f0, f1, length) == (0, 0, 0) {
            return Some(content);
        }
    }
    None
}

/// ERSPAN type I has no header of its own and no GRE sequence number; type II has both
/// (draft-foschiano-erspan-03 §4.2).
fn erspan(with_sequence: bool, content: &[u8]) -> Result<Opened<'_>, &'static str> {
    if !with_sequence {
        return Ok(Opened::new("erspan", Front::Ethernet, content).mirror(0));
    }
    match *content {
        [v0, v1, _, _, _, _, _, _, ref frame @ ..] if v0 >> 4 == 1 => {
            Ok(Opened::new("erspan", Front::Ethernet, frame).mirror(u16::from_be_bytes([v0 & 0x0f, v1])))
        }
        _ => Err("erspan_header"),
    }
}

/// ERSPAN type III: twelve bytes, and eight more if the last bit is set (§4.3). Frame type 0 is
/// Ethernet, 2 is IP.
fn erspan3(content: &[u8]) -> Result<Opened<'_>, &'static str> {
    let [v0, v1, _, _, _, _, _, _, _, _, kind, optional, ref rest @ ..] = *content else {
        return Err("erspan_header");
    };
    if v0 >> 4 != 2 {
        return Err("erspan_header");
    }
    let rest = if optional & 1 == 1 { rest.get(8..).ok_or("erspan_header")? } else { rest };
    let front = match (kind >> 2) & 0x1f {
        0 => Front::Ethernet,
        2 => Front::End(Carries::Ip),
        _ => return Err("erspan_frame_type"),
    };
    Ok(Opened::new("erspan", front, rest).mirror(u16::from_be_bytes([v0 & 0x0f, v1])))
}
