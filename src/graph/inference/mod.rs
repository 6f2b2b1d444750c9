//! Which service needs which: inferred from when requests and what they cause come and go
//! (`direction.md` §6). Works inside TLS, and in connections that stay.

mod discovery;
mod exchange;
mod explain;
mod machine;
mod nesting;
mod strength;
mod talk;

use std::collections::BTreeMap;

pub use exchange::{Exchange, exchanges, opened};
pub use strength::Usage;

use super::Snapshot;
use crate::model::{FlowRecord, ServiceKey};
use explain::Claim;
use machine::Machines;
use nesting::{Nesting, Requests, Shifts};
use talk::{Asked, Served, Talk};

/// The seed of the null model. Any would do; the same one makes the same answer.
const SEED: u64 = 6;

/// Requests and exchanges that a pair needs before anything is said of it.
const REQUESTS_MIN: usize = 5;
const EXCHANGES_MIN: usize = 3;

/// Of the links found, at most this share is expected to be chance.
const FALSE_DISCOVERIES_MAX: f64 = 0.01;

/// A link explains at least this share of requests.
const UPLIFT_MIN: f64 = 0.02;

/// A pair is rejected if even the upper end of what may be behind its numbers is less than this share of
/// requests. Else nothing was found, but nothing was ruled out either, and the pair is not listed.
const RULED_OUT_MAX: f64 = 0.1;

/// One-sided 95 %.
const Z95: f64 = 1.644_853_627;

/// What was found of a pair of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// One needs the other.
    Needed,
    /// It looks so, and another service of the same host may be the reason.
    Ambiguous,
    /// It was tested, and does not.
    Rejected,
}

/// A pair of services: requests to one, and exchanges that its host has with the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InferredLink {
    /// The service that answers requests.
    pub service: ServiceKey,
    /// The service that its host asks.
    pub needs: ServiceKey,
    /// What was found.
    pub verdict: Verdict,
    /// Share of requests that need the other, the lower end of what is likely.
    pub strength: f32,
    /// The same bytes passed through both: no statistics were needed.
    pub exact: bool,
    /// Requests.
    pub requests: u32,
    /// Requests that hold an exchange with the other.
    pub nested: u32,
    /// Share of requests that chance does not explain.
    pub uplift: f32,
    /// How likely chance explains all.
    pub p_value: f64,
}

impl InferredLink {
    /// How often the other is needed.
    pub fn usage(&self) -> Usage {
        Usage::of(self.strength.into())
    }
}

/// Everything inferred.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inferences {
    /// Sorted by service and by what it needs.
    pub links: Vec<InferredLink>,
    /// Pairs that were tested.
    pub tested: usize,
}

/// A pair under test.
struct Pair<'a> {
    served: &'a Served,
    asked: &'a Asked,
    nesting: Nesting,
    verdict: Option<Verdict>,
}

/// Infers which services need which.
pub fn infer(snapshot: &Snapshot, records: &[FlowRecord]) -> Inferences {
    let machines = Machines::new(&snapshot.hosts);
    let talk = Talk::new(snapshot, records, &machines);
    let shifts = Shifts::new(SEED);
    let mut pairs = pairs(&talk, &shifts);
    let p_values: Vec<f64> = pairs.iter().map(|pair| pair.nesting.p_value()).collect();
    let p_max = discovery::threshold(&p_values, FALSE_DISCOVERIES_MAX);
    for pair in &mut pairs {
        pair.verdict = first_verdict(&pair.nesting, p_max);
    }
    explain_away(&mut pairs, &shifts);
    let mut links: Vec<InferredLink> = pairs.iter().filter_map(link).collect();
    links.sort_by_key(|link| (link.service, link.needs));
    Inferences { links, tested: pairs.len() }
}

/// Every service of a machine with every service that the machine asks, where there is enough to tell.
fn pairs<'a>(talk: &'a Talk, shifts: &Shifts) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let enough_served = talk.served.iter().filter(|served| served.requests.len() >= REQUESTS_MIN);
    for served in enough_served {
        let from = talk.asked.partition_point(|asked| asked.machine < served.machine);
        let of_machine = talk.asked.iter().skip(from).take_while(|asked| asked.machine == served.machine);
        for asked in of_machine.filter(|asked| asked.children.len() >= EXCHANGES_MIN) {
            let nesting = shifts.test(&within(&served.requests, asked), &asked.children);
            if nesting.requests >= REQUESTS_MIN {
                pairs.push(Pair { served, asked, nesting, verdict: None });
            }
        }
    }
    pairs
}

/// The requests of the time in which all exchanges are known.
fn within<'a>(requests: &'a Requests, asked: &Asked) -> std::borrow::Cow<'a, Requests> {
    requests.until(asked.until)
}

fn first_verdict(nesting: &Nesting, p_max: f64) -> Option<Verdict> {
    if nesting.p_value() <= p_max && nesting.uplift() >= UPLIFT_MIN {
        return Some(Verdict::Needed);
    }
    let free = nesting.requests as f64 - nesting.expected;
    let most = nesting.nested as f64 - nesting.expected + Z95 * nesting.deviation();
    (most < RULED_OUT_MAX * free).then_some(Verdict::Rejected)
}

/// Where several services of a machine claim the same other one, keeps those claims that hold.
fn explain_away(pairs: &mut [Pair], shifts: &Shifts) {
    let mut claims: BTreeMap<(crate::model::HostKey, ServiceKey), Vec<usize>> = BTreeMap::new();
    for (place, pair) in pairs.iter().enumerate().filter(|(_, pair)| pair.verdict == Some(Verdict::Needed)) {
        claims.entry((pair.asked.machine, pair.asked.service)).or_default().push(place);
    }
    for places in claims.into_values().filter(|places| places.len() > 1) {
        let claimants: Vec<&Pair> = places.iter().filter_map(|place| pairs.get(*place)).collect();
        let Some(asked) = claimants.first().map(|pair| pair.asked) else { continue };
        let rows: Vec<(&Requests, f64)> =
            claimants.iter().map(|pair| (&pair.served.requests, pair.nesting.uplift())).collect();
        let judged = explain::judge(&rows, &asked.exchanges, UPLIFT_MIN, shifts);
        for (place, claim) in places.iter().zip(judged) {
            if let Some(pair) = pairs.get_mut(*place) {
                pair.verdict = Some(match claim {
                    Claim::Holds => Verdict::Needed,
                    Claim::Unclear => Verdict::Ambiguous,
                    Claim::Explained => Verdict::Rejected,
                });
            }
        }
    }
}

fn link(pair: &Pair) -> Option<InferredLink> {
    let requests = within(&pair.served.requests, pair.asked);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(InferredLink {
        service: pair.served.service,
        needs: pair.asked.service,
        verdict: pair.verdict?,
        strength: strength::strength(&pair.nesting) as f32,
        exact: false,
        requests: count(requests.len()),
        nested: count(pair.asked.children.nested_in(&requests, 0)),
        uplift: pair.nesting.uplift() as f32,
        p_value: pair.nesting.p_value(),
    })
}
