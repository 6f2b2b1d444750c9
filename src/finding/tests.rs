//! Small networks, and what is found on them.

mod certificates;
mod chains;
mod practices;

use super::*;
use crate::graph::{Certificate, Delta, Operator, Scene};
use crate::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Moment, Nanos, Observation,
    Outcome, Pair, Practice, Purposes, Realm, Role, Side, Transport,
};

const START: Timestamp = Timestamp::from_seconds(1_700_000_000, 0);
const DAY: i64 = 86_400_000_000_000;

const CLIENT: [u8; 4] = [10, 0, 0, 5];
const SERVER: [u8; 4] = [10, 0, 0, 1];
const PUBLIC: [u8; 4] = [8, 8, 4, 4];

fn host(address: [u8; 4]) -> HostKey {
    HostKey { realm: Realm::DEFAULT, address: Address::from(address) }
}

fn flow_key(client: HostKey, server: HostKey, port: u16, transport: Transport) -> (FlowKey, Side) {
    let from = Endpoint { address: client.address, port: 40_000 };
    let to = Endpoint { address: server.address, port };
    FlowKey::of(Realm::DEFAULT, transport, from, to)
}

/// A network in the making. Every event is a frame of its own, a second after the last.
#[derive(Default)]
struct Network {
    delta: Delta,
    frames: u64,
    /// Time that passed between frames, besides the second from each to the next.
    rested: Nanos,
}

impl Network {
    fn moment(&mut self) -> Moment {
        self.frames += 1;
        let time = START + self.rested + i64::try_from(self.frames).unwrap() * 1_000_000_000;
        Moment { frame: FrameId { source: 0, number: self.frames }, time }
    }

    fn scene(&mut self, client: HostKey, server: HostKey, port: u16, transport: Transport) -> Scene {
        let (key, client) = flow_key(client, server, port, transport);
        Scene { key, client, service: client.other(), group: false, at: self.moment() }
    }

    /// A flow with handshake and payload both ways.
    fn flow(&mut self, client: HostKey, server: HostKey, port: u16, protocol: &'static str) {
        let (key, side) = flow_key(client, server, port, Transport::Tcp);
        let at = self.moment();
        let sent = Counters { packets: 5, bytes: 500, payload: 200 };
        let by = |holds: Side| Pair::new(holds == Side::A, holds == Side::B);
        self.delta.flow(FlowRecord {
            key,
            first: at.time,
            last: at.time,
            frame: at.frame,
            sent: Pair::new(sent, sent),
            ledger: Ledger { syn_from: by(side), syn_ack_from: by(side.other()), ..Ledger::default() },
            outcome: Outcome { answered: true, ..Outcome::default() },
            protocol: Some(protocol),
            tls: false,
            capability: None,
            purposes: Purposes::default(),
            macs: Pair::new(Mac::default(), Mac::default()),
            vlans: Pair::new(0, 0),
            turns: Box::default(),
            turns_cut: false,
        });
        self.delta.tick(at.time);
    }

    /// A practice between two hosts, the server at fault.
    fn practice(&mut self, client: HostKey, server: HostKey, practice: Practice, state: State) {
        self.practice_of(client, server, practice, state, Role::Server);
    }

    fn practice_of(
        &mut self,
        client: HostKey,
        server: HostKey,
        practice: Practice,
        state: State,
        at_fault: Role,
    ) {
        let scene = self.scene(client, server, 23, Transport::Tcp);
        let what = state.name().into();
        self.delta.observe(&scene, Observation::Practice { practice, state, at_fault, what });
    }

    /// A question to everybody.
    fn group_practice(&mut self, client: HostKey, practice: Practice) {
        let group = host([224, 0, 0, 252]);
        let scene = Scene { group: true, ..self.scene(client, group, 5355, Transport::Udp) };
        let (state, at_fault) = (State::Used, Role::Client);
        self.delta.observe(&scene, Observation::Practice { practice, state, at_fault, what: "asked".into() });
    }

    /// A certificate, to be filled in later by the number of its frame.
    fn certificate(&mut self, of: Role, position: u8, der: u8) -> u64 {
        let scene = self.scene(host(CLIENT), host(SERVER), 443, Transport::Tcp);
        let sni = Some("shop.example".into());
        self.delta.observe(&scene, Observation::Certificate { of, position, sni, der: [der].into() });
        scene.at.frame.number
    }

    fn snapshot(self) -> Snapshot {
        let local = ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16"].map(|network| network.parse().unwrap());
        Snapshot::new(self.delta.into(), &Operator { local: local.into(), ..Operator::default() })
    }

    fn find(self) -> Vec<Finding> {
        find(&self.snapshot(), START, &Knowledge::default())
    }
}

fn ids(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::id).collect()
}

fn only(findings: Vec<Finding>) -> Finding {
    assert_eq!(findings.len(), 1, "{:?}", ids(&findings));
    findings.into_iter().next().unwrap()
}

#[test]
fn rules_are_sorted_and_found() {
    assert!(RULES.is_sorted_by(|one, next| one.id < next.id));
    for known in RULES {
        assert_eq!(rule(known.id), Some(*known));
        assert!((1..=10).contains(&known.severity_base), "{}", known.id);
        let texts = [known.title, known.replacement, known.why];
        assert!(texts.iter().all(|text| !text.is_empty() && !text.contains("  ")), "{}", known.id);
        assert!(known.why.ends_with('.') && !known.references.is_empty(), "{}", known.id);
    }
    assert_eq!(rule("ADM-99"), None);
}
