//! Flows become two lists: what services were asked, and whom machines asked.

use super::exchange::{self, Exchange};
use super::machine::Machines;
use super::nesting::{Children, Request, Requests};
use crate::graph::Snapshot;
use crate::model::{FlowRecord, HostKey, Nanos, ServiceKey, Side};

/// A service and its requests.
#[derive(Debug)]
pub struct Served {
    /// The machine that answers.
    pub machine: HostKey,
    /// The service.
    pub service: ServiceKey,
    /// Its answered requests.
    pub requests: Requests,
}

/// What a machine asked a remote service.
#[derive(Debug)]
pub struct Asked {
    /// The machine that asks.
    pub machine: HostKey,
    /// The service that is asked.
    pub service: ServiceKey,
    /// What it speaks, if all flows that told agree.
    pub protocol: Option<&'static str>,
    /// The exchanges, in the order of their starts.
    pub exchanges: Vec<Exchange>,
    /// The same, to be looked for inside requests.
    pub children: Children,
    /// Exchanges are complete until then: later turns of some flow were not kept.
    pub until: Nanos,
}

/// Both lists, sorted by machine and service.
#[derive(Debug, Default)]
pub struct Talk {
    /// What services were asked.
    pub served: Vec<Served>,
    /// Whom machines asked.
    pub asked: Vec<Asked>,
}

/// One flow, its sides decided.
struct Row<'a> {
    server: HostKey,
    client: HostKey,
    service: ServiceKey,
    side: Side,
    record: &'a FlowRecord,
}

impl Talk {
    /// Cuts all flows into exchanges.
    pub fn new(snapshot: &Snapshot, records: &[FlowRecord], machines: &Machines) -> Self {
        let mut rows: Vec<Row> =
            records.iter().filter_map(|record| row(snapshot, machines, record)).collect();
        rows.sort_by_key(|row| (row.server, row.service));
        let served = rows
            .chunk_by(|one, other| (one.server, one.service) == (other.server, other.service))
            .filter_map(served)
            .collect();
        rows.sort_by_key(|row| (row.client, row.service));
        let asked = rows
            .chunk_by(|one, other| (one.client, one.service) == (other.client, other.service))
            .filter_map(asked)
            .collect();
        Talk { served, asked }
    }
}

fn row<'a>(snapshot: &Snapshot, machines: &Machines, record: &'a FlowRecord) -> Option<Row<'a>> {
    if record.outcome.refused {
        return None;
    }
    let side = record.ledger.decide_alone(&record.key).client.or_else(|| {
        // What the flow itself does not show, the map has decided by what other flows showed.
        let is_service = |side: Side| snapshot.service(&record.key.service(side)).is_some();
        match (is_service(Side::A), is_service(Side::B)) {
            (true, false) => Some(Side::B),
            (false, true) => Some(Side::A),
            _ => None,
        }
    })?;
    let service = record.key.service(side.other());
    let (client, server) = (machines.of(record.key.host(side)), machines.of(service.host));
    (client != server).then_some(Row { server, client, service, side, record })
}

fn served(rows: &[Row]) -> Option<Served> {
    let mut exchanges = Vec::new();
    for row in rows {
        exchange::exchanges(row.record, row.side, &mut exchanges);
    }
    let request = |Exchange { start, end, bytes, .. }| Request { start, end, bytes };
    let answered = exchanges.into_iter().filter(|exchange| exchange.answered);
    let requests: Vec<Request> = answered.map(request).collect();
    let row = rows.first().filter(|_| !requests.is_empty())?;
    Some(Served { machine: row.server, service: row.service, requests: Requests::new(requests) })
}

fn asked(rows: &[Row]) -> Option<Asked> {
    let mut exchanges = Vec::new();
    let mut until = Nanos::MAX;
    let mut protocols: Vec<&'static str> = Vec::new();
    for row in rows {
        exchange::opened(row.record, row.side, &mut exchanges);
        if row.record.turns_cut {
            let last = row.record.turns.last().map_or(row.record.first, |turn| turn.first);
            until = until.min(last.nanos());
        }
        protocols.extend(row.record.protocol.filter(|protocol| !protocols.contains(protocol)));
    }
    exchanges.sort_unstable();
    let protocol = if let [only] = protocols.as_slice() { Some(*only) } else { None };
    let row = rows.first().filter(|_| !exchanges.is_empty())?;
    let children = Children::new(exchanges.iter());
    Some(Asked { machine: row.client, service: row.service, protocol, exchanges, children, until })
}
