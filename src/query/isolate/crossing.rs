//! Which dependencies cross the boundary of what is isolated, and which of them a mode blocks.

use std::fmt;
use std::str::FromStr;

use super::edges::{Edge, Edges};
use crate::query::{Atlas, lateral};

/// What is blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Everything that crosses the boundary.
    #[default]
    Full,
    /// What the inside begins.
    Egress,
    /// What the outside begins.
    Ingress,
    /// What an intruder moves on by.
    Lateral,
    /// Everything but what responders, names, time and logs need.
    Quarantine,
    /// Single dependencies.
    Edge,
}

/// A word that is no mode.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no mode; write full, egress, ingress, lateral, quarantine or edge")]
pub struct UnknownMode(String);

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 6] =
        [Mode::Full, Mode::Egress, Mode::Ingress, Mode::Lateral, Mode::Quarantine, Mode::Edge];

    /// The word of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Full => "full",
            Mode::Egress => "egress",
            Mode::Ingress => "ingress",
            Mode::Lateral => "lateral",
            Mode::Quarantine => "quarantine",
            Mode::Edge => "edge",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Mode, UnknownMode> {
        Mode::ALL.into_iter().find(|mode| mode.word() == text).ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

/// Why a dependency that crosses the boundary stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exception {
    /// It was asked for, or the operator protects it.
    Kept,
    /// A responder is at the other end.
    Responder,
    /// Names.
    Names,
    /// Time.
    Time,
    /// Logs.
    Logs,
    /// Addresses: without a lease nobody reaches the host at all.
    Lease,
}

impl Exception {
    /// The word of reports.
    pub const fn word(self) -> &'static str {
        match self {
            Exception::Kept => "kept",
            Exception::Responder => "responder",
            Exception::Names => "dns",
            Exception::Time => "time",
            Exception::Logs => "logs",
            Exception::Lease => "dhcp",
        }
    }
}

/// What is isolated: hosts with all that they do, or single services.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    hosts: Vec<bool>,
    services: Vec<bool>,
    /// The hosts, ascending.
    pub members: Vec<u32>,
    /// The services that are named by themselves, ascending; their hosts are not inside.
    pub alone: Vec<u32>,
}

impl Inside {
    /// Marks what is inside.
    pub fn new(atlas: &Atlas, hosts: &[u32], services: &[u32]) -> Inside {
        let mark = |count: usize, some: &[u32]| {
            let mut marks = vec![false; count];
            for place in some {
                if let Some(mark) = marks.get_mut(*place as usize) {
                    *mark = true;
                }
            }
            marks
        };
        let sorted = |some: &[u32]| {
            let mut some = some.to_vec();
            some.sort_unstable();
            some.dedup();
            some
        };
        let snapshot = &atlas.observed.snapshot;
        Inside {
            hosts: mark(snapshot.hosts.len(), hosts),
            services: mark(snapshot.services.len(), services),
            members: sorted(hosts),
            alone: sorted(services),
        }
    }

    /// A host is inside.
    pub fn host(&self, host: u32) -> bool {
        self.hosts.get(host as usize).copied().unwrap_or_default()
    }

    /// A service is inside, alone or with its host.
    pub fn service(&self, atlas: &Atlas, service: u32) -> bool {
        self.named(service) || atlas.host_of(service).is_some_and(|host| self.host(host))
    }

    /// A service is inside by itself.
    fn named(&self, service: u32) -> bool {
        self.services.get(service as usize).copied().unwrap_or_default()
    }

    /// Dependencies with exactly one end inside, ascending; only those that were answered.
    pub(super) fn crossing(&self, atlas: &Atlas, edges: &Edges) -> Vec<(Crossing, Edge)> {
        let mut crossing = Vec::new();
        let answered = |dependency: &u32| edges.answered(*dependency).map(|edge| (*dependency, edge));
        for host in &self.members {
            for (dependency, edge) in atlas.uses(*host).iter().filter_map(answered) {
                if !self.host(edge.server) && !self.named(edge.service) {
                    let (near, far) = (edge.client, edge.server);
                    crossing.push((Crossing { dependency, near, far, outward: true }, edge));
                }
            }
        }
        let offered = self.members.iter().flat_map(|host| atlas.offers(*host)).copied();
        let alone = self.alone.iter().copied();
        for service in offered
            .chain(alone.filter(|service| !atlas.host_of(*service).is_some_and(|host| self.host(host))))
        {
            for (dependency, edge) in atlas.used_by(service).iter().filter_map(answered) {
                if !self.host(edge.client) {
                    let (near, far) = (edge.server, edge.client);
                    crossing.push((Crossing { dependency, near, far, outward: false }, edge));
                }
            }
        }
        // Each host's list is in order already, and this sort makes use of that.
        crossing.sort_by_key(|(one, _)| one.dependency);
        crossing
    }
}

/// A dependency that crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// Its place.
    pub dependency: u32,
    /// The host at the end that is inside.
    pub near: u32,
    /// The host at the end that is outside.
    pub far: u32,
    /// The client is inside.
    pub outward: bool,
}

impl Crossing {
    /// Whether a mode is about it. Where nobody knows who begins it, every direction is blocked.
    pub fn is_blocked(&self, atlas: &Atlas, mode: Mode, edges: &[u32]) -> bool {
        if matches!(mode, Mode::Full | Mode::Quarantine) {
            return true;
        }
        let Some(row) = atlas.dependency(self.dependency) else { return false };
        match mode {
            Mode::Full | Mode::Quarantine => true,
            Mode::Egress => self.outward || !row.totals.decided,
            Mode::Ingress => !self.outward || !row.totals.decided,
            Mode::Lateral => lateral::is_lateral(row),
            Mode::Edge => edges.binary_search(&self.dependency).is_ok(),
        }
    }

    /// Why a quarantine lets it through.
    pub fn exception(&self, atlas: &Atlas) -> Option<Exception> {
        let far = atlas.host(self.far)?.key.address;
        if atlas.observed.knowledge.responders.iter().any(|network| network.contains(&far.ip())) {
            return Some(Exception::Responder);
        }
        match atlas.dependency(self.dependency)?.protocol()? {
            _ if !self.outward => None,
            "dns" => Some(Exception::Names),
            "ntp" => Some(Exception::Time),
            "syslog" => Some(Exception::Logs),
            "dhcp" | "dhcpv6" => Some(Exception::Lease),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_read_as_it_is_told() {
        for mode in Mode::ALL {
            assert_eq!(mode.word().parse(), Ok(mode));
        }
        let error = "total".parse::<Mode>().unwrap_err().to_string();
        assert_eq!(error, "`total` is no mode; write full, egress, ingress, lateral, quarantine or edge");
    }
}
