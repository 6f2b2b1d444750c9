//! Hosts: which addresses belong to whom, as far as the link layer shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::certificate::CertificateFacts;
use super::table::Table;
use crate::model::{Address, HostKey, Mac, ServiceKey, Span};

/// VLANs and MACs remembered for one host.
const LINKS_MAX: usize = 8;

/// A MAC that carries more addresses than this belongs to a router: what is behind it has MACs of
/// its own that this tap never sees.
const ADDRESSES_OF_A_MACHINE_MAX: usize = 4;

/// What a host showed of itself. Most hosts have one MAC and at most one VLAN, and a host is known to
/// every shard that it talks through: so one of each lies here, and more of them elsewhere.
#[derive(Clone, Debug)]
pub struct HostSeen {
    /// From when to when.
    pub span: Span,
    /// It took part in more than unanswered attempts.
    pub active: bool,
    /// Zero for none.
    mac: Mac,
    /// 0 for none.
    vlan: u16,
    more: Option<Box<MoreLinks>>,
}

/// All of a host's MACs and VLANs, where it has more than one of either.
#[derive(Clone, Debug, Default)]
struct MoreLinks {
    macs: BTreeSet<Mac>,
    vlans: BTreeSet<u16>,
}

impl HostSeen {
    /// Seen once. A zero MAC or VLAN is none.
    pub fn new(span: Span, mac: Mac, vlan: u16, active: bool) -> Self {
        let mac = if mac.is_group() { Mac::default() } else { mac };
        HostSeen { span, active, mac, vlan, more: None }
    }

    /// What is known of it in all.
    pub fn of(span: Span, active: bool, macs: &[Mac], vlans: &[u16]) -> Self {
        let (mac, vlan) = (macs.first().copied(), vlans.first().copied());
        let mut seen = HostSeen::new(span, mac.unwrap_or_default(), vlan.unwrap_or_default(), active);
        for at in 1..macs.len().max(vlans.len()) {
            let (mac, vlan) = (macs.get(at).copied(), vlans.get(at).copied());
            seen.join(HostSeen::new(span, mac.unwrap_or_default(), vlan.unwrap_or_default(), active));
        }
        seen
    }

    /// Link-layer addresses that its packets came from.
    pub fn macs(&self) -> impl Iterator<Item = Mac> + '_ {
        let own = self.more.is_none().then_some(self.mac).filter(|mac| !mac.is_zero());
        own.into_iter().chain(self.more.iter().flat_map(|more| more.macs.iter().copied()))
    }

    /// VLANs that its packets came in; none for untagged.
    pub fn vlans(&self) -> impl Iterator<Item = u16> + '_ {
        let own = self.more.is_none().then_some(self.vlan).filter(|vlan| *vlan != 0);
        own.into_iter().chain(self.more.iter().flat_map(|more| more.vlans.iter().copied()))
    }

    /// Adds what was seen elsewhere. Where there is no room, the smallest stay.
    pub fn join(&mut self, other: HostSeen) {
        self.span.join(other.span);
        self.active |= other.active;
        if self.mac.is_zero() && self.more.is_none() {
            self.mac = other.mac;
        }
        if self.vlan == 0 && self.more.is_none() {
            self.vlan = other.vlan;
        }
        let same_mac = other.mac.is_zero() || other.mac == self.mac;
        let same_vlan = other.vlan == 0 || other.vlan == self.vlan;
        if self.more.is_none() && other.more.is_none() && same_mac && same_vlan {
            return;
        }
        let mut more = MoreLinks {
            macs: self.macs().chain(other.macs()).collect(),
            vlans: self.vlans().chain(other.vlans()).collect(),
        };
        while more.macs.len() > LINKS_MAX {
            more.macs.pop_last();
        }
        while more.vlans.len() > LINKS_MAX {
            more.vlans.pop_last();
        }
        self.more = Some(Box::new(more));
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
    /// Certificates that are known from elsewhere.
    pub certificates: Arc<[CertificateFacts]>,
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
        for (host, seen) in hosts.iter() {
            // A link-local address and a global one are one machine's; only IPv4 is counted twice.
            for mac in seen.macs().filter(|_| host.realm.is_default()) {
                *carried.entry(mac).or_default() += usize::from(!bound.contains_key(host));
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
        let heard = seen.into_iter().flat_map(HostSeen::macs);
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
