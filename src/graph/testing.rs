//! Flows for the tests of this module.

use crate::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Outcome, Pair, Purposes, Realm,
    Side, Timestamp, Transport,
};

/// An endpoint of 10.0.0.0/24.
pub fn endpoint(last: u8, port: u16) -> Endpoint {
    Endpoint { address: Address::from([10, 0, 0, last]), port }
}

/// A TCP flow of which nothing tells the direction: both sides sent payload.
pub fn joined_late(client: Endpoint, server: Endpoint, second: i64) -> FlowRecord {
    let (key, _) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, client, server);
    let time = Timestamp::from_seconds(second, 0);
    let sent = Counters { packets: 2, bytes: 180, payload: 100 };
    FlowRecord {
        key,
        first: time,
        last: time,
        frame: FrameId::default(),
        sent: Pair::new(sent, sent),
        ledger: Ledger::default(),
        outcome: Outcome { answered: true, ..Outcome::default() },
        protocol: None,
        tls: false,
        capability: None,
        purposes: Purposes::default(),
        macs: Pair::new(Mac::default(), Mac::default()),
        vlans: Pair::new(0, 0),
        turns: Box::default(),
        turns_cut: false,
    }
}

/// A TCP flow with its handshake, answered and with payload both ways.
pub fn served(client: Endpoint, server: Endpoint, second: i64) -> FlowRecord {
    let mut record = joined_late(client, server, second);
    let side = client_side(&record, client);
    record.ledger.syn_from[side] = true;
    record.ledger.syn_ack_from[side.other()] = true;
    record
}

/// A TCP flow that the server refused.
pub fn refused(client: Endpoint, server: Endpoint, second: i64) -> FlowRecord {
    let mut record = joined_late(client, server, second);
    let side = client_side(&record, client);
    record.ledger.syn_from[side] = true;
    record.outcome = Outcome { refused: true, ..Outcome::default() };
    record.sent = Pair::new(Counters::default(), Counters::default());
    record
}

fn client_side(record: &FlowRecord, client: Endpoint) -> Side {
    if record.key.a == client { Side::A } else { Side::B }
}
