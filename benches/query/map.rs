//! A random network as a map with an atlas, for questions that are asked of dependencies.

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::DiGraph;
use petgraph::stable_graph::{NodeIndex, StableGraph};
use tapmap::graph::inference::{Inferences, InferredLink, Verdict};
use tapmap::graph::{
    Dependency, DependencyState, EdgeKey, EdgeTotals, History, Host, Initiator, Kind, Service, Snapshot,
};
use tapmap::model::{Address, Capability, HostKey, Realm, ServiceKey, Span, Timestamp, Transport};
use tapmap::query::{Knowledge, Observed};

use crate::random::Random;

/// One host in so many offers a service; the others are clients.
const SERVERS: usize = 4;

/// One dependency in so many runs commands.
const EXEC: usize = 20;

/// Steps of a draw between 0 and 1.
const DRAWS: usize = 1 << 24;

/// A map without packets.
pub struct Map {
    observed: Observed,
    /// Hosts and then services, and an edge for each dependency, from the service to its client and from
    /// each host to its service: what fails with what.
    pub graph: StableGraph<(), ()>,
}

fn span() -> Span {
    Span { first: Timestamp::from_seconds(0, 0), last: Timestamp::from_seconds(864_000, 0) }
}

fn key(host: usize) -> HostKey {
    // 10.0.0.0/8, 256 hosts in each /24.
    let [_, b, c, d] = (host as u32).to_be_bytes();
    HostKey { realm: Realm::DEFAULT, address: Address::from([10, b, c, d]) }
}

fn service(host: usize) -> ServiceKey {
    ServiceKey { host: key(host), port: 443, transport: Transport::Tcp }
}

impl Map {
    /// Of so many hosts and so many dependencies for each.
    pub fn random(hosts: usize, edges_of_host: usize) -> Map {
        let mut random = Random::new(hosts as u64);
        let servers = hosts / SERVERS;
        assert!(servers > edges_of_host, "too few servers");
        let mut edges: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        for host in 0..hosts {
            let mut own = 0;
            while own < edges_of_host {
                let server = popular(&mut random, servers) * SERVERS;
                // What is drawn a second time is drawn anew, so that the edges are as many as promised.
                if server != host && !edges.contains_key(&(host, server)) {
                    edges.insert((host, server), random.chance(1, EXEC));
                    own += 1;
                }
            }
        }
        let dependencies: Vec<Dependency> =
            edges.iter().map(|((client, server), exec)| dependency(*client, *server, *exec)).collect();
        let snapshot = snapshot(hosts, dependencies);
        let links = edges.keys().filter(|(client, _)| client % SERVERS == 0).map(|(client, server)| {
            let strength = [1.0, 0.95, 0.9, 0.5, 0.3][random.below(5)];
            InferredLink {
                service: service(*client),
                needs: service(*server),
                verdict: Verdict::Needed,
                strength,
                exact: false,
                requests: 100,
                nested: 90,
                uplift: strength,
                p_value: 0.0,
                pool: None,
            }
        });
        let inferences = Inferences { links: links.collect(), ..Inferences::default() };
        let mut graph = StableGraph::with_capacity(2 * hosts, edges.len() + hosts);
        for _ in 0..2 * hosts {
            graph.add_node(());
        }
        for (client, server) in edges.keys() {
            graph.add_edge(NodeIndex::new(hosts + server), NodeIndex::new(*client), ());
        }
        for host in (0..hosts).step_by(SERVERS) {
            graph.add_edge(NodeIndex::new(host), NodeIndex::new(hosts + host), ());
        }
        let history = History::new(&snapshot, &[]);
        let observed = Observed {
            snapshot: Arc::new(snapshot),
            history: Arc::new(history),
            inferences: Arc::new(inferences),
            knowledge: Arc::new(Knowledge::default()),
            watched: Arc::new([span()]),
        };
        Map { observed, graph }
    }

    /// What questions are asked of.
    pub fn observed(&self) -> Observed {
        self.observed.clone()
    }

    /// `10 k hosts, 100 k edges`.
    pub fn name(&self) -> String {
        let (hosts, edges) = (self.observed.snapshot.hosts.len(), self.observed.snapshot.dependencies.len());
        format!("{} k hosts, {} k edges", hosts / 1_000, edges / 1_000)
    }
}

/// A server by its number. The fewer come before it in the ranks, the more use it: of `n` servers the
/// first serves one in `sqrt(n)` of all edges, the median seven tenths of the mean, and the one at the
/// 99th percentile five times the mean. The ranks are spread over the whole network.
fn popular(random: &mut Random, servers: usize) -> usize {
    let draw = random.below(DRAWS);
    let rank = draw * draw / DRAWS * servers / DRAWS;
    rank.wrapping_mul(0x9e37_79b1) % servers
}

fn dependency(client: usize, server: usize, exec: bool) -> Dependency {
    let mut totals = EdgeTotals::leased(span());
    (totals.flows, totals.answered, totals.observed, totals.recognised) = (500, 500, 500, 500);
    totals.protocols = [(if exec { "ssh" } else { "http" }, 500)].into_iter().collect();
    totals.capability = Some(if exec { Capability::ExecShell } else { Capability::Data });
    Dependency {
        key: EdgeKey { client: key(client), service: service(server) },
        kind: if exec { Kind::Management } else { Kind::Functional },
        state: DependencyState::Stable,
        initiator: Initiator::Client,
        totals,
    }
}

fn snapshot(hosts: usize, dependencies: Vec<Dependency>) -> Snapshot {
    let host = |place| Host {
        key: key(place),
        macs: std::collections::BTreeSet::new(),
        vlans: Vec::new(),
        vendor: None,
        names: Vec::new(),
        roles: std::collections::BTreeSet::new(),
        held: Vec::new(),
        labels: Vec::new(),
        internal: true,
        span: Some(span()),
    };
    let offered = |place| Service {
        key: service(place),
        protocol: Some("http"),
        announced: false,
        product: None,
        tls: None,
        clients: 10,
        flows: 5_000,
        span: span(),
    };
    Snapshot {
        last: Some(span().last),
        hosts: (0..hosts).map(host).collect(),
        services: (0..hosts).step_by(SERVERS).map(offered).collect(),
        dependencies,
        certificates: Vec::new(),
        sightings: Vec::new(),
        scans: Vec::new(),
        pings: Vec::new(),
        anomalies: BTreeMap::new(),
        mentioned_only: 0,
        flows: 0,
        summarised: 0,
        dropped: tapmap::graph::Dropped::default(),
        graph: DiGraph::new(),
    }
}
