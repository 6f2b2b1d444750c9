//! Links that need no statistics: the same bytes went into a service and out of its host.
//!
//! A trace-id or request-id that a service's client sends and its host sends on, a mail's Message-ID, or
//! the random of a ClientHello that a balancer passes on as it is. Whoever sends a request can choose
//! its ids, but not make the host pass them on.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::Machines;
use super::strength::wilson_lower;
use crate::model::{HostKey, Nanos, Role, ServiceKey, TokenKind, TokenSighting};

/// What is passed on later than this was not passed on: mail waits in queues for hours, nothing else
/// does.
const MAIL_DELAY_MAX: Nanos = 4 * 3600 * 1_000_000_000;
const DELAY_MAX: Nanos = 60_000_000_000;

/// Tokens that must be seen on both sides: one may be chance, or somebody's doing.
const JOINS_MIN: usize = 2;

/// A service whose tokens another one was seen to get.
#[derive(Clone, Copy, Debug)]
pub struct Join {
    /// The tokens that went into the service.
    pub tokens: usize,
    /// Those of them that its host sent on.
    pub passed_on: usize,
    /// A balancer that does not end TLS: the same ClientHello on both sides.
    pub same_hello: bool,
}

impl Join {
    /// The share of tokens that were passed on, its lower end.
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens stay far below 2^53")]
    pub fn strength(&self) -> f64 {
        wilson_lower(self.passed_on as f64 / self.tokens.max(1) as f64, self.tokens as f64)
    }
}

/// A token on its way into a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Leg {
    time: i64,
    client: HostKey,
    service: ServiceKey,
}

/// Joins what went in with what went out: which service passes tokens on to which.
pub fn joins(sightings: &[TokenSighting], machines: &Machines) -> BTreeMap<(ServiceKey, ServiceKey), Join> {
    let mut legs: BTreeMap<(TokenKind, u64), BTreeSet<Leg>> = BTreeMap::new();
    let asked = |sighting: &&TokenSighting| {
        sighting.token.role == Role::Client && sighting.token.kind != TokenKind::KerberosTicket
    };
    for sighting in sightings.iter().filter(asked) {
        legs.entry((sighting.token.kind, sighting.token.hash)).or_default().insert(Leg {
            time: sighting.time.nanos(),
            client: machines.of(sighting.flow.host(sighting.client)),
            service: sighting.flow.service(sighting.client.other()),
        });
    }
    let mut into: BTreeMap<(ServiceKey, TokenKind), usize> = BTreeMap::new();
    let mut passed: BTreeMap<(ServiceKey, ServiceKey, TokenKind), usize> = BTreeMap::new();
    for ((kind, _), legs) in &legs {
        let services: BTreeSet<ServiceKey> = legs.iter().map(|leg| leg.service).collect();
        for service in services {
            *into.entry((service, *kind)).or_default() += 1;
        }
        for (from, to) in passed_on(*kind, legs, machines) {
            *passed.entry((from, to, *kind)).or_default() += 1;
        }
    }
    let mut joins: BTreeMap<(ServiceKey, ServiceKey), Join> = BTreeMap::new();
    for ((from, to, kind), count) in passed.into_iter().filter(|(_, count)| *count >= JOINS_MIN) {
        let tokens = into.get(&(from, kind)).copied().unwrap_or(count);
        let same_hello = kind == TokenKind::ClientRandom;
        let join = Join { tokens, passed_on: count, same_hello };
        let best = joins.entry((from, to)).or_insert(join);
        if join.strength() > best.strength() {
            *best = Join { same_hello: best.same_hello || same_hello, ..join };
        }
    }
    joins
}

/// From which service to which one token went: out of the machine that it had gone into, soon after.
fn passed_on(
    kind: TokenKind,
    legs: &BTreeSet<Leg>,
    machines: &Machines,
) -> BTreeSet<(ServiceKey, ServiceKey)> {
    let delay_max = if kind == TokenKind::MessageId { MAIL_DELAY_MAX } else { DELAY_MAX };
    let follows = |first: &Leg, then: &Leg| {
        let out_of = machines.of(first.service.host) == then.client;
        out_of && first.service != then.service && (0..=delay_max).contains(&(then.time - first.time))
    };
    legs.iter()
        .flat_map(|first| {
            let later = legs.iter().filter(move |then| follows(first, then));
            later.map(move |then| (first.service, then.service))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::endpoint;
    use crate::model::{Endpoint, FlowKey, Realm, Timestamp, Token, Transport};

    fn sighting(kind: TokenKind, text: &str, client: u8, server: Endpoint, second: i64) -> TokenSighting {
        let (flow, side) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, endpoint(client, 40_000), server);
        let token = Token::of(kind, Role::Client, text.as_bytes());
        TokenSighting { time: Timestamp::from_seconds(second, 0), flow, client: side, token }
    }

    /// Which joins there are, as `service>needs passed/tokens`.
    fn check(sightings: &[TokenSighting], expected: &[&str]) {
        let told: Vec<String> = joins(sightings, &Machines::default())
            .into_iter()
            .map(|((from, to), join)| format!("{from}>{to} {}/{}", join.passed_on, join.tokens))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn an_id_that_a_host_sends_on_joins_its_service_with_the_next() {
        let (front, app) = (endpoint(2, 443), endpoint(3, 8080));
        let request = |text, app_second| {
            [
                sighting(TokenKind::RequestId, text, 1, front, 1),
                sighting(TokenKind::RequestId, text, 2, app, app_second),
            ]
        };
        let both: Vec<_> = [request("a", 1), request("b", 2)].concat();
        check(&both, &["10.0.0.2:443/tcp>10.0.0.3:8080/tcp 2/2"]);
        let cached = sighting(TokenKind::RequestId, "c", 1, front, 3);
        check(&[both, vec![cached]].concat(), &["10.0.0.2:443/tcp>10.0.0.3:8080/tcp 2/3"]);
        check(&request("a", 1), &[]);
        // Long after, it is somebody else's.
        check(&[request("a", 900), request("b", 900)].concat(), &[]);
    }

    #[test]
    fn a_client_that_sends_the_same_id_to_two_services_joins_nothing() {
        let sightings: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|text| {
                [
                    sighting(TokenKind::ClientRandom, text, 1, endpoint(2, 443), 1),
                    sighting(TokenKind::ClientRandom, text, 1, endpoint(3, 443), 2),
                ]
            })
            .collect();
        check(&sightings, &[]);
    }
}
