//! How connections begin and end: what flags of TCP and chunks of SCTP make of a flow.

use super::tcp::Segment;
use super::track::{Class, Track, carries_data};
use crate::decode::Layer4;
use crate::model::Side;

/// What the flags of a segment make of a flow.
pub fn note_flags(track: &mut Track, side: Side, segment: Segment) -> Class {
    let flags = segment.flags;
    if flags.syn() {
        let from = if flags.ack() { &mut track.ledger.syn_ack_from } else { &mut track.ledger.syn_from };
        from[side] = true;
        track.syn_acked |= flags.ack();
    }
    if flags.rst() {
        // A client may give up its own SYN: that is no refusal.
        if track.class == Class::HalfOpen && !track.syn_acked && track.ledger.syn_from[side.other()] {
            track.refused_by = Some(side);
        }
        let receiver = track.heard[side.other()].last_ack();
        let beyond_handshake = track.class == Class::Open;
        if beyond_handshake && !track.heard[side].may_reset(segment.sequence, receiver) {
            return track.class;
        }
        return Class::Closed;
    }
    if track.class == Class::Closed || track.heard.iter().all(|heard| heard.fin) {
        return Class::Closed;
    }
    if track.class == Class::HalfOpen && !flags.syn() {
        return Class::Open;
    }
    track.class
}

/// What a datagram makes of a flow beside its bytes, and whether it carries any for an application.
/// Of SCTP (RFC 9260 §3.2, RFC 8260 §2.1) the first chunk tells: INIT and its acknowledgement travel
/// alone, and are to SCTP what a SYN and a SYN-ACK are to TCP.
pub fn note_chunk(track: &mut Track, side: Side, layer4: Layer4) -> bool {
    const INIT: u8 = 1;
    const INIT_ACK: u8 = 2;
    const ABORT: u8 = 6;
    let chunk = match layer4 {
        Layer4::Sctp { chunk, .. } => Some(chunk),
        _ => None,
    };
    match chunk {
        Some(INIT) => track.ledger.syn_from[side] = true,
        Some(INIT_ACK) => {
            track.ledger.syn_ack_from[side] = true;
            track.syn_acked = true;
        }
        Some(ABORT) if track.ledger.syn_from[side.other()] => track.refused_by = Some(side),
        _ => {}
    }
    if chunk != Some(ABORT) {
        track.heard[side].spoke();
    }
    carries_data(layer4)
}
