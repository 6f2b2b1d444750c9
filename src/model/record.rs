//! What is known of a flow when it ends, or when it is asked about before.

use super::{Capability, FlowKey, Ledger, Mac, Pair, Purposes, Timestamp, Turn};

/// Which captured frame: the place of its source in the list of sources, and its number there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId {
    /// The place of its source in the list of sources.
    pub source: u32,
    /// Its number in that source, from 1.
    pub number: u64,
}

/// When something was seen, and in which frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The frame.
    pub frame: FrameId,
    /// Its time.
    pub time: Timestamp,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// IP packets.
    pub packets: u64,
    /// IP bytes as sent.
    pub bytes: u64,
    /// Payload bytes as sent, retransmissions included.
    pub payload: u64,
}

impl Counters {
    /// Adds another count.
    pub const fn add(&mut self, other: &Counters) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.payload += other.payload;
    }
}

/// How a flow went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The other side accepted: a SYN-ACK, or any datagram back.
    pub answered: bool,
    /// The other side refused: RST to a SYN, or an ICMP error.
    pub refused: bool,
    /// It was ended: both sides said so, or one reset it.
    pub ended: bool,
    /// Only one side was ever heard.
    pub one_sided: bool,
    /// The acknowledgements that a side sent went forward: the other side's bytes arrived, seen or not.
    pub acknowledged_by: Pair<bool>,
    /// Bytes that were acknowledged but never seen on the tap.
    pub unseen: u64,
    /// Segments whose bytes had all been seen before.
    pub retransmitted: u64,
}

/// One flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRecord {
    /// Who with whom.
    pub key: FlowKey,
    /// Its first packet.
    pub first: Timestamp,
    /// Its last packet.
    pub last: Timestamp,
    /// The frame of its first packet.
    pub frame: FrameId,
    /// What each side sent.
    pub sent: Pair<Counters>,
    /// Who is the server, as far as the flow itself shows.
    pub ledger: Ledger,
    /// How it went.
    pub outcome: Outcome,
    /// The protocol, by its bytes or by announcement.
    pub protocol: Option<&'static str>,
    /// TLS was seen in it.
    pub tls: bool,
    /// The most that its bytes showed the client to do, where that is more than the protocol's name says.
    pub capability: Option<Capability>,
    /// What its bytes showed it to be for, where that is more than the protocol's name says.
    pub purposes: Purposes,
    /// Link-layer source of each side's first packet; zero if none.
    pub macs: Pair<Mac>,
    /// VLAN of each side's first packet; 0 for none.
    pub vlans: Pair<u16>,
    /// When its sides took turns, in the order of time, if that was asked for.
    pub turns: Box<[Turn]>,
    /// There were more turns than could be kept, after these.
    pub turns_cut: bool,
}

impl FlowRecord {
    /// What its client could do on the server by it.
    pub fn capability(&self) -> Capability {
        self.capability.unwrap_or_else(|| Capability::of_protocol(self.protocol))
    }
}
