//! Flows that a control connection has announced (`direction.md` §4): FTP data, TFTP answers.

use hashbrown::HashMap;

use crate::model::{Announcement, Endpoint, FlowKey, Nanos, Realm, Side, Timestamp, Transport};
use crate::protocol::{Analyzer, Conversation, announced};

/// Announcements remembered in a shard: 4,096 × ~120 B = 0.5 MiB. Past this the oldest half goes.
const EXPECTED_MAX: usize = 4_096;

/// An announcement is good for this long after it was made or last used.
const GOOD_FOR: Nanos = 300_000_000_000;

/// How an announced flow is known when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Sign {
    realm: Realm,
    transport: Transport,
    /// Who listens; a port of 0 stands for any.
    listener: Endpoint,
    /// Whose port is fixed, where that is the other side's.
    peer: Option<Endpoint>,
}

#[derive(Clone, Copy)]
struct Expected {
    /// The control connection's client is the one who listens.
    listener_is_client: bool,
    protocol: &'static str,
    analyzer: Option<&'static dyn Analyzer>,
    answers_for: Option<u16>,
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
        // The address inside the message is ignored: behind NAT it is not the one on the wire.
        let address = key.address(listener);
        let peer = told.peer_port.map(|port| Endpoint {
            address: key.address(listener.other()),
            port: if port == 0 { key.endpoint(listener.other()).port } else { port },
        });
        let sign = Sign {
            realm: key.realm,
            transport: told.transport,
            listener: Endpoint { address, port: told.port },
            peer,
        };
        let expected = Expected {
            listener_is_client: listener == conversation.client(),
            protocol: told.protocol,
            analyzer: announced(told),
            answers_for: peer.is_some().then(|| key.endpoint(listener).port),
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

    /// What was announced about a flow that began at this time.
    pub fn find(&mut self, key: &FlowKey, first: Timestamp) -> Option<Found> {
        if self.expected.is_empty() {
            return None;
        }
        [Side::A, Side::B].into_iter().find_map(|listener| {
            let at = key.endpoint(listener);
            let sign = Sign { realm: key.realm, transport: key.transport, listener: at, peer: None };
            let any_port = Sign {
                listener: Endpoint { port: 0, ..at },
                peer: Some(key.endpoint(listener.other())),
                ..sign
            };
            let found = [sign, any_port].into_iter().find(|sign| self.expected.contains_key(sign))?;
            let expected = self.expected.get_mut(&found)?;
            if first > expected.until {
                return None;
            }
            // The flow that asked is not the one that was announced.
            if expected.answers_for == Some(at.port) && found.peer.is_some() {
                return None;
            }
            expected.until = expected.until.max(first + GOOD_FOR);
            let client = if expected.listener_is_client { listener } else { listener.other() };
            let Expected { protocol, analyzer, answers_for, .. } = *expected;
            Some(Found { client, protocol, analyzer, answers_for })
        })
    }
}
