//! A random network of services: some that everybody uses, many that few do, chains and circles.

use petgraph::stable_graph::{NodeIndex, StableGraph};
use smallvec::{SmallVec, smallvec};
use tapmap::query::{Group, Member, Parts, Requires, Why};

use crate::random::Random;

/// One service in so many stands behind a load balancer beside another one.
const POOLED: usize = 20;

/// Services of an application.
const APPLICATION: u32 = 50;

/// Services that everybody uses some of.
const SHARED: usize = 20;

/// A network, for questions and for petgraph.
pub struct Network {
    pub hosts: u32,
    pub edges: usize,
    pub requires: Requires,
    /// The same nodes and edges, from a provider to who leans on it.
    pub graph: StableGraph<(), ()>,
}

impl Network {
    /// Of so many hosts, each with a service, and so many edges for each host. Services belong to
    /// applications, in which those behind need those before; everybody uses some of the first
    /// services, and clients a few applications.
    pub fn random(hosts: u32, edges_of_host: usize) -> Network {
        let mut random = Random::new(u64::from(hosts));
        let mut groups: Vec<(Group, SmallVec<[Member; 1]>)> = Vec::new();
        let mut edges: u32 = 0;
        for host in 0..hosts {
            for row in 0..edges_of_host {
                let inferred = row < edges_of_host / 3;
                let application = if inferred {
                    host / APPLICATION
                } else {
                    random.below((hosts / APPLICATION) as usize) as u32
                };
                let provider = provider(&mut random, application);
                let mut members: SmallVec<[Member; 1]> = smallvec![Member { provider, dependency: edges }];
                edges += 1;
                if random.chance(1, POOLED) && row + 1 < edges_of_host {
                    let other = application * APPLICATION + random.below(APPLICATION as usize) as u32;
                    members.push(Member { provider: other, dependency: edges });
                    edges += 1;
                }
                let (dependent, strength, why) = match inferred {
                    true => (host, [1.0, 0.95, 0.9, 0.5, 0.3][random.below(5)], Why::Inferred),
                    false => (hosts + host, 1.0, Why::Direct),
                };
                groups.push((Group { dependent, needed: 1, strength, confidence: 0.9, why }, members));
            }
        }
        let mut graph = StableGraph::with_capacity(2 * hosts as usize, edges as usize);
        for _ in 0..2 * hosts {
            graph.add_node(());
        }
        for (group, members) in &groups {
            for member in members {
                graph.add_edge(
                    NodeIndex::new(member.provider as usize),
                    NodeIndex::new(group.dependent as usize),
                    (),
                );
            }
        }
        let parts = Parts { host_of: (0..hosts).collect(), hosts, groups };
        Network { hosts, edges: edges as usize, requires: Requires::from_parts(parts), graph }
    }

    /// `10,000 hosts, 104,512 edges`.
    pub fn name(&self) -> String {
        format!("{} k hosts, {} k edges", self.hosts / 1_000, self.edges / 1_000)
    }
}

/// A service of an application, or one that everybody uses; the first ones are used by most.
fn provider(random: &mut Random, application: u32) -> u32 {
    match random.chance(1, 5) {
        true => random.heavy(1, SHARED) as u32 - 1,
        false => application * APPLICATION + random.heavy(1, APPLICATION as usize) as u32 - 1,
    }
}
