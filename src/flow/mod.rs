//! Packets become flows: one table per shard, TCP followed, bytes put in order.
//!
//! Nothing here knows a protocol, a thread or a clock: time is that of the packets. What a flow's
//! bytes mean is up to the state `S` that the owner of a [`FlowTable`] hangs on each flow.

mod duplicate;
mod follow;
mod handshake;
mod order;
mod reassembly;
mod table;
mod tcp;
#[cfg(test)]
mod tests;
mod touched;
mod track;
mod turn;

pub use duplicate::{Copied, Duplicates};
pub use follow::{Follow, Interest};
pub use table::FlowTable;
pub use track::Track;
pub use turn::Turns;

use crate::model::Nanos;

const SECOND: Nanos = 1_000_000_000;

/// What one shard may hold. The numbers are for each of the logical shards (`pipeline::SHARDS`, 8).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open flows: 131,072 × ~320 B = 40 MiB a shard. Past this the longest idle one is ended early
    /// and counted as evicted.
    pub flows_max: usize,
    /// TCP handshakes under way: 8,192 × ~320 B = 2.5 MiB a shard. Past this the oldest becomes an
    /// unanswered attempt at once.
    pub half_open_max: usize,
    /// UDP flows that nobody has answered, within `flows_max`: 16,384 a shard, so that a flood of them
    /// pushes out only its like.
    pub unanswered_udp_max: usize,
    /// Flows whose bytes are being followed: 32,768 × ~500 B = 16 MiB a shard without their buffers.
    /// Past this the longest idle datagram flow that was answered is read no further; where there is
    /// none, a new flow is counted but its bytes are not read.
    pub followed_max: usize,
    /// Bytes waiting in all reassembly buffers: 32 MiB a shard. Past this a flow that wants to keep
    /// more is read no further, and counted as unread.
    pub waiting_bytes_max: usize,
    /// Turns kept of all flows, where turns are asked for: 2,097,152 × 16 B = 32 MiB a shard. Past this
    /// flows are followed, and their later turns are not kept.
    pub turns_max: usize,
    /// A TCP flow without a packet for this long is over.
    pub tcp_idle: Nanos,
    /// A closed TCP flow is kept this long, so that a FIN or data sent again begins no new one: at most
    /// what Linux waits after a close.
    pub tcp_closed: Nanos,
    /// A handshake that does not go on for this long was an attempt.
    pub half_open_idle: Nanos,
    /// A UDP or SCTP flow without a packet for this long is over.
    pub udp_idle: Nanos,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            flows_max: 131_072,
            half_open_max: 8_192,
            unanswered_udp_max: 16_384,
            followed_max: 32_768,
            waiting_bytes_max: 32 << 20,
            turns_max: 2 << 20,
            tcp_idle: 3 * 3600 * SECOND,
            tcp_closed: 60 * SECOND,
            half_open_idle: 60 * SECOND,
            udp_idle: 60 * SECOND,
        }
    }
}

/// What a table did not keep, for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Flows begun.
    pub tracked: u64,
    /// Flows ended early because a limit was hit.
    pub evicted: u64,
    /// Flows counted but not read, because too many were being read.
    pub unread: u64,
    /// Packets that belong to no flow and begin none (a lone RST).
    pub stray: u64,
    /// Packets whose checksum is wrong; nothing was decided by it.
    pub bad_checksums: u64,
    /// Flows of which later turns were not kept.
    pub turns_cut: u64,
}

impl Tally {
    /// Adds another table's.
    pub const fn add(&mut self, other: &Tally) {
        self.tracked += other.tracked;
        self.evicted += other.evicted;
        self.unread += other.unread;
        self.stray += other.stray;
        self.bad_checksums += other.bad_checksums;
        self.turns_cut += other.turns_cut;
    }
}
