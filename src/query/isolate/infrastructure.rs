//! What the inside no longer gets of what everybody needs, and nobody thinks of: names, logon, time,
//! addresses, copies, logs.

use std::collections::{BTreeMap, BTreeSet};

use super::crossing::Crossing;
use crate::graph::{Dependency, Kind};
use crate::query::Atlas;

/// A kind of infrastructure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Infrastructure {
    /// DNS.
    Names,
    /// Kerberos and LDAP.
    Directory,
    /// NTP.
    Time,
    /// DHCP.
    Addresses,
    /// Copies.
    Backup,
    /// EDR and others that respond to incidents.
    Responder,
    /// Syslog.
    Logs,
    /// Who watches the inside.
    Monitoring,
}

impl Infrastructure {
    /// As people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Infrastructure::Names => "DNS",
            Infrastructure::Directory => "directory",
            Infrastructure::Time => "NTP",
            Infrastructure::Addresses => "DHCP",
            Infrastructure::Backup => "backup",
            Infrastructure::Responder => "responder",
            Infrastructure::Logs => "logs",
            Infrastructure::Monitoring => "monitoring",
        }
    }

    fn of(row: &Dependency, responder: bool) -> Option<Infrastructure> {
        match (row.kind, row.protocol().unwrap_or_default()) {
            _ if responder => Some(Infrastructure::Responder),
            (_, "dns") => Some(Infrastructure::Names),
            (_, "ldap" | "cldap" | "kerberos") => Some(Infrastructure::Directory),
            (_, "ntp") => Some(Infrastructure::Time),
            (_, "dhcp" | "dhcpv6") => Some(Infrastructure::Addresses),
            (_, "syslog") => Some(Infrastructure::Logs),
            (Kind::Backup, _) => Some(Infrastructure::Backup),
            (Kind::Observability, _) => Some(Infrastructure::Monitoring),
            _ => None,
        }
    }
}

/// Something lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What.
    pub what: Infrastructure,
    /// The host that gave it.
    pub provider: u32,
    /// Hosts inside that lose it, ascending.
    pub hosts: Vec<u32>,
    /// By which dependencies, ascending.
    pub dependencies: Vec<u32>,
}

/// A dependency is on what everybody needs.
pub fn is_infrastructure(row: &Dependency) -> bool {
    Infrastructure::of(row, false).is_some()
}

/// What is lost with dependencies that are cut. What the outside gets from the inside is no loss of
/// the inside, but for those who watch it and copy from it.
pub fn lost(atlas: &Atlas, cut: impl Iterator<Item = Crossing>) -> Vec<Lost> {
    let mut by: BTreeMap<(Infrastructure, u32), (BTreeSet<u32>, Vec<u32>)> = BTreeMap::new();
    let responders = &atlas.observed.knowledge.responders;
    for crossing in cut {
        let Some(row) = atlas.dependency(crossing.dependency) else { continue };
        let far = atlas.host(crossing.far).map(|host| host.key.address.ip());
        let responder = far.is_some_and(|far| responders.iter().any(|network| network.contains(&far)));
        let Some(what) = Infrastructure::of(row, responder) else { continue };
        let comes_in =
            matches!(what, Infrastructure::Responder | Infrastructure::Backup | Infrastructure::Monitoring);
        if crossing.outward || comes_in {
            let (hosts, dependencies) = by.entry((what, crossing.far)).or_default();
            hosts.insert(crossing.near);
            dependencies.push(crossing.dependency);
        }
    }
    let lost = by.into_iter().map(|((what, provider), (hosts, dependencies))| Lost {
        what,
        provider,
        hosts: hosts.into_iter().collect(),
        dependencies,
    });
    lost.collect()
}
