//! What is odd about how a candidate would have infected its victims. Odd is not guilty: it only
//! decides between candidates that explain as much and as likely.

use std::collections::BTreeSet;

use super::root::{Candidate, Root};
use crate::model::{Capability, Nanos, Span, Timestamp};
use crate::query::Atlas;
use crate::query::contact::{Contacts, Means, Way};

const HOUR_SECONDS: i64 = 3_600;
const DAY: Nanos = 24 * HOUR_SECONDS * 1_000_000_000;

/// Whoever was watched for less shows no habits.
const HABIT_DAYS: usize = 3;

/// Something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// A dependency of a path was used for the first time, after a time in which it was not, at least
    /// as long as the time since.
    NewEdge,
    /// The candidate is outside the operator's networks, or was acted on from there before.
    ExternalInbound,
    /// A contact of a path shows its secrets, or has none.
    InsecureProtocol,
    /// A contact began at an hour at which its client was not seen on other days.
    OffHours,
}

impl Oddity {
    /// The word of answers.
    pub const fn word(self) -> &'static str {
        match self {
            Oddity::NewEdge => "first_seen_edge",
            Oddity::ExternalInbound => "external_inbound",
            Oddity::InsecureProtocol => "insecure_protocol",
            Oddity::OffHours => "off_hours",
        }
    }
}

/// Looks for what is odd. `insecure`: places of dependencies with an insecure practice.
pub struct Oddities<'a> {
    /// The map.
    pub atlas: &'a Atlas,
    /// The contacts that were searched.
    pub contacts: &'a Contacts,
    /// Places of dependencies with an insecure practice.
    pub insecure: &'a BTreeSet<u32>,
}

impl Oddities<'_> {
    /// What is odd about a candidate and its paths to the victims that it explains.
    pub fn of(&self, root: &Root, candidate: &Candidate) -> BTreeSet<Oddity> {
        let mut odd = BTreeSet::new();
        if self.came_from_outside(candidate) {
            odd.insert(Oddity::ExternalInbound);
        }
        for explained in &candidate.explains {
            for hop in root.path(self.contacts, candidate.host, explained.victim) {
                odd.extend(self.contacts.way(hop.way).into_iter().flat_map(|way| self.of_way(way)));
            }
        }
        odd
    }

    /// What is odd about a contact.
    pub fn of_way(&self, way: &Way) -> impl Iterator<Item = Oddity> {
        let clear = [Means::Contact(Capability::ExecShellClear), Means::Contact(Capability::ExecDesktopOpen)];
        let insecure = self.insecure.contains(&way.edge) || clear.contains(&way.means);
        [
            (self.is_new(way), Oddity::NewEdge),
            (insecure, Oddity::InsecureProtocol),
            (self.is_off_hours(way), Oddity::OffHours),
        ]
        .into_iter()
        .filter_map(|(found, oddity)| found.then_some(oddity))
    }

    fn came_from_outside(&self, candidate: &Candidate) -> bool {
        let external = |host: u32| self.atlas.host(host).is_some_and(|host| !host.internal);
        let mut inbound = self.contacts.to(candidate.host);
        external(candidate.host)
            || inbound.any(|(_, way)| way.span.first <= candidate.at && external(way.actor))
    }

    /// When somebody watched, from first to last.
    fn watched(&self) -> Option<Span> {
        let watched = &self.atlas.observed.watched;
        let first = watched.iter().map(|span| span.first).min()?;
        Some(Span { first, last: watched.iter().map(|span| span.last).max()? })
    }

    fn is_new(&self, way: &Way) -> bool {
        let history = &self.atlas.observed.history;
        let first = history.of(way.edge as usize).first().map(|contact| contact.span.first);
        let before = |watched: Span| way.span.first - watched.first >= watched.last - way.span.first;
        first == Some(way.span.first) && self.watched().is_some_and(before)
    }

    fn is_off_hours(&self, way: &Way) -> bool {
        let long = HABIT_DAYS as i64 * DAY;
        if self.watched().is_none_or(|watched| watched.last - watched.first < long) {
            return false;
        }
        let (day, hour) = day_and_hour(way.span.first);
        let mut days = BTreeSet::new();
        let mut habits = BTreeSet::new();
        for dependency in self.atlas.uses(way.actor) {
            let hours = self.atlas.dependency(*dependency).map(|row| row.totals.hours.as_slice());
            for other in hours.unwrap_or_default() {
                if other.div_euclid(24) != day {
                    days.insert(other.div_euclid(24));
                    habits.insert(other.rem_euclid(24));
                }
            }
        }
        let near = |habit: &i32| (habit - hour).rem_euclid(24).min((hour - habit).rem_euclid(24)) <= 1;
        days.len() >= HABIT_DAYS && !habits.iter().any(near)
    }
}

fn day_and_hour(time: Timestamp) -> (i32, i32) {
    let hours = i32::try_from(time.seconds().div_euclid(HOUR_SECONDS)).unwrap_or(i32::MAX);
    (hours.div_euclid(24), hours.rem_euclid(24))
}
