//! Impact: what certainly falls and what may, with hops and groups.

use std::hint::black_box;
use std::time::Duration;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::Bfs;
use tapmap::query::{Fixpoint, Threshold};

use crate::figure::Figure;
use crate::network::Network;
use crate::random::Random;
use crate::timing::{median, milliseconds, time};

/// The time of a question, compared with a breadth-first search.
const RATIO_MAX: f64 = 0.2;

/// Services tried to find the one with the most dependents.
const TRIED: u32 = 500;

/// Services drawn for the typical question, which is too short to be timed alone.
const DRAWN: usize = 1_000;

/// The worst question to a network, and many that are drawn, one after the other. The search sees the
/// same nodes and edges, and visits everything that leans on the same services by any number of steps;
/// the question visits those that fall, which are fewer: what has a substitute lives.
pub fn measure(network: &Network, rounds: usize) -> Vec<Figure> {
    let mut fixpoint = Fixpoint::new(&network.requires);
    let step = (network.hosts / TRIED).max(1) as usize;
    let tried = (0..network.hosts).step_by(step);
    let worst = tried.max_by_key(|service| fixpoint.run(&[*service], &[], Threshold::MAY).len()).unwrap();
    let mut random = Random::new(1);
    let drawn: Vec<u32> = (0..DRAWN).map(|_| random.below(network.hosts as usize) as u32).collect();
    [("worst", vec![worst]), ("drawn", drawn)]
        .into_iter()
        .flat_map(|(which, services)| {
            let turns = take_turns(network, &mut fixpoint, &services, rounds);
            let (fallen, visited) = turns.counts;
            let name = format!("impact, {}, {} {which}", network.name(), services.len());
            [
                Figure::only(&format!("{name}: petgraph Bfs, {visited} visited"), milliseconds(turns.theirs)),
                Figure::only(&format!("{name}: must and may, {fallen} fall"), milliseconds(turns.ours)),
                Figure::at_most(
                    &format!("{name}: ratio"),
                    turns.ours.as_secs_f64() / turns.theirs.as_secs_f64(),
                    RATIO_MAX,
                    "",
                ),
            ]
        })
        .collect()
}

/// How long both took for all services, and how many nodes fell and were visited.
struct Turns {
    ours: Duration,
    theirs: Duration,
    counts: (usize, usize),
}

/// Runs both in turn, so that whatever else the machine does hits both alike.
fn take_turns(network: &Network, fixpoint: &mut Fixpoint<'_>, services: &[u32], rounds: usize) -> Turns {
    let (mut ours, mut theirs, mut counts) = (Vec::new(), Vec::new(), (0, 0));
    for _ in 0..rounds {
        let (took, fallen) = time(|| {
            let mut fallen = 0;
            for service in services {
                let falling = fixpoint.question(black_box(&[*service]), &[], &[]);
                fallen += falling.must.len() + falling.may.len();
            }
            black_box(fallen)
        });
        ours.push(took);
        let (took, visited) = time(|| {
            let mut visited = 0;
            for service in services {
                let mut search = Bfs::new(&network.graph, NodeIndex::new(black_box(*service) as usize));
                while search.next(&network.graph).is_some() {
                    visited += 1;
                }
            }
            black_box(visited)
        });
        theirs.push(took);
        counts = (fallen, visited);
    }
    Turns { ours: median(ours), theirs: median(theirs), counts }
}
