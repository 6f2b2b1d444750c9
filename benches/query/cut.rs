//! The least disruptive cut between a segment and the busiest servers of all others.

use tapmap::query::{Atlas, Classes, CutQuestion, Cutter, Requires, Segments, Tier, Ways};

use crate::figure::Figure;
use crate::map::Map;
use crate::timing::{median, time};

/// Milliseconds of a minimum cut with everything that is told of it.
const MILLISECONDS_MAX: f64 = 300.0;

/// Servers that an intruder shall not get to: so many that each segment uses several of them.
const SAFE: usize = 100;

/// From all hosts of one segment, on both tiers.
pub fn measure(map: &Map, rounds: usize) -> Vec<Figure> {
    let atlas = Atlas::new(map.observed());
    let (segments, requires) = (Segments::new(&atlas), Requires::from_atlas(&atlas));
    let cutter = Cutter::new(&atlas, &segments, &requires);
    let from = segments.hosts(0).to_vec();
    let services = u32::try_from(map.observed().snapshot.services.len()).unwrap();
    let mut servers: Vec<(usize, u32)> = (0..services)
        .map(|service| (atlas.used_by(service).len(), atlas.host_of(service).unwrap()))
        .filter(|(_, host)| !from.contains(host))
        .collect();
    servers.sort_unstable();
    let to: Vec<u32> = servers.iter().rev().take(SAFE).map(|(_, host)| *host).collect();
    let mut figures = Vec::new();
    for (tier, classes) in [
        (Tier::Observed, Classes::Exec),
        (Tier::Potential, Classes::Exec),
        (Tier::Observed, Classes::All),
        (Tier::Potential, Classes::All),
    ] {
        let question =
            CutQuestion { from: from.clone(), to: to.clone(), tier, classes, ..CutQuestion::default() };
        let ways = Ways::new(&atlas, &segments, tier, classes);
        let (mut alone, mut whole) = (Vec::new(), Vec::new());
        let mut size = 0;
        for _ in 0..rounds.div_ceil(3) {
            alone.push(time(|| cutter.cost(&question)).0);
            let (took, answer) = time(|| cutter.cut(&question));
            size = answer.near.ways.len();
            whole.push(took);
        }
        let (nodes, count) = (ways.nodes, ways.steps.len());
        let name = format!(
            "minimum cut, {}, {} {} ({nodes} nodes, {count} ways, {size} cut)",
            map.name(),
            tier.word(),
            classes.word()
        );
        let milliseconds = |times| median(times).as_secs_f64() * 1e3;
        figures.push(Figure::at_most(&name, milliseconds(alone), MILLISECONDS_MAX, " ms"));
        figures.push(Figure::only(
            &format!("{name}, with rules and what it leaves"),
            format!("{:.1} ms", milliseconds(whole)),
        ));
    }
    figures
}
