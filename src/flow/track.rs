//! What is kept of every flow, whether or not its bytes are read.

use super::tcp::Heard;
use crate::decode::{Layer4, Packet};
use crate::model::{
    Capability, Counters, FlowKey, FlowRecord, FrameId, Ledger, Mac, Moment, Outcome, Pair, Purposes, Side,
    Timestamp,
};

/// How far a flow is; each class has its own list and its own patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A TCP handshake under way.
    HalfOpen,
    /// TCP beyond the handshake.
    Open,
    /// TCP that is over, kept for stragglers.
    Closed,
    /// UDP or SCTP with one side silent so far.
    Unanswered,
    /// UDP or SCTP with both sides heard.
    Answered,
    /// As answered, and read no further because others wanted the room.
    Released,
}

impl Class {
    /// All classes, those that are missed least first.
    pub const ALL: [Class; 6] =
        [Class::HalfOpen, Class::Unanswered, Class::Closed, Class::Released, Class::Answered, Class::Open];
}

/// One flow.
#[derive(Clone, Debug)]
pub struct Track {
    /// Who with whom.
    pub key: FlowKey,
    /// Its first packet.
    pub first: Timestamp,
    /// Its last packet.
    pub last: Timestamp,
    /// The frame of its first packet.
    pub frame: FrameId,
    last_frame: FrameId,
    /// What each side sent.
    pub sent: Pair<Counters>,
    /// Who is the server, as far as the flow itself shows.
    pub ledger: Ledger,
    /// The protocol, once known.
    pub protocol: Option<&'static str>,
    /// TLS was seen in it.
    pub tls: bool,
    /// The most that its bytes showed the client to do.
    pub capability: Option<Capability>,
    /// What its bytes showed it to be for.
    pub purposes: Purposes,
    /// The flow carries on what was asked of this port of its server (TFTP answers from a new one).
    pub answers_for: Option<u16>,
    pub(super) class: Class,
    pub(super) heard: Pair<Heard>,
    /// This side reset the other's SYN, or ICMP says that it is not to be reached.
    pub(super) refused_by: Option<Side>,
    pub(super) syn_acked: bool,
    macs: Pair<Mac>,
    vlans: Pair<u16>,
}

impl Track {
    pub(super) fn new(key: FlowKey, side: Side, packet: &Packet, class: Class) -> Self {
        let frame = FrameId { source: packet.source_index, number: packet.frame };
        Track {
            key,
            first: packet.time,
            last: packet.time,
            frame,
            last_frame: frame,
            sent: Pair::default(),
            ledger: Ledger { first_from: Some(side), ..Ledger::default() },
            protocol: None,
            tls: false,
            capability: None,
            purposes: Purposes::default(),
            answers_for: None,
            class,
            heard: Pair::default(),
            refused_by: None,
            syn_acked: false,
            macs: Pair::default(),
            vlans: Pair::default(),
        }
    }

    /// Counts a packet that `side` sent.
    pub(super) fn count(&mut self, side: Side, packet: &Packet) {
        let sent = &mut self.sent[side];
        if sent.packets == 0 {
            self.macs[side] = packet.source_mac;
            self.vlans[side] = packet.vlan;
        }
        sent.add(&Counters {
            packets: packet.packets.into(),
            bytes: packet.ip_len.into(),
            payload: if carries_data(packet.layer4) { packet.payload_len.into() } else { 0 },
        });
        self.last = self.last.max(packet.time);
        self.last_frame = FrameId { source: packet.source_index, number: packet.frame };
    }

    /// The packet counted last.
    pub const fn last_moment(&self) -> Moment {
        Moment { frame: self.last_frame, time: self.last }
    }

    /// The flow's key, with the port of the service that it belongs to.
    pub fn service_flow(&self) -> FlowKey {
        let mut key = self.key;
        if let (Some(port), Some(client)) = (self.answers_for, self.ledger.announced_client) {
            match client {
                Side::A => key.b.port = port,
                Side::B => key.a.port = port,
            }
        }
        key
    }

    /// True if both sides were heard.
    pub fn both_heard(&self) -> bool {
        self.sent.iter().all(|sent| sent.packets > 0)
    }

    /// The record of this flow as it stands, without its turns.
    pub fn record(&self) -> FlowRecord {
        let [a, b] = [&self.heard.first, &self.heard.second];
        let two_sided = self.both_heard();
        let unseen = if two_sided && !self.is_udp() { a.unseen(b) + b.unseen(a) } else { 0 };
        FlowRecord {
            key: self.service_flow(),
            first: self.first,
            last: self.last,
            frame: self.frame,
            sent: self.sent,
            ledger: self.ledger,
            outcome: Outcome {
                answered: self.answered(),
                refused: self.refused(),
                ended: self.class == Class::Closed,
                one_sided: !two_sided,
                acknowledged_by: Pair::new(a.acknowledged_data(), b.acknowledged_data()),
                unseen,
                retransmitted: u64::from(a.retransmitted) + u64::from(b.retransmitted),
            },
            protocol: self.protocol,
            tls: self.tls,
            capability: self.capability,
            purposes: self.purposes,
            macs: self.macs,
            vlans: self.vlans,
            turns: Box::default(),
            turns_cut: false,
        }
    }

    /// Somebody accepted: a SYN-ACK says so, and packets of both sides, resets left aside. Where only
    /// one side is heard, its payload or what it acknowledged must do: a bare ACK or FIN is also what
    /// a scanner sends to addresses where nobody is.
    fn answered(&self) -> bool {
        let spoke = |heard: &Heard| heard.spoken > 0;
        let exchanges = |heard: &Heard| heard.payload || heard.acknowledged_data();
        self.syn_acked
            || self.heard.iter().all(spoke)
            || !self.is_udp() && !self.both_heard() && (self.heard.iter().any(exchanges) || self.completes())
    }

    /// Who sent the SYN has acknowledged something since: a SYN-ACK that the tap did not hear.
    fn completes(&self) -> bool {
        let side = if self.ledger.syn_from.first { Side::A } else { Side::B };
        self.ledger.syn_from[side] && self.heard[side].last_ack().is_some()
    }

    /// Refused for good: whoever refused said nothing else.
    fn refused(&self) -> bool {
        self.refused_by.is_some_and(|side| self.heard[side].spoken == 0)
    }

    /// UDP or SCTP.
    const fn is_udp(&self) -> bool {
        matches!(self.class, Class::Unanswered | Class::Answered | Class::Released)
    }
}

/// Of SCTP only DATA and I-DATA chunks carry an application's bytes (RFC 9260 §3.3.1, RFC 8260 §2.1).
pub(super) const fn carries_data(layer4: Layer4) -> bool {
    !matches!(layer4, Layer4::Sctp { chunk, .. } if chunk != 0 && chunk != 64)
}
