//! Isolation: what is cut, what breaks on both sides, and where it can be enforced.

use std::hint::black_box;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::Bfs;
use tapmap::query::{Atlas, IsolateQuestion, Isolator, Levels, Requires, Segments};

use crate::figure::Figure;
use crate::map::Map;
use crate::timing::{median, milliseconds, time};

/// The time of a question, compared with a breadth-first search.
const RATIO_MAX: f64 = 0.4;

/// Hosts of which the one with the most dependencies is isolated.
const TRIED: u32 = 2_000;

/// One busy server, and a segment of 256 hosts.
pub fn measure(map: &Map, rounds: usize) -> Vec<Figure> {
    let atlas = Atlas::new(map.observed());
    let (segments, requires, levels) =
        (Segments::new(&atlas), Requires::from_atlas(&atlas), Levels::default());
    let mut isolator = Isolator::new(&atlas, &segments, &requires, &levels);
    let clients =
        |host: &u32| atlas.offers(*host).iter().map(|service| atlas.used_by(*service).len()).sum::<usize>();
    let busiest = (0..TRIED).max_by_key(clients).unwrap();
    let whole = segments.hosts(segments.of(busiest).unwrap()).to_vec();
    let mut figures = Vec::new();
    for (which, hosts) in [("its busiest server", vec![busiest]), ("a segment", whole)] {
        let question = IsolateQuestion { hosts, ..IsolateQuestion::default() };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut size = (0, 0);
        for _ in 0..rounds {
            let (took, isolation) = time(|| isolator.isolate(black_box(&question)));
            size = (isolation.cut.len(), isolation.outside.must.len() + isolation.outside.may.len());
            ours.push(took);
            let (took, _) = time(|| {
                let start = NodeIndex::new(black_box(busiest) as usize);
                let mut search = Bfs::new(&map.graph, start);
                let mut visited = 0;
                while search.next(&map.graph).is_some() {
                    visited += 1;
                }
                black_box(visited)
            });
            theirs.push(took);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let name = format!("isolate {which}, {} ({} cut, {} fall)", map.name(), size.0, size.1);
        figures.push(Figure::only(&format!("{name}: petgraph Bfs"), milliseconds(theirs)));
        figures.push(Figure::only(&name, milliseconds(ours)));
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        figures.push(Figure::at_most(&format!("{name}: ratio"), ratio, RATIO_MAX, ""));
    }
    figures
}
