//! Ethernet frames with correct lengths and checksums.

use std::net::IpAddr;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The side that asks.
    Client,
    /// The side that answers.
    Server,
}

impl Party {
    /// The one it talks to.
    pub fn other(self) -> Party {
        match self {
            Party::Client => Party::Server,
            Party::Server => Party::Client,
        }
    }
}

/// One end of a flow as the tap sees it.
#[derive(Clone, Debug)]
pub struct End {
    /// IP address; both ends of a route are of one family.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// Link-layer address: the host's own, or its router's.
    pub mac: [u8; 6],
    /// Time to live when it passes the tap.
    pub ttl: u8,
}

/// Where a flow runs.
#[derive(Clone, Debug)]
pub struct Route {
    /// The side that asks.
    pub client: End,
    /// The side that answers.
    pub server: End,
    /// The 802.1Q tag, 0 for none.
    pub vlan: u16,
}

impl Route {
    /// The sender's end and the receiver's.
    fn ends(&self, from: Party) -> (&End, &End) {
        match from {
            Party::Client => (&self.client, &self.server),
            Party::Server => (&self.server, &self.client),
        }
    }

    /// True if the flow runs over IPv6.
    pub fn is_v6(&self) -> bool {
        self.client.address.is_ipv6()
    }
}

/// What is particular to one TCP segment.
#[derive(Debug)]
pub struct Segment<'a> {
    /// The low eight flags (RFC 9293 §3.1).
    pub flags: u8,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number.
    pub acknowledgement: u32,
    /// The window field, before scaling.
    pub window: u16,
    /// Options, padded to a multiple of four.
    pub options: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

/// A frame with one TCP segment; `id` is the IPv4 identification.
pub fn tcp(route: &Route, from: Party, id: u16, segment: &Segment<'_>) -> Vec<u8> {
    let (source, destination) = route.ends(from);
    let header_len = 20 + segment.options.len();
    let mut frame = network_header(route, from, 6, id, header_len + segment.payload.len());
    let start = frame.len();
    frame.extend(source.port.to_be_bytes());
    frame.extend(destination.port.to_be_bytes());
    frame.extend(segment.sequence.to_be_bytes());
    frame.extend(segment.acknowledgement.to_be_bytes());
    frame.extend([(header_len as u8 / 4) << 4, segment.flags]);
    frame.extend(segment.window.to_be_bytes());
    frame.extend([0, 0, 0, 0]);
    frame.extend_from_slice(segment.options);
    frame.extend_from_slice(segment.payload);
    let sum = transport_checksum(source, destination, 6, &frame[start..]);
    frame[start + 16..start + 18].copy_from_slice(&sum.to_be_bytes());
    padded(frame)
}

/// A frame with one UDP datagram; `id` is the IPv4 identification.
pub fn udp(route: &Route, from: Party, id: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = route.ends(from);
    let len = 8 + payload.len();
    let mut frame = network_header(route, from, 17, id, len);
    let start = frame.len();
    frame.extend(source.port.to_be_bytes());
    frame.extend(destination.port.to_be_bytes());
    frame.extend((len as u16).to_be_bytes());
    frame.extend([0, 0]);
    frame.extend_from_slice(payload);
    // A sum of zero is sent as all ones: zero means "not computed" (RFC 768).
    let sum = match transport_checksum(source, destination, 17, &frame[start..]) {
        0 => 0xffff,
        sum => sum,
    };
    frame[start + 6..start + 8].copy_from_slice(&sum.to_be_bytes());
    padded(frame)
}

/// Ethernet, the VLAN tag if any, and the IP header.
fn network_header(route: &Route, from: Party, protocol: u8, id: u16, payload_len: usize) -> Vec<u8> {
    let (source, destination) = route.ends(from);
    let mut frame = Vec::with_capacity(payload_len + 60);
    frame.extend(destination.mac);
    frame.extend(source.mac);
    if route.vlan != 0 {
        frame.extend([0x81, 0x00]);
        frame.extend(route.vlan.to_be_bytes());
    }
    match (source.address, destination.address) {
        (IpAddr::V6(source_v6), IpAddr::V6(destination_v6)) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((payload_len as u16).to_be_bytes());
            frame.extend([protocol, source.ttl]);
            frame.extend(source_v6.octets());
            frame.extend(destination_v6.octets());
        }
        (IpAddr::V4(source_v4), IpAddr::V4(destination_v4)) => {
            frame.extend([0x08, 0x00]);
            let start = frame.len();
            frame.extend([0x45, 0]);
            frame.extend((20 + payload_len as u16).to_be_bytes());
            frame.extend(id.to_be_bytes());
            // Do not fragment, as every modern stack asks.
            frame.extend([0x40, 0, source.ttl, protocol, 0, 0]);
            frame.extend(source_v4.octets());
            frame.extend(destination_v4.octets());
            let sum = fold(sum_words(0, &frame[start..]));
            frame[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
        }
        _ => unreachable!("both ends of a route are of one family"),
    }
    frame
}

/// The shortest Ethernet frame is 60 bytes without its check sequence (IEEE 802.3 §3.2.8).
fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(60), 0);
    frame
}

/// The Internet checksum (RFC 1071) over the pseudo header and the transport's bytes.
fn transport_checksum(source: &End, destination: &End, protocol: u8, bytes: &[u8]) -> u16 {
    let mut sum = u64::from(protocol) + bytes.len() as u64;
    for address in [source.address, destination.address] {
        sum = match address {
            IpAddr::V4(v4) => sum_words(sum, &v4.octets()),
            IpAddr::V6(v6) => sum_words(sum, &v6.octets()),
        };
    }
    fold(sum_words(sum, bytes))
}

fn sum_words(start: u64, bytes: &[u8]) -> u64 {
    let (words, last) = bytes.as_chunks::<2>();
    let sum: u64 = words.iter().map(|&word| u64::from(u16::from_be_bytes(word))).sum();
    start + sum + last.first().map_or(0, |&byte| u64::from(byte) << 8)
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
