//! How many hosts can reach each host along the map's edges, for all hosts in one pass.
//!
//! Hosts that reach each other are taken as one; what remains has no cycles, so that every set is
//! the union of its neighbours' finished sets. Sets are kept as the smallest hashes of their members
//! (E. Cohen, "Size-Estimation Framework", 1997): exact for small sets, estimated for large ones, and
//! never larger than a fixed size.

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{EdgeFiltered, IntoNeighborsDirected};

use crate::graph::{Link, Node};

/// Hashes kept of one set: up to so many members are counted exactly, more with an error of
/// 1/√254 = 6 %. 256 × 8 B = 2 KiB, for hosts that so many others use; there are few of those.
const SKETCH_MAX: usize = 256;

/// The smallest hashes of a set's members, sorted.
#[derive(Clone, Debug, Default)]
struct Sketch(Vec<u64>);

impl Sketch {
    fn insert(&mut self, hash: u64) {
        let full = self.0.len() >= SKETCH_MAX;
        if full && self.0.last().is_some_and(|last| hash >= *last) {
            return;
        }
        if let Err(place) = self.0.binary_search(&hash) {
            self.0.insert(place, hash);
            self.0.truncate(SKETCH_MAX);
        }
    }

    fn join(&mut self, other: &Sketch) {
        other.0.iter().for_each(|hash| self.insert(*hash));
    }

    fn size(&self) -> f64 {
        match self.0.last() {
            Some(last) if self.0.len() >= SKETCH_MAX => {
                (SKETCH_MAX - 1) as f64 / (*last as f64 / u64::MAX as f64)
            }
            _ => self.0.len() as f64,
        }
    }
}

/// Mixes a host's number into a hash. Every step can be undone, so different hosts never collide
/// (the finaliser of SplitMix64, Steele et al. 2014).
const fn hash(place: usize) -> u64 {
    let mut hash = (place as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// How many hosts, itself included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// Of the operator's own.
    pub internal: f64,
    /// Of the rest of the world.
    pub external: f64,
}

/// Counts for every host (by its place in the snapshot's list) the hosts that stand behind it along
/// the edges that `counts` lets through: with [`Direction::Incoming`] those that can reach it, with
/// [`Direction::Outgoing`] those that it can reach.
pub fn reached(
    graph: &DiGraph<Node, Link>,
    direction: Direction,
    internal: impl Fn(usize) -> bool,
    counts: impl Fn(usize) -> bool,
) -> Vec<Reached> {
    let filtered = EdgeFiltered::from_fn(graph, |edge| match edge.weight() {
        Link::RunsOn => true,
        Link::Uses(place) => counts(*place),
    });
    // What the edges lead to comes before what they start from.
    let mut groups = kosaraju_scc(&filtered);
    if direction == Direction::Incoming {
        groups.reverse();
    }
    let group_of = group_of(&groups, graph.node_count());
    let mut found = Vec::new();
    let mut sketches: Vec<[Sketch; 2]> = Vec::with_capacity(groups.len());
    for (group, nodes) in groups.iter().enumerate() {
        let mut sketch: [Sketch; 2] = Default::default();
        let [own, others] = &mut sketch;
        let hosts: Vec<usize> = nodes.iter().filter_map(|node| host(graph, *node)).collect();
        for place in &hosts {
            if internal(*place) { &mut *own } else { &mut *others }.insert(hash(*place));
        }
        for neighbour in nodes.iter().flat_map(|node| (&filtered).neighbors_directed(*node, direction)) {
            // The group itself has no sketch yet; all other neighbours' are finished.
            let known = group_of.get(neighbour.index()).filter(|of| **of < group);
            if let Some([their_own, their_others]) = known.and_then(|of| sketches.get(*of)) {
                own.join(their_own);
                others.join(their_others);
            }
        }
        let size = Reached { internal: own.size(), external: others.size() };
        hosts.into_iter().for_each(|place| put(&mut found, place, size));
        sketches.push(sketch);
    }
    found
}

/// The group of each node, by the node's index.
fn group_of(groups: &[Vec<NodeIndex>], nodes: usize) -> Vec<usize> {
    let mut of = vec![0; nodes];
    for (group, members) in groups.iter().enumerate() {
        for member in members {
            put(&mut of, member.index(), group);
        }
    }
    of
}

fn host(graph: &DiGraph<Node, Link>, node: NodeIndex) -> Option<usize> {
    match graph.node_weight(node) {
        Some(Node::Host(place)) => Some(*place),
        _ => None,
    }
}

fn put<T: Clone + Default>(list: &mut Vec<T>, place: usize, item: T) {
    if list.len() <= place {
        list.resize(place + 1, T::default());
    }
    if let Some(at) = list.get_mut(place) {
        *at = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts 0 to `hosts`, each with a service; an edge for each pair of a client and a server.
    fn graph(hosts: usize, uses: &[(usize, usize)]) -> DiGraph<Node, Link> {
        let mut graph = DiGraph::new();
        for place in 0..hosts {
            graph.add_node(Node::Host(place));
        }
        for place in 0..hosts {
            let service = graph.add_node(Node::Service(place));
            graph.add_edge(service, NodeIndex::new(place), Link::RunsOn);
        }
        for (place, (client, server)) in uses.iter().enumerate() {
            graph.add_edge(NodeIndex::new(*client), NodeIndex::new(hosts + server), Link::Uses(place));
        }
        graph
    }

    fn internal(graph: &DiGraph<Node, Link>, direction: Direction) -> Vec<f64> {
        reached(graph, direction, |_| true, |_| true).iter().map(|reached| reached.internal).collect()
    }

    #[test]
    fn everything_behind_counts_once() {
        // 0 and 1 use 2, which uses 3; 4 uses nobody.
        let graph = graph(5, &[(0, 2), (1, 2), (2, 3), (0, 3)]);
        assert_eq!(internal(&graph, Direction::Incoming), [1.0, 1.0, 3.0, 4.0, 1.0]);
        assert_eq!(internal(&graph, Direction::Outgoing), [3.0, 3.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn cycles_are_one() {
        let graph = graph(4, &[(0, 1), (1, 2), (2, 0), (3, 0)]);
        assert_eq!(internal(&graph, Direction::Incoming), [4.0, 4.0, 4.0, 1.0]);
    }

    #[test]
    fn edges_that_do_not_count_lead_nowhere() {
        let graph = graph(3, &[(0, 1), (1, 2)]);
        let found = reached(&graph, Direction::Incoming, |place| place != 0, |edge| edge == 0);
        assert_eq!(found[1], Reached { internal: 1.0, external: 1.0 });
        assert_eq!(found[2], Reached { internal: 1.0, external: 0.0 });
    }

    #[test]
    fn large_sets_are_estimated() {
        let hosts = 20_000;
        let uses: Vec<(usize, usize)> = (1..hosts).map(|client| (client, 0)).collect();
        let found = internal(&graph(hosts, &uses), Direction::Incoming);
        let error = found[0] / 20_000.0 - 1.0;
        assert!(error.abs() < 0.2, "{error}");
        assert_eq!(found[1], 1.0);
        let few: Vec<(usize, usize)> = (1..200).map(|client| (client, 0)).collect();
        assert_eq!(internal(&graph(hosts, &few), Direction::Incoming)[0], 200.0);
    }
}
