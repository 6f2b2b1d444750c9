//! A small network for tests, made of flows: what is said of it goes all the way through the map.

use std::sync::Arc;

use proptest::prelude::*;

use super::cut::Cutter;
use super::isolate::Isolator;
use super::knowledge::Knowledge;
use super::requires::Requires;
use super::segment::Segments;
use super::{Atlas, Observed};
use crate::graph::{Delta, History, Inferences, InferredLink, Map, Operator, Snapshot, Verdict};
use crate::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, HostKey, Ledger, Mac, Outcome, Pair, Purposes,
    Realm, ServiceKey, Side, Span, Timestamp, Transport,
};

/// Flows, and what is known besides.
#[derive(Clone, Default)]
pub struct Lan {
    records: Vec<FlowRecord>,
    inferences: Inferences,
    /// What the operator knows.
    pub knowledge: Knowledge,
}

impl std::fmt::Debug for Lan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let flows = self.records.iter().map(|record| (record.key, record.protocol));
        f.debug_list().entries(flows).finish()?;
        write!(f, " {:?}", self.inferences.links)
    }
}

/// Everything that questions about isolation are answered with.
pub struct Desk<'a> {
    pub atlas: &'a Atlas,
    pub segments: &'a Segments,
    pub requires: &'a Requires,
}

impl<'a> Desk<'a> {
    pub fn isolator(&self) -> Isolator<'a> {
        Isolator::new(self.atlas, self.segments, self.requires)
    }

    pub fn cutter(&self) -> Cutter<'a> {
        Cutter::new(self.atlas, self.segments, self.requires)
    }

    pub fn host(&self, address: &str) -> u32 {
        self.atlas.host_place(&HostKey { realm: Realm::DEFAULT, address: ip(address) }).unwrap()
    }

    pub fn service(&self, text: &str) -> u32 {
        self.atlas.service_place(&service(text)).unwrap()
    }

    /// The ids of dependencies.
    pub fn ids(&self, places: impl IntoIterator<Item = u32>) -> Vec<String> {
        places.into_iter().map(|place| self.atlas.dependency(place).unwrap().id()).collect()
    }
}

fn ip(text: &str) -> Address {
    text.parse::<std::net::IpAddr>().unwrap().into()
}

/// `10.0.0.1:53/udp`, TCP where nothing is said.
pub fn service(text: &str) -> ServiceKey {
    let (socket, transport) = text.split_once('/').unwrap_or((text, "tcp"));
    let (address, port) = socket.rsplit_once(':').unwrap();
    let transport = if transport == "udp" { Transport::Udp } else { Transport::Tcp };
    ServiceKey {
        host: HostKey { realm: Realm::DEFAULT, address: ip(address) },
        port: port.parse().unwrap(),
        transport,
    }
}

impl Lan {
    /// A client uses a service: a session that has ended.
    pub fn uses(&mut self, client: &str, to: &str, protocol: &'static str) -> &mut FlowRecord {
        let key = service(to);
        let port = 40_000 + u16::try_from(self.records.len()).unwrap();
        let client = Endpoint { address: ip(client), port };
        let server = Endpoint { address: key.host.address, port: key.port };
        let (flow, _) = FlowKey::of(Realm::DEFAULT, key.transport, client, server);
        let side = if flow.a == client { Side::A } else { Side::B };
        let second = i64::try_from(self.records.len()).unwrap();
        let mut ledger = Ledger { protocol_client: Some(side), ..Ledger::default() };
        if key.transport == Transport::Tcp {
            ledger.syn_from[side] = true;
            ledger.syn_ack_from[side.other()] = true;
        }
        let sent = Counters { packets: 5, bytes: 500, payload: 200 };
        self.records.push(FlowRecord {
            key: flow,
            first: Timestamp::from_seconds(second, 0),
            last: Timestamp::from_seconds(second + 1, 0),
            frame: FrameId::default(),
            sent: Pair::new(sent, sent),
            ledger,
            outcome: Outcome { answered: true, ended: true, ..Outcome::default() },
            protocol: Some(protocol),
            tls: false,
            capability: None,
            purposes: Purposes::default(),
            macs: Pair::new(Mac::default(), Mac::default()),
            vlans: Pair::new(0, 0),
            turns: Box::default(),
            turns_cut: false,
        });
        self.records.last_mut().unwrap()
    }

    /// A service needs another one, as requests have shown.
    pub fn needs(&mut self, one: &str, other: &str, strength: f32) {
        self.inferences.links.push(InferredLink {
            service: service(one),
            needs: service(other),
            verdict: Verdict::Needed,
            strength,
            exact: false,
            requests: 100,
            nested: 100,
            uplift: strength,
            p_value: 0.0,
            pool: None,
        });
        self.inferences.links.sort_by_key(|link| (link.service, link.needs));
    }

    /// Asks about it.
    pub fn ask<T>(&self, ask: impl FnOnce(&Desk<'_>) -> T) -> T {
        let mut delta = Delta::default();
        self.records.iter().cloned().for_each(|record| delta.flow(record));
        let operator = Operator { local: vec!["10.0.0.0/8".parse().unwrap()], ..Operator::default() };
        let snapshot = Snapshot::new(Map::from(delta), &operator);
        let history = History::new(&snapshot, &self.records);
        let watched =
            [Span { first: Timestamp::from_seconds(0, 0), last: Timestamp::from_seconds(3_600, 0) }];
        let atlas = Atlas::new(Observed {
            snapshot: Arc::new(snapshot),
            history: Arc::new(history),
            inferences: Arc::new(self.inferences.clone()),
            knowledge: Arc::new(self.knowledge.clone()),
            watched: Arc::new(watched),
        });
        let (segments, requires) = (Segments::new(&atlas), Requires::from_atlas(&atlas));
        ask(&Desk { atlas: &atlas, segments: &segments, requires: &requires })
    }
}

/// Hosts of a random network: six in each of two segments.
pub fn host(number: u8) -> String {
    format!("10.{}.0.{}", number % 2, 1 + number / 2)
}

/// Random networks of at most 12 hosts that speak what some services of theirs need.
pub fn networks() -> impl Strategy<Value = Lan> {
    let ports = [(22, "ssh"), (445, "smb"), (5432, "postgresql"), (80, "http"), (636, "ldap")];
    let flow = (0..12u8, 0..12u8, 0..ports.len());
    let link = (0..40usize, 0..40usize, prop_oneof![Just(1.0f32), Just(0.5)]);
    (proptest::collection::vec(flow, 1..40), proptest::collection::vec(link, 0..12)).prop_map(
        move |(flows, links)| {
            let mut lan = Lan::default();
            let mut made: Vec<(String, String)> = Vec::new();
            for (client, server, port) in flows.into_iter().filter(|(client, server, _)| client != server) {
                let (port, protocol) = ports[port];
                let to = format!("{}:{port}", host(server));
                lan.uses(&host(client), &to, protocol);
                made.push((host(client), to));
            }
            // A service needs what its host uses.
            for (one, other, strength) in links {
                let (Some((_, service)), Some((client, needs))) = (made.get(one), made.get(other)) else {
                    continue;
                };
                let known = lan.inferences.links.iter().any(|link| {
                    link.service.to_string() == format!("{service}/tcp")
                        && link.needs.to_string() == format!("{needs}/tcp")
                });
                if service.starts_with(&format!("{client}:")) && !known {
                    lan.needs(&service.clone(), &needs.clone(), strength);
                }
            }
            lan
        },
    )
}
