//! Who a packet is from and to: addresses, realms, endpoints, services.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IP address in sixteen bytes. IPv4 is kept in its mapped form (RFC 4291 §2.5.5.2), so that one
/// type of key serves both; `Display` gives the canonical text (RFC 5952, IPv4 dotted). Bytes rather
/// than a number, because a number's alignment would make every key a third larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address([u8; 16]);

impl Address {
    /// The same address as the standard library's type.
    pub fn ip(self) -> IpAddr {
        Ipv6Addr::from(self.0).to_canonical()
    }

    /// True for multicast and broadcast addresses, which are no hosts. A subnet's own broadcast
    /// address cannot be known from the wire; `x.x.x.255` is taken for one only by those who ask.
    pub fn is_group(self) -> bool {
        match self.ip() {
            IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
            IpAddr::V6(v6) => v6.is_multicast(),
        }
    }

    /// True for `0.0.0.0` and `::`, the addresses of hosts that have none yet.
    pub fn is_unspecified(self) -> bool {
        self.ip().is_unspecified()
    }

    /// True for IPv4.
    pub const fn is_v4(self) -> bool {
        self.bits() >> 32 == 0xffff
    }

    /// The sixteen bytes as a number, for hashing.
    pub const fn bits(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl From<Ipv4Addr> for Address {
    fn from(v4: Ipv4Addr) -> Self {
        Address::from(v4.octets())
    }
}

impl From<[u8; 4]> for Address {
    fn from(bytes: [u8; 4]) -> Self {
        let [a, b, c, d] = bytes;
        Address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d])
    }
}

impl From<[u8; 16]> for Address {
    fn from(bytes: [u8; 16]) -> Self {
        Address(bytes)
    }
}

impl From<Ipv6Addr> for Address {
    fn from(v6: Ipv6Addr) -> Self {
        Address(v6.octets())
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => v6.into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hardware address (EUI-48).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// True for multicast and broadcast frames' destinations, which name no machine.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// True where there is no link-layer address: tunnels, raw IP.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What separates equal addresses from each other: the overlay network they were seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RealmKind {
    /// A VXLAN network identifier (RFC 7348 §5).
    Vxlan,
    /// A GENEVE network identifier (RFC 8926 §3.4).
    Geneve,
    /// A GRE key (RFC 2890 §2.1).
    Gre,
    /// A GTP-U tunnel carries subscribers' addresses (3GPP TS 29.281); its endpoint ids are per
    /// direction and so name no realm by themselves. Kept apart from the carrier's own network.
    Gtp,
}

/// The realm of an address: none for the network that the tap stands in, else an overlay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm(Option<(RealmKind, u32)>);

impl Realm {
    /// The network that the tap stands in.
    pub const DEFAULT: Realm = Realm(None);

    /// An overlay network.
    pub const fn overlay(kind: RealmKind, id: u32) -> Self {
        Realm(Some((kind, id)))
    }

    /// True for the network that the tap stands in.
    pub const fn is_default(self) -> bool {
        self.0.is_none()
    }

    /// The name used in ids (`vxlan:100`), or none for the default realm.
    pub fn name(self) -> Option<String> {
        let (kind, id) = self.0?;
        Some(match kind {
            RealmKind::Vxlan => format!("vxlan:{id}"),
            RealmKind::Geneve => format!("geneve:{id}"),
            RealmKind::Gre => format!("gre:{id}"),
            RealmKind::Gtp => "gtp".to_owned(),
        })
    }
}

/// The transports that have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// RFC 9260.
    Sctp,
}

impl Transport {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Sctp => "sctp",
        }
    }
}

/// An address and a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// The port.
    pub port: u16,
}

/// `10.0.0.1:80`, `[fe80::1]:80`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.ip() {
            IpAddr::V4(v4) => write!(f, "{v4}:{}", self.port),
            IpAddr::V6(v6) => write!(f, "[{v6}]:{}", self.port),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A host: an address in its realm. `Display` is the id of the contract: `[realm/]address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey {
    /// The realm of the address.
    pub realm: Realm,
    /// The address.
    pub address: Address,
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.realm.name() {
            Some(realm) => write!(f, "{realm}/{}", self.address),
            None => self.address.fmt(f),
        }
    }
}

/// A service: who answers on which port. `Display` is the id of the contract: `host:port/transport`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceKey {
    /// The host that answers.
    pub host: HostKey,
    /// The port it answers on.
    pub port: u16,
    /// The transport.
    pub transport: Transport,
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(realm) = self.host.realm.name() {
            write!(f, "{realm}/")?;
        }
        let endpoint = Endpoint { address: self.host.address, port: self.port };
        write!(f, "{endpoint}/{}", self.transport.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_contract() {
        let host = HostKey { realm: Realm::DEFAULT, address: Address::from([10, 0, 0, 1]) };
        assert_eq!(host.to_string(), "10.0.0.1");
        let v6: Address = "fe80::1".parse::<IpAddr>().unwrap().into();
        let host = HostKey { realm: Realm::overlay(RealmKind::Vxlan, 7), address: v6 };
        let service = ServiceKey { host, port: 80, transport: Transport::Tcp };
        assert_eq!(service.to_string(), "vxlan:7/[fe80::1]:80/tcp");
    }

    #[test]
    fn mapped_addresses_are_the_ipv4_address() {
        let mapped: Address = "::ffff:10.0.0.1".parse::<IpAddr>().unwrap().into();
        assert_eq!(mapped, Address::from([10, 0, 0, 1]));
        assert!(mapped.is_v4());
        assert!(!Address::from([0u8; 16]).is_v4());
    }
}
