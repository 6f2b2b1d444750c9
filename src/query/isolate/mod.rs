//! What breaks if hosts or services are cut off, what that leaves to an intruder, and where it can be
//! enforced (`isolation.md` §1). A cut edge is a failed edge, not a failed host: both sides go on as
//! far as they can.

mod crossing;
mod edges;
mod infrastructure;
mod options;
mod remains;

pub use crossing::{Crossing, Exception, Inside, Mode, UnknownMode};
pub use infrastructure::{Infrastructure, Lost};
pub use options::{Causes, Choice, Costs, Options};
pub use remains::Remains;

use std::collections::BTreeSet;

use super::Atlas;
use super::enforcement::Enforcement;
use super::impact::{Fallen, Fixpoint};
use super::requires::{ImpactNode, Requires};
use super::segment::Segments;
use super::worlds::{Worlds, worlds};
use super::worth::Worth;
use crate::graph::Host;
use crate::model::Mac;
use edges::{Edge, Edges};

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
    pub fn confidence(&self, atlas: &Atlas) -> f64 {
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
    pub atlas: &'a Atlas,
    /// Its segments.
    pub segments: &'a Segments,
    /// Who needs whom.
    pub requires: &'a Requires,
    fixpoint: Fixpoint<'a>,
    edges: Edges,
}

impl<'a> Isolator<'a> {
    /// In time proportional to the map.
    pub fn new(atlas: &'a Atlas, segments: &'a Segments, requires: &'a Requires) -> Isolator<'a> {
        Isolator { fixpoint: Fixpoint::new(requires), edges: Edges::new(atlas), atlas, segments, requires }
    }

    /// Services outside that certainly fall, and how many of them are critical.
    pub fn breaks(&self, isolation: &Isolation) -> (usize, usize) {
        let services = || isolation.outside.services(self.requires);
        let critical = |service| Worth::of_service(self.atlas, service).is_critical();
        (services().count(), services().filter(|(service, _)| critical(*service)).count())
    }

    /// What is cut, what breaks, and what is reset.
    pub fn isolate(&mut self, question: &IsolateQuestion) -> Isolation {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        let mut isolation = Isolation::default();
        let (mut cut, mut notable) = (Vec::new(), Vec::new());
        for (crossing, edge) in inside.crossing(self.atlas, &self.edges) {
            let kept = question.kept.binary_search(&crossing.dependency).is_ok();
            let exception = match question.mode {
                _ if kept => Some(Exception::Kept),
                Mode::Quarantine => crossing.exception(self.atlas),
                _ => None,
            };
            if let Some(exception) = exception {
                isolation.spared.push((crossing, exception));
                continue;
            }
            if !crossing.is_blocked(self.atlas, question.mode, &question.edges) {
                isolation.untouched.push(crossing);
                continue;
            }
            cut.push(crossing.dependency);
            isolation.cut.push(CutEdge { crossing, enforcement: self.enforcement(&crossing, edge) });
            if edge.infrastructure || self.edges.is_responder(crossing.far) {
                notable.push(crossing);
            }
            if edge.open {
                isolation.open.extend(self.open_sessions(crossing.dependency));
            }
        }
        isolation.lost = infrastructure::lost(self.atlas, notable.into_iter());
        (isolation.outside, isolation.inside) = self.broken(&inside, &cut);
        isolation
    }

    /// The dependencies that cross the boundary and that somebody was answered on, ascending.
    pub(super) fn crossing(&self, inside: &Inside) -> Vec<Crossing> {
        inside.crossing(self.atlas, &self.edges).into_iter().map(|(crossing, _)| crossing).collect()
    }

    fn enforcement(&self, crossing: &Crossing, edge: Edge) -> Enforcement {
        let (near, far) = (crossing.near, crossing.far);
        if !edge.decided {
            return Enforcement::Unseen;
        }
        if self.segments.same(near, far) || self.edges.is_local(near) || self.edges.is_local(far) {
            return Enforcement::Switch;
        }
        Enforcement::gateway(self.segments, near, far)
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
        let falling = self.fixpoint.question(&[], cut, &[]);
        let part = |all: &[Fallen]| {
            // Nearly everything falls outside.
            let (mut outside, mut within) = (Vec::with_capacity(all.len()), Vec::new());
            for fallen in all {
                if is_inside(fallen) { within.push(*fallen) } else { outside.push(*fallen) }
            }
            (outside, within)
        };
        let (must, may) = (part(falling.must), part(falling.may));
        (Broken { must: must.0, may: may.0 }, Broken { must: must.1, may: may.1 })
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

    fn open_sessions(&self, dependency: u32) -> impl Iterator<Item = OpenSession> + use<'a> {
        let contacts = (0u32..).zip(self.atlas.observed.history.of(dependency as usize));
        contacts.filter(|(_, contact)| contact.open).map(move |(place, contact)| OpenSession {
            dependency,
            contact: place,
            admin: contact.capability.is_exec(),
        })
    }
}

#[cfg(test)]
mod tests;
