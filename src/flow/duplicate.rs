//! Copies of a packet that a mirror delivers: both ports of a switch, or both sides of a router.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::decode::Packet;
use crate::model::{Mac, Nanos, Timestamp};

/// A copy that is the same to the last bit and has no identification comes at once: later, it may be
/// an equal datagram.
const IDENTICAL_WITHIN: Nanos = 1_000_000;

/// A routed copy differs in MAC, VLAN or TTL, and may have waited in the router; one with an
/// identification is no other packet, and may have come by another capture.
const ROUTED_WITHIN: Nanos = 50_000_000;

/// Packets remembered a shard: 16,384 × 48 B = 800 KiB; at 200,000 packets/s a shard that is 80 ms.
const REMEMBERED_MAX: usize = 16_384;

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

/// How a copy came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The mirror delivered it twice: as it came into a switch, and as it left.
    Mirrored,
    /// A router has passed it on, and both sides of it are mirrored.
    Routed,
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
        self.copied(packet).is_some()
    }

    /// How this packet is a copy of one seen just before, if it is one. Remembers it otherwise.
    pub fn copied(&mut self, packet: &Packet) -> Option<Copied> {
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
            let identified = packet.ip_id != 0;
            let within = if earlier.link == link && !identified { IDENTICAL_WITHIN } else { ROUTED_WITHIN };
            let age = packet.time - earlier.time;
            if (-within..=within).contains(&age) {
                let routed = earlier.link.ttl != link.ttl;
                return Some(if routed { Copied::Routed } else { Copied::Mirrored });
            }
        }
        self.remember(Memory { fingerprint: packet.fingerprint, time: packet.time, link });
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Layer4;
    use crate::model::{Address, Realm};

    fn is_copy(ip_id: u16, ttl: u8, after: Nanos) -> bool {
        copied(ip_id, ttl, after).is_some()
    }

    fn copied(ip_id: u16, ttl: u8, after: Nanos) -> Option<Copied> {
        let packet = Packet {
            time: Timestamp::from_nanos(0),
            source_index: 0,
            frame: 1,
            realm: Realm::DEFAULT,
            source: Address::from([192, 0, 2, 1]),
            destination: Address::from([192, 0, 2, 2]),
            layer4: Layer4::Udp { ports: (1, 2) },
            ttl: 64,
            ip_id,
            ip_len: 40,
            packets: 1,
            payload_len: 12,
            source_mac: Mac::default(),
            destination_mac: Mac::default(),
            vlan: 0,
            fingerprint: 7,
            bad_checksum: false,
            depth: 0,
        };
        let mut duplicates = Duplicates::default();
        assert!(!duplicates.is_copy(&packet));
        duplicates.copied(&Packet { time: Timestamp::from_nanos(after), ttl, ..packet })
    }

    #[test]
    fn a_packet_with_an_identification_is_known_for_longer() {
        assert!(is_copy(9, 64, 20_000_000));
        assert!(is_copy(9, 63, 20_000_000));
        assert!(!is_copy(9, 64, 60_000_000));
    }

    #[test]
    fn a_router_is_told_by_the_ttl() {
        assert_eq!(copied(9, 64, 1_000), Some(Copied::Mirrored));
        assert_eq!(copied(9, 63, 1_000), Some(Copied::Routed));
    }

    #[test]
    fn one_without_is_a_copy_at_once_or_from_behind_a_router() {
        assert!(is_copy(0, 64, 1_000));
        assert!(!is_copy(0, 64, 20_000_000));
        assert!(is_copy(0, 63, 20_000_000));
    }
}
