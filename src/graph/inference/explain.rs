//! Several services of a machine seem to need the same other one: who really does?
//!
//! Users who ask for two things at once make the requests of both services overlap, and the exchange
//! that one of them causes lies within the other's request too. So a claim is looked at again without
//! the exchanges that lie within a request of another claimant: what is left, the others did not cause.
//! That needs no request that overlaps none of theirs, of which busy services have hardly any.

use super::exchange::Exchange;
use super::nesting::{Children, Requests, Shifts};
use crate::model::Nanos;

/// So many requests' worth of time without the other claimants must a claim have had before it falls
/// for having shown nothing in it.
const OWN_MIN: f64 = 20.0;

/// A claim must stay this sure without what others explain.
const P_MAX: f64 = 1e-3;

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It holds without what others explain.
    Holds,
    /// Others explain everything, and it had too little time of its own to show more.
    Unclear,
    /// It had, and showed no more than chance.
    Explained,
}

/// Judges claims to the same exchanges; the number beside each is its uplift. The weakest claim that does
/// not hold beside the others falls first, and then the others are looked at again without it.
pub fn judge(
    claims: &[(&Requests, f64)],
    exchanges: &[Exchange],
    uplift_min: f64,
    shifts: &Shifts,
) -> Vec<Claim> {
    let mut verdicts = vec![Claim::Holds; claims.len()];
    loop {
        let standing = |place: usize| verdicts.get(place) == Some(&Claim::Holds);
        let mut fallen: Option<(usize, f64, Claim)> = None;
        for (place, (requests, uplift)) in claims.iter().enumerate().filter(|(place, _)| standing(*place)) {
            let others = claims.iter().enumerate().filter(|(other, _)| *other != place && standing(*other));
            let others: Vec<&Requests> = others.map(|(_, (requests, _))| *requests).collect();
            if others.is_empty() {
                return verdicts;
            }
            let claim = without(&others, requests, exchanges, uplift_min, shifts);
            if claim != Claim::Holds && fallen.is_none_or(|(_, weakest, _)| *uplift < weakest) {
                fallen = Some((place, *uplift, claim));
            }
        }
        let Some((place, _, claim)) = fallen else { return verdicts };
        if let Some(verdict) = verdicts.get_mut(place) {
            *verdict = claim;
        }
    }
}

/// What is left of a claim without the exchanges that others explain.
fn without(
    others: &[&Requests],
    requests: &Requests,
    exchanges: &[Exchange],
    uplift_min: f64,
    shifts: &Shifts,
) -> Claim {
    let reaches: Vec<Vec<(Nanos, Nanos)>> = others.iter().map(|other| reach(other)).collect();
    let explained = |exchange: &&Exchange| {
        reaches.iter().any(|reach| latest_end(reach, exchange.start).is_some_and(|end| end >= exchange.end))
    };
    let left = Children::new(exchanges.iter().filter(|exchange| !explained(exchange)));
    let nesting = shifts.test_exchanges(requests, &left);
    let own = worth(requests, &busy(others));
    let uplift = nesting.uplift() * left.len() as f64 / own.max(1.0);
    if nesting.p_value() < P_MAX && uplift >= uplift_min {
        Claim::Holds
    } else if own < OWN_MIN {
        Claim::Unclear
    } else {
        Claim::Explained
    }
}

/// The start of each request, and the latest end of it and all before.
fn reach(requests: &Requests) -> Vec<(Nanos, Nanos)> {
    let mut latest = Nanos::MIN;
    let row = |request: &super::nesting::Request| {
        latest = latest.max(request.end);
        (request.start, latest)
    };
    requests.rows().iter().map(row).collect()
}

/// When the last of all requests that began by a moment ends.
fn latest_end(reach: &[(Nanos, Nanos)], moment: Nanos) -> Option<Nanos> {
    let before = reach.partition_point(|(start, _)| *start <= moment);
    before.checked_sub(1).and_then(|last| reach.get(last)).map(|(_, end)| *end)
}

/// The times in which any of these services has a request, apart from each other and in order.
fn busy(services: &[&Requests]) -> Vec<(Nanos, Nanos)> {
    let rows = services.iter().flat_map(|service| service.rows());
    let mut times: Vec<(Nanos, Nanos)> = rows.map(|request| (request.start, request.end)).collect();
    times.sort_unstable();
    times.dedup_by(|later, before| {
        let touch = later.0 <= before.1;
        if touch {
            before.1 = before.1.max(later.1);
        }
        touch
    });
    times
}

/// How many requests' worth of time lies outside the busy times.
fn worth(requests: &Requests, busy: &[(Nanos, Nanos)]) -> f64 {
    let free_share = |request: &super::nesting::Request| {
        let length = (request.end - request.start).max(1);
        let from = busy.partition_point(|(_, end)| *end < request.start);
        let covered: Nanos = busy
            .iter()
            .skip(from)
            .take_while(|(start, _)| *start <= request.end)
            .map(|(start, end)| (*end).min(request.end) - (*start).max(request.start))
            .sum();
        1.0 - (covered as f64 / length as f64).min(1.0)
    };
    requests.rows().iter().map(free_share).sum()
}
