//! Which addresses are one machine's: a service may answer on one and ask on another.

use std::collections::BTreeMap;

use crate::graph::Host;
use crate::model::{HostKey, Mac};

/// The machines that have several addresses.
#[derive(Debug, Default)]
pub struct Machines(BTreeMap<HostKey, HostKey>);

impl Machines {
    /// From the link-layer addresses of hosts. An IPv4 address and the IPv6 addresses beside it are one
    /// machine's. A MAC with several IPv4 addresses may as well be that of a router with a few hosts
    /// behind it, and to take two machines for one would make one's needs the other's: they stay apart.
    pub fn new(hosts: &[Host]) -> Self {
        let mut of_mac: BTreeMap<Mac, Vec<HostKey>> = BTreeMap::new();
        for host in hosts {
            let mut macs = host.macs.iter();
            if let (Some(mac), None) = (macs.next(), macs.next()) {
                of_mac.entry(*mac).or_default().push(host.key);
            }
        }
        let mut machines = BTreeMap::new();
        for keys in of_mac.into_values() {
            let mut v4 = keys.iter().filter(|key| key.address.is_v4());
            if let (Some(first), None) = (v4.next(), v4.next()) {
                machines.extend(keys.iter().map(|key| (*key, *first)));
            }
        }
        Machines(machines)
    }

    /// One address that stands for the whole machine.
    pub fn of(&self, host: HostKey) -> HostKey {
        self.0.get(&host).copied().unwrap_or(host)
    }
}
