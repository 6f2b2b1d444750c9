//! Hosts: which addresses belong to whom, as far as the link layer shows it.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::delta::Table;
use crate::model::{Address, HostKey, Mac, ServiceKey, Span};

/// VLANs and MACs remembered for one host.
const LINKS_MAX: usize = 8;

/// A MAC that carries more addresses than this belongs to a router: what is behind it has MACs of
/// its own that this tap never sees.
const ADDRESSES_OF_A_MACHINE_MAX: usize = 4;

/// What a host showed of itself.
#[derive(Clone, Debug)]
pub struct HostSeen {
    /// From when to when.
    pub span: Span,
    /// Link-layer addresses that its packets came from.
    pub macs: SmallVec<[Mac; 1]>,
    /// VLANs that its packets came in; none for untagged.
    pub vlans: SmallVec<[u16; 1]>,
    /// It took part in more than unanswered attempts.
    pub active: bool,
}

impl HostSeen {
    /// Seen once. A zero MAC or VLAN is none.
    pub fn new(span: Span, mac: Mac, vlan: u16, active: bool) -> Self {
        HostSeen {
            span,
            macs: (!mac.is_zero() && !mac.is_group()).then_some(mac).into_iter().collect(),
            vlans: (vlan != 0).then_some(vlan).into_iter().collect(),
            active,
        }
    }

    /// Adds what was seen elsewhere. Where there is no room, the smallest stay.
    pub fn join(&mut self, other: HostSeen) {
        self.span.join(other.span);
        self.active |= other.active;
        for mac in other.macs {
            insert(&mut self.macs, mac);
        }
        for vlan in other.vlans {
            insert(&mut self.vlans, vlan);
        }
    }
}

fn insert<T: Ord + Copy, const N: usize>(sorted: &mut SmallVec<[T; N]>, item: T)
where
    [T; N]: smallvec::Array<Item = T>,
{
    if let Err(place) = sorted.binary_search(&item) {
        sorted.insert(place, item);
        sorted.truncate(LINKS_MAX);
    }
}

/// What the operator knows and packets do not tell, as far as the map needs it.
#[derive(Clone, Debug, Default)]
pub struct Operator {
    /// Networks that are the operator's own.
    pub local: Vec<ipnet::IpNet>,
    /// Endpoints that are servers.
    pub servers: BTreeSet<ServiceKey>,
    /// Labels, by network.
    pub labels: Vec<(ipnet::IpNet, String)>,
    /// Names, by address.
    pub names: BTreeMap<Address, String>,
    /// Sources that scan with permission.
    pub scanners: Vec<ipnet::IpNet>,
}

impl Operator {
    /// True for an address of the operator's own networks.
    pub fn is_local(&self, address: Address) -> bool {
        self.local.iter().any(|network| network.contains(&address.ip()))
    }

    /// The labels of an address, sorted.
    pub fn labels_of(&self, address: Address) -> Vec<String> {
        let mut labels: Vec<String> = self
            .labels
            .iter()
            .filter(|(network, _)| network.contains(&address.ip()))
            .map(|(_, label)| label.clone())
            .collect();
        labels.sort();
        labels.dedup();
        labels
    }
}

/// Which MACs belong to which host, and which hosts route for others.
pub struct Machines {
    bound: BTreeMap<HostKey, BTreeSet<Mac>>,
    routers: BTreeSet<Mac>,
}

impl Machines {
    /// From what ARP and its kin said (`bindings`, which are proof) and where packets came from.
    pub fn new(hosts: &Table<HostKey, HostSeen>, bindings: &Table<(Mac, HostKey), Span>) -> Self {
        let mut bound: BTreeMap<HostKey, BTreeSet<Mac>> = BTreeMap::new();
        for (mac, host) in bindings.keys() {
            bound.entry(*host).or_default().insert(*mac);
        }
        let mut carried: BTreeMap<Mac, usize> = BTreeMap::new();
        for (host, seen) in hosts {
            // A link-local address and a global one are one machine's; only IPv4 is counted twice.
            for mac in seen.macs.iter().filter(|_| host.realm.is_default()) {
                *carried.entry(*mac).or_default() += usize::from(!bound.contains_key(host));
            }
        }
        let routers = carried
            .into_iter()
            .filter(|(_, addresses)| *addresses > ADDRESSES_OF_A_MACHINE_MAX)
            .map(|(mac, _)| mac)
            .collect();
        Machines { bound, routers }
    }

    /// The MACs that are a host's own. A host outside the operator's networks came through a router:
    /// its packets' MAC is the router's, unless ARP says otherwise.
    pub fn macs(&self, host: &HostKey, seen: Option<&HostSeen>, internal: bool) -> BTreeSet<Mac> {
        if let Some(bound) = self.bound.get(host) {
            return bound.clone();
        }
        if !internal {
            return BTreeSet::new();
        }
        let heard = seen.into_iter().flat_map(|seen| seen.macs.iter().copied());
        heard.filter(|mac| !self.routers.contains(mac)).collect()
    }

    /// True for a host whose machine carries other hosts' packets.
    pub fn is_router(&self, host: &HostKey) -> bool {
        self.bound.get(host).is_some_and(|macs| macs.iter().any(|mac| self.routers.contains(mac)))
    }

    /// Hosts that only the link layer knows.
    pub fn hosts(&self) -> impl Iterator<Item = &HostKey> {
        self.bound.keys()
    }
}
