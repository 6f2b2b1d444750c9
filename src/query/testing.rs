//! Graphs for tests: the worked example, and small random ones.

use proptest::collection::vec;
use proptest::prelude::*;
use smallvec::SmallVec;

use super::requires::{Failure, Group, Member, Parts, Requires, Why};

/// The services of the worked example, each with its host and its criticality.
const SERVICES: [(&str, &str, f64); 8] = [
    ("lb:443", "lb", 5.0),
    ("web1:8443", "web1", 3.0),
    ("web2:8443", "web2", 3.0),
    ("app1:8080", "app1", 4.0),
    ("db1:5432", "db1", 5.0),
    ("dc1:53", "dc1", 4.0),
    ("dc1:389", "dc1", 4.0),
    ("fin1:445", "fin1", 5.0),
];

/// Its hosts; the first two are clients, of criticality 1.
const HOSTS: [&str; 9] = ["ws1", "ws2", "lb", "web1", "web2", "app1", "db1", "dc1", "fin1"];

/// The graph that `blast_radius.md` §2 computes with.
pub struct Worked {
    pub requires: Requires,
    /// What each node means.
    pub criticality: Vec<f64>,
}

impl Worked {
    pub fn new() -> Worked {
        let at = |name: &str| Worked::service(name);
        let mut groups = Vec::new();
        let mut needs = |dependent, providers: &[&str], strength| {
            let group = Group { dependent, needed: 1, strength, confidence: 1.0, why: Why::Inferred };
            let dependency = groups.len() as u32;
            let member = |name: &&str| Member { provider: at(name), dependency };
            groups.push((group, providers.iter().map(member).collect::<SmallVec<[Member; 1]>>()));
        };
        for user in [8, 9] {
            needs(user, &["lb:443"], 1.0);
            needs(user, &["dc1:53"], 0.9);
        }
        needs(at("lb:443"), &["web1:8443", "web2:8443"], 1.0);
        needs(at("web1:8443"), &["app1:8080"], 0.98);
        needs(at("web2:8443"), &["app1:8080"], 0.97);
        needs(at("app1:8080"), &["db1:5432"], 0.95);
        needs(at("app1:8080"), &["dc1:389"], 0.40);
        needs(at("fin1:445"), &["dc1:389"], 0.6);
        let host_of = SERVICES.iter().map(|(_, host, _)| Worked::host(host)).collect();
        let users = HOSTS.iter().enumerate().map(|(place, _)| if place < 2 { 1.0 } else { 0.0 });
        Worked {
            requires: Requires::from_parts(Parts { host_of, hosts: HOSTS.len() as u32, groups }),
            criticality: SERVICES.iter().map(|(.., criticality)| *criticality).chain(users).collect(),
        }
    }

    /// A service's place.
    pub fn service(name: &str) -> u32 {
        SERVICES.iter().position(|(known, ..)| *known == name).unwrap() as u32
    }

    /// A host's place.
    pub fn host(name: &str) -> u32 {
        HOSTS.iter().position(|known| *known == name).unwrap() as u32
    }

    /// What a node is called.
    pub fn name(node: u32) -> &'static str {
        let node = node as usize;
        SERVICES.get(node).map_or_else(|| HOSTS[node - SERVICES.len()], |(name, ..)| name)
    }

    /// Hosts that fail.
    pub fn failure(hosts: &[&str]) -> Failure {
        Failure { hosts: hosts.iter().map(|host| Worked::host(host)).collect(), ..Failure::default() }
    }
}

/// Strengths of random groups: some certain, some at the threshold, some weak.
const STRENGTHS: [f32; 5] = [1.0, 0.9, 0.8, 0.5, 0.2];

/// Random graphs of at most 12 nodes: 8 services of 4 hosts, and these as clients. Cycles, groups of
/// several, quorums and unsure ones are all likely.
pub fn random_parts() -> impl Strategy<Value = Parts> {
    let group = (0u32..12, vec(0u32..8, 1..4), 1u32..4, 0..STRENGTHS.len(), prop::bool::weighted(0.8));
    let groups = vec(group, 0..20);
    (vec(0u32..4, 8), groups).prop_map(|(host_of, rows)| {
        let groups = (0u32..).zip(rows).map(|(row, (dependent, providers, needed, strength, sure))| {
            let confidence = if sure { 0.9 } else { 0.5 };
            let needed = needed.min(providers.len() as u32);
            let strength = STRENGTHS[strength];
            let members: SmallVec<[Member; 1]> = (0u32..)
                .zip(providers)
                // One dependency may carry members of several groups.
                .map(|(place, provider)| Member { provider, dependency: (row * 2 + place) % 16 })
                .collect();
            (Group { dependent, needed, strength, confidence, why: Why::Inferred }, members)
        });
        Parts { host_of, hosts: 4, groups: groups.collect() }
    })
}

/// Random failures in such a graph.
pub fn random_failure() -> impl Strategy<Value = Failure> {
    (vec(0u32..8, 0..3), vec(0u32..4, 0..2), vec(0u32..16, 0..3)).prop_map(|(services, hosts, cut)| Failure {
        services,
        hosts,
        cut,
    })
}
