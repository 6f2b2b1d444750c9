//! Ways to isolate the same hosts side by side, what each costs, and which one to look at first.

use std::collections::{BTreeMap, BTreeSet};

use super::crossing::{Inside, Mode};
use super::remains::Remains;
use super::{IsolateQuestion, Isolation, Isolator};
use crate::graph::DependencyState;
use crate::query::cut::{Classes, CutQuestion, Cutter, Tier};
use crate::query::impact::Fallen;
use crate::query::lateral;
use crate::query::requires::Requires;
use crate::query::worth::Worth;

/// Dependencies that an option keeps open for what is critical. More than these are no quarantine.
const KEPT_MAX: usize = 8;

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is blocked.
    pub mode: Mode,
    /// Dependencies that it keeps open so that less breaks, ascending.
    pub kept: Vec<u32>,
    /// The operator protects them; false where they were chosen because something critical needs them.
    pub protected: bool,
    /// Services outside that certainly fall.
    pub breaks: usize,
    /// Of these, critical ones.
    pub critical: usize,
    /// Hosts outside that certainly lose something.
    pub clients: usize,
    /// What stays open to an intruder.
    pub remains: Remains,
}

/// Options side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The options, the strictest first.
    pub choices: Vec<Choice>,
    /// The place of the one to look at first. Somebody decides; nothing is applied.
    pub suggested: Option<usize>,
}

/// What isolating costs, in hundredths, by the weights of cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Cutting off exactly what was named.
    pub host: i64,
    /// Cutting off the whole segments that it is in.
    pub segment: i64,
    /// The least disruptive cut between it and what must be kept safe; none if there is nothing to
    /// keep safe.
    pub minimum_cut: Option<i64>,
    /// What must be kept safe: the critical hosts outside; false: there are none, and it is every server
    /// outside.
    pub critical: bool,
}

impl Isolator<'_> {
    /// Full isolation, quarantine, quarantine with holes for what is critical, and lateral movement only.
    pub fn options(&mut self, question: &IsolateQuestion) -> Options {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        let around = self.surroundings(&inside);
        let ask = |mode, kept: &[u32]| IsolateQuestion {
            mode,
            kept: kept.to_vec(),
            edges: Vec::new(),
            ..question.clone()
        };
        let quarantine = self.isolate(&ask(Mode::Quarantine, &[]));
        let (kept, protected) = self.worth_keeping(&quarantine);
        let mut asked = vec![ask(Mode::Full, &[]), ask(Mode::Quarantine, &[])];
        if !kept.is_empty() {
            asked.push(ask(Mode::Quarantine, &kept));
        }
        asked.push(ask(Mode::Lateral, &[]));
        let mut choices = Vec::new();
        for asked in asked {
            let isolation = self.isolate(&asked);
            let (breaks, critical) = self.breaks(&isolation);
            choices.push(Choice {
                mode: asked.mode,
                breaks,
                critical,
                clients: isolation.outside.clients(self.requires).count(),
                remains: self.remains_in(&around, &asked, &isolation),
                protected: protected && !asked.kept.is_empty(),
                kept: asked.kept,
            });
        }
        let suggested = suggested(&choices);
        Options { choices, suggested }
    }

    /// The cut dependencies that the operator protects; if there are none, those that make critical
    /// services outside fall, unless an intruder could run commands by them.
    fn worth_keeping(&self, quarantine: &Isolation) -> (Vec<u32>, bool) {
        let knowledge = &self.atlas.observed.knowledge;
        let cut = quarantine.cut_places();
        let protected = cut.iter().copied().filter(|place| {
            self.atlas.dependency(*place).is_some_and(|row| {
                let from = row.key.client.address.ip();
                let mut flows = knowledge.protected.iter();
                flows.any(|flow| flow.to == row.key.service && flow.from.contains(&from))
            })
        });
        let protected: Vec<u32> = protected.collect();
        if !protected.is_empty() {
            return (protected, true);
        }
        let fallen = &quarantine.outside.must;
        let causes = Causes::new(self.requires, fallen, &cut);
        let services = quarantine.outside.services(self.requires);
        let critical = services.filter(|(service, _)| Worth::of_service(self.atlas, *service).is_critical());
        let causes: BTreeSet<u32> = critical.flat_map(|(_, fallen)| causes.of(fallen)).collect();
        let harmless =
            |place: &u32| self.atlas.dependency(*place).is_some_and(|row| !lateral::is_lateral(row));
        let kept: Vec<u32> = causes.into_iter().filter(harmless).collect();
        if kept.len() > KEPT_MAX { (Vec::new(), false) } else { (kept, false) }
    }

    /// What isolating costs, beside the least disruptive cut. What the operator protects is not spared
    /// here, because isolating does not spare it either.
    pub fn costs(&self, cutter: &Cutter<'_>, question: &IsolateQuestion) -> Costs {
        let inside = Inside::new(self.atlas, &question.hosts, &question.services);
        let weigh = |inside: &Inside| -> i64 {
            let crossing = self.crossing(inside);
            crossing.iter().map(|one| cutter.scales().weigh(one.dependency).hundredths()).sum()
        };
        let alone = question.services.iter().filter_map(|service| self.atlas.host_of(*service));
        let all: Vec<u32> = question.hosts.iter().copied().chain(alone).collect();
        let segments: BTreeSet<u32> = all.iter().filter_map(|host| self.segments.of(*host)).collect();
        let whole: Vec<u32> =
            segments.iter().flat_map(|segment| self.segments.hosts(*segment)).copied().collect();
        let (to, critical) = self.jewels(&inside);
        let minimum_cut = (!to.is_empty() && !question.hosts.is_empty()).then(|| {
            let from = question.hosts.clone();
            let (tier, classes) = (Tier::Observed, Classes::Exec);
            cutter.cost(&CutQuestion { from, to, tier, classes, unprotected: true, ..CutQuestion::default() })
        });
        Costs {
            host: weigh(&inside),
            segment: weigh(&Inside::new(self.atlas, &whole, &[])),
            minimum_cut: minimum_cut.flatten(),
            critical,
        }
    }

    /// What must be kept safe: critical hosts outside by the operator's word; without any, every server.
    fn jewels(&self, inside: &Inside) -> (Vec<u32>, bool) {
        let hosts = (0u32..).zip(&self.atlas.observed.snapshot.hosts);
        let outside: Vec<u32> =
            hosts.filter(|(host, row)| row.internal && !inside.host(*host)).map(|(host, _)| host).collect();
        let told = |host: &u32| {
            let worth = Worth::of(self.atlas, *host);
            worth.is_critical() && !worth.inferred
        };
        let critical: Vec<u32> = outside.iter().copied().filter(told).collect();
        if !critical.is_empty() {
            return (critical, true);
        }
        let answers = |service: &u32| {
            let rows = self.atlas.used_by(*service).iter().filter_map(|place| self.atlas.dependency(*place));
            rows.into_iter().any(|row| row.state >= DependencyState::Answered)
        };
        let serves = |host: &u32| self.atlas.offers(*host).iter().any(answers);
        (outside.into_iter().filter(serves).collect(), false)
    }
}

/// Of the options that deny by default, the one that breaks least; of equals, the one that leaves
/// responders their way in, and of these the strictest.
fn suggested(choices: &[Choice]) -> Option<usize> {
    let containing = choices.iter().enumerate().filter(|(_, choice)| choice.mode != Mode::Lateral);
    let key = |choice: &Choice| {
        (choice.critical, choice.breaks, choice.clients, choice.mode != Mode::Quarantine, choice.kept.len())
    };
    containing.min_by_key(|(place, choice)| (key(choice), *place)).map(|(place, _)| place)
}

/// Leads from what fell back to the cut dependencies that made it fall.
pub struct Causes<'a> {
    requires: &'a Requires,
    fallen: BTreeMap<u32, Fallen>,
    cut: &'a [u32],
}

impl<'a> Causes<'a> {
    /// Of what fell when some dependencies, ascending, were cut.
    pub fn new(requires: &'a Requires, fallen: &[Fallen], cut: &'a [u32]) -> Causes<'a> {
        Causes { fallen: fallen.iter().map(|fallen| (fallen.node, *fallen)).collect(), requires, cut }
    }

    /// The cut dependencies that made a node fall, as far back as its first reasons lead, ascending.
    pub fn of(&self, fallen: Fallen) -> BTreeSet<u32> {
        let mut causes = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack = vec![fallen];
        while let Some(fallen) = stack.pop() {
            if !seen.insert(fallen.node) {
                continue;
            }
            for member in self.requires.members(fallen.group) {
                if self.cut.binary_search(&member.dependency).is_ok() {
                    causes.insert(member.dependency);
                } else {
                    stack.extend(self.fallen.get(&member.provider));
                }
            }
        }
        causes
    }
}
