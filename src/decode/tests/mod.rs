//! Frames built by hand, layer by layer, and what is to come of them.

mod fragments;
mod hostile;
mod layers;
mod links;
mod packets;
mod tunnels;

use etherparse::checksum::u64_16bit_word;

use crate::model::Timestamp;

use super::{Class, Decoder, Layer4, Limits, LinkFact, Packet};

const ETHERNET: u16 = 1;

/// What came of some frames.
#[derive(Debug, Default)]
struct Outcome {
    classes: Vec<Class>,
    packets: Vec<(Packet, Vec<u8>)>,
    tunnels: Vec<String>,
    anomalies: Vec<&'static str>,
    facts: Vec<LinkFact>,
}

impl Outcome {
    fn lines(&self) -> Vec<String> {
        self.packets.iter().map(|(packet, payload)| line(packet, payload)).collect()
    }
}

/// A packet in a line: who, whom, what, how much was captured and sent, and where it came out of.
fn line(packet: &Packet, payload: &[u8]) -> String {
    let (source, destination) = (packet.source, packet.destination);
    let mut text = match packet.layer4 {
        Layer4::Tcp { ports: (from, to), .. } => format!("tcp {source} {from} > {destination} {to}"),
        Layer4::Udp { ports: (from, to) } => format!("udp {source} {from} > {destination} {to}"),
        Layer4::Sctp { ports: (from, to), chunk } => {
            format!("sctp {source} {from} > {destination} {to} chunk {chunk}")
        }
        Layer4::Icmp { kind, code, about, .. } => {
            let about = about.map(|quoted| format!(" about {} > {}", quoted.source, quoted.destination));
            format!("icmp {source} > {destination} {kind}/{code}{}", about.unwrap_or_default())
        }
        Layer4::Other(protocol) => format!("ip {source} > {destination} {protocol}"),
    };
    text += &format!(" {}/{}", payload.len(), packet.payload_len);
    if packet.vlan != 0 {
        text += &format!(" vlan {}", packet.vlan);
    }
    if let Some(realm) = packet.realm.name() {
        text += &format!(" in {realm}");
    }
    if packet.depth != 0 {
        text += &format!(" depth {}", packet.depth);
    }
    text
}

/// Decodes frames, each sent at its time in milliseconds and captured whole.
fn decode_timed(link: u16, frames: &[(i64, Vec<u8>)], limits: Limits) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut outcome = Outcome::default();
    for (number, (milliseconds, bytes)) in (1..).zip(frames) {
        let time = Timestamp::from_nanos(milliseconds * 1_000_000);
        let wire_len = u32::try_from(bytes.len()).unwrap();
        let class = decoder.decode(link, time, 0, number, bytes, wire_len, &mut |packet, payload| {
            outcome.packets.push((*packet, payload.to_vec()));
        });
        outcome.classes.push(class);
    }
    decoder.finish(&mut |packet, payload| outcome.packets.push((*packet, payload.to_vec())));
    outcome.facts = decoder.link_facts().map(|(_, fact)| fact).collect();
    outcome.tunnels = decoder
        .tunnels()
        .map(|(tunnel, packets, _, _)| {
            format!("{} {} > {} x{packets}", tunnel.kind, tunnel.source, tunnel.destination)
        })
        .collect();
    outcome.anomalies = decoder.anomalies().map(|(name, _)| name).collect();
    outcome
}

fn decode(link: u16, frame: &[u8]) -> Outcome {
    decode_timed(link, &[(0, frame.to_vec())], Limits::default())
}

/// One frame gives one packet, and nothing odd about it.
#[track_caller]
fn check(link: u16, frame: &[u8], expected: &str) {
    let outcome = decode(link, frame);
    assert_eq!((outcome.lines(), outcome.classes), (vec![expected.to_owned()], vec![Class::Analyzed]));
    assert_eq!(outcome.anomalies, Vec::<&str>::new());
}

/// One frame gives no packet but this class.
#[track_caller]
fn check_class(link: u16, frame: &[u8], expected: Class) {
    let outcome = decode(link, frame);
    assert_eq!((outcome.lines(), outcome.classes), (vec![], vec![expected]));
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn length(of: &[u8], more: usize) -> [u8; 2] {
    u16::try_from(of.len() + more).unwrap().to_be_bytes()
}

/// To 02:00:00:00:00:02 from 02:00:00:00:00:01.
fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&hex("020000000002 020000000001"), &ethertype.to_be_bytes(), payload])
}

/// The rest of an IPv4 packet from 10.0.0.1 to 10.0.0.2, with any fragment field and any id.
fn ipv4_piece(id: u16, fragment: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_of([10, 0, 0, 1], [10, 0, 0, 2], id, fragment, protocol, payload)
}

fn ipv4_of(from: [u8; 4], to: [u8; 4], id: u16, fragment: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let header = |checksum: [u8; 2]| {
        join(&[
            &[0x45, 0],
            &length(payload, 20),
            &id.to_be_bytes(),
            &fragment.to_be_bytes(),
            &[64, protocol],
            &checksum,
            &from,
            &to,
        ])
    };
    let sum = u64_16bit_word::ones_complement(u64_16bit_word::add_slice(0, &header([0, 0])));
    join(&[&header(sum.to_ne_bytes()), payload])
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_piece(7, 0, protocol, payload)
}

/// A tunnel's outer packet, from 192.0.2.1 to 192.0.2.2.
fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4_of([192, 0, 2, 1], [192, 0, 2, 2], 9, 0, protocol, payload))
}

fn outer_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    outer(17, &udp(50_000, port, payload))
}

/// From 2001:db8::1 to 2001:db8::2.
fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    join(&[
        &hex("60012345"),
        &length(payload, 0),
        &[next, 255],
        &hex("20010db8000000000000000000000001 20010db8000000000000000000000002"),
        payload,
    ])
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&from.to_be_bytes(), &to.to_be_bytes(), &length(payload, 8), &[0, 0], payload])
}

/// From port 1111 to 80, sequence 1, acknowledgement 2, PSH ACK, window 512.
fn tcp(payload: &[u8]) -> Vec<u8> {
    join(&[&hex("0457 0050 00000001 00000002 50 18 0200 0000 0000"), payload])
}

/// The packet that all the layers are wrapped around.
fn hello() -> Vec<u8> {
    ipv4(6, &tcp(b"hello"))
}

const HELLO: &str = "tcp 10.0.0.1 1111 > 10.0.0.2 80 5/5";
const HELLO6: &str = "tcp 2001:db8::1 1111 > 2001:db8::2 80 5/5";

fn hello6() -> Vec<u8> {
    ipv6(6, &tcp(b"hello"))
}
