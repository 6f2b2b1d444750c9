//! A look at a tap before anything is believed of it: does it show both directions, what is lost,
//! what comes twice, what it cannot show.

mod conversation;
mod subnet;

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::capture::{Frame, LinkType};
use crate::decode::{self, Class, Decoder, Layer4, Packet};
use crate::flow::{Copied, Duplicates, FlowTable, Follow, Interest, Limits, Track, Turns};
use crate::model::{Endpoint, FlowKey, Mac, Moment, Nanos, Side, Timestamp, Transport};

use conversation::Conversations;
pub use conversation::Heard;
pub use subnet::Subnet;
use subnet::Subnets;

/// Conversations after which more of the same kind change nothing.
const SURE_CONVERSATIONS: u64 = 100;

/// And from the first frame to the last it must have been so long: what comes twice, what is cut, and
/// which VLANs there are takes a while to show.
const SURE_NANOS: Nanos = 10_000_000_000;

/// A larger frame than any link carries was joined by the interface (GRO, LRO).
const JUMBO_BYTES_MAX: u32 = 9_216;

/// VLANs listed: all that there can be.
type Vlans = BTreeMap<u16, u64>;

/// What a tap shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both directions of conversations.
    Good,
    /// One direction of too many.
    OneDirection,
    /// Only what a switch sends to everybody.
    BroadcastOnly,
    /// No frame at all, but for this machine's own.
    Nothing,
    /// Unicast comes, and nothing in it tells whether its other direction would.
    Undecided,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames.
    pub frames: u64,
    /// Bytes as they were on the wire.
    pub bytes: u64,
    /// Frames to everybody or to a group.
    pub group: u64,
    /// Frames from and to this machine itself: a mirror shows others' too.
    pub own: u64,
    /// Frames of one machine to another, neither of them this one.
    pub unicast: u64,
    /// Packets that the mirror delivered twice.
    pub mirrored: u64,
    /// Packets seen before and behind a router.
    pub routed: u64,
    /// Frames longer than any link carries.
    pub joined: u64,
    /// Frames that are of no link type that is read, or broken.
    pub unreadable: u64,
    /// Frames of the busiest second.
    pub busiest: u64,
    /// Payload bytes of TCP conversations of which both directions were seen.
    pub payload: u64,
    /// Of these, bytes that were acknowledged and never seen: lost on the way to the tap.
    pub unseen: u64,
}

/// Everything a survey has found.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// What the tap shows.
    pub verdict: Verdict,
    /// The conversations that it is about.
    pub heard: Heard,
    /// What was counted.
    pub counts: Counts,
    /// Packets of each VLAN; 0: none.
    pub vlans: Vlans,
    /// Local subnets, by address.
    pub subnets: Vec<Subnet>,
    /// The first frame and the last.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// A survey under way.
pub struct Survey {
    own: Vec<Mac>,
    decoder: Decoder,
    seen: Seen,
    span: Option<(Timestamp, Timestamp)>,
    /// The second that is under way, and its frames.
    second: (i64, u64),
}

/// What packets add to.
struct Seen {
    counts: Counts,
    conversations: Conversations,
    duplicates: Duplicates,
    table: FlowTable<Losses>,
    losses: Losses,
    vlans: Vlans,
    subnets: Subnets,
}

impl Survey {
    /// `own`: this machine's hardware addresses on the tap. `local`: the operator's networks.
    pub fn new(own: &[[u8; 6]], local: Vec<IpNet>) -> Self {
        Survey {
            own: own.iter().map(|mac| Mac(*mac)).collect(),
            decoder: Decoder::new(decode::Limits::default()),
            seen: Seen {
                counts: Counts::default(),
                conversations: Conversations::default(),
                duplicates: Duplicates::default(),
                table: FlowTable::new(Limits::default()),
                losses: Losses::default(),
                vlans: Vlans::new(),
                subnets: Subnets::new(local),
            },
            span: None,
            second: (i64::MIN, 0),
        }
    }

    /// Takes a frame.
    pub fn on_frame(&mut self, frame: &Frame<'_>) {
        self.time(frame.time);
        let counts = &mut self.seen.counts;
        counts.frames += 1;
        counts.bytes += u64::from(frame.wire_len);
        counts.joined += u64::from(frame.wire_len > JUMBO_BYTES_MAX);
        let own = match ends(frame) {
            Some((destination, source)) => {
                let own = self.own.contains(&destination) || self.own.contains(&source);
                match (own, destination.is_group()) {
                    (true, _) => counts.own += 1,
                    (false, true) => counts.group += 1,
                    (false, false) => counts.unicast += 1,
                }
                own
            }
            // Other links have no such addresses; every packet that is to one machine is counted below.
            None => false,
        };
        let linkless = frame.link != LinkType::ETHERNET;
        let seen = &mut self.seen;
        let class = self.decoder.decode(
            frame.link.0,
            frame.time,
            frame.source,
            frame.number,
            frame.bytes,
            frame.wire_len,
            &mut |packet, payload| seen.on_packet(packet, payload, own, linkless),
        );
        if matches!(class, Class::Malformed | Class::Unsupported) {
            self.seen.counts.unreadable += 1;
        }
        // Nobody asks for what the link layer says of machines.
        self.decoder.link_facts().for_each(drop);
    }

    fn time(&mut self, time: Timestamp) {
        self.span = Some(self.span.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        if self.second.0 != time.seconds() {
            self.second = (time.seconds(), 0);
        }
        self.second.1 += 1;
        self.seen.counts.busiest = self.seen.counts.busiest.max(self.second.1);
    }

    /// More of the same would change nothing.
    pub fn is_sure(&self) -> bool {
        let long = self.span.is_some_and(|(first, last)| last - first >= SURE_NANOS);
        let heard = self.seen.conversations.heard();
        let judged = heard.both + heard.one;
        long && judged >= SURE_CONVERSATIONS && (heard.one * 10 <= judged || heard.both * 10 <= judged)
    }

    /// What it has found.
    pub fn finish(mut self) -> Surveyed {
        let seen = &mut self.seen;
        self.decoder.finish(&mut |packet, payload| seen.on_packet(packet, payload, false, false));
        seen.table.finish(&mut seen.losses);
        (seen.counts.payload, seen.counts.unseen) = (seen.losses.payload, seen.losses.unseen);
        let heard = seen.conversations.heard();
        Surveyed {
            verdict: verdict(heard, &seen.counts),
            heard,
            counts: seen.counts.clone(),
            vlans: std::mem::take(&mut seen.vlans),
            subnets: seen.subnets.all(),
            span: self.span,
        }
    }
}

/// Destination and source of an Ethernet frame.
fn ends(frame: &Frame<'_>) -> Option<(Mac, Mac)> {
    if frame.link != LinkType::ETHERNET {
        return None;
    }
    let (destination, rest) = frame.bytes.split_first_chunk::<6>()?;
    Some((Mac(*destination), Mac(*rest.first_chunk::<6>()?)))
}

fn verdict(heard: Heard, counts: &Counts) -> Verdict {
    let judged = heard.both + heard.one;
    // A switch floods what it does not know the port of: a little of it, and one direction.
    let flooded = counts.unicast * 20 < counts.group;
    match () {
        () if judged > 0 && heard.one * 5 < judged => Verdict::Good,
        () if judged > 0 && !flooded => Verdict::OneDirection,
        () if judged == 0 && heard.both_udp > 0 => Verdict::Good,
        () if counts.unicast > 0 && !flooded => Verdict::Undecided,
        () if counts.group > 0 => Verdict::BroadcastOnly,
        () => Verdict::Nothing,
    }
}

impl Seen {
    fn on_packet(&mut self, packet: &Packet, payload: &[u8], own: bool, linkless: bool) {
        let group = packet.destination.is_group() || packet.destination_mac.is_group();
        if linkless {
            let counter = if group { &mut self.counts.group } else { &mut self.counts.unicast };
            *counter += 1;
        }
        *self.vlans.entry(packet.vlan).or_default() += 1;
        match self.duplicates.copied(packet) {
            None => {}
            Some(Copied::Mirrored) => return self.counts.mirrored += 1,
            Some(Copied::Routed) => return self.counts.routed += 1,
        }
        if own || group {
            return;
        }
        self.subnets.on_packet(packet.source, packet.destination);
        let (transport, ports, acknowledges) = match packet.layer4 {
            Layer4::Tcp { ports, flags, .. } => (Transport::Tcp, ports, flags.ack()),
            Layer4::Udp { ports } => (Transport::Udp, ports, false),
            _ => return,
        };
        let source = Endpoint { address: packet.source, port: ports.0 };
        let destination = Endpoint { address: packet.destination, port: ports.1 };
        let (key, side) = FlowKey::of(packet.realm, transport, source, destination);
        self.conversations.on_packet(key, side, acknowledges);
        if transport == Transport::Tcp {
            self.table.on_packet(packet, payload, &mut self.losses);
        }
    }
}

/// Adds up what was lost on the way to the tap; no byte is looked at.
#[derive(Default)]
struct Losses {
    payload: u64,
    unseen: u64,
}

impl Follow for Losses {
    type State = ();

    fn begin(&mut self, _: &mut Track, _: Side) -> Option<()> {
        None
    }

    fn bytes(&mut self, _: &mut Track, (): &mut (), _: Side, _: &[u8], _: Moment) -> Interest {
        Interest::Sealed
    }

    fn gap(&mut self, _: &mut Track, (): &mut (), _: Side, _: u64, _: Moment) -> Interest {
        Interest::Sealed
    }

    fn datagram(&mut self, _: &mut Track, (): &mut (), _: Side, _: &[u8], _: Moment) -> Interest {
        Interest::Sealed
    }

    fn held(&self, (): &()) -> usize {
        0
    }

    fn release(&mut self, _: &mut Track, (): ()) {}

    fn end(&mut self, track: &mut Track, _: Option<()>, _: Turns) {
        let record = track.record();
        if record.sent.iter().all(|sent| sent.packets > 0) {
            self.payload += record.sent.iter().map(|sent| sent.payload).sum::<u64>();
            self.unseen += record.outcome.unseen;
        }
    }
}

#[cfg(test)]
mod tests;
