//! Single points of failure: what takes others down with certainty when it fails alone, and pairs that
//! do so together though each stands in for the other.
//!
//! Each candidate is failed and what falls is looked at, which visits its dependents only. Articulation
//! points would not do: they know neither direction nor that everything of a node's groups must live.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::impact::{Fixpoint, Threshold};
use super::requires::{Failure, Requires};
use super::worlds::{is_sampled, weigh_together, worlds};
use super::worth::Worths;

/// Candidates that are weighed together at most, beside the first: what they share is computed once, and
/// some of them for nothing.
const TOGETHER_MAX: usize = 4_096;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Single {
    /// A host with all its services.
    Host,
    /// A service alone.
    Service,
    /// All services that stand in for each other.
    Pool,
    /// Two hosts at once, of which each alone would do less.
    Pair,
}

impl Single {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Single::Host => "host",
            Single::Service => "service",
            Single::Pool => "pool",
            Single::Pair => "pair",
        }
    }
}

/// A point of failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Spof {
    /// What fails.
    pub kind: Single,
    /// Which hosts or services that is.
    pub failure: Failure,
    /// Its host alone does the same, and is listed before it.
    pub with_host: bool,
    /// The nodes that fall with it, in the order of hops.
    pub must: Vec<u32>,
    /// What is lost of everything that means something, 0 to 1.
    pub impact: f64,
}

/// Points of failure, the worst first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spofs {
    /// Those that were asked for.
    pub rows: Vec<Spof>,
    /// How many there are, services of hosts that do the same not counted.
    pub count: usize,
}

/// Something that may be a point of failure.
struct Candidate {
    kind: Single,
    failure: Failure,
    with_host: bool,
    /// How many fall for certain that are no part of its host.
    certain: usize,
    /// The impact if everything that may fall does.
    most: f64,
}

/// The worst points of failure, at most `top` of them; a service whose host alone does the same comes
/// with its host and does not count. With `pairs`, also two hosts that stand in for each other.
pub fn spof(requires: &Requires, worths: &Worths, top: usize, pairs: bool) -> Spofs {
    let mut search = Search { requires, worths, fixpoint: Fixpoint::new(requires), found: Vec::new() };
    search.hosts_and_services();
    search.pools();
    if pairs {
        search.pairs();
    }
    let count = search.found.iter().filter(|candidate| !candidate.with_host).count();
    Spofs { rows: search.ranked(top), count }
}

struct Search<'a> {
    requires: &'a Requires,
    worths: &'a Worths,
    fixpoint: Fixpoint<'a>,
    found: Vec<Candidate>,
}

impl Search<'_> {
    fn hosts_and_services(&mut self) {
        for host in 0..self.requires.hosts() {
            let services = self.requires.offered(host);
            if services.is_empty() {
                continue;
            }
            let failure = Failure { hosts: vec![host], ..Failure::default() };
            let own = self.requires.failing(&failure);
            let of_host = self.try_candidate(Single::Host, failure, &own);
            let with_host = of_host.as_ref().map(|found| found.certain);
            self.found.extend(of_host);
            for service in services {
                let failure = Failure { services: vec![*service], ..Failure::default() };
                if let Some(mut found) = self.try_candidate(Single::Service, failure, &own) {
                    // It can do no more than its host, so that as many are the same ones.
                    found.with_host = Some(found.certain) == with_host;
                    self.found.push(found);
                }
            }
        }
    }

    /// Services that stand in for each other somewhere, all of them at once.
    fn pools(&mut self) {
        let groups = 0..u32::try_from(self.requires.group_count()).unwrap_or(u32::MAX);
        let pools: BTreeSet<Vec<u32>> = groups
            .map(|group| self.requires.members(group))
            .filter(|members| members.len() > 1)
            .map(|members| members.iter().map(|member| member.provider).collect())
            .collect();
        for services in pools {
            let failure = Failure { services, ..Failure::default() };
            let found = self.try_candidate(Single::Pool, failure, &[]);
            self.found.extend(found);
        }
    }

    /// Two hosts with which a group that can spare one of its members fails.
    fn pairs(&mut self) {
        let groups = 0..u32::try_from(self.requires.group_count()).unwrap_or(u32::MAX);
        let mut pairs = BTreeSet::new();
        for place in groups {
            let members = self.requires.members(place);
            let Some(group) = self.requires.group(place) else { continue };
            if members.len() != group.needed as usize + 1 {
                continue;
            }
            let hosts: BTreeSet<u32> =
                members.iter().filter_map(|member| self.requires.host_of(member.provider)).collect();
            for one in &hosts {
                pairs.extend(hosts.range(one + 1..).map(|other| (*one, *other)));
            }
        }
        for (one, other) in pairs {
            let failure = |hosts: &[u32]| Failure { hosts: hosts.to_vec(), ..Failure::default() };
            let Some(both) = self.try_candidate(Single::Pair, failure(&[one, other]), &[]) else { continue };
            let mut alone = BTreeSet::new();
            for host in [one, other] {
                alone.extend(self.certain(&failure(&[host])));
            }
            if self.certain(&both.failure).iter().any(|node| !alone.contains(node)) {
                self.found.push(both);
            }
        }
    }

    /// Fails something. None if nothing falls for certain but what belongs to it.
    fn try_candidate(&mut self, kind: Single, failure: Failure, own: &[u32]) -> Option<Candidate> {
        let failed = self.requires.failing(&failure);
        let fallen = self.fixpoint.run(&failed, &[], Threshold::MUST);
        if fallen.is_empty() {
            return None;
        }
        let certain = fallen.iter().filter(|at| own.binary_search(&at.node).is_err()).count();
        let may = self.fixpoint.run(&failed, &[], Threshold::MAY).iter().map(|at| (at.node, 1.0));
        let most = self.worths.impact(failed.iter().map(|node| (*node, 1.0)).chain(may));
        Some(Candidate { kind, failure, with_host: false, certain, most })
    }

    /// What falls for certain, in the order of hops.
    fn certain(&mut self, failure: &Failure) -> Vec<u32> {
        let failed = self.requires.failing(failure);
        self.fixpoint.run(&failed, &[], Threshold::MUST).iter().map(|at| at.node).collect()
    }

    /// The worst, by what is likely to be lost. Only candidates are weighed that can still be among them:
    /// nothing loses more than everything that may fall.
    fn ranked(mut self, top: usize) -> Vec<Spof> {
        let mut candidates = std::mem::take(&mut self.found);
        candidates.sort_by(|one, other| {
            other.most.total_cmp(&one.most).then_with(|| one.order().cmp(&other.order()))
        });
        let mut weighed: Vec<Spof> = Vec::new();
        let mut best: Vec<f64> = Vec::new();
        let mut rest = candidates.into_iter().peekable();
        while let Some(first) = rest.next() {
            let worst = top.checked_sub(1).and_then(|last| best.get(last));
            if worst.is_some_and(|worst| first.most < *worst) {
                break;
            }
            let least = first.most / 2.0;
            let mut together = vec![first];
            together
                .extend(std::iter::from_fn(|| rest.next_if(|next| next.most >= least)).take(TOGETHER_MAX));
            for found in self.weigh(together) {
                if !found.with_host {
                    let place = best.partition_point(|impact| *impact >= found.impact);
                    best.insert(place, found.impact);
                }
                weighed.push(found);
            }
        }
        weighed.sort_by(|one, other| {
            other.impact.total_cmp(&one.impact).then_with(|| one.order().cmp(&other.order()))
        });
        let shown: BTreeSet<u32> = weighed
            .iter()
            .filter(|found| !found.with_host)
            .take(top)
            .flat_map(|found| found.failure.hosts.clone())
            .collect();
        let mut room = top;
        weighed.retain(|found| {
            if found.with_host {
                let host = found.failure.services.first().and_then(|first| self.requires.host_of(*first));
                return host.is_some_and(|host| shown.contains(&host));
            }
            let kept = room > 0;
            room = room.saturating_sub(1);
            kept
        });
        for found in &mut weighed {
            found.must = self.certain(&found.failure);
        }
        weighed
    }

    /// Weighs candidates: those with few possible worlds in all of these, the others together.
    fn weigh(&mut self, candidates: Vec<Candidate>) -> Vec<Spof> {
        let mut weighed: Vec<Spof> = Vec::with_capacity(candidates.len());
        let (mut sampled, mut places) = (Vec::new(), Vec::new());
        for Candidate { kind, failure, with_host, .. } in candidates {
            let failed = self.requires.failing(&failure);
            let may = self.fixpoint.run(&failed, &[], Threshold::MAY);
            let mut impact = 0.0;
            if is_sampled(self.requires, &failed, may) {
                places.push(weighed.len());
                sampled.push(failed);
            } else {
                let found = worlds(&mut self.fixpoint, &failed, &[]);
                let likely = found.rows.iter().map(|(fallen, probability)| (fallen.node, *probability));
                impact = self.worths.impact(failed.iter().map(|node| (*node, 1.0)).chain(likely));
            }
            weighed.push(Spof { kind, failure, with_host, must: Vec::new(), impact });
        }
        if !sampled.is_empty() {
            let impacts = weigh_together(self.requires, self.worths, &sampled);
            for (place, impact) in places.into_iter().zip(impacts) {
                if let Some(found) = weighed.get_mut(place) {
                    found.impact = impact;
                }
            }
        }
        weighed
    }
}

impl Candidate {
    fn order(&self) -> (Single, &[u32], &[u32]) {
        (self.kind, &self.failure.hosts, &self.failure.services)
    }
}

impl Spof {
    fn order(&self) -> (Single, &[u32], &[u32]) {
        (self.kind, &self.failure.hosts, &self.failure.services)
    }
}
