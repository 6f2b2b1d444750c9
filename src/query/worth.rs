//! What hosts, and nodes of the impact graph, mean: as the operator says, else as the map shows.

use super::atlas::Atlas;
use super::requires::Requires;

/// From this level on a host is critical.
pub const CRITICAL: f64 = 4.0;

/// How much the business depends on a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// On the scale that people and formulas use, 1 to 5.
    pub level: f64,
    /// Inferred from the map; false where the operator said so.
    pub inferred: bool,
}

impl Worth {
    /// Nothing is known.
    pub const LEAST: Worth = Worth::of_value(0.0, true);

    /// From a value between 0 and 1.
    pub const fn of_value(value: f64, inferred: bool) -> Worth {
        Worth { level: 1.0 + 4.0 * value, inferred }
    }

    /// How much a host of a map means.
    pub fn of(atlas: &Atlas, host: u32) -> Worth {
        atlas.worths().get(host as usize).copied().unwrap_or(Worth::LEAST)
    }

    /// How much a service means: as much as its host.
    pub fn of_service(atlas: &Atlas, service: u32) -> Worth {
        atlas.host_of(service).map_or(Worth::LEAST, |host| Worth::of(atlas, host))
    }

    /// Between 0 and 1.
    pub const fn value(self) -> f64 {
        (self.level - 1.0) / 4.0
    }

    /// It is critical.
    pub fn is_critical(&self) -> bool {
        self.level >= CRITICAL
    }
}

/// The levels of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Worths {
    /// 1 to 5; 0 for nodes that take part in nothing.
    levels: Vec<f64>,
    sum: f64,
}

impl Worths {
    /// From levels that are known, one for each node.
    pub fn new(levels: Vec<f64>) -> Worths {
        Worths { sum: levels.iter().sum(), levels }
    }

    /// Of all services, and of all hosts that need any: as much as their host means.
    pub fn from_atlas(atlas: &Atlas, requires: &Requires) -> Worths {
        let of_host: Vec<f64> = (0..requires.hosts()).map(|host| Worth::of(atlas, host).level).collect();
        let of = |host: Option<u32>| host.and_then(|host| of_host.get(host as usize)).copied();
        let service = |node| of(requires.host_of(node)).unwrap_or_default();
        let services = (0..requires.services()).map(service);
        let client = |host| match requires.groups_of(requires.host_node(host)).is_empty() {
            true => 0.0,
            false => of(Some(host)).unwrap_or_default(),
        };
        Worths::new(services.chain((0..requires.hosts()).map(client)).collect())
    }

    /// What a node means, 1 to 5.
    pub fn level(&self, node: u32) -> f64 {
        self.levels.get(node as usize).copied().unwrap_or_default()
    }

    /// The share of everything that means something which is lost with these nodes, each as likely as
    /// told (`blast_radius.md` §2).
    pub fn impact(&self, lost: impl Iterator<Item = (u32, f64)>) -> f64 {
        let lost: f64 = lost.map(|(node, probability)| self.level(node) * probability).sum();
        self.share(lost)
    }

    /// So much of what everything means together.
    pub(super) fn share(&self, lost: f64) -> f64 {
        if self.sum > 0.0 { lost / self.sum } else { 0.0 }
    }
}
