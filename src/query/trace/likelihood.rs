//! How likely a host is reached. The likeliest path explains; its product is a lower bound. How likely
//! a host is reached by any path is estimated from possible worlds, because paths share contacts and
//! their products cannot be added up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::search::{Heading, Hop, Rules, Stops, earliest_by, effect};
use crate::model::Timestamp;
use crate::query::contact::{Contacts, Means, Way};

/// Better chances kept for one host, one after another in time: 64 × 32 B a host. With more, the
/// product is a lower bound. Chances are products of ten priors, so they are few.
const CHANCES_MAX: u16 = 64;

/// Stands for no label.
const NONE: u32 = u32::MAX;

/// A way to have got somewhere: no earlier one is at least as likely.
#[derive(Clone, Copy, Debug)]
struct Label {
    way: u32,
    before: u32,
    clock: i64,
    probability: f64,
}

/// The likeliest path that keeps to time, for every host.
#[derive(Debug)]
pub(super) struct Likeliest {
    heading: Heading,
    labels: Vec<Label>,
    control: Vec<u32>,
    touch: Vec<u32>,
}

impl Likeliest {
    /// The product of probabilities on the likeliest path to control (back: from control) of a host.
    pub fn control(&self, host: u32) -> f64 {
        self.probability(&self.control, host)
    }

    /// The same for touching it.
    pub fn touch(&self, host: u32) -> f64 {
        self.probability(&self.touch, host)
    }

    fn probability(&self, best: &[u32], host: u32) -> f64 {
        let label = best.get(host as usize).and_then(|label| self.labels.get(*label as usize));
        label.map_or(0.0, |label| label.probability)
    }

    /// That path, in the order of time.
    pub fn path(&self, host: u32, touch: bool) -> Vec<Hop> {
        let best = if touch { &self.touch } else { &self.control };
        let mut path = Vec::new();
        let mut next = best.get(host as usize).copied().unwrap_or(NONE);
        while let Some(label) = self.labels.get(next as usize).filter(|label| label.before != NONE) {
            path.push(Hop { way: label.way, at: self.heading.time(label.clock) });
            next = label.before;
        }
        if self.heading == Heading::Forward {
            path.reverse();
        }
        path
    }
}

/// Walks in the order of time and goes on from a host each time that it is reached with a better
/// chance than at any moment before.
pub(super) fn likeliest(
    contacts: &Contacts,
    sources: &[(u32, Timestamp)],
    rules: &Rules,
    heading: Heading,
) -> Likeliest {
    let none = vec![NONE; contacts.hosts()];
    let mut found = Likeliest { heading, labels: Vec::new(), control: none.clone(), touch: none };
    let mut times = vec![0u16; contacts.hosts()];
    let mut heap = BinaryHeap::new();
    for (host, time) in sources {
        heap.push(Reverse((heading.clock(*time), !1f64.to_bits(), *host, NONE, NONE)));
    }
    let until = rules.until.filter(|_| heading == Heading::Forward);
    while let Some(Reverse((clock, unlikely, host, way, before))) = heap.pop() {
        // Of probabilities the bits order like the numbers.
        let probability = f64::from_bits(!unlikely);
        let Some(count) = times.get_mut(host as usize).filter(|count| **count < CHANCES_MAX) else {
            continue;
        };
        if probability <= found.control(host) {
            continue;
        }
        *count += 1;
        let label = u32::try_from(found.labels.len()).unwrap_or(NONE);
        found.labels.push(Label { way, before, clock, probability });
        if let Some(best) = found.control.get_mut(host as usize) {
            *best = label;
        }
        let mut last: Option<Offer> = None;
        heading.each(contacts, host, |place, way, next| {
            let Some(arrival) = heading.through(way, clock, rules.dwell) else { return };
            if until.is_some_and(|until| heading.time(arrival) > until) {
                return;
            }
            let (control, touch) = effect(rules, heading, before == NONE, way.means);
            if !control && !touch {
                return;
            }
            let offer =
                Offer { clock: arrival, probability: probability * way.probability, place, next, touch };
            // Contacts of one dependency stand together: only the earliest of equals matters.
            match &mut last {
                Some(known) if known.is_like(&offer) => known.earlier(offer),
                _ => {
                    if let Some(known) = last.replace(offer) {
                        found.offer(known, label, &mut heap);
                    }
                }
            }
        });
        if let Some(known) = last {
            found.offer(known, label, &mut heap);
        }
    }
    found
}

type Heap = BinaryHeap<Reverse<(i64, u64, u32, u32, u32)>>;

/// A step from a host that was just reached.
#[derive(Clone, Copy, Debug)]
struct Offer {
    clock: i64,
    probability: f64,
    place: u32,
    next: u32,
    touch: bool,
}

impl Offer {
    fn is_like(&self, other: &Offer) -> bool {
        (self.next, self.touch, self.probability.to_bits())
            == (other.next, other.touch, other.probability.to_bits())
    }

    fn earlier(&mut self, other: Offer) {
        if other.clock < self.clock {
            *self = other;
        }
    }
}

impl Likeliest {
    fn offer(&mut self, offer: Offer, label: u32, heap: &mut Heap) {
        let Offer { clock, probability, place, next, touch } = offer;
        if !touch {
            if probability > self.control(next) {
                heap.push(Reverse((clock, !probability.to_bits(), next, place, label)));
            }
        } else if probability > self.touch(next) {
            let new = u32::try_from(self.labels.len()).unwrap_or(NONE);
            self.labels.push(Label { way: place, before: label, clock, probability });
            if let Some(best) = self.touch.get_mut(next as usize) {
                *best = new;
            }
        }
    }
}

/// Worlds drawn for an estimate: ±0.015 at worst.
const WORLDS_MAX: u32 = 4_096;

/// Worlds drawn where there are very many contacts: ±0.12 at worst.
const WORLDS_MIN: u32 = 64;

/// Contacts looked at in all worlds together: 20 M at some nanoseconds each are a fifth of a second.
const STEPS_MAX: usize = 20_000_000;

/// The seed of every estimate, so that the same question has the same answer.
pub const SEED: u64 = 0x7461_706d_6170_0004;

/// How likely hosts are reached by any path.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Worlds drawn.
    pub worlds: u32,
    control: Vec<u32>,
    touch: Vec<u32>,
}

impl Reliability {
    /// The share of worlds in which a host is controlled, and 1.96 standard errors.
    pub fn control(&self, host: u32) -> (f64, f64) {
        self.share(&self.control, host)
    }

    /// The share of worlds in which it is touched.
    pub fn touch(&self, host: u32) -> (f64, f64) {
        self.share(&self.touch, host)
    }

    fn share(&self, counts: &[u32], host: u32) -> (f64, f64) {
        let worlds = f64::from(self.worlds.max(1));
        let share = f64::from(counts.get(host as usize).copied().unwrap_or_default()) / worlds;
        (share, 1.96 * (share * (1.0 - share) / worlds).sqrt())
    }
}

/// Draws worlds in which each dependency carries an intruder or does not, and traces each of them.
/// `stops` is the trace in the world in which all of them do.
pub(super) fn reliability(
    contacts: &Contacts,
    sources: &[(u32, Timestamp)],
    rules: &Rules,
    stops: &Stops,
) -> Reliability {
    let usable = |way: &&Way| {
        let reached = stops.control(way.actor);
        let (control, touch) = effect(rules, Heading::Forward, false, way.means);
        (control || touch) && reached.is_some_and(|reached| reached <= way.span.last)
    };
    let ways: Vec<Way> = contacts.ways().iter().filter(usable).copied().collect();
    let affordable = u32::try_from(STEPS_MAX / ways.len().max(1)).unwrap_or(WORLDS_MAX);
    let worlds = affordable.clamp(WORLDS_MIN, WORLDS_MAX);
    let (hosts, small) = without_the_others(contacts.hosts(), &ways, stops);
    let mut found =
        Reliability { worlds, control: vec![0; contacts.hosts()], touch: vec![0; contacts.hosts()] };
    let starts: Vec<(u32, Timestamp)> =
        sources.iter().filter_map(|(host, at)| Some((renamed(&hosts, *host)?, *at))).collect();
    for world in 0..worlds {
        let reached = earliest_by(&small, &starts, rules, Heading::Forward, |way| holds(world, way));
        for (place, host) in (0u32..).zip(&hosts) {
            let add = |counts: &mut Vec<u32>, yes: bool| {
                if let Some(count) = counts.get_mut(*host as usize) {
                    *count += u32::from(yes);
                }
            };
            add(&mut found.control, reached.control(place).is_some());
            add(&mut found.touch, reached.touch(place).is_some());
        }
    }
    found
}

/// The hosts that are reached in any world, and the contacts between them under their places in that
/// list: a world then costs no more than it is large.
fn without_the_others(count: usize, ways: &[Way], stops: &Stops) -> (Vec<u32>, Contacts) {
    let all = 0..u32::try_from(count).unwrap_or(u32::MAX);
    let hosts: Vec<u32> = all.filter(|host| stops.reached(*host)).collect();
    let ways = ways.iter().filter_map(|way| {
        Some(Way { actor: renamed(&hosts, way.actor)?, target: renamed(&hosts, way.target)?, ..*way })
    });
    let small = Contacts::new(hosts.len(), ways.collect());
    (hosts, small)
}

fn renamed(hosts: &[u32], host: u32) -> Option<u32> {
    hosts.binary_search(&host).ok().and_then(|place| u32::try_from(place).ok())
}

/// Whether a way carries an intruder in a world. One number is drawn for each dependency and world; a
/// stronger contact of the same dependency holds wherever a weaker one does.
fn holds(world: u32, way: &Way) -> bool {
    let back = u64::from(way.means == Means::ClientSide) << 63;
    let drawn = mixed(SEED ^ mixed(back | u64::from(world) << 32 | u64::from(way.edge)));
    // The upper 53 bits are a number from 0 to 1.
    let chance = (drawn >> 11) as f64 / (1u64 << 53) as f64;
    chance < way.probability
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014).
const fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
