//! Flows that a control connection has announced (`direction.md` §4): FTP data, TFTP answers.

use hashbrown::HashMap;

use crate::model::{Announcement, Endpoint, FlowKey, Nanos, Realm, Side, Timestamp, Transport};
use crate::protocol::{Analyzer, Conversation, announced};

/// Announcements remembered in a shard: 8,192 × ~120 B = 1 MiB. Past this the oldest half goes.
const EXPECTED_MAX: usize = 8_192;

/// An announcement is good for this long after it was made or last used.
const GOOD_FOR: Nanos = 300_000_000_000;

/// A flow may begin this long before its announcement: captures put packets out of order.
const SLACK: Nanos = 1_000_000_000;

/// How an announced flow is known when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Sign {
    realm: Realm,
    transport: Transport,
    /// Who listens; a port of 0 stands for any.
    listener: Endpoint,
    /// Who connects: the other side of the control flow. A port of 0 stands for any.
    peer: Endpoint,
}

#[derive(Clone, Copy)]
struct Expected {
    /// The control connection's client is the one who listens.
    listener_is_client: bool,
    protocol: &'static str,
    analyzer: Option<&'static dyn Analyzer>,
    answers_for: Option<u16>,
    from: Timestamp,
    until: Timestamp,
}

/// What is known of an announced flow.
#[derive(Clone, Copy)]
pub struct Found {
    /// The side of the control connection's client.
    pub client: Side,
    /// What it will speak.
    pub protocol: &'static str,
    /// Who follows it, if its bytes have anything to tell.
    pub analyzer: Option<&'static dyn Analyzer>,
    /// The port of the service it carries on, where it has no port of its own worth naming.
    pub answers_for: Option<u16>,
}

/// The announcements of one shard.
#[derive(Default)]
pub struct Expectations {
    expected: HashMap<Sign, Expected, foldhash::fast::RandomState>,
}

impl Expectations {
    /// Remembers what a conversation announced.
    pub fn add(&mut self, told: &Announcement, conversation: &Conversation, key: &FlowKey, now: Timestamp) {
        let listener = conversation.side_of(told.listener);
        // The address inside the message is ignored: behind NAT it is not the one on the wire, and
        // whoever speaks may announce flows of his own two hosts only.
        let connects = key.endpoint(listener.other());
        let peer_port = match told.peer_port {
            Some(0) => connects.port,
            Some(port) => port,
            None => 0,
        };
        let sign = Sign {
            realm: key.realm,
            transport: told.transport,
            listener: Endpoint { port: told.port, ..key.endpoint(listener) },
            peer: Endpoint { port: peer_port, ..connects },
        };
        let expected = Expected {
            listener_is_client: listener == conversation.client(),
            protocol: told.protocol,
            analyzer: announced(told),
            answers_for: told.peer_port.is_some().then(|| key.endpoint(listener).port),
            from: now,
            until: now + GOOD_FOR,
        };
        if self.expected.len() >= EXPECTED_MAX {
            self.forget();
        }
        self.expected.insert(sign, expected);
    }

    /// Drops the half that ends first; of equals, by sign.
    fn forget(&mut self) {
        let mut order: Vec<(Timestamp, Sign)> =
            self.expected.iter().map(|(sign, expected)| (expected.until, *sign)).collect();
        order.sort_unstable();
        for (_, sign) in order.iter().take(EXPECTED_MAX / 2) {
            self.expected.remove(sign);
        }
    }

    /// What was announced about a flow that began at this time. The announcement is good for longer
    /// then.
    pub fn find(&mut self, key: &FlowKey, first: Timestamp) -> Option<Found> {
        let (sign, found) = self.look_up(key, first)?;
        if let Some(expected) = self.expected.get_mut(&sign) {
            expected.until = expected.until.max(first + GOOD_FOR);
        }
        Some(found)
    }

    /// The same, and nothing is changed by asking.
    pub fn peek(&self, key: &FlowKey, first: Timestamp) -> Option<Found> {
        self.look_up(key, first).map(|(_, found)| found)
    }

    fn look_up(&self, key: &FlowKey, first: Timestamp) -> Option<(Sign, Found)> {
        if self.expected.is_empty() {
            return None;
        }
        [Side::A, Side::B].into_iter().find_map(|listener| {
            let (at, from) = (key.endpoint(listener), key.endpoint(listener.other()));
            let (realm, transport) = (key.realm, key.transport);
            let any = |endpoint| Endpoint { port: 0, ..endpoint };
            let sign = Sign { realm, transport, listener: at, peer: any(from) };
            let any_port = Sign { realm, transport, listener: any(at), peer: from };
            let known = |sign: Sign| Some((sign, self.expected.get(&sign)?));
            let (sign, expected) = known(sign).or_else(|| known(any_port))?;
            if first + SLACK < expected.from || first > expected.until {
                return None;
            }
            // The flow that asked is not the one that was announced.
            if expected.answers_for == Some(at.port) {
                return None;
            }
            let client = if expected.listener_is_client { listener } else { listener.other() };
            let Expected { protocol, analyzer, answers_for, .. } = *expected;
            Some((sign, Found { client, protocol, analyzer, answers_for }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Pair, Role};

    fn endpoint(last: u8, port: u16) -> Endpoint {
        Endpoint { address: Address::from([10, 0, 0, last]), port }
    }

    fn key(client: Endpoint, server: Endpoint) -> FlowKey {
        FlowKey::of(Realm::DEFAULT, Transport::Tcp, client, server).0
    }

    /// 10.0.0.2 tells 10.0.0.1 at second 100 that it listens on port 3333. Who is found to be the
    /// client of the flow?
    fn found(client: Endpoint, server: Endpoint, second: i64) -> Option<Address> {
        let control = key(endpoint(1, 40_000), endpoint(2, 21));
        let told = Announcement {
            listener: Role::Server,
            address: None,
            port: 3333,
            peer_port: None,
            transport: Transport::Tcp,
            protocol: "ftp-data",
            practice: None,
        };
        let conversation = Conversation::new(Pair::new(control.a, control.b), Transport::Tcp, true, Side::A);
        let mut expectations = Expectations::default();
        expectations.add(&told, &conversation, &control, Timestamp::from_seconds(100, 0));
        let key = key(client, server);
        let found = expectations.find(&key, Timestamp::from_seconds(second, 0))?;
        Some(key.address(found.client))
    }

    #[test]
    fn only_flows_of_the_same_two_hosts_after_it_are_announced() {
        let (client, server) = (endpoint(1, 40_001), endpoint(2, 3333));
        assert_eq!(found(client, server, 101), Some(client.address));
        assert_eq!(found(client, server, 99), Some(client.address), "out of order");
        assert_eq!(found(client, server, 98), None, "it had begun before");
        assert_eq!(found(client, server, 401), None, "long forgotten");
        assert_eq!(found(endpoint(3, 40_001), server, 101), None, "somebody else");
        assert_eq!(found(client, endpoint(2, 3334), 101), None, "another port");
    }
}
