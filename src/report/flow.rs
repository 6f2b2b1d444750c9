//! One row for each flow.

use serde::Serialize;
use utoipa::ToSchema;

use super::community_id::community_id;
use super::document::Report;
use super::json::Direction;
use super::time;
use crate::graph::{EdgeTotals, Snapshot, decide};
use crate::model::{Decision, Endpoint, FlowRecord, HostKey, Nanos, Timestamp};

/// A flow, read in the direction that the whole map decides.
pub struct Flow<'a> {
    /// What was recorded.
    pub record: &'a FlowRecord,
    /// Who is the client.
    pub decision: Decision,
    /// What the record adds up to in that direction.
    pub totals: EdgeTotals,
}

/// A flow as scripts read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Flow)]
pub struct FlowRow {
    first: String,
    last: String,
    duration_seconds: f64,
    client: String,
    client_port: u16,
    server: String,
    server_port: u16,
    transport: &'static str,
    protocol: &'static str,
    tls: bool,
    state: &'static str,
    direction: Direction,
    packets_to_server: u64,
    packets_to_client: u64,
    bytes_to_server: u64,
    bytes_to_client: u64,
    retransmitted: u64,
    acked_unseen_bytes: u64,
    vlans: Vec<u16>,
    community_id: String,
    source: String,
    frame: u64,
}

impl Flow<'_> {
    /// Reads a record. What other flows show decides where it does not decide itself.
    pub fn of<'a>(record: &'a FlowRecord, snapshot: &Snapshot) -> Flow<'a> {
        let decision = decide(record, snapshot);
        let totals = EdgeTotals::of(record, &decision);
        Flow { record, decision, totals }
    }

    /// The client's end; of an undecided flow, the likelier one's.
    pub fn client(&self) -> Endpoint {
        self.record.key.endpoint(self.decision.leaning)
    }

    /// The server's end.
    pub fn server(&self) -> Endpoint {
        self.record.key.endpoint(self.decision.leaning.other())
    }

    /// The client.
    pub fn client_host(&self) -> HostKey {
        self.record.key.host(self.decision.leaning)
    }

    /// The server.
    pub fn server_host(&self) -> HostKey {
        self.record.key.host(self.decision.leaning.other())
    }

    /// How it went: `refused`, `attempt`, `answered`, `observed`, as of dependencies.
    pub fn state(&self) -> &'static str {
        match &self.totals {
            _ if self.record.outcome.refused => "refused",
            totals if totals.answered == 0 => "attempt",
            totals if totals.observed == 0 => "answered",
            _ => "observed",
        }
    }

    /// From its first packet to its last.
    pub fn duration(&self) -> Nanos {
        self.record.last - self.record.first
    }

    /// Its first packet.
    pub fn first(&self) -> Timestamp {
        self.record.first
    }
}

impl FlowRow {
    /// The row of a flow.
    pub fn of(flow: &Flow<'_>, report: &Report<'_>) -> FlowRow {
        let (record, totals) = (flow.record, &flow.totals);
        let mut vlans: Vec<u16> = record.vlans.iter().copied().filter(|vlan| *vlan != 0).collect();
        vlans.dedup();
        FlowRow {
            first: time(record.first),
            last: time(record.last),
            #[expect(clippy::cast_precision_loss, reason = "exact to the nanosecond for the first 104 days")]
            duration_seconds: flow.duration() as f64 / 1e9,
            client: flow.client_host().to_string(),
            client_port: flow.client().port,
            server: flow.server_host().to_string(),
            server_port: flow.server().port,
            transport: record.key.transport.name(),
            protocol: record.protocol.unwrap_or("unknown"),
            tls: record.tls,
            state: flow.state(),
            direction: Direction::new(
                flow.decision.client.is_some(),
                flow.decision.evidence,
                flow.decision.confidence,
            ),
            packets_to_server: totals.to_server.packets,
            packets_to_client: totals.to_client.packets,
            bytes_to_server: totals.to_server.bytes,
            bytes_to_client: totals.to_client.bytes,
            retransmitted: record.outcome.retransmitted,
            acked_unseen_bytes: record.outcome.unseen,
            vlans,
            community_id: community_id(&record.key),
            source: report.source_path(record.frame.source).to_owned(),
            frame: record.frame.number,
        }
    }
}
