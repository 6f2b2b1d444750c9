//! What can have happened between a first host and its victims: the contacts on some path that keeps
//! to time. In the order of time they make no circle.

use super::root::Root;
use super::search::{Heading, Rules, earliest, effect};
use crate::model::{Span, Timestamp};
use crate::query::contact::Contacts;

/// A dependency that the infection can have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The place of the dependency.
    pub edge: u32,
    /// The place of the earliest such way.
    pub way: u32,
    /// Its ways on some path.
    pub ways: usize,
    /// From the earliest moment at which it can have been used to the latest.
    pub span: Span,
}

/// The dependencies on some path from a candidate, infected at any moment since `since`, to a victim
/// of `root`; in the order of the moment from which they can have been used.
pub fn causes(
    contacts: &Contacts,
    candidate: u32,
    since: Timestamp,
    root: &Root,
    rules: &Rules,
) -> Vec<Cause> {
    let stops = earliest(contacts, &[(candidate, since)], rules, Heading::Forward);
    let mut found: Vec<Cause> = Vec::new();
    for (place, way) in (0u32..).zip(contacts.ways()).filter(|(_, way)| way.target != candidate) {
        let reached = stops.control(way.actor).map(|at| Heading::Forward.clock(at));
        let arrival = reached.and_then(|at| Heading::Forward.through(way, at, rules.dwell));
        let Some(arrival) = arrival.map(|at| Heading::Forward.time(at)) else { continue };
        let latest = (0..root.victims.len()).filter_map(|victim| {
            let (host, _) = *root.victims.get(victim)?;
            let (control, _) = effect(rules, Heading::Back, way.target == host, way.means);
            let by = root.latest(way.target, victim).filter(|by| *by >= arrival)?;
            (control && way.actor != host).then_some(by)
        });
        let Some(by) = latest.max() else { continue };
        let acted = Span { first: arrival + -rules.dwell, last: way.span.last.min(by + -rules.dwell) };
        match found.last_mut().filter(|cause| cause.edge == way.edge) {
            Some(cause) => {
                if acted.first < cause.span.first {
                    cause.way = place;
                }
                cause.ways += 1;
                cause.span.join(acted);
            }
            None => found.push(Cause { edge: way.edge, way: place, ways: 1, span: acted }),
        }
    }
    found.sort_by_key(|cause| (cause.span, cause.edge));
    found
}
