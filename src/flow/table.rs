//! One shard's flow table.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::follow::{Follow, Interest};
use super::handshake::{note_chunk, note_flags};
use super::order::{Links, Order, Slots};
use super::reassembly::{Piece, Reassembly};
use super::tcp::Segment;
use super::touched::Touched;
use super::track::{Class, Track};
use super::turn::Book;
use super::{Limits, Tally};
use crate::decode::{Layer4, Packet};
use crate::model::{Endpoint, FlowKey, Nanos, Pair, Side, Timestamp, Transport};

/// Idle flows ended for each packet that comes: enough to keep up with any rate at which flows can
/// begin (one a packet), and bounded, so that a jump in time stalls nothing.
const EXPIRED_PER_PACKET: usize = 2;

/// A flow whose bytes are read.
struct Live<S> {
    streams: Pair<Reassembly>,
    state: S,
    held: usize,
}

struct Slot<S> {
    track: Track,
    links: Links,
    live: Option<Box<Live<S>>>,
    /// The bytes are not read, now and in future.
    sealed: bool,
    used: bool,
}

struct Slab<S>(Vec<Slot<S>>);

impl<S> Slots for Slab<S> {
    fn links(&mut self, slot: u32) -> Option<&mut Links> {
        self.0.get_mut(slot as usize).map(|slot| &mut slot.links)
    }
}

/// One shard's flows.
pub struct FlowTable<F: Follow> {
    limits: Limits,
    slots: Slab<F::State>,
    free: Vec<u32>,
    index: HashTable<u32>,
    /// Seeded, because an attacker chooses every byte of a key. It places; it never orders or evicts.
    seed: RandomState,
    orders: [Order; 6],
    live: usize,
    held: usize,
    turns: Option<Book>,
    touched: Option<Touched>,
    tally: Tally,
}

impl<F: Follow> FlowTable<F> {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        FlowTable {
            limits,
            slots: Slab(Vec::new()),
            free: Vec::new(),
            index: HashTable::new(),
            seed: RandomState::default(),
            orders: [Order::default(); 6],
            live: 0,
            held: 0,
            turns: None,
            touched: None,
            tally: Tally::default(),
        }
    }

    /// The same table, that keeps the turns of flows.
    pub fn keeping_turns(mut self) -> Self {
        self.turns = Some(Book::new(self.limits.turns_max));
        self
    }

    /// The same table, that knows which of its flows have changed. Who asks takes away what has ended.
    pub fn noting_changes(mut self) -> Self {
        self.turns.iter_mut().for_each(Book::hand_over);
        self.touched = Some(Touched::default());
        self
    }

    /// Tells of every slot whose flow has changed since this was last called: the flow that is in it
    /// now, or that there is none any more.
    pub fn tell_changes(&mut self, mut tell: impl FnMut(u32, Option<&Track>)) {
        let slots = &self.slots.0;
        for slot in self.touched.iter_mut().flat_map(Touched::take) {
            let flow = slots.get(slot as usize).filter(|slot| slot.used);
            tell(slot, flow.map(|slot| &slot.track));
        }
    }

    fn touch(&mut self, slot: u32) {
        if let Some(touched) = &mut self.touched {
            touched.note(slot);
        }
    }

    /// What was not kept.
    pub fn tally(&self) -> Tally {
        Tally { turns_cut: self.turns.as_ref().map_or(0, Book::cut), ..self.tally }
    }

    /// A packet with ports. Others are none of this table's business and are ignored.
    pub fn on_packet(&mut self, packet: &Packet, payload: &[u8], follow: &mut F) {
        self.expire(packet.time, follow);
        self.tally.bad_checksums += u64::from(packet.bad_checksum);
        let (transport, ports, segment) = match packet.layer4 {
            Layer4::Tcp { ports, sequence, acknowledgement, flags, .. } => {
                (Transport::Tcp, ports, Some(Segment { sequence, acknowledgement, flags }))
            }
            Layer4::Udp { ports } => (Transport::Udp, ports, None),
            Layer4::Sctp { ports, .. } => (Transport::Sctp, ports, None),
            Layer4::Icmp { .. } | Layer4::Other(_) => return,
        };
        let source = Endpoint { address: packet.source, port: ports.0 };
        let destination = Endpoint { address: packet.destination, port: ports.1 };
        let (key, side) = FlowKey::of(packet.realm, transport, source, destination);
        let found = self.find(&key).filter(|slot| self.goes_on(*slot, side, packet, segment, follow));
        let Some(slot) = found.or_else(|| self.begin(key, side, packet, segment, follow)) else {
            self.tally.stray += 1;
            return;
        };
        self.touch(slot);
        match segment {
            Some(segment) => self.on_segment(slot, side, packet, segment, payload, follow),
            None => self.on_datagram(slot, side, packet, payload, follow),
        }
    }

    /// An ICMP error about a packet of this flow that `sender` had sent: a refusal, if the other side
    /// never says anything else. Only a destination that is not to be reached refuses (type 3 of RFC
    /// 792, type 1 of RFC 4443 §3.1); a packet that is too big for the way (code 4, RFC 1191) is sent
    /// again in pieces.
    pub fn on_icmp_error(&mut self, key: &FlowKey, sender: Side, v6: bool, kind: u8, code: u8) {
        let unreachable = if v6 { kind == 1 } else { kind == 3 && code != 4 };
        if unreachable
            && let Some(slot) = self.find(key)
            && let Some(place) = self.slots.0.get_mut(slot as usize)
        {
            place.track.refused_by = Some(sender.other());
            self.touch(slot);
        }
    }

    /// The capture is over: every open flow ends, the longest idle first.
    pub fn finish(&mut self, follow: &mut F) {
        for class in Class::ALL {
            while let Some(slot) = self.order(class).front() {
                self.end(slot, follow);
            }
        }
    }

    fn order(&mut self, class: Class) -> &mut Order {
        let [half_open, open, closed, unanswered, answered, released] = &mut self.orders;
        match class {
            Class::HalfOpen => half_open,
            Class::Open => open,
            Class::Closed => closed,
            Class::Unanswered => unanswered,
            Class::Answered => answered,
            Class::Released => released,
        }
    }

    const fn patience(&self, class: Class) -> Nanos {
        match class {
            Class::HalfOpen => self.limits.half_open_idle,
            Class::Open => self.limits.tcp_idle,
            Class::Closed => self.limits.tcp_closed,
            Class::Unanswered | Class::Answered | Class::Released => self.limits.udp_idle,
        }
    }

    fn find(&self, key: &FlowKey) -> Option<u32> {
        let slots = &self.slots.0;
        let same = |slot: &u32| slots.get(*slot as usize).is_some_and(|slot| slot.track.key == *key);
        self.index.find(self.seed.hash_one(key), same).copied()
    }

    /// Ends flows that have been idle too long, a few for each packet.
    fn expire(&mut self, now: Timestamp, follow: &mut F) {
        for class in Class::ALL {
            for _ in 0..EXPIRED_PER_PACKET {
                let Some(front) = self.order(class).front() else { break };
                let idle = self.slots.0.get(front as usize).map_or(0, |slot| apart(now, slot.track.last));
                if idle <= self.patience(class) {
                    break;
                }
                self.end(front, follow);
            }
        }
    }

    /// False, and the old flow is ended, where this packet begins a new one between the same endpoints.
    fn goes_on(
        &mut self,
        slot: u32,
        side: Side,
        packet: &Packet,
        segment: Option<Segment>,
        follow: &mut F,
    ) -> bool {
        let Some(track) = self.slots.0.get(slot as usize).map(|slot| &slot.track) else { return false };
        let idle = apart(packet.time, track.last) > self.patience(track.class);
        let reopened = segment.is_some_and(|segment| {
            segment.flags.syn()
                && !segment.flags.ack()
                && (track.class == Class::Closed
                    || track.class == Class::Open && track.heard[side].is_elsewhere(segment.sequence))
        });
        if idle || reopened {
            self.end(slot, follow);
        }
        !(idle || reopened)
    }

    /// Begins a flow. None for a packet that begins nothing.
    fn begin(
        &mut self,
        key: FlowKey,
        side: Side,
        packet: &Packet,
        segment: Option<Segment>,
        follow: &mut F,
    ) -> Option<u32> {
        let class = match segment {
            Some(segment) if segment.flags.rst() => return None,
            Some(segment) if segment.flags.syn() => Class::HalfOpen,
            Some(_) => Class::Open,
            None => Class::Unanswered,
        };
        self.make_room(class, follow);
        self.tally.tracked += 1;
        let track = Track::new(key, side, packet, class);
        let new = Slot { track, links: Links::default(), live: None, sealed: false, used: true };
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.slots.0.get_mut(slot as usize) {
                    *place = new;
                }
                slot
            }
            None => {
                // An eighth more at a time: doubling would leave half of the largest table unused.
                if self.slots.0.len() == self.slots.0.capacity() {
                    self.slots.0.reserve_exact(16 + self.slots.0.len() / 8);
                }
                self.slots.0.push(new);
                u32::try_from(self.slots.0.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let (slots, seed) = (&self.slots.0, &self.seed);
        let hash = |slot: &u32| slots.get(*slot as usize).map_or(0, |slot| seed.hash_one(slot.track.key));
        self.index.insert_unique(seed.hash_one(key), slot, hash);
        self.list(slot, class);
        Some(slot)
    }

    fn list(&mut self, slot: u32, class: Class) {
        let mut order = std::mem::take(self.order(class));
        order.push_back(&mut self.slots, slot);
        *self.order(class) = order;
    }

    fn unlist(&mut self, slot: u32, class: Class) {
        let mut order = std::mem::take(self.order(class));
        order.remove(&mut self.slots, slot);
        *self.order(class) = order;
    }

    /// Ends the longest idle flow of a class, or of any, where a limit is reached.
    fn make_room(&mut self, class: Class, follow: &mut F) {
        let class_max = match class {
            Class::HalfOpen => self.limits.half_open_max,
            Class::Unanswered => self.limits.unanswered_udp_max,
            Class::Open | Class::Closed | Class::Answered | Class::Released => usize::MAX,
        };
        let full = self.slots.0.len() - self.free.len() >= self.limits.flows_max;
        let victim = if self.order(class).len() >= class_max {
            self.order(class).front()
        } else if full {
            Class::ALL.into_iter().find_map(|class| self.order(class).front())
        } else {
            None
        };
        if let Some(victim) = victim {
            self.tally.evicted += 1;
            self.end(victim, follow);
        }
    }

    fn end(&mut self, slot: u32, follow: &mut F) {
        let Some(place) = self.slots.0.get_mut(slot as usize).filter(|slot| slot.used) else { return };
        place.used = false;
        if let Some(touched) = &mut self.touched {
            touched.note(slot);
        }
        let (class, key) = (place.track.class, place.track.key);
        let mut live = place.live.take();
        let mut track = place.track.clone();
        if let Some(live) = &mut live {
            self.live = self.live.saturating_sub(1);
            self.held = self.held.saturating_sub(live.held);
            flush(live, &mut track, follow);
        }
        let turns = self.turns.as_mut().map(|book| book.close(slot)).unwrap_or_default();
        follow.end(&mut track, live.map(|live| live.state), turns);
        self.unlist(slot, class);
        let slots = &self.slots.0;
        let same = |other: &u32| *other == slot && slots.get(slot as usize).is_some();
        if let Ok(entry) = self.index.find_entry(self.seed.hash_one(key), same) {
            entry.remove();
        }
        self.free.push(slot);
    }

    fn on_segment(
        &mut self,
        slot: u32,
        side: Side,
        packet: &Packet,
        segment: Segment,
        payload: &[u8],
        follow: &mut F,
    ) {
        let Some(place) = self.slots.0.get_mut(slot as usize) else { return };
        let track = &mut place.track;
        track.count(side, packet);
        let flags = segment.flags;
        if flags.syn() && track.class == Class::HalfOpen && place.live.is_none() {
            track.heard[side].begins_again(segment.sequence);
        }
        let receiver = track.heard[side.other()].last_ack();
        let heard = &mut track.heard[side];
        let high = heard.high();
        heard.segment(segment, packet.payload_len, receiver);
        // What was sent again, and the byte that a keep-alive repeats, says nothing new.
        let new = packet.payload_len > 0 && heard.high() != high;
        if let Some(book) = self.turns.as_mut().filter(|_| new) {
            book.note(slot, side, packet.time, packet.payload_len, payload.first().copied());
        }
        let before = track.class;
        let after = note_flags(track, side, segment);
        track.class = after;
        let refused = before == Class::HalfOpen && after == Class::Closed && !track.syn_acked;
        if !place.sealed && (packet.payload_len > 0 || place.live.is_some()) {
            self.read_segment(slot, side, packet, segment, payload, follow);
        }
        if before == after {
            let mut order = std::mem::take(self.order(after));
            order.touch(&mut self.slots, slot);
            *self.order(after) = order;
        } else {
            self.unlist(slot, before);
            self.list(slot, after);
        }
        if refused {
            self.end(slot, follow);
        }
    }

    fn on_datagram(&mut self, slot: u32, side: Side, packet: &Packet, payload: &[u8], follow: &mut F) {
        let Some(place) = self.slots.0.get_mut(slot as usize) else { return };
        place.track.count(side, packet);
        let readable = note_chunk(&mut place.track, side, packet.layer4);
        if let Some(book) = self.turns.as_mut().filter(|_| readable && packet.payload_len > 0) {
            book.note(slot, side, packet.time, packet.payload_len, payload.first().copied());
        }
        let before = place.track.class;
        let after = match before {
            Class::Released => Class::Released,
            _ if place.track.both_heard() => Class::Answered,
            _ => Class::Unanswered,
        };
        place.track.class = after;
        if !place.sealed && readable && !payload.is_empty() {
            self.read_datagram(slot, side, payload, follow);
        }
        self.unlist(slot, before);
        self.list(slot, after);
    }

    /// Makes sure the flow's bytes are read, if anybody wants them and there is room.
    fn live(&mut self, slot: u32, side: Side, follow: &mut F) -> Option<(&mut Track, &mut Live<F::State>)> {
        let place = self.slots.0.get(slot as usize)?;
        if place.live.is_none() && self.live >= self.limits.followed_max {
            self.release_answered(slot, follow);
        }
        let full = self.live >= self.limits.followed_max;
        let place = self.slots.0.get_mut(slot as usize)?;
        if place.live.is_none() {
            let state = if full { None } else { follow.begin(&mut place.track, side) };
            match state {
                Some(state) => {
                    let mut streams: Pair<Reassembly> = Pair::default();
                    for side in [Side::A, Side::B] {
                        if let Some(first) = place.track.heard[side].first_byte() {
                            streams[side].begin(first);
                        }
                    }
                    place.live = Some(Box::new(Live { streams, state, held: 0 }));
                    self.live += 1;
                }
                None => {
                    place.sealed = true;
                    self.tally.unread += u64::from(full);
                }
            }
        }
        place.live.as_deref_mut().map(|live| (&mut place.track, live))
    }

    fn read_segment(
        &mut self,
        slot: u32,
        side: Side,
        packet: &Packet,
        segment: Segment,
        payload: &[u8],
        follow: &mut F,
    ) {
        let Some((track, live)) = self.live(slot, side, follow) else { return };
        let at = track.last_moment();
        let mut interest = Interest::More;
        let Live { streams, state, .. } = live;
        let start = segment.sequence.wrapping_add(u32::from(segment.flags.syn()));
        let mut out = |side: Side, piece: Piece<'_>| {
            if interest == Interest::More {
                interest = match piece {
                    Piece::Bytes(bytes) => follow.bytes(track, state, side, bytes, at),
                    Piece::Gap(len) => follow.gap(track, state, side, len, at),
                };
            }
        };
        streams[side].push(start, payload, packet.payload_len, &mut |piece| out(side, piece));
        if segment.flags.ack() {
            let other = side.other();
            streams[other].acknowledge(segment.acknowledgement, &mut |piece| out(other, piece));
        }
        self.settle(slot, interest, follow);
    }

    fn read_datagram(&mut self, slot: u32, side: Side, payload: &[u8], follow: &mut F) {
        let Some((track, live)) = self.live(slot, side, follow) else { return };
        let at = track.last_moment();
        let interest = follow.datagram(track, &mut live.state, side, payload, at);
        self.settle(slot, interest, follow);
    }

    /// Stops reading a flow that nobody wants, or that would hold too much.
    fn settle(&mut self, slot: u32, interest: Interest, follow: &mut F) {
        let Some(place) = self.slots.0.get_mut(slot as usize) else { return };
        let Some(live) = &mut place.live else { return };
        let waiting: usize = live.streams.iter().map(Reassembly::waiting_bytes).sum();
        let held = waiting + follow.held(&live.state);
        self.held = self.held + held - live.held.min(self.held);
        live.held = held;
        let too_much = held > 0 && self.held > self.limits.waiting_bytes_max;
        if too_much {
            self.tally.unread += 1;
            self.release(slot, follow);
        } else if interest == Interest::Sealed {
            self.seal(slot);
        }
    }

    /// Reads a flow no further, and returns what was kept for that.
    fn seal(&mut self, slot: u32) -> Option<Box<Live<F::State>>> {
        let place = self.slots.0.get_mut(slot as usize)?;
        place.sealed = true;
        let live = place.live.take()?;
        self.held = self.held.saturating_sub(live.held);
        self.live = self.live.saturating_sub(1);
        Some(live)
    }

    /// Reads a flow no further; what waits behind holes and what was half understood is told first.
    fn release(&mut self, slot: u32, follow: &mut F) {
        if let Some(mut live) = self.seal(slot)
            && let Some(place) = self.slots.0.get_mut(slot as usize)
        {
            flush(&mut live, &mut place.track, follow);
            follow.release(&mut place.track, live.state);
            self.touch(slot);
        }
    }

    /// Makes room for a flow to be read: of the answered datagram flows (most are one question and its
    /// answer), the one that has been idle longest has said what it had to say.
    fn release_answered(&mut self, wanted: u32, follow: &mut F) {
        // Every turn takes one flow off the list for good, so this costs a step for each flow in all.
        while self.live >= self.limits.followed_max {
            let Some(front) = self.order(Class::Answered).front().filter(|front| *front != wanted) else {
                break;
            };
            self.release(front, follow);
            if let Some(place) = self.slots.0.get_mut(front as usize) {
                place.sealed = true;
                place.track.class = Class::Released;
            }
            self.unlist(front, Class::Answered);
            self.list(front, Class::Released);
        }
    }
}

/// How far apart two moments are. A packet with a time far in the future must not keep its flow, and
/// all that stand behind it, for ever.
fn apart(one: Timestamp, other: Timestamp) -> Nanos {
    (one - other).saturating_abs()
}

/// The flow is over: what waits behind holes is read after all.
fn flush<F: Follow>(live: &mut Live<F::State>, track: &mut Track, follow: &mut F) {
    let at = track.last_moment();
    for side in [Side::A, Side::B] {
        let Live { streams, state, .. } = live;
        streams[side].flush(&mut |piece| {
            match piece {
                Piece::Bytes(bytes) => follow.bytes(track, state, side, bytes, at),
                Piece::Gap(len) => follow.gap(track, state, side, len, at),
            };
        });
    }
}
