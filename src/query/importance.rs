//! What a host is worth, as far as the operator or the map tells: the business and blast factors.

use petgraph::Direction;

use super::knowledge::Knowledge;
use super::reach::{Reached, reached};
use super::worth::Worth;
use crate::graph::{Dependency, DependencyState, Kind, Snapshot};
use crate::model::HostKey;

/// Less sure directions do not carry a dependency (`blast_radius.md` §2).
const CONFIDENCE_MIN: f64 = 0.6;

/// The least importance.
const IMPORTANCE_MIN: f64 = 0.05;

/// The importance of all hosts, made once for a snapshot.
///
/// - **Business**, where the operator gave none: the share of hosts that use the host, directly or
///   through others, on a logarithmic scale: ln(1 + users) / ln(1 + all others). On a linear one,
///   everything in a large network but its name server would be worth nothing.
/// - **Blast radius**: the larger of two shares. *Impact*: the hosts that fail with it, itself
///   included, as all that depend on it by edges that carry dependence do. *Exposure*: the hosts
///   that it administers, directly or through others, which fall with it.
///
/// Hosts outside the operator's networks weigh together no more than those inside, so that a
/// few thousand visitors of a web site do not make the domain controller look small.
pub struct Importance<'a> {
    snapshot: &'a Snapshot,
    knowledge: &'a Knowledge,
    users: Vec<Reached>,
    impact: Vec<Reached>,
    exposure: Vec<Reached>,
    /// What an external host weighs; an internal one weighs 1.
    external: f64,
    /// The weight of all hosts that take part in anything.
    all: f64,
}

impl<'a> Importance<'a> {
    /// Measures all hosts, in time proportional to the map.
    pub fn new(snapshot: &'a Snapshot, knowledge: &'a Knowledge) -> Self {
        let internal = |place: usize| snapshot.hosts.get(place).is_some_and(|host| host.internal);
        let measure = |direction, counts: fn(&Dependency) -> bool| {
            let counts = |place: usize| snapshot.dependencies.get(place).is_some_and(counts);
            reached(&snapshot.graph, direction, internal, counts)
        };
        let (inside, outside) = population(snapshot);
        let external = if inside > 0.0 && outside > inside { inside / outside } else { 1.0 };
        Importance {
            snapshot,
            knowledge,
            users: measure(Direction::Incoming, is_use),
            impact: measure(Direction::Incoming, carries_impact),
            exposure: measure(Direction::Outgoing, carries_exposure),
            external,
            all: inside + external * outside,
        }
    }

    /// What the host is worth to the business.
    pub fn worth(&self, host: &HostKey) -> Worth {
        if let Some(value) = self.operator_value(host) {
            return Worth::of_value(value.clamp(IMPORTANCE_MIN, 1.0), false);
        }
        let (users, own) = self.weight(&self.users, host);
        let others = (self.all - own).max(0.0);
        let share = if others > 0.0 { (users - own).max(0.0).ln_1p() / others.ln_1p() } else { 0.0 };
        Worth::of_value(share.clamp(IMPORTANCE_MIN, 1.0), true)
    }

    /// What the operator says of the host, 0 to 1.
    pub fn operator_value(&self, host: &HostKey) -> Option<f64> {
        let labels = self.snapshot.host(host).map(|host| host.labels.as_slice()).unwrap_or_default();
        Some(self.knowledge.criticality_of(host.address, labels)?.value())
    }

    /// How much fails or falls with the host, 0.05 to 1.
    pub fn blast_radius(&self, host: &HostKey) -> f64 {
        let (impact, own) = self.weight(&self.impact, host);
        let (exposure, _) = self.weight(&self.exposure, host);
        let all = self.all.max(own);
        let share = if all > 0.0 { impact.max(exposure) / all } else { 0.0 };
        share.clamp(IMPORTANCE_MIN, 1.0)
    }

    /// The weight of what stands behind a host, itself included, and its own.
    fn weight(&self, of: &[Reached], host: &HostKey) -> (f64, f64) {
        let Ok(place) = self.snapshot.hosts.binary_search_by_key(host, |host| host.key) else {
            return (0.0, 0.0);
        };
        let internal = self.snapshot.hosts.get(place).is_some_and(|host| host.internal);
        let own = if internal { 1.0 } else { self.external };
        let weight = of.get(place).map_or(own, |reached| reached.internal + self.external * reached.external);
        (weight.max(own), own)
    }
}

/// Hosts inside and outside that use something or are used.
fn population(snapshot: &Snapshot) -> (f64, f64) {
    let mut taking_part = vec![false; snapshot.hosts.len()];
    for dependency in snapshot.dependencies.iter().filter(|dependency| is_use(dependency)) {
        for key in [dependency.key.client, dependency.key.service.host] {
            let place = snapshot.hosts.binary_search_by_key(&key, |host| host.key).ok();
            if let Some(part) = place.and_then(|place| taking_part.get_mut(place)) {
                *part = true;
            }
        }
    }
    let active = snapshot.hosts.iter().zip(taking_part).filter(|(_, part)| *part);
    active.fold((0.0, 0.0), |(inside, outside), (host, _)| match host.internal {
        true => (inside + 1.0, outside),
        false => (inside, outside + 1.0),
    })
}

/// Somebody uses the service, for whatever purpose but to scan it.
fn is_use(dependency: &Dependency) -> bool {
    dependency.state >= DependencyState::Observed
        && f64::from(dependency.totals.confidence) >= CONFIDENCE_MIN
        && !matches!(dependency.kind, Kind::Scan | Kind::Conflict)
}

/// The client fails with the server.
fn carries_impact(dependency: &Dependency) -> bool {
    is_use(dependency) && matches!(dependency.kind, Kind::Functional | Kind::Infra | Kind::Broker)
}

/// The server falls with the client.
fn carries_exposure(dependency: &Dependency) -> bool {
    is_use(dependency) && dependency.kind == Kind::Management
}
