//! Which service needs which: inferred from when requests and what they cause come and go
//! (`direction.md` §6). Works inside TLS, and in connections that stay.

mod discovery;
mod exact;
mod exchange;
mod explain;
mod machine;
mod nesting;
mod pool;
mod strength;
mod talk;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use exchange::{Exchange, exchanges, opened};
pub use pool::{Pool, PoolEvidence};
pub use strength::Usage;

use super::Snapshot;
use crate::model::{FlowRecord, HostKey, ServiceKey, TokenSighting};
use exact::Join;
use explain::Claim;
use machine::Machines;
use nesting::{Children, Nesting, Requests, Shifts};
use talk::{Asked, Served, Talk};

/// The seed of the null model. Any would do; the same one makes the same answer.
const SEED: u64 = 6;

/// Requests and exchanges that a pair needs before anything is said of it.
const REQUESTS_MIN: usize = 5;
const EXCHANGES_MIN: usize = 3;

/// Pairs of one machine that are tested: at some 10 ms each, and far less where little is asked, 4,096
/// take a minute at most. A forward proxy asks more services than that, and needs none of them.
const PAIRS_OF_A_MACHINE_MAX: usize = 4_096;

/// Of the links found, at most this share is expected to be chance.
const FALSE_DISCOVERIES_MAX: f64 = 0.01;

/// And none is believed that chance makes more often than this, however few pairs there are.
const P_MAX: f64 = 1e-3;

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
    /// The place in [`Inferences::pools`] of the pool that the other service is needed as a member of.
    /// Numbers are those of the whole pool then.
    pub pool: Option<u32>,
}

impl InferredLink {
    /// Takes what tokens show: nothing can speak against it.
    fn prove(&mut self, join: &Join) {
        self.exact = true;
        self.verdict = Verdict::Needed;
        self.strength = self.strength.max(join.strength() as f32);
    }

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
    /// Services that stand in for each other, sorted.
    pub pools: Vec<Pool>,
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

/// Infers which services need which: from the turns of flows, and from tokens that were passed on.
///
/// A pair costs some two hundred sweeps over its requests and exchanges (`nesting`); a host with many
/// services that uses many has the product of both of pairs, of which `PAIRS_OF_A_MACHINE_MAX` are
/// tested.
pub fn infer(snapshot: &Snapshot, records: &[FlowRecord], tokens: &[TokenSighting]) -> Inferences {
    let machines = Machines::new(&snapshot.hosts);
    let talk = Talk::new(snapshot, records, &machines);
    let shifts = Shifts::new(SEED);
    let mut pairs = pairs(&talk, &shifts);
    let p_values: Vec<f64> = pairs.iter().map(|pair| pair.nesting.p_value()).collect();
    let p_max = discovery::threshold(&p_values, FALSE_DISCOVERIES_MAX).min(P_MAX);
    for pair in &mut pairs {
        pair.verdict = first_verdict(&pair.nesting, p_max);
    }
    explain_away(&mut pairs, &shifts);
    let joins = exact::joins(tokens, &machines);
    let mut pools = pools(&pairs);
    pools.extend(behind_balancers(snapshot, &joins));
    let pools: Vec<Pool> = pools.into_iter().collect();
    let mut links: BTreeMap<(ServiceKey, ServiceKey), InferredLink> = pairs
        .iter()
        .filter_map(|pair| link(pair, &pairs, &pools, &shifts))
        .map(|link| ((link.service, link.needs), link))
        .collect();
    for ((service, needs), join) in &joins {
        links.entry((*service, *needs)).or_insert_with(|| unseen(*service, *needs, join)).prove(join);
    }
    for link in links.values_mut().filter(|link| link.exact && link.pool.is_none()) {
        let whole = |pool: &Pool| {
            pool.members.contains(&link.needs)
                && pool.members.iter().all(|member| joins.contains_key(&(link.service, *member)))
        };
        link.pool = pools.iter().position(whole).and_then(|place| u32::try_from(place).ok());
    }
    Inferences { links: links.into_values().collect(), pools, tested: pairs.len() }
}

/// A link of which only tokens tell.
fn unseen(service: ServiceKey, needs: ServiceKey, join: &Join) -> InferredLink {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (requests, nested) = (count(join.tokens), count(join.passed_on));
    InferredLink {
        service,
        needs,
        verdict: Verdict::Needed,
        strength: 0.0,
        exact: true,
        requests,
        nested,
        uplift: nested as f32 / requests.max(1) as f32,
        p_value: 0.0,
        pool: None,
    }
}

/// Services behind a balancer that passes TLS on as it is. It may choose by the name that the client asks
/// for, so members are those that were asked for the same names.
fn behind_balancers(snapshot: &Snapshot, joins: &BTreeMap<(ServiceKey, ServiceKey), Join>) -> Vec<Pool> {
    let names = |service: &ServiceKey| {
        let tls = snapshot.service(service).and_then(|service| service.tls.as_ref());
        tls.map(|tls| tls.seen.sni.iter().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut behind: BTreeMap<_, Vec<ServiceKey>> = BTreeMap::new();
    for (service, needs) in joins.iter().filter(|(_, join)| join.same_hello).map(|(pair, _)| pair) {
        behind.entry((*service, needs.port, names(needs))).or_default().push(*needs);
    }
    let members = behind.into_values().filter(|members| members.len() > 1);
    members.map(|members| Pool::new(members, None, PoolEvidence::ClientHello)).collect()
}

/// Every service of a machine with every service that the machine asks, where there is enough to tell.
fn pairs<'a>(talk: &'a Talk, shifts: &Shifts) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let enough_served = talk.served.iter().filter(|served| served.requests.len() >= REQUESTS_MIN);
    for served in enough_served {
        let from = talk.asked.partition_point(|asked| asked.machine < served.machine);
        let of_machine = talk.asked.iter().skip(from).take_while(|asked| asked.machine == served.machine);
        let enough = of_machine.filter(|asked| asked.children.len() >= EXCHANGES_MIN);
        for asked in enough.take(PAIRS_OF_A_MACHINE_MAX) {
            let nesting = shifts.test(&within(&served.requests, asked), &asked.children);
            if nesting.requests >= REQUESTS_MIN {
                pairs.push(Pair { served, asked, nesting, verdict: None });
            }
        }
    }
    pairs
}

/// The requests of the time in which all exchanges are known.
fn within<'a>(requests: &'a Requests, asked: &Asked) -> Cow<'a, Requests> {
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
    let mut claims: BTreeMap<(HostKey, ServiceKey), Vec<usize>> = BTreeMap::new();
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

/// Pools among what a machine's services need. Whoever asks two of them for one request shows that they
/// are no alternatives, for everybody.
fn pools(pairs: &[Pair]) -> BTreeSet<Pool> {
    let needed = || pairs.iter().filter(|pair| pair.verdict == Some(Verdict::Needed));
    let needs_of = |service: ServiceKey| -> BTreeSet<ServiceKey> {
        needed().filter(|pair| pair.served.service == service).map(|pair| pair.asked.service).collect()
    };
    let same_needs = |one, other| {
        let needs = needs_of(one);
        !needs.is_empty() && needs == needs_of(other)
    };
    let mut by_needs: BTreeMap<(HostKey, BTreeSet<ServiceKey>), Vec<&Pair>> = BTreeMap::new();
    for pair in needed() {
        let needs = needs_of(pair.served.service);
        by_needs.entry((pair.served.machine, needs)).or_default().push(pair);
    }
    let mut pools: BTreeSet<Pool> = BTreeSet::new();
    for pairs in by_needs.into_values() {
        let (asked, requests) = asked_of(&pairs);
        pools.extend(pool::find(&asked, &requests, &same_needs));
    }
    let all: Vec<&Pair> = needed().collect();
    let mut of_machine: BTreeMap<HostKey, Vec<&Pair>> = BTreeMap::new();
    for pair in all {
        of_machine.entry(pair.served.machine).or_default().push(pair);
    }
    pools.retain(|pool| {
        of_machine.values().all(|pairs| {
            let (asked, requests) = asked_of(pairs);
            let members: Vec<&Asked> =
                asked.into_iter().filter(|asked| pool.members.contains(&asked.service)).collect();
            let apart = |(place, one): (usize, &&Asked)| {
                members.iter().skip(place + 1).all(|other| !pool::asked_together(one, other, &requests))
            };
            members.iter().enumerate().all(apart)
        })
    });
    pools
}

/// The distinct services that pairs ask, and the requests of all that ask.
fn asked_of<'a>(pairs: &[&Pair<'a>]) -> (Vec<&'a Asked>, Requests) {
    let asked: BTreeMap<ServiceKey, &Asked> =
        pairs.iter().map(|pair| (pair.asked.service, pair.asked)).collect();
    let served: BTreeMap<ServiceKey, &Served> =
        pairs.iter().map(|pair| (pair.served.service, pair.served)).collect();
    let requests = served.values().flat_map(|served| served.requests.rows().iter().copied()).collect();
    (asked.into_values().collect(), Requests::new(requests))
}

/// The link of a pair. A pool is needed as one: its members are tested together for each that is needed.
fn link(pair: &Pair, pairs: &[Pair], pools: &[Pool], shifts: &Shifts) -> Option<InferredLink> {
    let verdict = pair.verdict?;
    let of_service = |needs: &ServiceKey| {
        pairs.iter().find(|other| {
            other.served.service == pair.served.service
                && other.asked.service == *needs
                && other.verdict == Some(Verdict::Needed)
        })
    };
    let whole = pools.iter().enumerate().find_map(|(place, pool)| {
        let members: Option<Vec<&Pair>> = pool.members.iter().map(of_service).collect();
        members.filter(|_| pool.members.contains(&pair.asked.service)).map(|members| (place, members))
    });
    let (pool, children, nesting) = match whole.filter(|_| verdict == Verdict::Needed) {
        Some((place, members)) => {
            let mut exchanges: Vec<Exchange> =
                members.iter().flat_map(|member| member.asked.exchanges.iter().copied()).collect();
            exchanges.sort_unstable();
            let children = Children::new(exchanges.iter());
            let nesting = shifts.test(&within(&pair.served.requests, pair.asked), &children);
            (u32::try_from(place).ok(), Cow::Owned(children), nesting)
        }
        None => (None, Cow::Borrowed(&pair.asked.children), pair.nesting),
    };
    let requests = within(&pair.served.requests, pair.asked);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(InferredLink {
        service: pair.served.service,
        needs: pair.asked.service,
        verdict,
        strength: strength::strength(&nesting) as f32,
        exact: false,
        requests: count(requests.len()),
        nested: count(children.nested_in(&requests, 0)),
        uplift: nesting.uplift() as f32,
        p_value: nesting.p_value(),
        pool,
    })
}
