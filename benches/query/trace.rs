//! Exposure beside petgraph's breadth-first search, and traces over a million contacts.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::figure::Figure;
use petgraph::stable_graph::StableGraph;
use petgraph::visit::Bfs;
use tapmap::graph::{
    Dependency, DependencyState, Dropped, EdgeKey, EdgeTotals, History, Host, Inferences, Initiator, Kind,
    Service, Snapshot,
};
use tapmap::model::{Address, Capability, HostKey, Realm, ServiceKey, Span, Timestamp, Transport};
use tapmap::query::contact::{Contacts, Means, Way};
use tapmap::query::exposure;
use tapmap::query::trace::{Root, Rules, arrivals, trace};
use tapmap::query::{Atlas, Knowledge, Observed};

/// Of the time of a breadth-first search.
const RATIO_MAX: f64 = 0.2;

/// Milliseconds of a trace.
const FORWARD_MAX: f64 = 300.0;

/// Contacts of the traces.
const CONTACTS: u32 = 1_000_000;

/// Measures both sizes of network, then traces.
pub fn measure(sizes: [u32; 2], rounds: usize) -> Vec<Figure> {
    let mut figures: Vec<Figure> =
        sizes.into_iter().flat_map(|hosts| exposures(hosts, 10 * hosts, rounds)).collect();
    figures.extend(traces(rounds));
    figures
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(end)).unwrap()
    }
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A host that reaches all others by shells, so that nothing is left out of the search.
fn exposures(hosts: u32, edges: u32, rounds: usize) -> [Figure; 2] {
    let snapshot = Arc::new(map(hosts, edges));
    let atlas = Atlas::new(Observed {
        snapshot: Arc::clone(&snapshot),
        history: Arc::new(History::default()),
        inferences: Arc::new(Inferences::default()),
        knowledge: Arc::new(Knowledge::default()),
        watched: Arc::default(),
    });
    let made = median(rounds, || {
        black_box(tapmap::query::Terrain::of(&atlas));
    });
    let mut graph: StableGraph<(), ()> = StableGraph::new();
    let nodes: Vec<_> = (0..hosts).map(|_| graph.add_node(())).collect();
    for place in 0..u32::try_from(snapshot.dependencies.len()).unwrap() {
        let ends = (atlas.client_of(place).unwrap(), atlas.server_of(place).unwrap());
        graph.add_edge(nodes[ends.0 as usize], nodes[ends.1 as usize], ());
    }
    let mut reached = 0;
    let search = median(rounds, || {
        let mut walk = Bfs::new(&graph, nodes[0]);
        reached = 0;
        while walk.next(&graph).is_some() {
            reached += 1;
        }
    });
    let mut found = exposure::Exposure::default();
    let asked = median(rounds, || found = exposure::of(&atlas, &[0], None));
    assert_eq!(found.direct.len() + found.onward.len() + 1, reached, "the same hosts");
    let ratio = asked.as_secs_f64() / search.as_secs_f64();
    let name = format!("exposure, {hosts} hosts, {edges} edges, all reached");
    let told = format!(
        "{:.2} ms; Bfs {:.2} ms; index once {:.0} ms",
        milliseconds(asked),
        milliseconds(search),
        milliseconds(made)
    );
    [Figure::at_most(&format!("{name}, ratio to Bfs"), ratio, RATIO_MAX, " x"), Figure::only(&name, told)]
}

fn host(number: u32) -> HostKey {
    let [_, b, c, d] = number.to_be_bytes();
    HostKey { realm: Realm::DEFAULT, address: Address::from([10, b, c, d]) }
}

fn map(hosts: u32, edges: u32) -> Snapshot {
    let mut random = Random(1);
    let service = |host: HostKey| ServiceKey { host, port: 22, transport: Transport::Tcp };
    let mut keys: Vec<EdgeKey> = Vec::new();
    while keys.len() < edges as usize {
        while keys.len() < edges as usize {
            let (client, server) = (random.below(hosts), random.below(hosts));
            if client != server {
                keys.push(EdgeKey { client: host(client), service: service(host(server)) });
            }
        }
        keys.sort_unstable();
        keys.dedup();
    }
    let span = Span::at(Timestamp::from_seconds(0, 0));
    let dependencies = keys.into_iter().map(|key| Dependency {
        key,
        kind: Kind::Management,
        state: DependencyState::Stable,
        initiator: Initiator::Client,
        totals: EdgeTotals { capability: Some(Capability::ExecShell), ..EdgeTotals::leased(span) },
    });
    let dependencies: Vec<Dependency> = dependencies.collect();
    let mut offered: Vec<ServiceKey> = dependencies.iter().map(|row| row.key.service).collect();
    offered.sort_unstable();
    offered.dedup();
    let services = offered.into_iter().map(|key| Service {
        key,
        protocol: Some("ssh"),
        announced: false,
        product: None,
        tls: None,
        clients: 1,
        flows: 1,
        span,
    });
    let hosts = (0..hosts).map(|number| Host {
        key: host(number),
        macs: Default::default(),
        vlans: Vec::new(),
        vendor: None,
        names: Vec::new(),
        roles: Default::default(),
        labels: Vec::new(),
        held: Vec::new(),
        internal: true,
        span: Some(span),
    });
    Snapshot {
        last: None,
        hosts: hosts.collect(),
        services: services.collect(),
        dependencies,
        certificates: Vec::new(),
        sightings: Vec::new(),
        scans: Vec::new(),
        pings: Vec::new(),
        anomalies: BTreeMap::new(),
        mentioned_only: 0,
        flows: 0,
        summarised: 0,
        dropped: Dropped::default(),
        graph: Default::default(),
    }
}

/// A day of a million contacts between 10,000 hosts over 100,000 dependencies, a third of them shells.
fn contacts() -> Contacts {
    const HOSTS: u32 = 10_000;
    let mut random = Random(2);
    let edges: Vec<(u32, u32, Means)> = (0..100_000)
        .map(|_| {
            let means = if random.below(3) == 0 { Capability::ExecShell } else { Capability::Data };
            (random.below(HOSTS), random.below(HOSTS), Means::Contact(means))
        })
        .collect();
    let ways = (0..CONTACTS).map(|contact| {
        let edge = random.below(100_000);
        let (actor, target, means) = edges[edge as usize];
        let first = i64::from(random.below(86_400));
        let span = Span {
            first: Timestamp::from_seconds(first, 0),
            last: Timestamp::from_seconds(first + i64::from(random.below(600)), 0),
        };
        Way { actor, target, span, means, probability: means.prior(), edge, contact }
    });
    Contacts::new(HOSTS as usize, ways.collect())
}

fn traces(rounds: usize) -> [Figure; 4] {
    let mut made = contacts();
    let build = median(rounds, || made = Contacts::new(made.hosts(), made.ways().to_vec()));
    let zero = [(0, Timestamp::from_seconds(3_600, 0))];
    let rules = Rules::default();
    let mut reached = 0;
    let forward = median(rounds, || {
        reached = arrivals(&made, &zero, &rules).iter().filter(|(control, _)| control.is_some()).count();
    });
    let whole = median(rounds, || {
        black_box(trace(&made, &zero, &rules));
    });
    let victims = [(9_999, Timestamp::from_seconds(80_000, 0))];
    let back = median(rounds, || {
        black_box(Root::of(&made, &victims, &rules).candidates(&made));
    });
    let told = |time| format!("{:.0} ms", milliseconds(time));
    let name = format!("forward trace, {CONTACTS} contacts, {reached} hosts reached");
    [
        Figure::at_most(&name, milliseconds(forward), FORWARD_MAX, " ms"),
        Figure::only("the same with likeliest paths, worlds and what is out of time", told(whole)),
        Figure::only("back from one victim", told(back)),
        Figure::only("laying out the contacts, once", told(build)),
    ]
}
