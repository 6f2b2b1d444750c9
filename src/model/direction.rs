//! Who is the server: a ledger of additive evidence, in nats, kept with every flow so that it can be
//! decided again when better evidence comes.

use super::{FlowKey, Pair, Side, Transport};

/// What can speak for a side being the server; the words of the contract, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A SYN was sent to it.
    Syn,
    /// It sent a SYN-ACK.
    SynAck,
    /// The application's bytes say so.
    Protocol,
    /// A control connection announced it.
    Announced,
    /// The endpoint is a server elsewhere, decided by something stronger, or the operator said so.
    KnownService,
    /// Many peers talk to this endpoint, few to the other.
    FanIn,
    /// Its port number looks like a server's, the other's does not.
    Port,
    /// The other side was heard first.
    FirstPacket,
    /// Nothing.
    None,
}

impl Evidence {
    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Evidence::Syn => "syn",
            Evidence::SynAck => "syn_ack",
            Evidence::Protocol => "protocol",
            Evidence::Announced => "announced",
            Evidence::KnownService => "known_service",
            Evidence::FanIn => "fan_in",
            Evidence::Port => "port",
            Evidence::FirstPacket => "first_packet",
            Evidence::None => "none",
        }
    }
}

const SYN: f64 = 8.0;
const SYN_ACK: f64 = 8.0;
const PROTOCOL: f64 = 8.0;
const ANNOUNCED: f64 = 8.0;
const KNOWN_SERVICE: f64 = 6.0;
const FAN_IN_MAX: f64 = 4.0;
const PORT_SYSTEM: f64 = 3.0;
const PORT_REGISTERED: f64 = 1.5;
const PORT_EPHEMERAL: f64 = 1.0;
const FIRST_PACKET: f64 = 0.7;
/// Below this sum the direction is undetermined.
const DECIDED_MIN: f64 = 1.0;

/// What one flow itself shows. Sums with [`Surroundings`], which other flows show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Who sent a SYN without ACK.
    pub syn_from: Pair<bool>,
    /// Who sent a SYN-ACK.
    pub syn_ack_from: Pair<bool>,
    /// The client by the application's bytes.
    pub protocol_client: Option<Side>,
    /// The client by announcement of a control connection.
    pub announced_client: Option<Side>,
    /// Who was heard first.
    pub first_from: Option<Side>,
}

/// What is known beyond the flow about its two endpoints.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// The endpoint is known as a server by decisive evidence or by the operator.
    pub known_service: Pair<bool>,
    /// Distinct peer endpoints seen talking with each endpoint.
    pub peers: Pair<u64>,
    /// The port is in the IANA registry.
    pub registered: Pair<bool>,
}

/// A decision with its reason.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The client's side, if the evidence reaches for a decision.
    pub client: Option<Side>,
    /// The side that the sum leans to, decided or not; A when there is nothing at all.
    pub leaning: Side,
    /// What weighed most for it.
    pub evidence: Evidence,
    /// 1/(1+e^−|S|).
    pub confidence: f64,
    /// The application's server is not the one the SYN was sent to, and nothing announced that.
    pub conflict: bool,
}

impl Ledger {
    /// Adds what another record of the same two endpoints shows.
    pub fn merge(&mut self, other: &Ledger) {
        for side in [Side::A, Side::B] {
            self.syn_from[side] |= other.syn_from[side];
            self.syn_ack_from[side] |= other.syn_ack_from[side];
        }
        self.protocol_client = self.protocol_client.or(other.protocol_client);
        self.announced_client = self.announced_client.or(other.announced_client);
        self.first_from = self.first_from.or(other.first_from);
    }

    /// Who opened the connection, where a handshake shows it. Both at once is no answer
    /// (simultaneous open, RFC 9293 §3.5).
    pub fn initiator(&self) -> Option<Side> {
        let says_a = self.syn_from.first || self.syn_ack_from.second;
        let says_b = self.syn_from.second || self.syn_ack_from.first;
        match (says_a, says_b) {
            (true, false) => Some(Side::A),
            (false, true) => Some(Side::B),
            _ => None,
        }
    }

    /// True when this flow alone settles who the server is, whatever other flows show.
    pub fn is_decisive(&self) -> bool {
        self.announced_client.is_some() || self.initiator().is_some() || self.protocol_client.is_some()
    }

    /// Decides by this flow alone.
    pub fn decide_alone(&self, key: &FlowKey) -> Decision {
        self.decide(key, &Surroundings::default())
    }

    /// Decides by this flow and what surrounds it.
    pub fn decide(&self, key: &FlowKey, around: &Surroundings) -> Decision {
        if let Some(client) = self.announced_client {
            return decision(client, ANNOUNCED, Evidence::Announced, false);
        }
        if let Some(client) = self.initiator() {
            let conflict = self.protocol_client.is_some_and(|other| other != client);
            let (weight, evidence) = match (self.syn_from[client], self.syn_ack_from[client.other()]) {
                (true, true) => (SYN + SYN_ACK, Evidence::Syn),
                (true, false) => (SYN, Evidence::Syn),
                _ => (SYN_ACK, Evidence::SynAck),
            };
            return decision(client, weight, evidence, conflict);
        }
        self.weigh(key, around)
    }

    /// No handshake and no announcement: the sum decides.
    fn weigh(&self, key: &FlowKey, around: &Surroundings) -> Decision {
        // Positive numbers speak for B being the server.
        let mut parts = [(Evidence::None, 0.0); 5];
        let [protocol, known, fan_in, port, first] = &mut parts;
        if let Some(client) = self.protocol_client {
            *protocol = (Evidence::Protocol, toward(client.other()) * PROTOCOL);
        }
        *known = (Evidence::KnownService, KNOWN_SERVICE * both(around.known_service));
        let peers = around.peers;
        #[expect(clippy::cast_precision_loss, reason = "a logarithm of a count needs no exact count")]
        let ratio = ((1 + peers.second) as f64 / (1 + peers.first) as f64).ln();
        *fan_in = (Evidence::FanIn, ratio.clamp(-FAN_IN_MAX, FAN_IN_MAX));
        *port = (Evidence::Port, port_weight(key, around));
        // A TCP flow without a SYN had begun before anybody listened. Who was heard first is chance
        // then: it may say which way to lean where nothing else does, but not speak against the rest.
        let silent = [&*protocol, known, fan_in, port].iter().all(|(_, weight)| *weight == 0.0);
        if let Some(from) = self.first_from.filter(|_| silent || key.transport != Transport::Tcp) {
            *first = (Evidence::FirstPacket, toward(from.other()) * FIRST_PACKET);
        }
        let sum: f64 = parts.iter().map(|(_, weight)| weight).sum();
        let leaning = if sum < 0.0 { Side::B } else { Side::A };
        let evidence = parts
            .iter()
            .filter(|(_, weight)| weight * sum > 0.0)
            .max_by(|(_, one), (_, other)| one.abs().total_cmp(&other.abs()))
            .map_or(Evidence::None, |(evidence, _)| *evidence);
        Decision {
            client: (sum.abs() >= DECIDED_MIN).then_some(leaning),
            leaning,
            evidence,
            confidence: confidence(sum),
            conflict: false,
        }
    }
}

fn decision(client: Side, weight: f64, evidence: Evidence, conflict: bool) -> Decision {
    Decision { client: Some(client), leaning: client, evidence, confidence: confidence(weight), conflict }
}

fn confidence(sum: f64) -> f64 {
    1.0 / (1.0 + (-sum.abs()).exp())
}

/// +1 for B, −1 for A.
fn toward(server: Side) -> f64 {
    match server {
        Side::A => -1.0,
        Side::B => 1.0,
    }
}

/// +1 if it holds for B only, −1 if for A only.
fn both(holds: Pair<bool>) -> f64 {
    f64::from(u8::from(holds.second)) - f64::from(u8::from(holds.first))
}

/// What the port numbers say; nothing where they are equal (123 to 123, 500 to 500).
fn port_weight(key: &FlowKey, around: &Surroundings) -> f64 {
    if key.a.port == key.b.port {
        return 0.0;
    }
    let system = Pair::new(key.a.port < 1024, key.b.port < 1024);
    let ephemeral = Pair::new(key.a.port >= 32_768, key.b.port >= 32_768);
    PORT_SYSTEM * both(system) + PORT_REGISTERED * both(around.registered) - PORT_EPHEMERAL * both(ephemeral)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint, Realm};

    fn key(a_port: u16, b_port: u16) -> FlowKey {
        let a = Endpoint { address: Address::from([10, 0, 0, 1]), port: a_port };
        let b = Endpoint { address: Address::from([10, 0, 0, 2]), port: b_port };
        FlowKey { a, b, realm: Realm::DEFAULT, transport: Transport::Tcp }
    }

    #[test]
    fn a_syn_decides_whatever_the_ports_say() {
        let ledger = Ledger { syn_from: Pair::new(false, true), ..Ledger::default() };
        let decided = ledger.decide_alone(&key(40_000, 80));
        assert_eq!((decided.client, decided.evidence), (Some(Side::B), Evidence::Syn));
        assert!(decided.confidence > 0.999);
    }

    #[test]
    fn a_first_packet_alone_decides_nothing() {
        let ledger = Ledger { first_from: Some(Side::A), ..Ledger::default() };
        let decided = ledger.decide_alone(&key(20_001, 20_000));
        assert_eq!((decided.client, decided.evidence), (None, Evidence::FirstPacket));
        assert!((decided.confidence - 0.668).abs() < 0.001);
    }

    #[test]
    fn who_is_heard_first_in_the_middle_of_tcp_speaks_against_nothing() {
        let ledger = Ledger { first_from: Some(Side::B), ..Ledger::default() };
        let tcp = key(40_000, 23_456);
        let decided = ledger.decide_alone(&tcp);
        assert_eq!((decided.client, decided.evidence), (Some(Side::A), Evidence::Port));
        let udp = FlowKey { transport: Transport::Udp, ..tcp };
        assert_eq!(ledger.decide_alone(&udp).client, None, "a datagram heard first may well be the first");
    }

    #[test]
    fn fan_in_decides_where_ports_do_not() {
        let ledger = Ledger { first_from: Some(Side::B), ..Ledger::default() };
        let around = Surroundings { peers: Pair::new(1, 50), ..Surroundings::default() };
        let decided = ledger.decide(&key(40_000, 40_001), &around);
        assert_eq!((decided.client, decided.evidence), (Some(Side::A), Evidence::FanIn));
    }

    #[test]
    fn simultaneous_open_falls_through_to_the_application() {
        let both = Pair::new(true, true);
        let ledger = Ledger { syn_from: both, protocol_client: Some(Side::B), ..Ledger::default() };
        let decided = ledger.decide_alone(&key(40_000, 40_001));
        assert_eq!((decided.client, decided.evidence), (Some(Side::B), Evidence::Protocol));
    }

    #[test]
    fn an_application_that_contradicts_the_syn_is_a_conflict_unless_announced() {
        let mut ledger =
            Ledger { syn_from: Pair::new(true, false), protocol_client: Some(Side::B), ..Ledger::default() };
        let decided = ledger.decide_alone(&key(40_000, 4444));
        assert_eq!((decided.client, decided.conflict), (Some(Side::A), true));
        ledger.announced_client = Some(Side::B);
        let decided = ledger.decide_alone(&key(40_000, 4444));
        assert_eq!((decided.client, decided.conflict), (Some(Side::B), false));
    }

    #[test]
    fn mirrored_flows_are_decided_alike() {
        for (a, b, first) in [(40_000, 80, Side::A), (80, 40_000, Side::B), (5432, 33_000, Side::A)] {
            let ledger = Ledger { first_from: Some(first), ..Ledger::default() };
            let turned = Ledger { first_from: Some(first.other()), ..Ledger::default() };
            let one = ledger.decide_alone(&key(a, b));
            let other = turned.decide_alone(&key(b, a));
            assert_eq!(one.client.map(Side::other), other.client);
            assert_eq!(one.evidence, other.evidence);
        }
    }
}
