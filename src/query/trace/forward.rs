//! From an infected host forward in time: whom it can have reached since, and whom only a search
//! without time would accuse.

use super::likelihood::{Likeliest, Reliability, likeliest, reliability};
use super::search::{Heading, Hop, Rules, Stops, earliest, effect, timeless};
use crate::model::Timestamp;
use crate::query::contact::{Contacts, Way};

/// Whom an intruder can have reached.
#[derive(Debug)]
pub struct Trace {
    /// Hosts that were reached, the earliest first.
    pub reached: Vec<Reached>,
    /// Hosts that a search without time would claim as well.
    pub static_only: Vec<OutOfTime>,
    /// Hosts that are only touched, and that a search without time would claim to be controlled.
    pub static_control_only: Vec<u32>,
    /// Worlds that reliabilities were drawn from.
    pub worlds: u32,
}

/// A host that was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// Its place.
    pub host: u32,
    /// It can be controlled, and others from it; else something happens to it and no more.
    pub controlled: bool,
    /// The earliest moment.
    pub at: Timestamp,
    /// The contacts to it that make this moment, each with the moment of its target.
    pub path: Vec<Hop>,
    /// Where it was touched before it could be controlled: when.
    pub touched: Option<Timestamp>,
    /// The product along its likeliest path.
    pub probability: f64,
    /// That path.
    pub likely_path: Vec<Hop>,
    /// How likely it is reached by any path, and 1.96 standard errors of that estimate.
    pub reliability: (f64, f64),
}

/// A host that a search without time claims, and why time says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTime {
    /// Its place.
    pub host: u32,
    /// The place of the way to it, from a host that was reached too late for it: of several, that
    /// which ended last. None: it is only behind others like it.
    pub missed: Option<u32>,
}

/// Traces forward from hosts that are infected at a moment each.
pub fn trace(contacts: &Contacts, zero: &[(u32, Timestamp)], rules: &Rules) -> Trace {
    let stops = earliest(contacts, zero, rules, Heading::Forward);
    let likely = likeliest(contacts, zero, rules, Heading::Forward);
    let drawn = reliability(contacts, zero, rules, &stops);
    let sources: Vec<u32> = zero.iter().map(|(host, _)| *host).collect();
    let all = timeless(contacts, &sources, rules, |_| true);
    let hosts = 0..u32::try_from(contacts.hosts()).unwrap_or(u32::MAX);
    let others = hosts.filter(|host| !sources.contains(host));
    let mut trace = Trace {
        reached: Vec::new(),
        static_only: Vec::new(),
        static_control_only: Vec::new(),
        worlds: drawn.worlds,
    };
    for host in others {
        match reached(contacts, host, &stops, &likely, &drawn) {
            Some(row) => {
                if !row.controlled && all.control(host).is_some() {
                    trace.static_control_only.push(host);
                }
                trace.reached.push(row);
            }
            None if all.reached(host) => {
                trace.static_only.push(OutOfTime { host, missed: missed(contacts, host, &stops, rules) });
            }
            None => {}
        }
    }
    trace.reached.sort_by_key(|row| (row.at, row.path.len(), row.host));
    trace
}

/// The moments alone: when each host is controlled, and when it is touched, at the earliest.
pub fn arrivals(
    contacts: &Contacts,
    zero: &[(u32, Timestamp)],
    rules: &Rules,
) -> Vec<(Option<Timestamp>, Option<Timestamp>)> {
    let stops = earliest(contacts, zero, rules, Heading::Forward);
    let hosts = 0..u32::try_from(contacts.hosts()).unwrap_or(u32::MAX);
    hosts.map(|host| (stops.control(host), stops.touch(host))).collect()
}

fn reached(
    contacts: &Contacts,
    host: u32,
    stops: &Stops,
    likely: &Likeliest,
    drawn: &Reliability,
) -> Option<Reached> {
    let touch = stops.touch(host);
    let row = |controlled: bool, at| Reached {
        host,
        controlled,
        at,
        path: stops.path(contacts, host, !controlled),
        touched: touch.filter(|touch| controlled && *touch < at),
        probability: if controlled { likely.control(host) } else { likely.touch(host) },
        likely_path: likely.path(host, !controlled),
        reliability: if controlled { drawn.control(host) } else { drawn.touch(host) },
    };
    match stops.control(host) {
        Some(at) => Some(row(true, at)),
        None => Some(row(false, touch?)),
    }
}

fn missed(contacts: &Contacts, host: u32, stops: &Stops, rules: &Rules) -> Option<u32> {
    let late = |way: &Way| {
        let (control, touch) = effect(rules, Heading::Forward, false, way.means);
        (control || touch) && stops.control(way.actor).is_some_and(|reached| way.span.last < reached)
    };
    let late = contacts.to(host).filter(|(_, way)| late(way));
    late.max_by_key(|(place, way)| (way.span.last, *place)).map(|(place, _)| place)
}
