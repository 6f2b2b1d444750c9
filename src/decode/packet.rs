//! What a frame turns into: one packet, its tunnels undone.

use crate::model::{Address, Endpoint, Mac, Realm, Timestamp};

/// TCP flags (RFC 9293 §3.1), the low eight bits of the flags field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Synchronise sequence numbers.
    pub const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Reset the connection.
    pub const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgement number is meaningful.
    pub const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// What a packet carries above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer4 {
    /// A TCP segment.
    Tcp {
        /// Ports: source, destination.
        ports: (u16, u16),
        /// Sequence number of the first byte of the payload (or of SYN).
        sequence: u32,
        /// Acknowledgement number.
        acknowledgement: u32,
        /// Flags.
        flags: TcpFlags,
        /// The window field, unscaled.
        window: u16,
    },
    /// A UDP datagram.
    Udp {
        /// Ports: source, destination.
        ports: (u16, u16),
    },
    /// An SCTP packet; its chunks are not read.
    Sctp {
        /// Ports: source, destination.
        ports: (u16, u16),
        /// The type of its first chunk (1 INIT, 2 INIT ACK, 0 DATA), 255 if cut.
        chunk: u8,
    },
    /// An ICMP or ICMPv6 message.
    Icmp {
        /// ICMPv6 (RFC 4443) rather than ICMP (RFC 792).
        v6: bool,
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
        /// For errors: the start of the packet that is complained of.
        about: Option<Quoted>,
    },
    /// Another protocol above IP, by its number; also a fragment whose first part never came.
    Other(u8),
}

/// The packet that an ICMP error quotes (RFC 792, RFC 4443 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Who had sent it.
    pub source: Endpoint,
    /// Whom it was for.
    pub destination: Endpoint,
    /// Its IP protocol number.
    pub protocol: u8,
}

/// The header facts of the innermost packet of a frame. Its payload travels beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Packet {
    /// When it was captured.
    pub time: Timestamp,
    /// Which source it is from.
    pub source_index: u32,
    /// Its frame number in that source.
    pub frame: u64,
    /// The network that its addresses belong to.
    pub realm: Realm,
    /// IP source.
    pub source: Address,
    /// IP destination.
    pub destination: Address,
    /// What it carries.
    pub layer4: Layer4,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// IPv4 identification, 0 for IPv6.
    pub ip_id: u16,
    /// Length of the IP packet as sent, header included, also where the capture cut it; for a
    /// reassembled datagram the sum over its fragments.
    pub ip_len: u32,
    /// How many IP packets this is: 1, or the number of fragments.
    pub packets: u16,
    /// Length of the payload as sent: more than the payload given where the capture cut it.
    pub payload_len: u32,
    /// Link-layer source, of the innermost Ethernet header; zero if there is none.
    pub source_mac: Mac,
    /// Link-layer destination, likewise.
    pub destination_mac: Mac,
    /// The innermost VLAN id outside any tunnel; 0 for none (a priority tag is none).
    pub vlan: u16,
    /// A sum over what a copy of this very packet shares with it: everything from IP upward but
    /// TTL, checksums of headers that a router rewrites, and the link layer. Equal sums mean the
    /// same packet seen again.
    pub fingerprint: u64,
    /// The transport checksum is wrong (offload makes this common; nothing is decided by it).
    pub bad_checksum: bool,
    /// How many tunnels it came out of.
    pub depth: u8,
}

/// How packets are counted: every frame is in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A readable IP header.
    Analyzed,
    /// A link-layer packet that is not IP: ARP, LLDP, STP.
    NonIp,
    /// Too broken to have a readable IP header though it claims one.
    Malformed,
    /// A link type that is not read.
    Unsupported,
    /// A fragment that was seen already, as a mirror delivers it. Copies of whole packets are told by
    /// their [`Packet::fingerprint`], by whoever remembers packets.
    Duplicate,
}

/// A tunnel that a packet came out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    /// `vxlan geneve gre erspan gtp ipip 6in4 4in6 6in6 etherip teredo pptp mpls-in-ip`, or `mpls-pw`,
    /// whose ends are unspecified addresses because labels name nobody.
    pub kind: &'static str,
    /// The network that its ends belong to: another tunnel's, where it came out of one.
    pub realm: Realm,
    /// Who wrapped it.
    pub source: Address,
    /// Who is to unwrap it.
    pub destination: Address,
}

/// What the link layer says about machines, beside packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFact {
    /// ARP or a neighbour advertisement: this machine holds this address.
    Binding {
        /// The machine.
        mac: Mac,
        /// Its address.
        address: Address,
        /// Its VLAN, 0 for none.
        vlan: u16,
    },
    /// LLDP or CDP: a machine says its name.
    Neighbour {
        /// The machine.
        mac: Mac,
        /// Its management address, if it gave one.
        address: Option<Address>,
        /// Its name.
        name: String,
        /// True for CDP, false for LLDP.
        cdp: bool,
    },
}
