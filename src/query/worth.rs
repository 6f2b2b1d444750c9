//! What each node of the impact graph means: as the operator says, else as the map shows.

use super::atlas::Atlas;
use super::importance::{Importance, Worth};
use super::requires::Requires;

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

    /// Of all services, and of all hosts that need any: 1 + 4 × what their host is worth.
    pub fn from_atlas(atlas: &Atlas<'_>, requires: &Requires, importance: &Importance<'_>) -> Worths {
        let hosts = &atlas.observed.snapshot.hosts;
        let of_host: Vec<f64> = hosts.iter().map(|host| level(importance.worth(&host.key))).collect();
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
        if self.sum > 0.0 { lost / self.sum } else { 0.0 }
    }
}

/// A value from 0 to 1 on the scale from 1 to 5.
pub fn level(worth: Worth) -> f64 {
    1.0 + 4.0 * worth.value
}
