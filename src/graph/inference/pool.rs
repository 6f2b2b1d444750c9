//! Which services are alternatives to each other: members of a pool.
//!
//! A pool that is none is the worst that can be said: "the other one will do" when it will not. Two
//! databases on the same port are not alternatives if a request asks both; nor are two services between
//! which a path, a tenant or a key decides, though no request asks both. So services are a pool only
//! where requests ask one *or* the other, where what is asked looks the same with both, and where
//! something shows that the choice does not hang on what is asked. What stays apart for want of proof
//! is needed for its own share of requests, which is said to be so.

use super::exchange::Exchange;
use super::nesting::Requests;
use super::talk::Asked;
use crate::model::ServiceKey;

/// Requests that hold exchanges with two members, for each hundred that hold any: a retry now and then.
const TOGETHER_PERCENT_MAX: usize = 2;

/// Requests that overlap no other one, as evidence that members take turns.
const TURNS_MIN: usize = 20;
const TURNS_OF_MEMBER_MIN: usize = 8;

/// The same, as evidence that what is asked is the same for all.
const ALIKE_OF_MEMBER_MIN: usize = 50;

/// Standard deviations below chance that the same member is asked twice in a row.
const REPEATS_Z_MIN: f64 = 3.0;

/// Sizes are taken for different if chance explains the difference with less than this. Being wrong one
/// time in twenty leaves a pool unknown, and does no harm.
const SIZES_P_MIN: f64 = 0.05;

/// Protocols whose servers keep a majority, not one of their members.
const QUORUMS: [&str; 4] = ["etcd", "kafka", "mongodb", "zookeeper"];

/// Protocols whose servers answer any request alike if they answer alike requests alike. A database does
/// not: of two, one may be the copy that takes no writes, or hold the other half of the keys.
const STATELESS: [&str; 2] = ["http", "http2"];

/// What shows that services are alternatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PoolEvidence {
    /// A balancer handed the same ClientHello to one or another.
    ClientHello,
    /// Requests go to them in turn, far more regularly than chance.
    Turns,
    /// On the same port, they are asked the same, and need the same.
    SameRole,
}

/// Services of which some are enough.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pool {
    /// The members, sorted.
    pub members: Vec<ServiceKey>,
    /// How many of them are enough.
    pub needed: u32,
    /// Why they are a pool.
    pub evidence: PoolEvidence,
}

impl Pool {
    /// A pool of services that speak a protocol.
    pub fn new(mut members: Vec<ServiceKey>, protocol: Option<&str>, evidence: PoolEvidence) -> Self {
        members.sort();
        members.dedup();
        let quorum = protocol.is_some_and(|protocol| QUORUMS.contains(&protocol));
        let needed = if quorum { members.len() / 2 + 1 } else { 1 };
        Pool { members, needed: u32::try_from(needed).unwrap_or(u32::MAX), evidence }
    }
}

/// One request that asked exactly one candidate: which, and how much was said to whom.
struct Choice {
    member: usize,
    sizes: [u16; 4],
}

/// Looks for pools among services that a machine asks on behalf of the same requests. `requests` are
/// those of all services that need all candidates; `same_needs` tells whether two candidates need the
/// same services themselves, and any at all.
pub fn find(
    candidates: &[&Asked],
    requests: &Requests,
    same_needs: &dyn Fn(ServiceKey, ServiceKey) -> bool,
) -> Vec<Pool> {
    let (choices, together) = choices(candidates, requests);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for member in 0..candidates.len() {
        let fits = |group: &&mut Vec<usize>| {
            group.iter().all(|other| alternatives(candidates, &choices, &together, *other, member))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    let pools = groups.into_iter().filter(|group| group.len() > 1).filter_map(|group| {
        let evidence = evidence(candidates, &choices, &group, same_needs)?;
        let members: Vec<&Asked> =
            group.iter().filter_map(|member| candidates.get(*member).copied()).collect();
        let protocol = members.first().and_then(|asked| asked.protocol);
        Some(Pool::new(members.iter().map(|asked| asked.service).collect(), protocol, evidence))
    });
    pools.collect()
}

/// True if a request asks both services, beyond a retry now and then.
pub fn asked_together(one: &Asked, other: &Asked, requests: &Requests) -> bool {
    let (choices, together) = choices(&[one, other], requests);
    too_often(together.len(), choices.len())
}

fn too_often(together: usize, apart: usize) -> bool {
    together * 100 > (together + apart) * TOGETHER_PERCENT_MAX
}

/// What each request that overlaps no other one asked: one candidate, or several.
fn choices(candidates: &[&Asked], requests: &Requests) -> (Vec<Choice>, Vec<Vec<usize>>) {
    let (mut choices, mut together) = (Vec::new(), Vec::new());
    let rows = requests.rows();
    let mut reached = i64::MIN;
    for (place, request) in rows.iter().enumerate() {
        let overlaps =
            reached >= request.start || rows.get(place + 1).is_some_and(|next| next.start <= request.end);
        reached = reached.max(request.end);
        if overlaps {
            continue;
        }
        let held: Vec<(usize, &Exchange)> = candidates
            .iter()
            .enumerate()
            .filter_map(|(member, asked)| {
                let from = asked.exchanges.partition_point(|exchange| exchange.start < request.start);
                let mut inside = asked.exchanges.iter().skip(from);
                let first = inside.next().filter(|exchange| exchange.end <= request.end)?;
                Some((member, first))
            })
            .collect();
        match held.as_slice() {
            [] => {}
            [(member, exchange)] => {
                let (asked, answered) = exchange.bytes;
                let sizes = [request.bytes.0, request.bytes.1, asked, answered];
                choices.push(Choice { member: *member, sizes });
            }
            several => together.push(several.iter().map(|(member, _)| *member).collect()),
        }
    }
    (choices, together)
}

/// True if two candidates speak the same, are asked by different requests, and are asked the same.
fn alternatives(
    candidates: &[&Asked],
    choices: &[Choice],
    together: &[Vec<usize>],
    one: usize,
    other: usize,
) -> bool {
    let (Some(first), Some(second)) = (candidates.get(one), candidates.get(other)) else { return false };
    let alike = first.protocol == second.protocol && first.service.transport == second.service.transport;
    let both = together.iter().filter(|members| members.contains(&one) && members.contains(&other)).count();
    let of = |member: usize| choices.iter().filter(move |choice| choice.member == member);
    if !alike || too_often(both, of(one).count() + of(other).count()) {
        return false;
    }
    (0..4).all(|which| {
        let sizes = |member: usize| -> Vec<u16> {
            of(member).filter_map(|choice| choice.sizes.get(which).copied()).collect()
        };
        same_distribution(sizes(one), sizes(other))
    })
}

/// Why these alternatives are a pool, if anything shows it.
fn evidence(
    candidates: &[&Asked],
    choices: &[Choice],
    group: &[usize],
    same_needs: &dyn Fn(ServiceKey, ServiceKey) -> bool,
) -> Option<PoolEvidence> {
    let order: Vec<usize> =
        choices.iter().map(|choice| choice.member).filter(|member| group.contains(member)).collect();
    let counts: Vec<usize> =
        group.iter().map(|member| order.iter().filter(|asked| *asked == member).count()).collect();
    let least = counts.iter().min().copied()?;
    if order.len() >= TURNS_MIN && least >= TURNS_OF_MEMBER_MIN && takes_turns(&order, &counts) {
        return Some(PoolEvidence::Turns);
    }
    let members: Vec<&Asked> = group.iter().filter_map(|member| candidates.get(*member).copied()).collect();
    let same_role = members.windows(2).all(|pair| match pair {
        [one, other] => {
            one.service.port == other.service.port
                && one.protocol.is_some_and(|protocol| STATELESS.contains(&protocol))
                && same_needs(one.service, other.service)
        }
        _ => false,
    });
    (least >= ALIKE_OF_MEMBER_MIN && same_role).then_some(PoolEvidence::SameRole)
}

/// True if the same member is asked twice in a row far less often than by chance. Where a key decides,
/// the next request does not care what the last one was; a balancer that goes round does.
#[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
fn takes_turns(order: &[usize], counts: &[usize]) -> bool {
    let all = order.len() as f64;
    let repeats = order.windows(2).filter(|pair| matches!(pair, [one, other] if one == other)).count();
    let chance: f64 = counts.iter().map(|count| (*count as f64 / all).powi(2)).sum();
    let expected = (all - 1.0) * chance;
    let deviation = (expected * (1.0 - chance)).sqrt();
    expected - repeats as f64 >= REPEATS_Z_MIN * deviation && deviation > 0.0
}

/// True unless the two-sample test of Kolmogorov and Smirnov tells them apart (the approximation of its
/// tail is that of Stephens 1970).
#[expect(clippy::cast_precision_loss, reason = "counts of requests stay far below 2^53")]
fn same_distribution(mut one: Vec<u16>, mut other: Vec<u16>) -> bool {
    one.sort_unstable();
    other.sort_unstable();
    let (n, m) = (one.len() as f64, other.len() as f64);
    if one.is_empty() || other.is_empty() {
        return false;
    }
    let below = |sizes: &[u16], size: u16| sizes.partition_point(|other| *other <= size) as f64;
    let far = one
        .iter()
        .chain(&other)
        .map(|size| (below(&one, *size) / n - below(&other, *size) / m).abs())
        .fold(0.0, f64::max);
    let root = (n * m / (n + m)).sqrt();
    let scaled = (root + 0.12 + 0.11 / root) * far;
    let term = |k: i32| {
        let k = f64::from(k);
        (if k % 2.0 == 0.0 { -2.0 } else { 2.0 }) * (-2.0 * k * k * scaled * scaled).exp()
    };
    let p: f64 = (1..=50).map(term).sum();
    // The series does not converge towards zero difference; there the answer is known.
    scaled < 0.3 || p > SIZES_P_MIN
}

#[cfg(test)]
mod tests {
    use super::super::nesting::{Children, Request};
    use super::*;
    use crate::graph::testing::endpoint;
    use crate::model::{FlowKey, Realm, Side, Transport};

    /// Requests, one a second, of which each asks the members named by `asks`, with a request of that
    /// size. Returns the members and the requests.
    fn played(protocol: &'static str, asks: &[(&[u8], u16)]) -> (Vec<Asked>, Requests) {
        let second = 1_000_000_000;
        let requests = asks.iter().enumerate().map(|(place, (_, size))| {
            let start = place as i64 * second;
            Request { start, end: start + second / 50, bytes: (*size, 90) }
        });
        let asked = |member: u8| {
            let of_member = asks.iter().enumerate().filter(|(_, (members, _))| members.contains(&member));
            let exchanges: Vec<Exchange> = of_member
                .map(|(place, (_, size))| {
                    let start = place as i64 * second + second / 200;
                    Exchange { start, end: start + second / 500, answered: true, bytes: (*size, 70) }
                })
                .collect();
            let (key, _) =
                FlowKey::of(Realm::DEFAULT, Transport::Tcp, endpoint(9, 1), endpoint(10 + member, 5432));
            Asked {
                machine: key.host(Side::A),
                service: key.service(Side::B),
                protocol: Some(protocol),
                children: Children::new(exchanges.iter()),
                exchanges,
                until: i64::MAX,
            }
        };
        (
            (0..3).map(asked).filter(|asked| !asked.exchanges.is_empty()).collect(),
            Requests::new(requests.collect()),
        )
    }

    fn check(
        protocol: &'static str,
        same_needs: bool,
        asks: &[(&[u8], u16)],
        expected: Option<PoolEvidence>,
    ) {
        let (asked, requests) = played(protocol, asks);
        let asked: Vec<&Asked> = asked.iter().collect();
        let pools = find(&asked, &requests, &|_, _| same_needs);
        assert_eq!(pools.first().map(|pool| pool.evidence), expected, "{pools:?}");
    }

    /// Which of two, as a key would decide: no pattern, and no turns.
    fn by_key(place: usize) -> &'static [u8] {
        const SIDES: [&[u8]; 2] = [&[0], &[1]];
        SIDES[((place * 2_654_435_761) >> 13) % 2]
    }

    #[test]
    fn members_that_take_turns_are_a_pool() {
        let turns: Vec<(&[u8], u16)> =
            (0..60).map(|n| (if n % 2 == 0 { &[0u8][..] } else { &[1] }, 80 + n % 7)).collect();
        check("http", false, &turns, Some(PoolEvidence::Turns));
        let three: Vec<(&[u8], u16)> =
            (0..60).map(|n| ([&[0u8][..], &[1], &[2]][n % 3], 80 + (n % 7) as u16)).collect();
        check("postgresql", false, &three, Some(PoolEvidence::Turns));
    }

    #[test]
    fn databases_that_a_request_asks_both_are_none() {
        let both: Vec<(&[u8], u16)> = (0..200).map(|n| (&[0u8, 1][..], 80 + n % 7)).collect();
        check("postgresql", true, &both, None);
        let at_times: Vec<(&[u8], u16)> = (0..200)
            .map(|n| {
                (if n % 20 == 0 { &[0u8, 1][..] } else { [&[0u8][..], &[1]][n % 2] }, 80 + (n % 7) as u16)
            })
            .collect();
        check("http", true, &at_times, None);
    }

    #[test]
    fn services_between_which_a_path_decides_are_none() {
        // A page and its style sheet, always one after the other: turns, and not the same requests.
        let routed: Vec<(&[u8], u16)> =
            (0..200).map(|n| if n % 2 == 0 { (&[0u8][..], 80) } else { (&[1][..], 92) }).collect();
        check("http", true, &routed, None);
    }

    #[test]
    fn halves_of_a_database_are_none_and_servers_of_the_same_role_are_one() {
        let sharded: Vec<(&[u8], u16)> = (0..300).map(|n| (by_key(n), 80 + (n % 7) as u16)).collect();
        check("redis", true, &sharded, None);
        check("http", false, &sharded, None);
        check("http", true, &sharded, Some(PoolEvidence::SameRole));
    }

    #[test]
    fn a_few_requests_prove_nothing() {
        let few: Vec<(&[u8], u16)> = (0..14).map(|n| ([&[0u8][..], &[1]][n % 2], 80)).collect();
        check("http", true, &few, None);
    }

    #[test]
    fn a_quorum_needs_a_majority() {
        let members: Vec<ServiceKey> = (1..=5)
            .map(|host| {
                let (key, _) =
                    FlowKey::of(Realm::DEFAULT, Transport::Tcp, endpoint(0, 1), endpoint(host, 2379));
                key.service(Side::B)
            })
            .collect();
        assert_eq!(Pool::new(members.clone(), Some("etcd"), PoolEvidence::Turns).needed, 3);
        assert_eq!(Pool::new(members, Some("dns"), PoolEvidence::Turns).needed, 1);
    }

    #[test]
    fn sizes_are_told_apart_by_their_distribution() {
        let sizes = |from: u16, step: u16| (0..40).map(|n| from + n * step).collect::<Vec<u16>>();
        assert!(same_distribution(sizes(100, 1), sizes(101, 1)));
        assert!(!same_distribution(sizes(100, 1), sizes(120, 1)));
        assert!(!same_distribution(sizes(100, 1), sizes(80, 3)));
        assert!(same_distribution(vec![7; 40], vec![7; 30]));
    }
}
