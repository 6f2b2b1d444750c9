//! Walks over contacts that keep to time. A contact is an interval: whoever is infected at a moment
//! can use it if it ends at that moment or later, and acts no sooner than it begins
//! (`blast_radius.md` §3.3). Looking for the start of contacts in order would miss sessions that were
//! open already.
//!
//! Forward and back are the same search with the clock turned round: the earliest moment at which a
//! host can have been reached, or the latest at which it must have been.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::model::{Capability, Nanos, Timestamp};
use crate::query::contact::{Contacts, Means, Way};

/// Stands for a moment that never comes.
const NEVER: i64 = i64::MAX;

/// Stands for no way: here it began.
const NOWHERE: u32 = u32::MAX;

/// Which contacts an intruder moves by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Classes {
    /// Those that run commands. Hosts whose data is read, or whose process is changed, are told, and
    /// nobody moves on from them.
    #[default]
    Exec,
    /// All of them, as if every service could be taken over.
    All,
}

/// What a contact does for an intruder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// The target is controlled.
    Control,
    /// Something happens to the target, and nobody moves on from there.
    Touch,
    /// Nothing.
    None,
}

impl Classes {
    const fn effect(self, means: Means) -> Effect {
        match (self, means) {
            (Classes::All, _) => Effect::Control,
            (Classes::Exec, Means::Contact(Capability::Data | Capability::OtWrite)) => Effect::Touch,
            (Classes::Exec, means) if means.is_exec() => Effect::Control,
            (Classes::Exec, _) => Effect::None,
        }
    }
}

/// How an intruder moves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// By which contacts.
    pub classes: Classes,
    /// How long it takes to act on from a host that was reached. None at all is the safe bound: the
    /// fastest intruders need seconds.
    pub dwell: Nanos,
    /// Nothing that happens later counts.
    pub until: Option<Timestamp>,
}

/// Which way time is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// From an infected host to those that it can infect.
    Forward,
    /// From a victim to those that can have infected it.
    Back,
}

impl Heading {
    /// A moment on a clock that always runs on in this heading.
    pub const fn clock(self, time: Timestamp) -> i64 {
        match self {
            Heading::Forward => time.nanos(),
            Heading::Back => time.nanos().saturating_neg(),
        }
    }

    /// The moment that such a clock tells.
    pub const fn time(self, clock: i64) -> Timestamp {
        match self {
            Heading::Forward => Timestamp::from_nanos(clock),
            Heading::Back => Timestamp::from_nanos(clock.saturating_neg()),
        }
    }

    /// When the far end of a way is reached from its near end; none if the way is over by then.
    ///
    /// Somebody acts at a moment within the contact, no sooner than infected, and the target is
    /// infected a dwell after that moment. Both headings read the same sentence, so that a host is
    /// found forward exactly where it is found back.
    pub fn through(self, way: &Way, clock: i64, dwell: Nanos) -> Option<i64> {
        let (first, last) = (way.span.first.nanos(), way.span.last.nanos());
        match self {
            Heading::Forward => (clock <= last).then(|| clock.max(first).saturating_add(dwell)),
            Heading::Back => {
                let acts = clock.saturating_add(dwell).max(last.saturating_neg());
                (acts <= first.saturating_neg()).then_some(acts)
            }
        }
    }

    /// Visits the ways that lead on from a host, each with its place and its far end.
    pub fn each<'a>(self, contacts: &'a Contacts, host: u32, mut visit: impl FnMut(u32, &'a Way, u32)) {
        match self {
            Heading::Forward => contacts.from(host).for_each(|(place, way)| visit(place, way, way.target)),
            Heading::Back => contacts.to(host).for_each(|(place, way)| visit(place, way, way.actor)),
        }
    }
}

/// What a way does in a heading. Back from the victim itself every contact with an effect counts: a
/// request may have broken it. Before that, only what gives control.
pub(super) fn effect(rules: &Rules, heading: Heading, from_source: bool, means: Means) -> (bool, bool) {
    match (rules.classes.effect(means), heading) {
        (Effect::Control, _) => (true, false),
        (Effect::Touch, Heading::Forward) => (false, true),
        (Effect::Touch, Heading::Back) => (from_source, false),
        (Effect::None, _) => (false, false),
    }
}

/// When and how a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stop {
    clock: i64,
    hops: u32,
    way: u32,
}

const NOT_REACHED: Stop = Stop { clock: NEVER, hops: u32::MAX, way: NOWHERE };

/// One contact on a path, and the moment at which its far end is reached: in a path that was looked
/// for backwards, the latest moment at which its near end must have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The place of the way.
    pub way: u32,
    /// The moment.
    pub at: Timestamp,
}

/// When every host is reached at the earliest (back: at the latest).
#[derive(Debug)]
pub(super) struct Stops {
    heading: Heading,
    control: Vec<Stop>,
    touch: Vec<Stop>,
}

impl Stops {
    fn new(contacts: &Contacts, heading: Heading) -> Stops {
        let none = vec![NOT_REACHED; contacts.hosts()];
        Stops { heading, control: none.clone(), touch: none }
    }

    /// When a host is under control.
    pub fn control(&self, host: u32) -> Option<Timestamp> {
        let stop = self.control.get(host as usize).filter(|stop| stop.clock != NEVER)?;
        Some(self.heading.time(stop.clock))
    }

    /// When something first happens to a host that does not give control.
    pub fn touch(&self, host: u32) -> Option<Timestamp> {
        let stop = self.touch.get(host as usize).filter(|stop| stop.clock != NEVER)?;
        Some(self.heading.time(stop.clock))
    }

    /// True for a host that is reached in any way.
    pub fn reached(&self, host: u32) -> bool {
        self.control(host).is_some() || self.touch(host).is_some()
    }

    /// The contacts between a host and where the search began, in the order of time. With `touch`, the
    /// last of them is the one that only touches it.
    pub fn path(&self, contacts: &Contacts, host: u32, touch: bool) -> Vec<Hop> {
        let mut path = Vec::new();
        let mut stops = if touch { &self.touch } else { &self.control };
        let mut at = host;
        // No path is longer than there are hosts.
        while let Some(stop) = stops.get(at as usize)
            && let Some(way) = contacts.way(stop.way)
            && path.len() <= contacts.hosts()
        {
            path.push(Hop { way: stop.way, at: self.heading.time(stop.clock) });
            stops = &self.control;
            at = match self.heading {
                Heading::Forward => way.actor,
                Heading::Back => way.target,
            };
        }
        if self.heading == Heading::Forward {
            path.reverse();
        }
        path
    }
}

/// The earliest arrival everywhere (Dijkstra; of equal moments, that over fewer contacts).
pub(super) fn earliest(
    contacts: &Contacts,
    sources: &[(u32, Timestamp)],
    rules: &Rules,
    heading: Heading,
) -> Stops {
    earliest_by(contacts, sources, rules, heading, |_| true)
}

/// The same over some of the ways only.
pub(super) fn earliest_by(
    contacts: &Contacts,
    sources: &[(u32, Timestamp)],
    rules: &Rules,
    heading: Heading,
    usable: impl Fn(&Way) -> bool,
) -> Stops {
    let mut stops = Stops::new(contacts, heading);
    let mut heap = BinaryHeap::new();
    for (host, time) in sources {
        let stop = Stop { clock: heading.clock(*time), hops: 0, way: NOWHERE };
        if improve(&mut stops.control, *host, stop) {
            heap.push(Reverse((stop.clock, 0u32, *host)));
        }
    }
    let until = match (rules.until, heading) {
        (Some(until), Heading::Forward) => until.nanos(),
        _ => NEVER,
    };
    while let Some(Reverse((clock, hops, host))) = heap.pop() {
        let here = stops.control.get(host as usize).copied().unwrap_or(NOT_REACHED);
        if (here.clock, here.hops) != (clock, hops) {
            continue;
        }
        heading.each(contacts, host, |place, way, next| {
            let Some(arrival) = heading.through(way, clock, rules.dwell).filter(|at| *at <= until) else {
                return;
            };
            if !usable(way) {
                return;
            }
            let (control, touch) = effect(rules, heading, here.way == NOWHERE, way.means);
            let stop = Stop { clock: arrival, hops: hops + 1, way: place };
            if control && improve(&mut stops.control, next, stop) {
                heap.push(Reverse((arrival, hops + 1, next)));
            }
            if touch {
                improve(&mut stops.touch, next, stop);
            }
        });
    }
    // What is controlled from the beginning is not touched by itself.
    for (host, _) in sources {
        if let Some(touch) = stops.touch.get_mut(*host as usize) {
            *touch = NOT_REACHED;
        }
    }
    stops
}

fn improve(stops: &mut [Stop], host: u32, stop: Stop) -> bool {
    match stops.get_mut(host as usize) {
        Some(known) if (stop.clock, stop.hops) < (known.clock, known.hops) => {
            *known = stop;
            true
        }
        _ => false,
    }
}

/// Everything that is reached if time did not matter, by the fewest contacts. The clock of its stops
/// counts contacts.
pub(super) fn timeless(
    contacts: &Contacts,
    sources: &[u32],
    rules: &Rules,
    usable: impl Fn(&Way) -> bool,
) -> Stops {
    let mut stops = Stops::new(contacts, Heading::Forward);
    let mut waiting: VecDeque<u32> = VecDeque::new();
    for host in sources {
        if improve(&mut stops.control, *host, Stop { clock: 0, hops: 0, way: NOWHERE }) {
            waiting.push_back(*host);
        }
    }
    while let Some(host) = waiting.pop_front() {
        let hops = stops.control.get(host as usize).map_or(0, |stop| stop.hops) + 1;
        Heading::Forward.each(contacts, host, |place, way, next| {
            if !usable(way) {
                return;
            }
            let stop = Stop { clock: hops.into(), hops, way: place };
            let (control, touch) = effect(rules, Heading::Forward, false, way.means);
            if control && improve(&mut stops.control, next, stop) {
                waiting.push_back(next);
            }
            if touch && !sources.contains(&next) {
                improve(&mut stops.touch, next, stop);
            }
        });
    }
    stops
}
