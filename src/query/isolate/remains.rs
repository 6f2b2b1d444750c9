//! What an intruder inside can still do after an isolation, judged on what stands open and not only
//! on what was used.

use std::collections::BTreeSet;

use super::crossing::{Inside, Mode};
use super::{IsolateQuestion, Isolation, Isolator};
use crate::graph::DependencyState;
use crate::query::lateral;

/// What stays open to an intruder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// Hosts that no gateway stands before: inside, and their neighbours in their segments.
    pub neighbours: usize,
    /// Of these, hosts on which a service that runs commands was seen open.
    pub neighbours_exec: usize,
    /// Services outside that stand open to a segment of the inside, and that the mode lets through.
    pub services: usize,
    /// Of these, services that run commands.
    pub services_exec: usize,
    /// Protocols of these services, the most frequent first.
    pub protocols: Vec<&'static str>,
    /// Dependencies that stay open by exception, ascending.
    pub exceptions: Vec<u32>,
    /// The outside can still begin sessions to the inside.
    pub inward: bool,
}

/// What stands open to some hosts, whatever is blocked.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    neighbours: usize,
    neighbours_exec: usize,
    /// Services outside that answered somebody in a segment of the inside, and whether they run commands.
    open: Vec<(u32, bool)>,
}

impl Isolator<'_> {
    /// What stands open around hosts.
    pub(super) fn surroundings(&self, inside: &Inside) -> Surroundings {
        let of = |host: &u32| self.segments.of(*host);
        let segments: BTreeSet<u32> = inside.members.iter().filter_map(of).collect();
        let near: Vec<u32> =
            segments.iter().flat_map(|segment| self.segments.hosts(*segment)).copied().collect();
        let runs_commands = |service: &u32| {
            let row = self.atlas.service(*service);
            let seen = self.atlas.used_by(*service).iter().filter_map(|place| self.atlas.dependency(*place));
            let mut seen = seen.filter(|row| row.state >= DependencyState::Answered);
            row.is_some_and(|row| lateral::could_with(row).is_exec())
                || seen.any(|row| row.capability().is_exec())
        };
        let exec = |host: &u32| self.atlas.offers(*host).iter().any(runs_commands);
        let answered = |place: &u32| {
            self.atlas.dependency(*place).is_some_and(|row| row.state >= DependencyState::Answered)
        };
        let used = near.iter().flat_map(|host| self.atlas.uses(*host)).filter(|place| answered(place));
        let services: BTreeSet<u32> = used.filter_map(|place| self.atlas.service_of(*place)).collect();
        // A neighbour's services are its neighbour's business.
        let routed = |service: &u32| {
            let segment = self.atlas.host_of(*service).and_then(|host| self.segments.of(host));
            segment.is_some_and(|segment| !segments.contains(&segment))
                && !inside.service(self.atlas, *service)
        };
        let alone = inside.members.len() < 2 && near.len() < 2;
        Surroundings {
            neighbours: if alone { 0 } else { near.len() },
            neighbours_exec: near.iter().filter(|host| !alone && exec(host)).count(),
            open: services
                .into_iter()
                .filter(routed)
                .map(|service| (service, runs_commands(&service)))
                .collect(),
        }
    }

    /// What an isolation leaves.
    pub fn remains(&self, question: &IsolateQuestion, isolation: &Isolation) -> Remains {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        self.remains_in(&self.surroundings(&inside), question, isolation)
    }

    pub(super) fn remains_in(
        &self,
        around: &Surroundings,
        question: &IsolateQuestion,
        isolation: &Isolation,
    ) -> Remains {
        let cut: BTreeSet<u32> =
            isolation.cut.iter().filter_map(|edge| self.atlas.service_of(edge.crossing.dependency)).collect();
        let passes = |(service, exec): &(u32, bool)| match question.mode {
            Mode::Full | Mode::Egress | Mode::Quarantine => false,
            Mode::Ingress => true,
            Mode::Lateral => !exec,
            Mode::Edge => !cut.contains(service),
        };
        let left: Vec<(u32, bool)> = around.open.iter().copied().filter(passes).collect();
        Remains {
            neighbours: around.neighbours,
            neighbours_exec: around.neighbours_exec,
            services: left.len(),
            services_exec: left.iter().filter(|(_, exec)| *exec).count(),
            protocols: self.protocols(&left),
            exceptions: isolation.spared.iter().map(|(crossing, _)| crossing.dependency).collect(),
            inward: matches!(question.mode, Mode::Egress | Mode::Lateral | Mode::Edge),
        }
    }

    fn protocols(&self, services: &[(u32, bool)]) -> Vec<&'static str> {
        let spoken = services.iter().filter_map(|(service, _)| self.atlas.service(*service)?.protocol);
        let mut counts: std::collections::BTreeMap<&'static str, usize> = std::collections::BTreeMap::new();
        for protocol in spoken {
            *counts.entry(protocol).or_default() += 1;
        }
        let mut counts: Vec<(&'static str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(protocol, count)| (std::cmp::Reverse(*count), *protocol));
        counts.into_iter().map(|(protocol, _)| protocol).collect()
    }
}
