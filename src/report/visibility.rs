//! What the tap could not see, for the whole capture.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::Report;
use crate::graph::Snapshot;
use crate::model::Transport;

/// The `visibility` of the contract.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Visibility {
    /// Client and service pairs with payload of which only one direction was ever seen.
    pub one_sided_pairs: usize,
    /// All pairs with payload, for the share.
    pub pairs: usize,
    /// Bytes that a receiver acknowledged and the tap never saw: loss upstream of the tap.
    pub acked_unseen_bytes: u64,
    /// Packets shorter in the capture than on the wire.
    pub cut_packets: u64,
    /// Services that speak TLS.
    pub tls_endpoints_total: usize,
    /// Of those, services whose certificate was seen.
    pub tls_endpoints_with_certificate: usize,
    /// Frames of link types that are not read.
    pub link_types_not_read: Vec<NotRead>,
    /// Packets that the kernel dropped; a file does not tell.
    pub kernel_drops: Option<u64>,
    /// Times that a clock went back.
    pub clock_steps: u64,
    /// Addresses that a name was learnt of and that were never seen.
    pub hosts_known_only_by_mention: usize,
    /// Dependencies whose direction is a guess.
    pub undetermined_directions: usize,
    /// Segments that were sent again.
    pub retransmitted: u64,
    /// Packets with a wrong checksum; nothing was decided by it.
    pub bad_checksums: u64,
    /// Flows whose bytes were not read because a limit was hit.
    pub flows_not_read: u64,
    /// What did not fit into the map's limits.
    pub dropped: Dropped,
    /// Malformed things, by name.
    pub anomalies: std::collections::BTreeMap<String, u64>,
}

/// Frames of one link type that is not read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotRead {
    /// Its name.
    pub link_type: String,
    /// How many frames.
    pub frames: u64,
}

/// What did not fit into the map's limits.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Dropped {
    /// Hosts.
    pub hosts: u64,
    /// Flows.
    pub flows: u64,
    /// Names.
    pub names: u64,
    /// Other facts.
    pub facts: u64,
}

impl Visibility {
    /// What this report's capture did not show.
    pub fn of(report: &Report<'_>) -> Visibility {
        let snapshot = report.snapshot;
        let counted = report.counted;
        let pairs = with_payload(snapshot).count();
        let one_sided = with_payload(snapshot)
            .filter(|totals| totals.one_sided > 0 && totals.one_sided == talking(totals));
        let tls = snapshot.services.iter().filter(|service| service.tls.is_some());
        let seen =
            tls.clone().filter(|service| service.tls.as_ref().is_some_and(|tls| tls.visibility == "seen"));
        let mut anomalies: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
        let from_flows = snapshot.anomalies.iter().map(|(name, count)| (*name, *count));
        for (name, count) in counted.anomalies.iter().copied().chain(from_flows) {
            *anomalies.entry(name.to_owned()).or_default() += count;
        }
        let dropped = snapshot.dropped;
        Visibility {
            one_sided_pairs: one_sided.count(),
            pairs,
            acked_unseen_bytes: snapshot.dependencies.iter().map(|dependency| dependency.totals.unseen).sum(),
            cut_packets: counted.cut_packets,
            tls_endpoints_total: tls.count(),
            tls_endpoints_with_certificate: seen.count(),
            link_types_not_read: counted
                .link_types_not_read
                .iter()
                .map(|(link_type, frames)| NotRead { link_type: link_type.clone(), frames: *frames })
                .collect(),
            kernel_drops: None,
            clock_steps: counted.clock_steps,
            hosts_known_only_by_mention: snapshot.mentioned_only,
            undetermined_directions: snapshot.dependencies.iter().filter(|d| !d.totals.decided).count(),
            retransmitted: snapshot.dependencies.iter().map(|d| u64::from(d.totals.retransmitted)).sum(),
            bad_checksums: counted.bad_checksums,
            flows_not_read: counted.unread,
            dropped: Dropped {
                hosts: dropped.hosts,
                flows: dropped.flows,
                names: dropped.names,
                facts: dropped.facts,
            },
            anomalies,
        }
    }
}

/// Dependencies over TCP in which somebody said something.
fn with_payload(snapshot: &Snapshot) -> impl Iterator<Item = &crate::graph::EdgeTotals> {
    snapshot
        .dependencies
        .iter()
        .filter(|dependency| dependency.transport() == Transport::Tcp)
        .map(|dependency| &dependency.totals)
        .filter(|totals| talking(totals) > 0)
}

/// Flows in which somebody said something: recognised or not.
fn talking(totals: &crate::graph::EdgeTotals) -> u32 {
    totals.unrecognised + totals.recognised
}
