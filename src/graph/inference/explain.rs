//! Several services of a machine seem to need the same other one: who really does?
//!
//! Users who ask for two things at once make the requests of both services overlap, and the exchange
//! that one of them causes lies within the other's request too. Only requests that overlap none of the
//! others' can tell.

use super::nesting::{Children, Nesting, Request, Requests, Shifts};

/// Requests of their own below which nothing is said against a claim.
const OWN_MIN: usize = 20;

/// A claim must stay this sure on the requests of its own.
const P_MAX: f64 = 1e-3;

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It holds on requests of its own.
    Holds,
    /// It has too few requests of its own to tell.
    Unclear,
    /// It has, and they do not hold the exchange more often than chance.
    Explained,
}

/// Judges claims to the same exchanges; `uplift` says how strong each is. The weakest claim that does not
/// hold beside the others falls first, and then the others are looked at again without it.
pub fn judge(
    claims: &[(&Requests, f64)],
    children: &Children,
    uplift_min: f64,
    shifts: &Shifts,
) -> Vec<Claim> {
    let mut verdicts = vec![Claim::Holds; claims.len()];
    loop {
        let standing = |place: usize| verdicts.get(place) == Some(&Claim::Holds);
        let mut fallen: Option<(usize, f64, Claim)> = None;
        for (place, (requests, uplift)) in claims.iter().enumerate().filter(|(place, _)| standing(*place)) {
            let others: Vec<&Requests> = claims
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place && standing(*other))
                .map(|(_, (requests, _))| *requests)
                .collect();
            if others.is_empty() {
                return verdicts;
            }
            let own = alone(requests, &others);
            let claim = on_its_own(&shifts.test(&own, children), uplift_min);
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

/// What a claim's own requests say. Significance weighs their number already, so a few that are clear are
/// enough to hold; to fall, there must be enough to have shown it.
fn on_its_own(nesting: &Nesting, uplift_min: f64) -> Claim {
    if nesting.p_value() < P_MAX && nesting.uplift() >= uplift_min {
        Claim::Holds
    } else if nesting.requests < OWN_MIN {
        Claim::Unclear
    } else {
        Claim::Explained
    }
}

/// The requests that overlap none of the others'.
fn alone(requests: &Requests, others: &[&Requests]) -> Requests {
    let reaches: Vec<Vec<(i64, i64)>> = others.iter().map(|other| reach(other.rows())).collect();
    let is_alone = |request: &&Request| {
        reaches.iter().all(|reach| {
            let before = reach.partition_point(|(start, _)| *start <= request.end);
            before.checked_sub(1).and_then(|last| reach.get(last)).is_none_or(|(_, end)| *end < request.start)
        })
    };
    Requests::new(requests.rows().iter().filter(is_alone).copied().collect())
}

/// The start of each request, and the latest end of it and all before.
fn reach(requests: &[Request]) -> Vec<(i64, i64)> {
    let mut latest = i64::MIN;
    let latest_end = |request: &Request| {
        latest = latest.max(request.end);
        (request.start, latest)
    };
    requests.iter().map(latest_end).collect()
}
