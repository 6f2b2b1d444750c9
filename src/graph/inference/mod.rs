//! Which service needs which other one to answer, read from the times of their exchanges, and which
//! services stand in for each other.

use crate::model::ServiceKey;

/// What became of a pair of services that was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The first needs the second.
    Needed,
    /// Somebody on the host needs it; it cannot be told which service.
    Ambiguous,
    /// The first does not need the second.
    Rejected,
}

/// What was found out about a service and one that its host uses.
#[derive(Clone, Debug, PartialEq)]
pub struct InferredLink {
    /// The service that answers requests.
    pub service: ServiceKey,
    /// The service that its host uses meanwhile.
    pub needs: ServiceKey,
    /// What was found.
    pub verdict: Verdict,
    /// The share of requests that need it: the lower end of Wilson's 95 % interval.
    pub strength: f32,
    /// Known from equal identifiers on both sides and not from statistics.
    pub exact: bool,
    /// Requests looked at.
    pub requests: u32,
    /// Of those, requests with a whole exchange of the other service inside.
    pub nested: u32,
}

/// Services of which any few do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Who stands in for whom, sorted.
    pub members: Vec<ServiceKey>,
    /// How many must live.
    pub needed: u32,
    /// Why they are taken for a pool, in words.
    pub evidence: &'static str,
}

/// Everything inferred.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inferences {
    /// Pairs that could be tested, sorted. A pair that is not here was too rare to be tested.
    pub links: Vec<InferredLink>,
    /// Pools, sorted.
    pub pools: Vec<Pool>,
}
