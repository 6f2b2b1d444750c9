//! How somebody can have come from one host to another: the shortest paths over contacts that keep to
//! time, and where there is none, the one that a drawing without time would show.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use super::search::{Heading, Hop, Rules, Stops, earliest_by, effect, timeless};
use crate::model::Timestamp;
use crate::query::contact::{Contacts, Way};

/// Paths told.
pub const PATHS: usize = 3;

/// Beginnings of paths that are tried: 200,000 × 24 B = 4.8 MB. Past this the paths found so far are
/// told, and that there may be others.
const TRIED_MAX: usize = 200_000;

/// Stands for no label.
const NONE: u32 = u32::MAX;

/// Where a path ends.
#[derive(Clone, Debug, Default)]
pub struct Goal {
    /// Places of hosts.
    pub hosts: Vec<u32>,
    /// Places of the dependencies that the last contact must be of, where a port was named.
    pub edges: Option<BTreeSet<u32>>,
}

impl Goal {
    fn is(&self, host: u32) -> bool {
        self.hosts.contains(&host)
    }

    fn admits(&self, way: &Way) -> bool {
        !self.is(way.target) || self.edges.as_ref().is_none_or(|edges| edges.contains(&way.edge))
    }
}

/// Paths between two targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paths {
    /// Paths over different hosts, the shortest first; of equally short ones, the earliest. Each contact
    /// with the moment at which its target is reached.
    pub found: Vec<Vec<Hop>>,
    /// No path was left out because there were too many to try.
    pub complete: bool,
    /// Where there is none: places of ways that would make one if time did not matter, of several
    /// between two hosts the one that ended last.
    pub without_time: Vec<u32>,
}

/// The beginning of a path.
#[derive(Clone, Copy, Debug)]
struct Label {
    host: u32,
    way: u32,
    before: u32,
    clock: i64,
}

/// The shortest paths from hosts, each infected at a moment, to a goal.
pub fn paths(contacts: &Contacts, from: &[(u32, Timestamp)], goal: &Goal, rules: &Rules) -> Paths {
    let usable = |way: &Way| goal.admits(way);
    let by = rules.until.unwrap_or(Timestamp::MAX);
    let ends: Vec<(u32, Timestamp)> = goal.hosts.iter().map(|host| (*host, by)).collect();
    let latest = earliest_by(contacts, &ends, rules, Heading::Back, usable);
    let search = Search { contacts, goal, rules, latest, left: left(contacts, goal, rules) };
    let (found, complete) = search.run(from);
    let without_time = if found.is_empty() { search.without_time(from) } else { Vec::new() };
    Paths { found, complete, without_time }
}

struct Search<'a> {
    contacts: &'a Contacts,
    goal: &'a Goal,
    rules: &'a Rules,
    /// By when a host must be reached to get to the goal in time.
    latest: Stops,
    /// How many contacts are at least left from a host.
    left: Vec<u32>,
}

impl Search<'_> {
    /// Best first: fewest contacts in the end, then earliest. What is left is never overestimated, so
    /// paths are found in order.
    fn run(&self, from: &[(u32, Timestamp)]) -> (Vec<Vec<Hop>>, bool) {
        let mut labels: Vec<Label> = Vec::new();
        let mut heap = BinaryHeap::new();
        let mut found = Vec::new();
        for (host, at) in from.iter().filter(|(host, _)| !self.goal.is(*host)) {
            let label = Label { host: *host, way: NONE, before: NONE, clock: at.nanos() };
            self.push(&mut labels, &mut heap, label, 0);
        }
        while let Some(Reverse((_, _, hops, place))) = heap.pop() {
            let Some(label) = labels.get(place as usize).copied() else { continue };
            if self.goal.is(label.host) {
                found.push(self.hops(&labels, place));
                if found.len() == PATHS {
                    break;
                }
                continue;
            }
            if labels.len() > TRIED_MAX {
                return (found, false);
            }
            let taken = self.hosts(&labels, place);
            for (next, clock, way) in self.steps(label) {
                if !taken.contains(&next) {
                    let label = Label { host: next, way, before: place, clock };
                    self.push(&mut labels, &mut heap, label, hops + 1);
                }
            }
        }
        (found, true)
    }

    fn push(
        &self,
        labels: &mut Vec<Label>,
        heap: &mut BinaryHeap<Reverse<(u32, i64, u32, u32)>>,
        label: Label,
        hops: u32,
    ) {
        let in_time = self.latest.control(label.host).is_some_and(|by| by.nanos() >= label.clock);
        let left = self.left.get(label.host as usize).copied().unwrap_or(u32::MAX);
        if let Ok(place) = u32::try_from(labels.len())
            && in_time
            && left != u32::MAX
        {
            heap.push(Reverse((hops.saturating_add(left), label.clock, hops, place)));
            labels.push(label);
        }
    }

    /// The hosts that can be reached next, each by the contact that gets there first.
    fn steps(&self, label: Label) -> Vec<(u32, i64, u32)> {
        let mut steps: Vec<(u32, i64, u32)> = Vec::new();
        Heading::Forward.each(self.contacts, label.host, |place, way, next| {
            if let Some(clock) = Heading::Forward.through(way, label.clock, self.rules.dwell)
                && self.leads(way)
            {
                steps.push((next, clock, place));
            }
        });
        steps.sort_unstable();
        steps.dedup_by_key(|(next, ..)| *next);
        steps
    }

    fn leads(&self, way: &Way) -> bool {
        leads(self.goal, self.rules, way)
    }

    fn chain<'a>(&self, labels: &'a [Label], place: u32) -> impl Iterator<Item = &'a Label> {
        let first = labels.get(place as usize);
        std::iter::successors(first, |label| labels.get(label.before as usize))
    }

    fn hosts(&self, labels: &[Label], place: u32) -> Vec<u32> {
        self.chain(labels, place).map(|label| label.host).collect()
    }

    fn hops(&self, labels: &[Label], place: u32) -> Vec<Hop> {
        let hops = self.chain(labels, place).filter(|label| label.before != NONE);
        let mut hops: Vec<Hop> =
            hops.map(|label| Hop { way: label.way, at: Timestamp::from_nanos(label.clock) }).collect();
        hops.reverse();
        hops
    }

    fn without_time(&self, from: &[(u32, Timestamp)]) -> Vec<u32> {
        let sources: Vec<u32> =
            from.iter().map(|(host, _)| *host).filter(|host| !self.goal.is(*host)).collect();
        let stops = timeless(self.contacts, &sources, self.rules, |way| self.leads(way));
        let ends = self.goal.hosts.iter().flat_map(|host| [(*host, false), (*host, true)]);
        let paths = ends.map(|(host, touch)| stops.path(self.contacts, host, touch));
        let paths = paths.filter(|path| !path.is_empty());
        let shortest = paths.min_by_key(Vec::len).unwrap_or_default();
        shortest.iter().filter_map(|hop| self.last_like(hop.way)).collect()
    }

    /// Of the ways between the same two hosts, the one that ended last.
    fn last_like(&self, place: u32) -> Option<u32> {
        let known = self.contacts.way(place)?;
        let alike = self.contacts.from(known.actor);
        let alike = alike.filter(|(_, way)| way.target == known.target && self.leads(way));
        alike.max_by_key(|(place, way)| (way.span.last, *place)).map(|(place, _)| place)
    }
}

/// A way that can stand on a path: it gives control, or it has an effect on the goal.
fn leads(goal: &Goal, rules: &Rules, way: &Way) -> bool {
    let (control, touch) = effect(rules, Heading::Forward, false, way.means);
    goal.admits(way) && (control || touch && goal.is(way.target))
}

/// The fewest contacts from every host to the goal, whatever the time; `u32::MAX` for none.
fn left(contacts: &Contacts, goal: &Goal, rules: &Rules) -> Vec<u32> {
    let mut left = vec![u32::MAX; contacts.hosts()];
    let mut waiting = VecDeque::new();
    for host in &goal.hosts {
        if let Some(known) = left.get_mut(*host as usize) {
            *known = 0;
            waiting.push_back((*host, 0));
        }
    }
    while let Some((host, hops)) = waiting.pop_front() {
        for (_, way) in contacts.to(host).filter(|(_, way)| leads(goal, rules, way)) {
            if let Some(known) = left.get_mut(way.actor as usize).filter(|known| **known == u32::MAX) {
                *known = hops + 1;
                waiting.push_back((way.actor, hops + 1));
            }
        }
    }
    left
}
