//! Isolation: what is cut, what breaks on both sides, what is reset, and where it can be enforced.

use std::hint::black_box;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{Bfs, VisitMap};
use tapmap::query::{Atlas, IsolateQuestion, Isolator, Requires, Segments};

use crate::figure::Figure;
use crate::map::Map;
use crate::random::Random;
use crate::timing::{median, milliseconds, time};

/// The time of a question, compared with a breadth-first search.
const RATIO_MAX: f64 = 0.4;

/// Questions that are timed together: the answer to one may be too short to be timed alone.
const BATCH: usize = 20;

/// Random hosts that are timed together: most of them are clients only, whose search ends at once.
const RANDOM: usize = 60;

/// Hosts of median and of high in-degree, random hosts, and segments of 256 hosts.
pub fn measure(map: &Map, rounds: usize) -> Vec<Figure> {
    let atlas = Atlas::new(map.observed());
    let (segments, requires) = (Segments::new(&atlas), Requires::from_atlas(&atlas));
    let mut isolator = Isolator::new(&atlas, &segments, &requires);
    let hosts = u32::try_from(map.observed().snapshot.hosts.len()).unwrap();
    let clients =
        |host: u32| atlas.offers(host).iter().map(|service| atlas.used_by(*service).len()).sum::<usize>();
    let mut servers: Vec<(usize, u32)> =
        (0..hosts).map(|host| (clients(host), host)).filter(|(clients, _)| *clients > 0).collect();
    servers.sort_unstable();
    let around = |place: usize| -> Vec<Vec<u32>> {
        servers
            .iter()
            .skip(place.saturating_sub(BATCH / 2))
            .take(BATCH)
            .map(|(_, host)| vec![*host])
            .collect()
    };
    let mut random = Random::new(u64::from(hosts));
    let mut below = |end: u32| u32::try_from(random.below(end as usize)).unwrap();
    let count = u32::try_from(segments.count()).unwrap();
    let cases = [
        ("a median server", around(servers.len() / 2)),
        ("a server at the 99th percentile", around(servers.len() - servers.len() / 100)),
        ("a random host", (0..RANDOM).map(|_| vec![below(hosts)]).collect()),
        ("a segment", (0..BATCH).map(|_| segments.hosts(below(count)).to_vec()).collect()),
    ];
    cases.iter().flat_map(|(which, targets)| take_turns(map, &mut isolator, which, targets, rounds)).collect()
}

/// Runs both in turn, so that whatever else the machine does hits both alike. Times are those of one
/// question: the mean of a batch, the median of the rounds.
fn take_turns(
    map: &Map,
    isolator: &mut Isolator<'_>,
    which: &str,
    targets: &[Vec<u32>],
    rounds: usize,
) -> [Figure; 3] {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut cut, mut fallen) = (0, 0);
    let questions: Vec<IsolateQuestion> = targets
        .iter()
        .map(|hosts| IsolateQuestion { hosts: hosts.clone(), ..IsolateQuestion::default() })
        .collect();
    for _ in 0..rounds {
        (cut, fallen) = (0, 0);
        let (took, ()) = time(|| {
            for question in &questions {
                let isolation = black_box(isolator.isolate(black_box(question)));
                cut += isolation.cut.len();
                fallen += isolation.outside.must.len() + isolation.outside.may.len();
            }
        });
        ours.push(took);
        let (took, _) = time(|| targets.iter().map(|hosts| visited(map, black_box(hosts))).sum::<usize>());
        theirs.push(took);
    }
    let batch = u32::try_from(targets.len()).unwrap();
    let (ours, theirs) = (median(ours) / batch, median(theirs) / batch);
    let (cut, fallen) = (cut / targets.len(), fallen / targets.len());
    let name = format!("isolate {which}, {} ({cut} cut, {fallen} fall)", map.name());
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    [
        Figure::only(&format!("{name}: petgraph Bfs"), milliseconds(theirs)),
        Figure::only(&name, milliseconds(ours)),
        Figure::at_most(&format!("{name}: ratio"), ratio, RATIO_MAX, ""),
    ]
}

/// How many nodes a search from some hosts at once comes to.
fn visited(map: &Map, hosts: &[u32]) -> usize {
    let mut starts = hosts.iter().map(|host| NodeIndex::new(*host as usize));
    let mut search = Bfs::new(&map.graph, starts.next().unwrap());
    for start in starts {
        if search.discovered.visit(start) {
            search.stack.push_back(start);
        }
    }
    let mut visited = 0;
    while search.next(&map.graph).is_some() {
        visited += 1;
    }
    black_box(visited)
}
