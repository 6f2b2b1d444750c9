//! What tests need of a capture: reading it, changing it, writing it, and who sent what to whom.
//! Independent of the crate's own reader and decoder, so that a fault in those cannot hide itself.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use tapmap::model::{Address, Endpoint, FlowKey, Realm, RealmKind, Side, Transport};

const ETHERNET: u32 = 1;
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const VXLAN_PORT: u16 = 4789;

pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// The folder of the lab's captures.
pub fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

/// The names of the lab's captures, sorted.
pub fn names() -> Vec<String> {
    let folders = fs::read_dir(captures()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = folders
        .filter(|path| path.join("capture.pcap").exists())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// What was declared about one of the lab's captures.
pub fn topology(name: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(captures().join(name).join("topology.json")).unwrap()).unwrap()
}

/// One captured frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Microseconds since 1970.
    pub time: i64,
    pub bytes: Vec<u8>,
    pub wire_len: u32,
}

/// One of the lab's captures. They are all little-endian microsecond Ethernet.
pub fn read(name: &str) -> Vec<Record> {
    let bytes = fs::read(captures().join(name).join("capture.pcap")).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(20)), (MICROSECONDS, ETHERNET), "{name}");
    let mut records = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let [seconds, micros, captured, wire_len] = [0, 4, 8, 12].map(|offset| word(at + offset));
        let end = at + 16 + captured as usize;
        let time = i64::from(seconds) * 1_000_000 + i64::from(micros);
        records.push(Record { time, bytes: bytes[at + 16..end].to_vec(), wire_len });
        at = end;
    }
    records
}

/// The bytes of a capture file with these frames.
pub fn pcap(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [MICROSECONDS, 0x0004_0002, 0, 0, 262_144, ETHERNET] {
        out.extend(word.to_le_bytes());
    }
    for record in records {
        let seconds = u32::try_from(record.time.div_euclid(1_000_000)).unwrap();
        let micros = u32::try_from(record.time.rem_euclid(1_000_000)).unwrap();
        let captured = u32::try_from(record.bytes.len()).unwrap();
        for word in [seconds, micros, captured, record.wire_len] {
            out.extend(word.to_le_bytes());
        }
        out.extend(&record.bytes);
    }
    out
}

/// The innermost TCP or UDP packet of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Packet {
    pub key: FlowKey,
    /// Who sent it.
    pub side: Side,
    /// 0 for UDP, as the next.
    pub flags: u8,
    pub sequence: u32,
    /// 0 for IPv6.
    pub ip_id: u16,
    /// Where in the frame its TCP or UDP header begins.
    pub header: usize,
    /// Where in the frame its payload begins and ends.
    pub payload: (usize, usize),
}

impl Packet {
    pub fn payload_len(&self) -> usize {
        self.payload.1 - self.payload.0
    }

    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
}

/// Reads a frame; none for whatever is no whole TCP segment or UDP datagram.
pub fn dissect(bytes: &[u8]) -> Option<Packet> {
    ethernet(bytes, 0, Realm::DEFAULT)
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(number(bytes, at)?) << 16 | u32::from(number(bytes, at + 2)?))
}

fn ethernet(bytes: &[u8], start: usize, realm: Realm) -> Option<Packet> {
    let mut at = start + 12;
    while matches!(number(bytes, at)?, 0x8100 | 0x88a8) {
        at += 4;
    }
    let ip = at + 2;
    match number(bytes, at)? {
        0x0800 => {
            let header = usize::from(bytes.get(ip)? & 15) * 4;
            let end = ip + usize::from(number(bytes, ip + 2)?);
            let [source, destination] =
                [12, 16].map(|offset| Some(Address::from(Ipv4Addr::from(long(bytes, ip + offset)?))));
            let protocol = *bytes.get(ip + 9)?;
            let id = number(bytes, ip + 4)?;
            transport(bytes, ip + header, end, protocol, (source?, destination?, id), realm)
        }
        0x86dd => {
            let end = ip + 40 + usize::from(number(bytes, ip + 4)?);
            let [source, destination] = [8, 24].map(|offset| {
                let octets: [u8; 16] = bytes.get(ip + offset..ip + offset + 16)?.try_into().ok()?;
                Some(Address::from(Ipv6Addr::from(octets)))
            });
            transport(bytes, ip + 40, end, *bytes.get(ip + 6)?, (source?, destination?, 0), realm)
        }
        _ => None,
    }
}

fn transport(
    bytes: &[u8],
    at: usize,
    end: usize,
    protocol: u8,
    (source, destination, ip_id): (Address, Address, u16),
    realm: Realm,
) -> Option<Packet> {
    let (transport, header) = match protocol {
        6 => (Transport::Tcp, usize::from(bytes.get(at + 12)? >> 4) * 4),
        17 => (Transport::Udp, 8),
        _ => return None,
    };
    let (from, to) = (number(bytes, at)?, number(bytes, at + 2)?);
    if transport == Transport::Udp && to == VXLAN_PORT {
        let network = long(bytes, at + 12)? >> 8;
        return ethernet(bytes, at + 16, Realm::overlay(RealmKind::Vxlan, network));
    }
    let (source, destination) =
        (Endpoint { address: source, port: from }, Endpoint { address: destination, port: to });
    let (key, side) = FlowKey::of(realm, transport, source, destination);
    let tcp = transport == Transport::Tcp;
    let payload = (at + header, end.min(bytes.len()).max(at + header));
    (at + header <= bytes.len()).then_some(Packet {
        key,
        side,
        flags: if tcp { *bytes.get(at + 13)? } else { 0 },
        sequence: if tcp { long(bytes, at + 4)? } else { 0 },
        ip_id,
        header: at,
        payload,
    })
}
