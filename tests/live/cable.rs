//! A cable with two ends: `tapN` is watched, `farN` is where the traffic comes from.

use std::process::Command;

use etherparse::{
    EtherType, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, PacketBuilder, SingleVlanHeader, VlanHeader,
};
use tapmap::capture::live::transmitted;

/// A veth pair. Nothing but the test speaks on it: IPv6 and ARP are off at both ends.
pub struct Cable {
    pub tap: String,
    far: String,
    sender: pcap::Capture<pcap::Active>,
    /// What had come out at the far end when the cable was plugged in.
    received: u64,
}

impl Cable {
    pub fn new(number: u8) -> Cable {
        let (tap, far) = (format!("tap{number}"), format!("far{number}"));
        sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1");
        sh(&format!(
            "ip link add {tap} type veth peer name {far}
             ip link set dev {tap} arp off up
             ip link set dev {far} arp off up"
        ));
        let mut cable = Cable { sender: sender(&far), tap, far, received: 0 };
        cable.received = cable.received_at_far_end();
        cable
    }

    pub fn set(&self, state: &str) {
        sh(&format!("ip link set dev {} {state}", self.tap));
    }

    pub fn unplug(&self) {
        sh(&format!("ip link del {}", self.tap));
    }

    pub fn send(&mut self, frame: &[u8]) {
        self.sender.sendpacket(frame).unwrap();
    }

    /// Frames that came out at the far end since it was plugged in: what the watched end has sent.
    pub fn heard(&self) -> u64 {
        self.received_at_far_end() - self.received
    }

    fn received_at_far_end(&self) -> u64 {
        // What one end has sent the other has received, and the kernel counts it for both.
        transmitted(&self.tap).unwrap().max(column(&self.far, 1))
    }
}

fn sender(interface: &str) -> pcap::Capture<pcap::Active> {
    pcap::Capture::from_device(interface).unwrap().open().unwrap()
}

/// A column of the kernel's own table of what came in: bytes, packets, and so on.
fn column(interface: &str, place: usize) -> u64 {
    let table = std::fs::read_to_string("/proc/self/net/dev").unwrap();
    let line =
        table.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{interface}:"))).unwrap();
    line.split_ascii_whitespace().nth(place).unwrap().parse().unwrap()
}

pub fn sh(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

/// An Ethernet frame with a UDP datagram whose payload is a number.
pub fn datagram(source_port: u16, number: u32) -> Vec<u8> {
    let packet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(source_port, 53);
    let mut frame = Vec::new();
    packet.write(&mut frame, &number.to_be_bytes()).unwrap();
    frame
}

/// The number in a frame made by [`datagram`].
pub fn number_in(frame: &[u8]) -> u32 {
    u32::from_be_bytes(*frame.last_chunk().unwrap())
}

/// An Ethernet frame with a TCP segment that acknowledges: from a client to its server, or back.
pub fn segment(client_port: u16, from_client: bool, ttl: u8, identification: u16) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 1, 2]);
    let (source, destination) = if from_client { (client, server) } else { (server, client) };
    let (ports, macs) = match from_client {
        true => ((client_port, 443), ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])),
        false => ((443, client_port), ([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1])),
    };
    let mut header = Ipv4Header::new(0, ttl, IpNumber::TCP, source, destination).unwrap();
    header.identification = identification;
    let tag = SingleVlanHeader {
        vlan_id: 20.try_into().unwrap(),
        ether_type: EtherType::IPV4,
        ..SingleVlanHeader::default()
    };
    let packet = PacketBuilder::ethernet2(macs.0, macs.1)
        .vlan(VlanHeader::Single(tag))
        .ip(IpHeaders::Ipv4(header, Ipv4Extensions::default()))
        .tcp(ports.0, ports.1, 1, 1_000)
        .ack(1);
    let mut frame = Vec::new();
    packet.write(&mut frame, b"x").unwrap();
    frame
}

/// A datagram to everybody.
pub fn broadcast() -> Vec<u8> {
    let packet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [0xff; 6])
        .ipv4([10, 0, 0, 1], [255, 255, 255, 255], 64)
        .udp(137, 137);
    let mut frame = Vec::new();
    packet.write(&mut frame, b"who").unwrap();
    frame
}
