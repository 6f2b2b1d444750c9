//! What the loss of a way costs, and why (`isolation.md` §2).

use std::collections::BTreeMap;

use crate::graph::{Dependency, Kind, Sighting, Verdict};
use crate::model::{Nanos, ServiceKey, Span};
use crate::query::requires::{Requires, carries_impact};
use crate::query::worth::Worth;
use crate::query::{Atlas, Threshold};

const DAY: Nanos = 86_400_000_000_000;

/// The least cost.
const COST_MIN: f64 = 0.1;

/// The surcharge for what a critical service cannot do without.
const MUST_PATH: f64 = 10.0;

/// What is taken off where the way is insecure anyway.
const INSECURE: f64 = 0.5;

/// The terms of a cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// How much the server means, 1 to 5; inferred unless the operator said so.
    pub criticality: Worth,
    /// The share of the client's work that fails without it, 0 to 1.
    pub strength: f64,
    /// Sessions that the server accepted, for each day that was watched; what was watched for less
    /// than a day counts as one.
    pub sessions_per_day: f64,
    /// A critical service cannot do without it.
    pub must_path: bool,
    /// An insecure practice was seen on it.
    pub insecure: bool,
}

impl Weight {
    /// A way that nobody uses: a rule, and nothing else.
    pub const UNUSED: Weight = Weight {
        criticality: Worth::LEAST,
        strength: 0.0,
        sessions_per_day: 0.0,
        must_path: false,
        insecure: false,
    };

    /// The cost.
    pub fn cost(&self) -> f64 {
        let used = self.criticality.level * self.strength * (1.0 + self.sessions_per_day).log2();
        let must_path = if self.must_path { MUST_PATH } else { 0.0 };
        let insecure = if self.insecure { INSECURE } else { 0.0 };
        (1.0 + used + must_path - insecure).max(COST_MIN)
    }

    /// The cost in hundredths.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 1 + 5 · 32 + 10: flows are counted in 32 bits"
    )]
    pub fn hundredths(&self) -> i64 {
        (self.cost() * 100.0).round() as i64
    }
}

/// Weighs the dependencies of one map.
pub struct Scales<'a> {
    atlas: &'a Atlas,
    days: f64,
    /// Dependencies that a critical service cannot do without, by place.
    must: Vec<bool>,
    /// Insecure practices by service.
    insecure: BTreeMap<ServiceKey, Vec<&'a Sighting>>,
}

impl<'a> Scales<'a> {
    /// In time proportional to the map.
    pub fn new(atlas: &'a Atlas, requires: &Requires) -> Scales<'a> {
        let snapshot = &atlas.observed.snapshot;
        let mut insecure: BTreeMap<ServiceKey, Vec<&Sighting>> = BTreeMap::new();
        for (key, sighting) in &snapshot.sightings {
            if let Some(service) = key.service {
                insecure.entry(service).or_default().push(sighting);
            }
        }
        Scales { days: days(&atlas.observed.watched), must: must_path(atlas, requires), insecure, atlas }
    }

    /// What the loss of a dependency costs.
    pub fn weigh(&self, dependency: u32) -> Weight {
        let Some(row) = self.atlas.dependency(dependency) else { return Weight::UNUSED };
        let server = self.atlas.server_of(dependency);
        let sightings = self.insecure.get(&row.key.service);
        Weight {
            criticality: server.map_or(Worth::LEAST, |host| Worth::of(self.atlas, host)),
            strength: self.strength(row),
            sessions_per_day: f64::from(row.totals.answered) / self.days,
            must_path: self.must.get(dependency as usize).copied().unwrap_or_default(),
            insecure: sightings
                .is_some_and(|all| all.iter().any(|one| one.clients.contains(&row.key.client))),
        }
    }

    /// A client depends wholly on what it uses itself, unless requests to its own services showed how
    /// many of them need it. Administration, monitoring and copies are missed by nobody at once.
    fn strength(&self, row: &Dependency) -> f64 {
        if !carries_impact(row) {
            return 0.0;
        }
        // Links are in the order of their services, and these in that of their hosts.
        let links = &self.atlas.observed.inferences.links;
        let from = links.partition_point(|link| link.service.host < row.key.client);
        let own = links.iter().skip(from).take_while(|link| link.service.host == row.key.client);
        let needed = own
            .filter(|link| link.needs == row.key.service)
            .filter(|link| link.verdict == Verdict::Needed)
            .map(|link| f64::from(link.strength));
        needed
            .fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))))
            .unwrap_or(1.0)
    }
}

/// Days that were watched, from the first packet to the last; at least one.
#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn days(watched: &[Span]) -> f64 {
    let first = watched.iter().map(|span| span.first).min();
    let last = watched.iter().map(|span| span.last).max();
    first.zip(last).map_or(1.0, |(first, last)| ((last - first) as f64 / DAY as f64).max(1.0))
}

/// Functional dependencies whose loss alone fails a critical service: from each such service through
/// groups that certainly count and can lose no member.
fn must_path(atlas: &Atlas, requires: &Requires) -> Vec<bool> {
    let snapshot = &atlas.observed.snapshot;
    let mut must = vec![false; snapshot.dependencies.len()];
    let mut seen = vec![false; requires.nodes() as usize];
    let services = (0u32..).zip(&snapshot.services).map(|(service, _)| service);
    let critical = |service: &u32| Worth::of_service(atlas, *service).is_critical();
    let mut stack: Vec<u32> = services.filter(critical).collect();
    while let Some(node) = stack.pop() {
        if seen.get_mut(node as usize).is_none_or(|seen| std::mem::replace(seen, true)) {
            continue;
        }
        for group in requires.groups_of(node) {
            let Some(row) = requires.group(group) else { continue };
            let members = requires.members(group);
            let certain =
                row.strength >= Threshold::MUST.strength && row.confidence >= Threshold::MUST.confidence;
            if !certain || members.len() > row.needed as usize {
                continue;
            }
            for member in members {
                stack.push(member.provider);
                let functional =
                    atlas.dependency(member.dependency).is_some_and(|row| row.kind == Kind::Functional);
                if let Some(must) = must.get_mut(member.dependency as usize).filter(|_| functional) {
                    *must = true;
                }
            }
        }
    }
    must
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_add_up() {
        let weight = Weight {
            criticality: Worth { level: 4.0, inferred: false },
            strength: 0.5,
            sessions_per_day: 7.0,
            must_path: true,
            insecure: true,
        };
        assert_eq!(weight.hundredths(), 100 + 600 + 1_000 - 50);
        assert_eq!(Weight::UNUSED.hundredths(), 100);
        assert_eq!(Weight { insecure: true, ..Weight::UNUSED }.hundredths(), 50, "never less than a tenth");
        let most = Weight { sessions_per_day: f64::from(u32::MAX), strength: 1.0, ..weight };
        assert!(most.hundredths() < super::super::super::dinic::CAPACITY_MAX);
    }
}
