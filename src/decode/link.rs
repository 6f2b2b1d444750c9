//! The link layer: from the first byte of a frame to the header of the network layer.
//!
//! Headers are walked one by one in a bounded loop: the same VLAN tag may stand behind Ethernet,
//! a cooked header or an MPLS pseudo-wire. etherparse reads Ethernet and VLAN tags, the rest is ours.

use etherparse::{
    Ethernet2Header, Ethernet2HeaderSlice, SingleVlanHeader, SingleVlanHeaderSlice, ether_type,
};

use crate::model::Mac;

use super::field::{after, array_at, u16_at, u32_at};
use super::wireless;

/// Headers walked before a frame is given up: an Ethernet in each of two pseudo-wires with eight
/// tags is far beyond what networks do.
const HEADERS_MAX: usize = 16;

/// Labels of one MPLS stack that are walked (RFC 3032 sets no limit; networks use up to about 10).
const LABELS_MAX: usize = 16;

/// What the link layer of a frame told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked<'a> {
    /// Source of the innermost Ethernet header; zero if there is none.
    pub source: Mac,
    /// Its destination.
    pub destination: Mac,
    /// The innermost VLAN id, 0 for none.
    pub vlan: u16,
    /// The frame came out of an MPLS pseudo-wire.
    pub pseudo_wire: bool,
    /// What `rest` is.
    pub carries: Carries,
    /// The bytes behind the link layer.
    pub rest: &'a [u8],
}

/// What a frame turned out to carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    /// It says that this is an IP packet; its first four bits say of which version.
    Ip,
    /// ARP over Ethernet (RFC 826).
    Arp,
    /// LLDP (IEEE 802.1AB).
    Lldp,
    /// The Cisco Discovery Protocol.
    Cdp,
    /// Anything else that is not IP.
    Other,
    /// It ends within its own headers.
    Broken,
    /// This link type is not read.
    Unread,
}

/// What stands at the front of the bytes that are left.
#[derive(Clone, Copy)]
pub(super) enum Front {
    /// Destination, source, type (IEEE 802.3).
    Ethernet,
    /// What this ethertype stands for.
    Type(u16),
    /// IEEE 802.2 logical link control.
    Llc,
    /// PPP's protocol field, perhaps behind HDLC address and control (RFC 1661, RFC 1662).
    Ppp,
    /// An MPLS label stack (RFC 3032).
    Mpls,
    /// Nothing more of the link layer.
    End(Carries),
}

use Carries::{Arp, Broken, Cdp, Ip, Lldp, Other, Unread};
use Front::{End, Ethernet, Llc, Mpls, Ppp, Type};

/// Reads a frame of a link type of the LINKTYPE registry (tcpdump.org/linktypes.html).
#[inline]
pub(super) fn read(link: u16, bytes: &[u8]) -> Linked<'_> {
    match link {
        1 => plain_ethernet(bytes).unwrap_or_else(|| walk(Ethernet, bytes)),
        0 | 108 => loopback(bytes),
        9 => walk(Ppp, bytes),
        50 if matches!(bytes, [0x0f | 0x8f, ..]) => cisco_hdlc(bytes),
        50 => walk(Ppp, bytes),
        51 => walk(Type(PPPOE_SESSION), bytes),
        104 => cisco_hdlc(bytes),
        12 | 14 | 101 | 228 | 229 => walk(End(Ip), bytes),
        113 => cooked(bytes),
        276 => cooked2(bytes),
        105 => wireless::ieee80211(bytes, false),
        119 => wireless::prism(bytes),
        127 => wireless::radiotap(bytes),
        163 => wireless::avs(bytes),
        _ => walk(End(Unread), bytes),
    }
}

/// IP straight behind Ethernet, as most frames have it: read at once, because walking costs 15 ns.
#[inline]
fn plain_ethernet(bytes: &[u8]) -> Option<Linked<'_>> {
    let header = Ethernet2HeaderSlice::from_slice(bytes).ok()?;
    matches!(header.ether_type(), ether_type::IPV4 | ether_type::IPV6).then(|| Linked {
        source: Mac(header.source()),
        destination: Mac(header.destination()),
        vlan: 0,
        pseudo_wire: false,
        carries: Ip,
        rest: after(bytes, Ethernet2Header::LEN),
    })
}

const PPPOE_SESSION: u16 = 0x8864;

/// Walks from a known first header, as the tunnels do.
pub(super) fn walk(front: Front, bytes: &[u8]) -> Linked<'_> {
    let none = Mac::default();
    let start =
        Linked { source: none, destination: none, vlan: 0, pseudo_wire: false, carries: Other, rest: bytes };
    start.walk(front)
}

impl<'a> Linked<'a> {
    fn walk(mut self, mut front: Front) -> Linked<'a> {
        for _ in 0..HEADERS_MAX {
            front = match front {
                Ethernet => self.ethernet(),
                Type(ethertype) => self.ethertype(ethertype),
                Llc => self.llc(),
                Ppp => self.ppp(),
                Mpls => self.mpls(),
                End(carries) => {
                    self.carries = carries;
                    return self;
                }
            };
        }
        self.carries = Broken;
        self
    }

    #[inline]
    fn ethernet(&mut self) -> Front {
        let Ok(header) = Ethernet2HeaderSlice::from_slice(self.rest) else { return End(Broken) };
        self.destination = Mac(header.destination());
        self.source = Mac(header.source());
        self.rest = after(self.rest, Ethernet2Header::LEN);
        Type(header.ether_type().0)
    }

    /// The registry is IEEE's; values up to 1500 are a length, and LLC follows (IEEE 802.3 §3.2.6).
    #[inline]
    fn ethertype(&mut self, ethertype: u16) -> Front {
        match ethertype {
            0x0800 | 0x86dd => End(Ip),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => self.vlan_tag(),
            0x0806 => End(Arp),
            // VN-Tag, and Cisco's metadata (which names a security group).
            0x8926 => self.tag_of(4),
            0x8909 => self.tag_of(6),
            // IEEE 802.1BR E-TAG.
            0x893f => self.tag_of(6),
            0x88e7 => self.service_instance(),
            0x88cc => End(Lldp),
            0x8847 | 0x8848 => Mpls,
            PPPOE_SESSION => self.pppoe(),
            0x6558 => Ethernet,
            0..=1500 => Llc,
            _ => End(Other),
        }
    }

    /// IEEE 802.1Q §9.6. An id of 0 is a priority tag: it names no VLAN.
    fn vlan_tag(&mut self) -> Front {
        let Ok(tag) = SingleVlanHeaderSlice::from_slice(self.rest) else { return End(Broken) };
        let vlan = tag.vlan_identifier().value();
        if vlan != 0 {
            self.vlan = vlan;
        }
        self.rest = after(self.rest, SingleVlanHeader::LEN);
        Type(tag.ether_type().0)
    }

    /// A tag of which nothing is kept; another ethertype stands behind it.
    fn tag_of(&mut self, length: usize) -> Front {
        let Some(ethertype) = u16_at(self.rest, length) else { return End(Broken) };
        self.rest = after(self.rest, length + 2);
        Type(ethertype)
    }

    /// IEEE 802.1ah: a provider's frame carries the customer's whole.
    fn service_instance(&mut self) -> Front {
        self.rest = after(self.rest, 4);
        self.vlan = 0;
        Ethernet
    }

    /// IEEE 802.2, and the subnetwork access protocol (RFC 1042): with the organisation 000000, or
    /// that of IEEE 802.1H, its protocol is an ethertype.
    fn llc(&mut self) -> Front {
        match *self.rest {
            [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00 | 0xf8, t0, t1, ref rest @ ..] => {
                self.rest = rest;
                match u16::from_be_bytes([t0, t1]) {
                    0..=1500 => End(Other),
                    ethertype => Type(ethertype),
                }
            }
            [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00, ref rest @ ..] => {
                self.rest = rest;
                End(Cdp)
            }
            [0x06, 0x06, 0x03, ref rest @ ..] => {
                self.rest = rest;
                End(Ip)
            }
            _ => End(Other),
        }
    }

    /// RFC 2516 §4: version and type 1, code 0 for a session's data.
    fn pppoe(&mut self) -> Front {
        match *self.rest {
            [0x11, 0, _, _, _, _, ref rest @ ..] => {
                self.rest = rest;
                Ppp
            }
            [] | [0x11] | [0x11, 0, ..] => End(Broken),
            _ => End(Other),
        }
    }

    /// RFC 1661 §2: an odd byte ends the protocol field, so one byte may be all of it.
    fn ppp(&mut self) -> Front {
        if let [0xff, 0x03, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (protocol, rest) = match *self.rest {
            [only, ref rest @ ..] if only & 1 == 1 => (u16::from(only), rest),
            [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
            _ => return End(Broken),
        };
        self.rest = rest;
        match protocol {
            0x0021 | 0x0057 => End(Ip),
            0x0281 | 0x0283 => Mpls,
            _ => End(Other),
        }
    }

    /// What a label stands for is agreed on out of band, so what follows the bottom of the stack is
    /// told by its looks, as routers do (RFC 4928 §2).
    fn mpls(&mut self) -> Front {
        for _ in 0..LABELS_MAX {
            let Some((label, rest)) = self.rest.split_first_chunk::<4>() else { return End(Broken) };
            self.rest = rest;
            if label[2] & 1 == 1 {
                return self.below_labels();
            }
        }
        End(Broken)
    }

    /// IP; or a pseudo-wire's Ethernet, with the control word of RFC 4385 §3 before it or without.
    fn below_labels(&mut self) -> Front {
        if looks_like_ip(self.rest) {
            return End(Ip);
        }
        let behind_word = match *self.rest {
            [first, _, _, _, ref rest @ ..] if first >> 4 == 0 => rest,
            _ => &[],
        };
        for plausible in [has_known_type, has_fitting_length] {
            for inner in [behind_word, self.rest] {
                if plausible(inner) {
                    self.rest = inner;
                    self.vlan = 0;
                    self.pseudo_wire = true;
                    return Ethernet;
                }
            }
        }
        match self.rest.first().map(|first| first >> 4) {
            Some(4 | 6) => End(Ip),
            Some(_) => End(Other),
            None => End(Broken),
        }
    }
}

fn looks_like_ip(bytes: &[u8]) -> bool {
    match *bytes {
        [0x45..=0x4f, _, l0, l1, ..] => matches!(u16::from_be_bytes([l0, l1]), 0 | 20..),
        [first, ..] => first >> 4 == 6 && bytes.len() >= 40 && !has_known_type(bytes),
        [] => false,
    }
}

fn has_known_type(ethernet: &[u8]) -> bool {
    let known =
        [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8863, PPPOE_SESSION, 0x88cc];
    u16_at(ethernet, 12).is_some_and(|ethertype| known.contains(&ethertype))
}

/// An IEEE 802.3 length that the frame has room for.
fn has_fitting_length(ethernet: &[u8]) -> bool {
    u16_at(ethernet, 12)
        .is_some_and(|length| (3..=1500).contains(&length) && usize::from(length) + 14 <= ethernet.len())
}

/// LINKTYPE_NULL and LINKTYPE_LOOP: the address family of the machine that captured, in its byte
/// order or the network's. IPv6 is 10 on Linux, 23 on Windows, 24 on NetBSD and OpenBSD, 28 on
/// FreeBSD, 30 on macOS. Some captures of serial links carry this number too.
fn loopback(bytes: &[u8]) -> Linked<'_> {
    if let [0x0f | 0x8f, 0, 0x08 | 0x86, ..] = bytes {
        return cisco_hdlc(bytes);
    }
    let rest = after(bytes, 4);
    match u32_at(bytes, 0).map(|family| family.min(family.swap_bytes())) {
        Some(2 | 10 | 23 | 24 | 28 | 30) => walk(End(Ip), rest),
        Some(_) => walk(End(Other), rest),
        None => walk(End(Broken), rest),
    }
}

/// LINKTYPE_C_HDLC: address, control, ethertype.
fn cisco_hdlc(bytes: &[u8]) -> Linked<'_> {
    match u16_at(bytes, 2) {
        Some(0..=1500) => walk(End(Other), after(bytes, 4)),
        Some(ethertype) => walk(Type(ethertype), after(bytes, 4)),
        None => walk(End(Broken), &[]),
    }
}

/// LINKTYPE_LINUX_SLL: packet type, device type, address length, address, protocol. etherparse reads this
/// header for few kinds of devices only; loopback and tunnels are not among them.
fn cooked(bytes: &[u8]) -> Linked<'_> {
    let (Some(length), Some(address), Some(protocol)) =
        (u16_at(bytes, 4), array_at::<6>(bytes, 6), u16_at(bytes, 14))
    else {
        return walk(End(Broken), &[]);
    };
    cooked_as(protocol, usize::from(length), address, after(bytes, 16))
}

/// LINKTYPE_LINUX_SLL2: protocol, reserved, interface, device type, packet type, address length,
/// address.
fn cooked2(bytes: &[u8]) -> Linked<'_> {
    let (Some(protocol), Some([length]), Some(address), true) =
        (u16_at(bytes, 0), array_at::<1>(bytes, 11), array_at::<6>(bytes, 12), bytes.len() >= 20)
    else {
        return walk(End(Broken), &[]);
    };
    cooked_as(protocol, usize::from(length), address, after(bytes, 20))
}

/// The small protocol numbers are Linux's own (`if_ether.h`): 4 is LLC, the others are not IP.
fn cooked_as(protocol: u16, length: usize, address: [u8; 6], rest: &[u8]) -> Linked<'_> {
    let front = match protocol {
        4 => Llc,
        0..=1500 => End(Other),
        ethertype => Type(ethertype),
    };
    let mut linked = walk(front, rest);
    if length == 6 && linked.source.is_zero() {
        linked.source = Mac(address);
    }
    linked
}
