//! In which order to bring things back: providers first.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::impact::Threshold;
use super::requires::{Group, Requires, Why};

/// Services that are brought back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// One service; or several that need each other, so that none can be first.
    pub services: Vec<u32>,
    /// From 1. Whatever has the same step can be brought back at the same time.
    pub step: u32,
}

/// The order in which services are to be brought back, by steps; within a step, first what most others
/// wait for. Guesses give way where they would make a circle, then what is needed only at times.
pub fn restore_order(requires: &Requires, services: &[u32]) -> Vec<Restored> {
    let mut wanted: Vec<u32> = services.iter().copied().filter(|node| *node < requires.services()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut graph = Graph::new(requires, &wanted);
    graph.break_circles(|group| group.why != Why::CoLocated);
    graph.break_circles(|group| group.strength >= Threshold::MUST.strength);
    graph.steps()
}

/// Who needs whom among the services that are down.
struct Graph<'a> {
    requires: &'a Requires,
    wanted: &'a [u32],
    /// From a service to one that it needs, by places in `wanted`.
    needs: Vec<(u32, u32, &'a Group)>,
}

impl<'a> Graph<'a> {
    fn new(requires: &'a Requires, wanted: &'a [u32]) -> Graph<'a> {
        let place = |service: u32| wanted.binary_search(&service).ok().and_then(|at| u32::try_from(at).ok());
        let mut needs = Vec::new();
        for (dependent, service) in (0u32..).zip(wanted) {
            for group_place in requires.groups_of(*service) {
                let Some(group) = requires.group(group_place) else { continue };
                if group.confidence < Threshold::MAY.confidence {
                    continue;
                }
                let providers = requires.members(group_place).iter();
                let providers = providers.filter_map(|member| place(member.provider));
                needs.extend(providers.filter(|at| *at != dependent).map(|at| (dependent, at, group)));
            }
        }
        Graph { requires, wanted, needs }
    }

    /// Drops needs inside circles that are not kept.
    fn break_circles(&mut self, kept: impl Fn(&Group) -> bool) {
        let (_, circle_of) = self.circles();
        let circle = |place: u32| circle_of.get(place as usize);
        self.needs
            .retain(|(dependent, provider, group)| circle(*dependent) != circle(*provider) || kept(group));
    }

    /// Circles, each a list of places, providers first; and the circle of each place.
    fn circles(&self) -> (Vec<Vec<u32>>, Vec<usize>) {
        let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(self.wanted.len(), self.needs.len());
        for _ in self.wanted {
            graph.add_node(());
        }
        for (dependent, provider, _) in &self.needs {
            graph.add_edge(NodeIndex::from(*dependent), NodeIndex::from(*provider), ());
        }
        let mut circle_of = vec![0; self.wanted.len()];
        let mut circles = Vec::new();
        // What the edges lead to comes before what they start from.
        for (circle, nodes) in kosaraju_scc(&graph).into_iter().enumerate() {
            for node in &nodes {
                if let Some(of) = circle_of.get_mut(node.index()) {
                    *of = circle;
                }
            }
            let mut places: Vec<u32> =
                nodes.iter().filter_map(|node| u32::try_from(node.index()).ok()).collect();
            places.sort_unstable();
            circles.push(places);
        }
        (circles, circle_of)
    }

    fn steps(&self) -> Vec<Restored> {
        let (circles, circle_of) = self.circles();
        let mut providers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (dependent, provider, _) in &self.needs {
            let circle = |place: u32| circle_of.get(place as usize).copied().unwrap_or_default();
            let (dependent, provider) = (circle(*dependent), circle(*provider));
            if dependent != provider {
                providers.entry(dependent).or_default().push(provider);
            }
        }
        let mut step_of = vec![1u32; circles.len()];
        for circle in 0..circles.len() {
            let behind = providers.get(&circle).into_iter().flatten().filter_map(|at| step_of.get(*at)).max();
            let step = behind.map_or(1, |step| step + 1);
            if let Some(of) = step_of.get_mut(circle) {
                *of = step;
            }
        }
        let mut rows: Vec<(u32, usize, Vec<u32>)> = Vec::new();
        for (places, step) in circles.into_iter().zip(step_of) {
            let services: Vec<u32> =
                places.iter().filter_map(|place| self.wanted.get(*place as usize).copied()).collect();
            let waiting = services.iter().map(|service| self.requires.leaning(*service)).sum();
            rows.push((step, waiting, services));
        }
        rows.sort_by(|(step, waiting, services), (other_step, other_waiting, others)| {
            step.cmp(other_step).then(other_waiting.cmp(waiting)).then_with(|| services.cmp(others))
        });
        rows.into_iter().map(|(step, _, services)| Restored { services, step }).collect()
    }
}
