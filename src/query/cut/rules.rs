//! A cut written as few rules: what a firewall between two segments can say at once, it says at once.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::Left;
use super::ways::{Passage, Step, Ways};
use crate::graph::DependencyState;
use crate::model::{ServiceKey, Transport};
use crate::query::{Atlas, Segments};

/// More rules than these are not searched for superfluous ones: each search looks at all ways.
const SEARCHED_MAX: usize = 128;

/// Whom a rule stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sources {
    /// Everybody in a segment.
    Segment(u32),
    /// Some hosts, ascending.
    Hosts(Vec<u32>),
}

/// What a rule stops them from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// Every host of a segment.
    Segment(u32),
    /// One host.
    Host(u32),
}

/// A rule that denies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Whom.
    pub from: Sources,
    /// From what.
    pub to: Goal,
    /// On which port.
    pub port: u16,
    /// Of which transport.
    pub transport: Transport,
    /// Dependencies that it must let pass, because the cut does not ask for them: places, ascending.
    pub except: Vec<u32>,
}

/// Writes a cut as rules.
pub struct Lifting<'a> {
    /// The map.
    pub atlas: &'a Atlas,
    /// Its segments.
    pub segments: &'a Segments,
    /// The ways that were cut.
    pub ways: &'a Ways,
    /// Where the intruder is.
    pub from: &'a [u32],
    /// Where the intruder must not get.
    pub to: &'a [u32],
}

/// Two segments, port and transport.
type Border = (u32, u32, u16, Transport);

impl Lifting<'_> {
    /// The rules for the steps of a cut. Whole segments are named where nothing else passes there, or
    /// nobody ever used what is closed; rules that others make superfluous are left out.
    pub fn rules(&self, cut: &[Step]) -> Vec<Rule> {
        let gone: BTreeSet<Passage> = cut.iter().map(|step| step.passage).collect();
        let mut borders: BTreeMap<Border, Vec<&Step>> = BTreeMap::new();
        for step in cut {
            if let Some(border) = self.border(step) {
                borders.entry(border).or_default().push(step);
            }
        }
        let others = self.others(&borders, &gone);
        let mut rules = Vec::new();
        for (border, steps) in &borders {
            let (from, to, port, transport) = *border;
            if from != to && steps.len() > 1 && !others.contains_key(border) {
                let (from, to) = (Sources::Segment(from), Goal::Segment(to));
                rules.push(Rule { from, to, port, transport, except: Vec::new() });
            } else {
                self.one_by_one(steps, others.get(border), &mut rules);
            }
        }
        self.necessary(rules)
    }

    fn key(&self, step: &Step) -> Option<ServiceKey> {
        Some(self.atlas.service(step.passage.service()?)?.key)
    }

    fn border(&self, step: &Step) -> Option<Border> {
        let from = match step.passage {
            Passage::Open { segment, .. } => segment,
            Passage::Used { .. } | Passage::Enter { .. } => self.segments.of(step.from)?,
        };
        let key = self.key(step)?;
        Some((from, self.segments.of(step.to)?, key.port, key.transport))
    }

    /// Dependencies that cross the same borders and are not cut, whatever can be done by them.
    fn others(
        &self,
        borders: &BTreeMap<Border, Vec<&Step>>,
        gone: &BTreeSet<Passage>,
    ) -> BTreeMap<Border, Vec<u32>> {
        let mut others: BTreeMap<Border, Vec<u32>> = BTreeMap::new();
        let rows = (0u32..).zip(&self.atlas.observed.snapshot.dependencies);
        for (dependency, row) in rows.filter(|(_, row)| row.state >= DependencyState::Answered) {
            let ends = (self.atlas.client_of(dependency), self.atlas.server_of(dependency));
            let (Some(client), Some(server)) = ends else { continue };
            let (Some(from), Some(to)) = (self.segments.of(client), self.segments.of(server)) else {
                continue;
            };
            let border = (from, to, row.key.service.port, row.key.service.transport);
            let Some(service) = self.atlas.service_of(dependency) else { continue };
            if borders.contains_key(&border) && !gone.contains(&Passage::Used { dependency, service }) {
                others.entry(border).or_default().push(dependency);
            }
        }
        others
    }

    /// A rule for each service: the hosts that used it, or the segment but for those that go on.
    fn one_by_one(&self, steps: &[&Step], others: Option<&Vec<u32>>, rules: &mut Vec<Rule>) {
        let mut by_service: BTreeMap<ServiceKey, Vec<&Step>> = BTreeMap::new();
        for step in steps {
            if let Some(key) = self.key(step) {
                by_service.entry(key).or_default().push(step);
            }
        }
        for (key, steps) in by_service {
            let Some(to) = steps.first().map(|step| Goal::Host(step.to)) else { continue };
            let open = steps.iter().find_map(|step| match step.passage {
                Passage::Open { segment, .. } => Some(segment),
                Passage::Used { .. } | Passage::Enter { .. } => None,
            });
            let served =
                |place: &u32| self.atlas.dependency(*place).is_some_and(|row| row.key.service == key);
            let except = others.into_iter().flatten().copied().filter(served).collect();
            let (port, transport) = (key.port, key.transport);
            rules.push(match open {
                Some(segment) => Rule { from: Sources::Segment(segment), to, port, transport, except },
                None => {
                    let mut hosts: Vec<u32> = steps.iter().map(|step| step.from).collect();
                    hosts.sort_unstable();
                    hosts.dedup();
                    Rule { from: Sources::Hosts(hosts), to, port, transport, except: Vec::new() }
                }
            });
        }
    }

    /// The rules without those that the others make superfluous; the narrowest are tried first.
    fn necessary(&self, mut rules: Vec<Rule>) -> Vec<Rule> {
        rules.sort_by_key(|rule| (matches!(rule.from, Sources::Segment(_)), rule.clone()));
        if rules.len() <= SEARCHED_MAX {
            let mut place = 0;
            while place < rules.len() {
                let mut fewer = rules.clone();
                fewer.remove(place);
                match self.parts(&fewer) {
                    true => rules = fewer,
                    false => place += 1,
                }
            }
        }
        rules.sort();
        rules
    }

    /// Whether rules part the two sets.
    fn parts(&self, rules: &[Rule]) -> bool {
        let left = Left::new(self.ways, |step| rules.iter().any(|rule| self.stops(rule, step)));
        !left.joins(self.from, self.to)
    }

    fn stops(&self, rule: &Rule, step: &Step) -> bool {
        let Some(key) = self.key(step) else { return false };
        let from = match (&rule.from, step.passage) {
            (_, Passage::Used { dependency, .. }) if rule.except.binary_search(&dependency).is_ok() => false,
            (Sources::Segment(segment), Passage::Open { segment: from, .. }) => *segment == from,
            (Sources::Segment(segment), _) => self.segments.of(step.from) == Some(*segment),
            (Sources::Hosts(hosts), Passage::Used { .. }) => hosts.binary_search(&step.from).is_ok(),
            (Sources::Hosts(_), _) => false,
        };
        let to = match rule.to {
            Goal::Segment(segment) => self.segments.of(step.to) == Some(segment),
            Goal::Host(host) => step.to == host,
        };
        from && to && (key.port, key.transport) == (rule.port, rule.transport)
    }
}
