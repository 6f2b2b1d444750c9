//! Impact: what certainly falls and what may, with hops and groups.

use std::hint::black_box;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::Bfs;
use tapmap::query::{Fixpoint, Threshold};

use crate::figure::Figure;
use crate::network::Network;
use crate::timing::{median, milliseconds, time};

/// The time of a question, compared with a breadth-first search.
const RATIO_MAX: f64 = 0.2;

/// Services tried to find those with the most and the median number of dependents.
const TRIED: u32 = 500;

/// The worst and a median question to a network.
pub fn measure(network: &Network, rounds: usize) -> Vec<Figure> {
    let mut fixpoint = Fixpoint::new(&network.requires);
    let step = (network.hosts / TRIED).max(1) as usize;
    let mut sizes: Vec<(usize, u32)> = (0..network.hosts)
        .step_by(step)
        .map(|service| (fixpoint.run(&[service], &[], Threshold::MAY).len(), service))
        .filter(|(size, _)| *size > 0)
        .collect();
    sizes.sort_unstable();
    let worst = sizes[sizes.len() - 1];
    let middle = sizes[sizes.len() / 2];
    [("worst", worst), ("median", middle)]
        .into_iter()
        .flat_map(|(which, (size, service))| {
            let name = format!("impact, {}, {which} ({size} fall)", network.name());
            let (ours, theirs) = take_turns(network, &mut fixpoint, (size, service), rounds);
            [
                Figure::only(&format!("{name}: petgraph Bfs"), milliseconds(theirs)),
                Figure::only(&format!("{name}: must and may"), milliseconds(ours)),
                Figure::at_most(
                    &format!("{name}: ratio"),
                    ours.as_secs_f64() / theirs.as_secs_f64(),
                    RATIO_MAX,
                    "",
                ),
            ]
        })
        .collect()
}

/// Runs both in turn, so that whatever else the machine does hits both alike.
fn take_turns(
    network: &Network,
    fixpoint: &mut Fixpoint<'_>,
    (size, service): (usize, u32),
    rounds: usize,
) -> (std::time::Duration, std::time::Duration) {
    // A small question is too short to be timed alone.
    let repeats = u32::try_from(10_000 / size.max(1)).unwrap().max(1);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (took, _) = time(|| {
            let mut fell = 0;
            for _ in 0..repeats {
                let falling = fixpoint.question(black_box(&[service]), &[], &[]);
                fell += falling.must.len() + falling.may.len();
            }
            black_box(fell)
        });
        ours.push(took);
        let (took, _) = time(|| {
            let mut visited = 0;
            for _ in 0..repeats {
                let mut search = Bfs::new(&network.graph, NodeIndex::new(black_box(service) as usize));
                while search.next(&network.graph).is_some() {
                    visited += 1;
                }
            }
            black_box(visited)
        });
        theirs.push(took);
    }
    (median(ours) / repeats, median(theirs) / repeats)
}
