//! What flows carry that others carry too: kept for exact joins, when somebody asked for them.

use crate::model::{Address, FlowKey, ForwardedSighting, Side, Timestamp, Token, TokenSighting};

/// Sightings of tokens that a shard remembers, and as many of proxies' clients: 65,536 × (96 + 104) B
/// = 12.5 MiB. What comes after them is counted.
const SIGHTINGS_MAX: usize = 65_536;

/// Sightings that a live map keeps of all shards, the newest: 262,144 × 96 B = 24 MiB.
const LIVE_SIGHTINGS_MAX: usize = 262_144;

/// What flows carry that others carry too.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Every token, in order of time once reading has ended.
    pub sightings: Vec<TokenSighting>,
    /// Clients that proxies spoke for, in order of time once reading has ended.
    pub forwarded: Vec<ForwardedSighting>,
    /// Sightings that did not fit.
    pub dropped: u64,
}

impl Tokens {
    /// Remembers a token.
    pub(super) fn add(&mut self, token: Token, flow: FlowKey, client: Side, time: Timestamp) {
        if self.sightings.len() < SIGHTINGS_MAX {
            self.sightings.push(TokenSighting { time, flow, client, token });
        } else {
            self.dropped += 1;
        }
    }

    /// Remembers whom a proxy spoke for. It says so with every request, and once a flow is enough.
    pub(super) fn forward(&mut self, origin: Address, flow: FlowKey, client: Side, time: Timestamp) {
        let new = ForwardedSighting { time, flow, client, origin };
        let repeats = |last: &ForwardedSighting| (last.flow, last.origin) == (flow, origin);
        if self.forwarded.last().is_some_and(repeats) {
            return;
        }
        if self.forwarded.len() < SIGHTINGS_MAX {
            self.forwarded.push(new);
        } else {
            self.dropped += 1;
        }
    }

    /// Adds what another shard remembers.
    pub(super) fn join(&mut self, other: Tokens) {
        self.sightings.extend(other.sightings);
        self.forwarded.extend(other.forwarded);
        self.dropped += other.dropped;
    }

    /// Lets the oldest go where there are more than a live map keeps, and counts them.
    pub(super) fn keep_newest(&mut self) {
        let over = |len: usize| len.saturating_sub(LIVE_SIGHTINGS_MAX);
        let (sightings, forwarded) = (over(self.sightings.len()), over(self.forwarded.len()));
        self.sightings.drain(..sightings);
        self.forwarded.drain(..forwarded);
        self.dropped += (sightings + forwarded) as u64;
    }

    /// Forgets what was seen before a moment, and tells how many that were.
    pub(super) fn forget(&mut self, before: Timestamp) -> u64 {
        let all = self.sightings.len() + self.forwarded.len();
        self.sightings.retain(|sighting| sighting.time >= before);
        self.forwarded.retain(|sighting| sighting.time >= before);
        (all - self.sightings.len() - self.forwarded.len()) as u64
    }

    /// Brings everything into the order of time, whatever shard it came from.
    pub(super) fn sort(&mut self) {
        self.sightings.sort_unstable();
        self.forwarded.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Realm, Role, TokenKind, Transport};

    fn flow(port: u16) -> FlowKey {
        let endpoint = |last, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        FlowKey::of(Realm::DEFAULT, Transport::Tcp, endpoint(1, port), endpoint(2, 80)).0
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut tokens = Tokens::default();
        let token = Token::of(TokenKind::TraceId, Role::Client, b"1");
        for second in 0..=SIGHTINGS_MAX as i64 {
            tokens.add(token, flow(4000), Side::A, Timestamp::from_seconds(second, 0));
        }
        assert_eq!((tokens.sightings.len(), tokens.dropped), (SIGHTINGS_MAX, 1));
    }

    #[test]
    fn whom_a_proxy_speaks_for_is_kept_once_a_flow() {
        let mut tokens = Tokens::default();
        let origin = |last| Address::from([192, 0, 2, last]);
        for (port, last) in [(4000, 1), (4000, 1), (4000, 2), (4001, 2)] {
            tokens.forward(origin(last), flow(port), Side::A, Timestamp::from_seconds(1, 0));
        }
        let kept: Vec<_> = tokens.forwarded.iter().map(|each| (each.flow.a.port, each.origin)).collect();
        assert_eq!(kept, [(4000, origin(1)), (4000, origin(2)), (4001, origin(2))]);
    }
}
