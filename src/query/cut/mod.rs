//! The least disruptive cut between where an intruder is and where the intruder must not get. It is
//! the second line: the infected hosts are isolated first.

mod paths;
mod rules;
mod separation;
mod ways;
mod weight;

use std::collections::BTreeSet;

pub use rules::{Goal, Rule, Sources};
pub use separation::Means;
pub use ways::{Classes, Passage, Step, Tier, Ways};
pub use weight::{Scales, Weight};

use super::enforcement::Enforcement;
use super::segment::Segments;
use super::{Atlas, Requires};
use paths::Left;
use rules::Lifting;
use separation::{Concession, CutSet, Hold, Parted, Separation, Way};

/// Paths told of those that a cut leaves.
const PATHS_TOLD: usize = 3;

/// A flow that must stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whose, by place; none: everybody's.
    pub clients: Option<Vec<u32>>,
    /// To which services, by place.
    pub services: Vec<u32>,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct CutQuestion {
    /// Where the intruder is: hosts, by place.
    pub from: Vec<u32>,
    /// Where the intruder must not get: hosts, by place.
    pub to: Vec<u32>,
    /// What must stay, besides what the operator always protects.
    pub kept: Vec<Kept>,
    /// What the operator protects may be cut all the same.
    pub unprotected: bool,
    /// What counts as a way.
    pub tier: Tier,
    /// Which ways count.
    pub classes: Classes,
    /// What may be cut.
    pub means: Means,
}

/// One way of a cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Severed {
    /// The way.
    pub step: Step,
    /// What its loss costs, and why.
    pub weight: Weight,
    /// Where it can be cut.
    pub enforcement: Enforcement,
}

/// A cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Ways, in the order of dependencies; after them what nobody used.
    pub ways: Vec<Severed>,
    /// Hosts, by place, each with its cost in hundredths.
    pub hosts: Vec<(u32, i64)>,
}

/// What a cut leaves to an intruder, on tier potential.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Residual {
    /// Ways apart from each other on which commands can be run.
    pub exec: u64,
    /// Ways apart from each other of any kind.
    pub all: u64,
    /// The likeliest of them.
    pub paths: Vec<Vec<Step>>,
}

/// Protected flows that would have to be given up.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenUp {
    /// What the whole cut would then cost, in hundredths.
    pub cost: i64,
    /// The protected flows in it.
    pub flows: Vec<Severed>,
    /// The whole cut.
    pub plan: Plan,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct CutAnswer {
    /// What the cut costs, in hundredths; none where it cannot be done.
    pub cost: Option<i64>,
    /// The cut nearest to the intruder.
    pub near: Plan,
    /// The cut nearest to what is to be kept safe: of the same cost.
    pub far: Plan,
    /// The nearest cut, written as rules.
    pub rules: Vec<Rule>,
    /// The way through what must stay, where it cannot be done.
    pub witness: Option<Vec<Step>>,
    /// What to give up then.
    pub given_up: Option<GivenUp>,
    /// What the nearest cut leaves.
    pub residual: Residual,
    /// Dependencies that must stay, by place.
    pub protected: Vec<u32>,
    /// Ways that counted.
    pub considered: usize,
}

/// Answers questions about cuts on one map.
pub struct Cutter<'a> {
    atlas: &'a Atlas,
    segments: &'a Segments,
    scales: Scales<'a>,
}

impl<'a> Cutter<'a> {
    /// Weighs the map.
    pub fn new(atlas: &'a Atlas, segments: &'a Segments, requires: &Requires) -> Cutter<'a> {
        Cutter { scales: Scales::new(atlas, requires), atlas, segments }
    }

    /// What dependencies and hosts weigh.
    pub const fn scales(&self) -> &Scales<'a> {
        &self.scales
    }

    /// Finds the least disruptive cut, and what it leaves.
    pub fn cut(&self, question: &CutQuestion) -> CutAnswer {
        let ways = Ways::new(self.atlas, self.segments, question.tier, question.classes);
        let protected = self.protected(question);
        let parted = self.part(question, &ways, &protected);
        let mut answer = CutAnswer {
            cost: None,
            near: Plan::default(),
            far: Plan::default(),
            rules: Vec::new(),
            witness: None,
            given_up: None,
            residual: Residual::default(),
            considered: ways.steps.iter().filter(|step| step.passage.service().is_some()).count(),
            protected: protected.into_iter().collect(),
        };
        match parted {
            Parted::Cut { cost, near, far } => {
                answer.cost = Some(cost);
                answer.near = self.plan(&ways, &near);
                answer.far = self.plan(&ways, &far);
                let steps: Vec<Step> = answer.near.ways.iter().map(|severed| severed.step).collect();
                let (atlas, segments) = (self.atlas, self.segments);
                if answer.near.hosts.is_empty() {
                    let (from, to) = (&question.from, &question.to);
                    answer.rules = Lifting { atlas, segments, ways: &ways, from, to }.rules(&steps);
                }
                answer.residual = self.residual(question, &answer.near);
            }
            Parted::Impossible { witness, concession } => {
                answer.witness = Some(
                    witness.iter().filter_map(|place| ways.steps.get(*place as usize)).copied().collect(),
                );
                answer.given_up = concession.map(|concession| self.given_up(&ways, &concession));
            }
        }
        answer
    }

    /// The cost alone, in hundredths; none where it cannot be done.
    pub fn cost(&self, question: &CutQuestion) -> Option<i64> {
        let ways = Ways::new(self.atlas, self.segments, question.tier, question.classes);
        match self.part(question, &ways, &self.protected(question)) {
            Parted::Cut { cost, .. } => Some(cost),
            Parted::Impossible { .. } => None,
        }
    }

    fn part(&self, question: &CutQuestion, ways: &Ways, protected: &BTreeSet<u32>) -> Parted {
        let steps: Vec<Way> = ways.steps.iter().map(|step| self.way(step, protected)).collect();
        let nodes: Vec<Option<i64>> = match question.means {
            // Nobody asks what a host costs.
            Means::Ways => vec![None; ways.nodes as usize],
            Means::Hosts | Means::Both => self.host_costs(question, ways, protected),
        };
        let (from, to, means) = (&question.from, &question.to, question.means);
        Separation { ways: &steps, nodes: &nodes, from, to, means }.part()
    }

    fn way(&self, step: &Step, protected: &BTreeSet<u32>) -> Way {
        let hold = match step.passage {
            Passage::Enter { .. } => Hold::Structure,
            Passage::Used { dependency, .. } if protected.contains(&dependency) => Hold::Protected,
            Passage::Used { .. } | Passage::Open { .. } => Hold::Free,
        };
        Way { from: step.from, to: step.to, cost: self.weight(step).hundredths(), hold }
    }

    fn weight(&self, step: &Step) -> Weight {
        match step.passage {
            Passage::Used { dependency, .. } => self.scales.weigh(dependency),
            Passage::Open { .. } | Passage::Enter { .. } => Weight::UNUSED,
        }
    }

    /// What the operator protects, and what the question does.
    fn protected(&self, question: &CutQuestion) -> BTreeSet<u32> {
        let mut protected = BTreeSet::new();
        for kept in &question.kept {
            let wanted = |place: &u32| {
                let client = self.atlas.client_of(*place);
                kept.clients.as_ref().is_none_or(|some| client.is_some_and(|client| some.contains(&client)))
            };
            let users = kept.services.iter().flat_map(|service| self.atlas.used_by(*service));
            protected.extend(users.copied().filter(wanted));
        }
        let always = self.atlas.observed.knowledge.protected.iter();
        for flow in always.filter(|_| !question.unprotected) {
            let Some(service) = self.atlas.service_place(&flow.to) else { continue };
            let inside = |place: &u32| {
                let client = self.atlas.dependency(*place).map(|row| row.key.client.address);
                client.is_some_and(|client| flow.from.contains(&client.ip()))
            };
            protected.extend(self.atlas.used_by(service).iter().copied().filter(inside));
        }
        protected
    }

    /// What the loss of each host costs: of everything that it uses and that uses it. None for those that
    /// must stay, and for segments.
    fn host_costs(&self, question: &CutQuestion, ways: &Ways, protected: &BTreeSet<u32>) -> Vec<Option<i64>> {
        let mut costs = vec![None; ways.nodes as usize];
        for host in 0..ways.hosts {
            if let Some(slot) = costs.get_mut(host as usize) {
                *slot = Some(self.host_cost(host));
            }
        }
        let ends =
            protected.iter().flat_map(|place| [self.atlas.client_of(*place), self.atlas.server_of(*place)]);
        for host in ends.flatten().chain(question.to.iter().copied()) {
            if let Some(slot) = costs.get_mut(host as usize) {
                *slot = None;
            }
        }
        costs
    }

    fn host_cost(&self, host: u32) -> i64 {
        let served = self.atlas.offers(host).iter().flat_map(|service| self.atlas.used_by(*service));
        let all = self.atlas.uses(host).iter().chain(served);
        let sum: i64 = all.map(|dependency| self.scales.weigh(*dependency).hundredths()).sum();
        sum.max(Weight::UNUSED.hundredths())
    }

    fn plan(&self, ways: &Ways, cut: &CutSet) -> Plan {
        let steps = cut.ways.iter().filter_map(|place| ways.steps.get(*place as usize));
        Plan {
            ways: steps.map(|step| self.severed(step)).collect(),
            hosts: cut.nodes.iter().map(|host| (*host, self.host_cost(*host))).collect(),
        }
    }

    fn severed(&self, step: &Step) -> Severed {
        let enforcement = match step.passage {
            Passage::Used { dependency, .. } => {
                Enforcement::of(self.atlas, self.segments, dependency, step.from)
            }
            Passage::Open { segment, .. } | Passage::Enter { segment } => {
                let anyone = self.segments.hosts(segment).first().copied().unwrap_or(step.to);
                Enforcement::between(self.atlas, self.segments, anyone, step.to)
            }
        };
        Severed { step: *step, weight: self.weight(step), enforcement }
    }

    fn given_up(&self, ways: &Ways, concession: &Concession) -> GivenUp {
        let flows = concession.given_up.iter().filter_map(|place| ways.steps.get(*place as usize));
        GivenUp {
            cost: concession.cost,
            flows: flows.map(|step| self.severed(step)).collect(),
            plan: self.plan(ways, &concession.cut),
        }
    }

    /// What is left on tier potential, whatever tier the cut was made on.
    fn residual(&self, question: &CutQuestion, plan: &Plan) -> Residual {
        let gone: BTreeSet<Passage> = plan.ways.iter().map(|severed| severed.step.passage).collect();
        let dead: BTreeSet<u32> = plan.hosts.iter().map(|(host, _)| *host).collect();
        let is_gone = |step: &Step| {
            gone.contains(&step.passage) || dead.contains(&step.from) || dead.contains(&step.to)
        };
        let all = Ways::new(self.atlas, self.segments, Tier::Potential, Classes::All);
        let left = Left::new(&all, is_gone);
        let exec_only =
            |step: &Step| is_gone(step) || step.passage.service().is_some() && !step.capability.is_exec();
        let (from, to) = (&question.from, &question.to);
        Residual {
            exec: Left::new(&all, exec_only).apart(from, to),
            all: left.apart(from, to),
            paths: left.likeliest(from, to, PATHS_TOLD),
        }
    }
}

#[cfg(test)]
mod tests;
