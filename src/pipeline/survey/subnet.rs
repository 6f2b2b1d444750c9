//! Local subnets of which the tap shows no traffic between their own hosts.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::model::Address;

/// Subnets remembered, and hosts of each: 1,024 × 256 × ~24 B = 6 MiB.
const SUBNETS_MAX: usize = 1_024;
const HOSTS_MAX: usize = 256;

/// What a subnet is where nobody says: what most are.
const V4_BITS: u8 = 24;
const V6_BITS: u8 = 64;

/// A local subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// Its addresses, guessed: /24, or /64.
    pub network: IpNet,
    /// Hosts of it that have sent something, counted to 256.
    pub hosts: usize,
    /// Two of them were seen to speak to each other.
    pub internal: bool,
}

#[derive(Default)]
struct Hosts {
    sent: BTreeSet<Address>,
    internal: bool,
}

/// The subnets seen.
pub(super) struct Subnets {
    local: Vec<IpNet>,
    seen: BTreeMap<IpNet, Hosts>,
}

impl Subnets {
    pub(super) fn new(local: Vec<IpNet>) -> Self {
        Subnets { local, seen: BTreeMap::new() }
    }

    /// Takes a packet of one host to another.
    pub(super) fn on_packet(&mut self, source: Address, destination: Address) {
        let Some(network) = self.of(source) else { return };
        if self.seen.len() >= SUBNETS_MAX && !self.seen.contains_key(&network) {
            return;
        }
        let hosts = self.seen.entry(network).or_default();
        if hosts.sent.len() < HOSTS_MAX {
            hosts.sent.insert(source);
        }
        hosts.internal |= network.contains(&destination.ip());
    }

    fn of(&self, address: Address) -> Option<IpNet> {
        let ip = address.ip();
        if !self.local.iter().any(|network| network.contains(&ip)) {
            return None;
        }
        let bits = if ip.is_ipv4() { V4_BITS } else { V6_BITS };
        Some(IpNet::new(ip, bits).ok()?.trunc())
    }

    /// Those with more than one host, by address.
    pub(super) fn all(&self) -> Vec<Subnet> {
        let told = self.seen.iter().filter(|(_, hosts)| hosts.sent.len() > 1);
        told.map(|(network, hosts)| Subnet {
            network: *network,
            hosts: hosts.sent.len(),
            internal: hosts.internal,
        })
        .collect()
    }
}
