//! The ways that an intruder could take from host to host, on two tiers: those that were used, and
//! those that stand open to a segment because one of its hosts was answered there.

use std::collections::BTreeMap;

use crate::graph::{Dependency, DependencyState};
use crate::model::Capability;
use crate::query::{Atlas, Segments, lateral};

/// What counts as a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What was used.
    Observed,
    /// What stands open, too: a service that answered one host of a segment is open to all of them.
    #[default]
    Potential,
}

impl Tier {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Tier::Observed => "observed",
            Tier::Potential => "potential",
        }
    }
}

/// Which ways count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classes {
    /// Those on which commands can be run.
    #[default]
    Exec,
    /// All.
    All,
}

impl Classes {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Classes::Exec => "exec",
            Classes::All => "all",
        }
    }
}

/// What a way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passage {
    /// A host is in its segment.
    Enter {
        /// The segment.
        segment: u32,
    },
    /// A dependency, by its place.
    Used {
        /// The dependency.
        dependency: u32,
        /// Its service.
        service: u32,
    },
    /// A service stands open to all hosts of a segment, most of which never used it.
    Open {
        /// The segment.
        segment: u32,
        /// The service.
        service: u32,
    },
}

impl Passage {
    /// The service that it leads to.
    pub const fn service(&self) -> Option<u32> {
        match self {
            Passage::Enter { .. } => None,
            Passage::Used { service, .. } | Passage::Open { service, .. } => Some(*service),
        }
    }
}

/// A way from node to node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// What it is.
    pub passage: Passage,
    /// What can be done by it.
    pub capability: Capability,
}

/// The ways on a map. Nodes are the hosts, by their places, and after them the segments.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// How many hosts there are.
    pub hosts: u32,
    /// How many nodes there are.
    pub nodes: u32,
    /// All ways: those that were used first, in the order of dependencies.
    pub steps: Vec<Step>,
}

impl Ways {
    /// Looks at every dependency once.
    pub fn new(atlas: &Atlas, segments: &Segments, tier: Tier, classes: Classes) -> Ways {
        let snapshot = &atlas.observed.snapshot;
        let hosts = u32::try_from(snapshot.hosts.len()).unwrap_or(u32::MAX / 2);
        let counts = |capability: Capability| classes == Classes::All || capability.is_exec();
        let mut steps = Vec::new();
        let mut open: BTreeMap<(u32, u32), Capability> = BTreeMap::new();
        for (dependency, row) in (0u32..).zip(&snapshot.dependencies).filter(|(_, row)| is_way(row)) {
            let ends = (atlas.client_of(dependency), atlas.service_of(dependency));
            let (Some(from), Some(service)) = ends else { continue };
            let Some(to) = atlas.host_of(service) else { continue };
            let capability = match tier {
                Tier::Observed => row.capability(),
                Tier::Potential => lateral::could(row),
            };
            if !counts(capability) {
                continue;
            }
            steps.push(Step { from, to, passage: Passage::Used { dependency, service }, capability });
            if tier == Tier::Potential
                && let Some(segment) = segments.of(from)
            {
                let most = open.entry((segment, service)).or_insert(capability);
                *most = capability.max(*most);
            }
        }
        let mut ways = Ways { hosts, nodes: hosts, steps };
        if tier == Tier::Potential {
            ways.open_segments(atlas, segments, open);
        }
        ways
    }

    fn open_segments(&mut self, atlas: &Atlas, segments: &Segments, open: BTreeMap<(u32, u32), Capability>) {
        let count = u32::try_from(segments.count()).unwrap_or(u32::MAX / 2);
        self.nodes = self.hosts + count;
        for ((segment, service), capability) in open {
            let Some(to) = atlas.host_of(service) else { continue };
            let from = self.hosts + segment;
            self.steps.push(Step { from, to, passage: Passage::Open { segment, service }, capability });
        }
        for host in 0..self.hosts {
            let Some(segment) = segments.of(host) else { continue };
            let (to, passage) = (self.hosts + segment, Passage::Enter { segment });
            self.steps.push(Step { from: host, to, passage, capability: Capability::OtWrite });
        }
    }
}

/// Somebody was answered: the way is open, whether or not anything was said on it. Of a capture
/// everything in its time counts, however long ago.
fn is_way(row: &Dependency) -> bool {
    row.state >= DependencyState::Answered
}
