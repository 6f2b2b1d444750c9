//! What breaks if hosts or services are cut off, what that leaves to an intruder, and where it can be
//! enforced (`isolation.md` §1). A cut edge is a failed edge, not a failed host: both sides go on as
//! far as they can.

mod crossing;
mod infrastructure;
mod options;
mod remains;

pub use crossing::{Crossing, Exception, Inside, Mode, UnknownMode};
pub use infrastructure::{Infrastructure, Lost};
pub use options::{Causes, Choice, Costs, Options};
pub use remains::Remains;

use std::collections::BTreeSet;

use super::Atlas;
use super::enforcement::{Enforcement, never_routed};
use super::impact::{Fallen, Fixpoint, Threshold};
use super::level::Levels;
use super::requires::{ImpactNode, Requires};
use super::segment::Segments;
use super::worlds::{Worlds, worlds};
use crate::graph::{DependencyState, Host};
use crate::model::{Mac, Transport};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct IsolateQuestion {
    /// Hosts, by place.
    pub hosts: Vec<u32>,
    /// Services that are cut off by themselves, by place.
    pub services: Vec<u32>,
    /// What is blocked.
    pub mode: Mode,
    /// The dependencies that mode `edge` blocks, ascending.
    pub edges: Vec<u32>,
    /// Dependencies that stay open whatever the mode, ascending.
    pub kept: Vec<u32>,
}

/// What falls on one side of the boundary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// What certainly falls.
    pub must: Vec<Fallen>,
    /// What may, besides.
    pub may: Vec<Fallen>,
}

/// A dependency that is cut, and where that can be enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutEdge {
    /// The dependency and its two ends.
    pub crossing: Crossing,
    /// Where.
    pub enforcement: Enforcement,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// The dependencies that are cut, in their order.
    pub cut: Vec<CutEdge>,
    /// Dependencies that cross the boundary and stay open by exception.
    pub spared: Vec<(Crossing, Exception)>,
    /// Dependencies that cross the boundary and that the mode is not about.
    pub untouched: Vec<Crossing>,
    /// What falls outside.
    pub outside: Broken,
    /// What falls inside.
    pub inside: Broken,
    /// What the inside loses of what everybody needs.
    pub lost: Vec<Lost>,
    /// Sessions that are open and would be reset: places in the history.
    pub open: Vec<OpenSession>,
}

/// A session that is open and would be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its dependency.
    pub dependency: u32,
    /// Its place among the contacts of the dependency.
    pub contact: u32,
    /// Commands can be run by it.
    pub admin: bool,
}

impl Broken {
    /// Services that certainly fall, by place.
    pub fn services<'a>(&'a self, requires: &'a Requires) -> impl Iterator<Item = (u32, Fallen)> + 'a {
        self.must.iter().filter_map(|fallen| match requires.node(fallen.node) {
            ImpactNode::Service(service) => Some((service, *fallen)),
            ImpactNode::Host(_) => None,
        })
    }

    /// Hosts that certainly lose something that they use, by place.
    pub fn clients<'a>(&'a self, requires: &'a Requires) -> impl Iterator<Item = u32> + 'a {
        self.must.iter().filter_map(|fallen| match requires.node(fallen.node) {
            ImpactNode::Host(host) => Some(host),
            ImpactNode::Service(_) => None,
        })
    }
}

impl Isolation {
    /// How many of the cut dependencies can be cut at a gateway, only at the switch, and nowhere surely.
    pub fn enforced(&self) -> [usize; 3] {
        let count =
            |is: fn(&Enforcement) -> bool| self.cut.iter().filter(|edge| is(&edge.enforcement)).count();
        [
            count(|at| matches!(at, Enforcement::Gateway(_))),
            count(|at| matches!(at, Enforcement::Switch)),
            count(|at| matches!(at, Enforcement::Unseen)),
        ]
    }

    /// The dependencies that are cut, ascending.
    pub fn cut_places(&self) -> Vec<u32> {
        self.cut.iter().map(|edge| edge.crossing.dependency).collect()
    }

    /// The share of cut dependencies whose direction is as good as certain.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn confidence(&self, atlas: &Atlas<'_>) -> f64 {
        let sure = self.cut.iter().filter(|edge| {
            atlas.dependency(edge.crossing.dependency).is_some_and(|row| row.totals.confidence >= 0.9)
        });
        if self.cut.is_empty() { 1.0 } else { sure.count() as f64 / self.cut.len() as f64 }
    }
}

/// Answers questions about isolation on one map; what it costs to ask depends on what is touched, not
/// on the map.
pub struct Isolator<'a> {
    /// The map.
    pub atlas: &'a Atlas<'a>,
    /// Its segments.
    pub segments: &'a Segments,
    /// Who needs whom.
    pub requires: &'a Requires,
    /// What hosts mean.
    pub levels: &'a Levels,
    fixpoint: Fixpoint<'a>,
    traits: Traits,
}

/// What is asked of every dependency and host again and again, beside each other in memory: rows of a
/// map are far apart.
struct Traits {
    /// Dependencies that somebody was answered on.
    answered: Vec<bool>,
    /// Dependencies of which it is known who begins them.
    decided: Vec<bool>,
    /// Dependencies on what everybody needs.
    infrastructure: Vec<bool>,
    /// Hosts whose address stays on its own link.
    local: Vec<bool>,
    /// Hosts that respond to incidents.
    responder: Vec<bool>,
}

impl Traits {
    fn new(atlas: &Atlas<'_>) -> Traits {
        let (rows, hosts) = (&atlas.observed.snapshot.dependencies, &atlas.observed.snapshot.hosts);
        let responders = &atlas.observed.knowledge.responders;
        let responds =
            |host: &Host| responders.iter().any(|network| network.contains(&host.key.address.ip()));
        Traits {
            answered: rows.iter().map(|row| row.state >= DependencyState::Answered).collect(),
            decided: rows.iter().map(|row| row.totals.decided).collect(),
            infrastructure: rows.iter().map(infrastructure::is_infrastructure).collect(),
            local: hosts.iter().map(|host| never_routed(host.key.address)).collect(),
            responder: hosts.iter().map(responds).collect(),
        }
    }

    fn has(some: &[bool], place: u32) -> bool {
        some.get(place as usize).copied().unwrap_or_default()
    }
}

impl<'a> Isolator<'a> {
    /// In time proportional to the map.
    pub fn new(
        atlas: &'a Atlas<'a>,
        segments: &'a Segments,
        requires: &'a Requires,
        levels: &'a Levels,
    ) -> Isolator<'a> {
        Isolator {
            fixpoint: Fixpoint::new(requires),
            traits: Traits::new(atlas),
            atlas,
            segments,
            requires,
            levels,
        }
    }

    /// Services outside that certainly fall, and how many of them are critical.
    pub fn breaks(&self, isolation: &Isolation) -> (usize, usize) {
        let services = || isolation.outside.services(self.requires);
        let critical = |service| self.levels.of_service(self.atlas, service).is_critical();
        (services().count(), services().filter(|(service, _)| critical(*service)).count())
    }

    /// What is cut, what breaks, and what is reset.
    pub fn isolate(&mut self, question: &IsolateQuestion) -> Isolation {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        let mut isolation = Isolation::default();
        let mut cut = Vec::new();
        for crossing in self.crossing(&inside) {
            let kept = question.kept.binary_search(&crossing.dependency).is_ok();
            let exception = match question.mode {
                _ if kept => Some(Exception::Kept),
                Mode::Quarantine => crossing.exception(self.atlas),
                _ => None,
            };
            match exception {
                Some(exception) => isolation.spared.push((crossing, exception)),
                None if crossing.is_blocked(self.atlas, question.mode, &question.edges) => cut.push(crossing),
                None => isolation.untouched.push(crossing),
            }
        }
        let notable = cut.iter().copied().filter(|crossing| {
            Traits::has(&self.traits.infrastructure, crossing.dependency)
                || Traits::has(&self.traits.responder, crossing.far)
        });
        isolation.lost = infrastructure::lost(self.atlas, notable);
        isolation.open = cut.iter().flat_map(|crossing| self.open_sessions(crossing.dependency)).collect();
        let places: Vec<u32> = cut.iter().map(|crossing| crossing.dependency).collect();
        (isolation.outside, isolation.inside) = self.broken(&inside, &places);
        let edge = |crossing: Crossing| CutEdge { enforcement: self.enforcement(&crossing), crossing };
        isolation.cut = cut.into_iter().map(edge).collect();
        isolation
    }

    /// The dependencies that cross the boundary and that somebody was answered on, ascending.
    pub(super) fn crossing(&self, inside: &Inside) -> Vec<Crossing> {
        inside.crossing(self.atlas, |dependency| Traits::has(&self.traits.answered, dependency))
    }

    fn enforcement(&self, crossing: &Crossing) -> Enforcement {
        let local = |host| Traits::has(&self.traits.local, host);
        if !Traits::has(&self.traits.decided, crossing.dependency) {
            return Enforcement::Unseen;
        }
        if self.segments.same(crossing.near, crossing.far) || local(crossing.near) || local(crossing.far) {
            return Enforcement::Switch;
        }
        Enforcement::gateway(self.segments, crossing.near, crossing.far)
    }

    /// How likely everything falls that may fall with these dependencies, ascending.
    pub fn likelihood(&mut self, cut: &[u32]) -> Worlds {
        worlds(&mut self.fixpoint, &[], cut)
    }

    /// What falls outside and inside when dependencies no longer connect.
    fn broken(&mut self, inside: &Inside, cut: &[u32]) -> (Broken, Broken) {
        let (requires, atlas) = (self.requires, self.atlas);
        let is_inside = |fallen: &Fallen| match requires.node(fallen.node) {
            ImpactNode::Service(service) => inside.service(atlas, service),
            ImpactNode::Host(host) => inside.host(host),
        };
        let mut may = self.fixpoint.run(&[], cut, Threshold::MAY).to_vec();
        let must = self.fixpoint.run(&[], cut, Threshold::MUST).to_vec();
        may.retain(|fallen| !self.fixpoint.is_down(fallen.node));
        let part = |all: &[Fallen], side: bool| -> Vec<Fallen> {
            all.iter().filter(|fallen| is_inside(fallen) == side).copied().collect()
        };
        let side = |side| Broken { must: part(&must, side), may: part(&may, side) };
        (side(false), side(true))
    }

    /// Hosts outside that are the same machines as hosts inside, by their network cards: other addresses
    /// of an infected machine, which stay open if nobody names them. Ascending.
    pub fn same_machines(&self, question: &IsolateQuestion) -> Vec<u32> {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        let rows = || (0u32..).zip(&self.atlas.observed.snapshot.hosts);
        let machine = |row: &Host| row.internal && !row.roles.contains("router");
        let own = rows().filter(|(place, row)| inside.host(*place) && machine(row));
        let macs: BTreeSet<Mac> = own.flat_map(|(_, row)| row.macs.iter().copied()).collect();
        let others = rows().filter(|(place, row)| !inside.host(*place) && machine(row));
        others
            .filter(|(_, row)| row.macs.iter().any(|mac| macs.contains(mac)))
            .map(|(place, _)| place)
            .collect()
    }

    /// Only connections can be reset: a datagram is sent anew.
    fn open_sessions(&self, dependency: u32) -> impl Iterator<Item = OpenSession> + use<'_, 'a> {
        let contacts = (0u32..).zip(self.atlas.observed.history.of(dependency as usize));
        let connected =
            self.atlas.dependency(dependency).is_some_and(|row| row.transport() != Transport::Udp);
        contacts.filter(move |(_, contact)| connected && contact.open).map(move |(place, contact)| {
            OpenSession { dependency, contact: place, admin: contact.capability.is_exec() }
        })
    }
}

#[cfg(test)]
mod tests;
