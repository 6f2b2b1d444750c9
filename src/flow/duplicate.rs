//! Copies of a packet that a mirror delivers: both ports of a switch, or both sides of a router.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::decode::Packet;
use crate::model::{Mac, Nanos, Timestamp};

/// A copy that is the same to the last bit comes at once.
const IDENTICAL_WITHIN: Nanos = 1_000_000;

/// A routed copy differs in MAC, VLAN or TTL, and may have waited in the router.
const ROUTED_WITHIN: Nanos = 50_000_000;

/// Packets remembered a shard: 8,192 × 48 B = 400 KiB; at 100,000 packets/s a shard that is 80 ms.
const REMEMBERED_MAX: usize = 8_192;

#[derive(Clone, Copy)]
struct Memory {
    fingerprint: u64,
    time: Timestamp,
    link: Link,
}

/// What a router changes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Link {
    source: Mac,
    destination: Mac,
    vlan: u16,
    ttl: u8,
}

/// The packets of the last moments.
pub struct Duplicates {
    recent: VecDeque<Memory>,
    /// Places in `recent`, counted from the first packet ever remembered.
    index: HashTable<u64>,
    forgotten: u64,
}

impl Default for Duplicates {
    fn default() -> Self {
        Duplicates { recent: VecDeque::new(), index: HashTable::new(), forgotten: 0 }
    }
}

impl Duplicates {
    /// True if this packet is a copy of one seen just before. Remembers it otherwise.
    pub fn is_copy(&mut self, packet: &Packet) -> bool {
        self.forget(packet.time);
        let link = Link {
            source: packet.source_mac,
            destination: packet.destination_mac,
            vlan: packet.vlan,
            ttl: packet.ttl,
        };
        if let Some(place) = self.find(packet.fingerprint)
            && let Some(earlier) = self.recent.get(place)
        {
            let within = if earlier.link == link { IDENTICAL_WITHIN } else { ROUTED_WITHIN };
            let age = packet.time - earlier.time;
            if (-within..=within).contains(&age) {
                return true;
            }
        }
        self.remember(Memory { fingerprint: packet.fingerprint, time: packet.time, link });
        false
    }

    fn find(&self, fingerprint: u64) -> Option<usize> {
        let place =
            self.index.find(fingerprint, |number| self.fingerprint_of(*number) == Some(fingerprint))?;
        usize::try_from(place - self.forgotten).ok()
    }

    fn fingerprint_of(&self, number: u64) -> Option<u64> {
        let place = usize::try_from(number.checked_sub(self.forgotten)?).ok()?;
        self.recent.get(place).map(|memory| memory.fingerprint)
    }

    fn remember(&mut self, memory: Memory) {
        let number = self.forgotten + self.recent.len() as u64;
        self.recent.push_back(memory);
        let (recent, forgotten) = (&self.recent, self.forgotten);
        let hash = |number: &u64| {
            let place = usize::try_from(number.saturating_sub(forgotten)).unwrap_or(usize::MAX);
            recent.get(place).map_or(0, |memory| memory.fingerprint)
        };
        match self.index.find_mut(memory.fingerprint, |number| hash(number) == memory.fingerprint) {
            Some(newest) => *newest = number,
            None => {
                self.index.insert_unique(memory.fingerprint, number, hash);
            }
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.recent.front() {
            let old = now - oldest.time > ROUTED_WITHIN || self.recent.len() >= REMEMBERED_MAX;
            if !old {
                break;
            }
            let (fingerprint, number) = (oldest.fingerprint, self.forgotten);
            if let Ok(entry) = self.index.find_entry(fingerprint, |newest| *newest == number) {
                entry.remove();
            }
            self.recent.pop_front();
            self.forgotten += 1;
        }
    }
}
