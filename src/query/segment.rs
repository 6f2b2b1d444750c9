//! Which hosts share a segment: they reach each other without passing a gateway, so that no rule at a
//! gateway stands between them, and a port that is open to one of them is open to all.

use ipnet::IpNet;

use super::atlas::Atlas;
use super::knowledge::{Knowledge, Segment};
use super::rows::Rows;
use crate::model::{Address, HostKey, Realm};

/// The segment of every host of a map: as the operator declared it, else the host's /24 (IPv6: /64) in
/// its realm. Segments are named by their places, in the order of realm and network.
pub struct Segments {
    rows: Vec<Segment>,
    of: Vec<u32>,
    hosts: Rows<u32>,
}

/// What makes a segment: the place of a declared one, or a network of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Declared(usize),
    Own(IpNet),
}

impl Segments {
    /// Finds the segment of every host, in time proportional to the map.
    pub fn new(atlas: &Atlas) -> Segments {
        let knowledge = &atlas.observed.knowledge;
        let keys = atlas.observed.snapshot.hosts.iter().map(|host| host.key);
        let extents: Vec<(Realm, Extent)> =
            keys.map(|key| (key.realm, extent(knowledge, key.address))).collect();
        let mut distinct = extents.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |extent| distinct.binary_search(extent).ok().and_then(|place| u32::try_from(place).ok());
        let of: Vec<u32> = extents.iter().map(|extent| place(extent).unwrap_or(u32::MAX)).collect();
        let mut rows: Vec<Segment> =
            distinct.iter().map(|(realm, extent)| row(knowledge, *realm, *extent)).collect();
        infer_gateways(atlas, &of, &mut rows);
        Segments { hosts: Rows::by_owner(rows.len(), &of), rows, of }
    }

    /// The segment of a host.
    pub fn of(&self, host: u32) -> Option<u32> {
        self.of.get(host as usize).copied()
    }

    /// Two hosts are in the same segment.
    pub fn same(&self, one: u32, other: u32) -> bool {
        self.of(one).is_some_and(|segment| self.of(other) == Some(segment))
    }

    /// The segment at a place.
    pub fn get(&self, segment: u32) -> Option<&Segment> {
        self.rows.get(segment as usize)
    }

    /// The hosts of a segment, ascending.
    pub fn hosts(&self, segment: u32) -> &[u32] {
        self.hosts.of(segment)
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.rows.len()
    }
}

fn extent(knowledge: &Knowledge, address: Address) -> Extent {
    let declared = knowledge.segment_of(address);
    let place = declared.and_then(|found| knowledge.segments.iter().position(|row| std::ptr::eq(row, found)));
    place.map_or_else(|| Extent::Own(own_network(address)), Extent::Declared)
}

/// The /24 or /64 of an address.
fn own_network(address: Address) -> IpNet {
    let prefix = if address.is_v4() { 24 } else { 64 };
    let whole = IpNet::from(address.ip());
    // Both prefixes are shorter than their addresses, so this never falls back to the host alone.
    IpNet::new(address.ip(), prefix).map_or(whole, |network| network.trunc())
}

/// A segment as it is told. Outside the network that the tap stands in, its realm comes first.
fn row(knowledge: &Knowledge, realm: Realm, extent: Extent) -> Segment {
    let mut segment = match extent {
        Extent::Declared(place) => knowledge.segments.get(place).cloned(),
        Extent::Own(network) => {
            Some(Segment { name: network.to_string(), networks: vec![network], gateway: None })
        }
    }
    .unwrap_or(Segment { name: String::new(), networks: Vec::new(), gateway: None });
    if let Some(realm) = realm.name() {
        segment.name = format!("{realm}/{}", segment.name);
    }
    segment
}

/// A segment without a declared gateway that holds exactly one router has that one.
fn infer_gateways(atlas: &Atlas, of: &[u32], rows: &mut [Segment]) {
    let routers = of
        .iter()
        .zip(&atlas.observed.snapshot.hosts)
        .filter(|(_, host)| host.roles.contains("router") && host.internal);
    let mut found: Vec<(u32, HostKey)> = routers.map(|(segment, host)| (*segment, host.key)).collect();
    found.sort_unstable();
    for routers in found.chunk_by(|(one, _), (other, _)| one == other) {
        let [(segment, router)] = routers else { continue };
        if let Some(row) = rows.get_mut(*segment as usize) {
            row.gateway.get_or_insert(router.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<std::net::IpAddr>().unwrap().into()
    }

    #[test]
    fn a_declared_segment_goes_before_the_network_of_an_address() {
        let finance = Segment {
            name: "finance".to_owned(),
            networks: vec!["10.3.0.0/25".parse().unwrap(), "fd00:3::/48".parse().unwrap()],
            gateway: None,
        };
        let knowledge = Knowledge { segments: vec![finance], ..Knowledge::default() };
        let own = |text: &str| Extent::Own(text.parse().unwrap());
        for (host, segment) in [
            ("10.3.0.9", Extent::Declared(0)),
            ("10.3.0.200", own("10.3.0.0/24")),
            ("fd00:3:0:7::1", Extent::Declared(0)),
            ("fd00:4:0:7::1", own("fd00:4:0:7::/64")),
        ] {
            assert!(extent(&knowledge, address(host)) == segment, "{host}");
        }
    }
}
