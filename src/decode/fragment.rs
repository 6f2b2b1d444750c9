//! IPv4 and IPv6 fragments become packets again (RFC 791 §3.2, RFC 8200 §4.5).
//!
//! etherparse puts fragments together too, but any number of packets may wait in its pool, and what the
//! capture cut is no fragment to it.
//!
//! Everything is kept in the order of arrival, so that what is given up, and when, depends on the
//! packets alone. Where fragments contradict each other the bytes of the one with the lower offset
//! stand, and the contradiction is counted: a map is drawn here, not a connection served.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;
use hashbrown::HashMap;

use crate::model::{Address, Nanos, Realm, Timestamp};

use super::field::u16_at;
use super::network::{Ip, Piece};
use super::outside::Outside;
use super::transport::UDP;

/// Pieces of one packet: 64 KiB in pieces of 556 B, for links of the 576 B that every IPv4 network
/// must carry, are 118.
const PIECES_MAX: usize = 128;

/// A packet of IPv4, and an IPv6 one that is no jumbogram, carries no more.
const PAYLOAD_LEN_MAX: u32 = 65_535;

/// What keeping a piece costs beside its bytes, rounded up.
const PIECE_OVERHEAD: usize = 64;

/// How long after a packet was whole its fragments still count as copies: mirrors of two ports
/// deliver both copies within this.
const COPY_AGE_MAX: Nanos = 50_000_000;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub bytes_max: usize,
    pub packets_max: usize,
    pub age_max: Nanos,
}

/// Packets of which fragments were seen.
#[derive(Debug)]
pub(super) struct Fragments {
    bounds: Bounds,
    /// Those not whole yet, oldest first.
    waiting: BTreeMap<u64, Waiting>,
    by_key: HashMap<Key, u64, RandomState>,
    /// Those that were whole lately, by the sums of their pieces.
    whole: HashMap<Key, Box<[u64]>, RandomState>,
    whole_order: VecDeque<(Timestamp, Key)>,
    bytes: usize,
    next: u64,
    seed: RandomState,
}

/// What all fragments of a packet share. IPv6 leaves the protocol out (RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    realm: Realm,
    source: Address,
    destination: Address,
    protocol: u8,
    id: u32,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    since: Timestamp,
    /// The header facts: of the first piece once it came, of any other until then.
    outside: Outside,
    ip: Ip<'static>,
    has_first: bool,
    pieces: Vec<Part>,
    /// Where the payload ends, once the last piece came.
    end: Option<u32>,
    ip_len: u32,
    bytes: usize,
}

/// One piece; `sent` is its length on the wire, of which `bytes` were captured.
#[derive(Debug)]
struct Part {
    offset: u32,
    sent: u32,
    bytes: Box<[u8]>,
}

/// What a fragment did.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Others are waited for.
    Kept,
    /// It was seen already.
    Copy,
    /// It was the last one that was missing.
    Whole(Joined),
    /// It cannot be part of any packet, or of no more of them.
    Refused(&'static str),
}

/// A packet put together, or as much of it as came.
#[derive(Debug)]
pub(super) struct Joined {
    /// What stood outside of its first piece, with the time of the frame that made it whole.
    pub outside: Outside,
    /// Its header, with the sum of the lengths and without payload.
    pub ip: Ip<'static>,
    /// Its payload up to the first hole.
    pub payload: Vec<u8>,
    /// The number of its fragments.
    pub packets: u16,
    /// Its first piece came: the payload begins with a transport header.
    pub has_first: bool,
    /// Pieces contradicted each other.
    pub overlap: bool,
}

impl Fragments {
    pub(super) fn new(bounds: Bounds) -> Self {
        Fragments {
            bounds,
            waiting: BTreeMap::new(),
            by_key: HashMap::default(),
            whole: HashMap::default(),
            whole_order: VecDeque::new(),
            bytes: 0,
            next: 0,
            seed: RandomState::default(),
        }
    }

    /// Takes one fragment in.
    pub(super) fn add(&mut self, outside: &Outside, ip: &Ip<'_>, piece: Piece) -> Outcome {
        if ip.payload_len == 0 || piece.offset.saturating_add(ip.payload_len) > PAYLOAD_LEN_MAX {
            return Outcome::Refused("fragment_length");
        }
        let key = Key {
            realm: outside.realm,
            source: ip.source,
            destination: ip.destination,
            protocol: if ip.source.is_v4() { ip.protocol } else { 0 },
            id: piece.id,
        };
        self.forget_whole(outside.time);
        if self.whole.get(&key).is_some_and(|sums| sums.contains(&self.sum(piece.offset, ip.payload))) {
            return Outcome::Copy;
        }
        let number = *self.by_key.entry(key).or_insert_with(|| {
            self.next += 1;
            self.next
        });
        let waiting = self.waiting.entry(number).or_insert_with(|| Waiting::new(key, outside, ip));
        let before = waiting.bytes;
        let outcome = waiting.add(outside, ip, piece);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(waiting.bytes);
        if !matches!(outcome, Outcome::Kept) || !waiting.is_whole() {
            return outcome;
        }
        match self.take(number) {
            Some(whole) => {
                self.remember_whole(&whole, outside.time);
                let joined = whole.join();
                let Outside { time, frame, source_index, .. } = *outside;
                Outcome::Whole(Joined {
                    outside: Outside { time, frame, source_index, ..joined.outside },
                    ..joined
                })
            }
            None => Outcome::Kept,
        }
    }

    /// A packet that is given up because it waited too long, or because too much is waiting.
    #[inline]
    pub(super) fn give_up(&mut self, now: Timestamp) -> Option<Joined> {
        let (number, oldest) = self.waiting.first_key_value()?;
        let too_much = self.bytes > self.bounds.bytes_max || self.waiting.len() > self.bounds.packets_max;
        if !too_much && now - oldest.since <= self.bounds.age_max {
            return None;
        }
        let number = *number;
        self.take(number).map(Waiting::join)
    }

    /// The oldest of the packets that wait, for the end of everything.
    pub(super) fn take_oldest(&mut self) -> Option<Joined> {
        let number = *self.waiting.first_key_value()?.0;
        self.take(number).map(Waiting::join)
    }

    fn take(&mut self, number: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&number)?;
        self.by_key.remove(&waiting.key);
        self.bytes = self.bytes.saturating_sub(waiting.bytes);
        Some(waiting)
    }

    fn remember_whole(&mut self, whole: &Waiting, now: Timestamp) {
        let sums = whole.pieces.iter().map(|part| self.sum(part.offset, &part.bytes)).collect();
        if self.whole.insert(whole.key, sums).is_none() {
            self.whole_order.push_back((now, whole.key));
        }
    }

    fn forget_whole(&mut self, now: Timestamp) {
        while let Some((since, key)) = self.whole_order.front().copied() {
            if now - since <= COPY_AGE_MAX && self.whole_order.len() <= self.bounds.packets_max {
                return;
            }
            self.whole_order.pop_front();
            self.whole.remove(&key);
        }
    }

    fn sum(&self, offset: u32, bytes: &[u8]) -> u64 {
        let mut sum = self.seed.build_hasher();
        sum.write_u32(offset);
        sum.write(bytes);
        sum.finish()
    }
}

impl Waiting {
    fn new(key: Key, outside: &Outside, ip: &Ip<'_>) -> Self {
        Waiting {
            key,
            since: outside.time,
            outside: *outside,
            ip: ip.without_payload(),
            has_first: false,
            pieces: Vec::new(),
            end: None,
            ip_len: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, outside: &Outside, ip: &Ip<'_>, piece: Piece) -> Outcome {
        let place =
            self.pieces.partition_point(|part| (part.offset, part.sent) < (piece.offset, ip.payload_len));
        let same =
            self.pieces.get(place).filter(|part| (part.offset, part.sent) == (piece.offset, ip.payload_len));
        if same.is_some_and(|part| *part.bytes == *ip.payload) {
            return Outcome::Copy;
        }
        if self.pieces.len() >= PIECES_MAX {
            return Outcome::Refused("fragments_too_many");
        }
        if piece.offset == 0 && !self.has_first {
            self.has_first = true;
            self.outside = *outside;
            self.ip = ip.without_payload();
        }
        if !piece.more {
            self.end.get_or_insert(piece.offset + ip.payload_len);
        }
        self.ip_len = self.ip_len.saturating_add(ip.length);
        self.bytes += ip.payload.len() + PIECE_OVERHEAD;
        self.pieces
            .insert(place, Part { offset: piece.offset, sent: ip.payload_len, bytes: ip.payload.into() });
        Outcome::Kept
    }

    fn is_whole(&self) -> bool {
        let mut covered = 0;
        for part in &self.pieces {
            if part.offset > covered {
                return false;
            }
            covered = covered.max(part.offset + part.sent);
        }
        self.end.is_some_and(|end| covered >= end)
    }

    /// UDP says itself where it ends, should the last piece be missing.
    fn told_end(&self, payload: &[u8]) -> Option<u32> {
        let is_told = self.has_first && self.ip.protocol == UDP;
        u16_at(payload, 4).filter(|_| is_told).map(u32::from)
    }

    fn join(self) -> Joined {
        let mut payload = Vec::new();
        let mut seen = 0;
        let mut overlap = false;
        for part in &self.pieces {
            overlap |= part.offset < seen;
            seen = seen.max(part.offset + part.sent);
            // What the capture cut off a piece is a hole too: nothing behind it can be placed.
            let have = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            if let Some(skip) = have.checked_sub(part.offset) {
                let new = part.bytes.get(usize::try_from(skip).unwrap_or(usize::MAX)..);
                payload.extend_from_slice(new.unwrap_or_default());
            }
        }
        let end = self.end.or_else(|| self.told_end(&payload).filter(|end| *end > seen)).unwrap_or(seen);
        overlap |= seen > end;
        payload.truncate(usize::try_from(end).unwrap_or(usize::MAX));
        let packets = u16::try_from(self.pieces.len()).unwrap_or(u16::MAX);
        let ip = Ip { length: self.ip_len, payload_len: end, ..self.ip };
        Joined { outside: self.outside, ip, payload, packets, has_first: self.has_first, overlap }
    }
}
