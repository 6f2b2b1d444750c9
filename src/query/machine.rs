//! Hosts that are one machine: a service may answer on one address and ask on another.

use std::collections::BTreeMap;

use super::atlas::Atlas;
use crate::model::Mac;

/// Which hosts are one machine with others.
#[derive(Clone, Debug, Default)]
pub struct Machines(BTreeMap<u32, Vec<u32>>);

impl Machines {
    /// An IPv4 address and the IPv6 addresses that share its only MAC are one machine's. A MAC with
    /// several IPv4 addresses may as well be that of a router with hosts behind it: they stay apart.
    pub fn new(atlas: &Atlas) -> Machines {
        let mut of_mac: BTreeMap<Mac, Vec<u32>> = BTreeMap::new();
        for (place, host) in (0u32..).zip(&atlas.observed.snapshot.hosts) {
            let mut macs = host.macs.iter();
            if let (Some(mac), None) = (macs.next(), macs.next()) {
                of_mac.entry(*mac).or_default().push(place);
            }
        }
        let is_v4 = |place: &&u32| atlas.host(**place).is_some_and(|host| host.key.address.is_v4());
        let mut machines = BTreeMap::new();
        for places in of_mac.into_values() {
            if places.len() > 1 && places.iter().filter(is_v4).count() == 1 {
                machines.extend(places.iter().map(|place| (*place, places.clone())));
            }
        }
        Machines(machines)
    }

    /// All hosts of a host's machine, itself among them, in ascending order.
    pub fn of<'a>(&'a self, host: &'a u32) -> &'a [u32] {
        self.0.get(host).map_or(std::slice::from_ref(host), Vec::as_slice)
    }

    /// The hosts are all one machine.
    pub fn is_one(&self, hosts: &[u32]) -> bool {
        hosts.first().is_some_and(|first| hosts.iter().all(|host| self.of(first).contains(host)))
    }
}
