//! Joins the layers: from the bytes of a frame to the packets that it yields.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use crate::model::{Mac, Nanos, Realm, Timestamp};

use super::link::{self, Carries, Linked};
use super::network::{self, Ip};
use super::packet::{Class, LinkFact, Packet, Tunnel};
use super::transport;

/// What decoding may hold in memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of fragments that wait for the rest of their packet.
    pub fragment_bytes_max: usize,
    /// Packets whose fragments are waited for.
    pub fragmented_packets_max: usize,
    /// How long a packet's other fragments are waited for, by the packets' own time.
    pub fragment_age_max: Nanos,
    /// Tunnels that are remembered.
    pub tunnels_max: usize,
    /// Facts of the link layer that wait to be drained.
    pub link_facts_max: usize,
    /// Sum up every payload to tell a wrong transport checksum.
    pub verify_checksums: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            fragment_bytes_max: 4 << 20,
            // 1024 packets of 4 KiB each fill the bytes above.
            fragmented_packets_max: 1024,
            // RFC 791 §3.2 proposes 15 s, RFC 8200 §4.5 demands 60 s; most systems wait 30 s.
            fragment_age_max: 30_000_000_000,
            // About 100 B each: 400 KB.
            tunnels_max: 4096,
            link_facts_max: 1024,
            verify_checksums: true,
        }
    }
}

/// Turns frames into packets.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    anomalies: BTreeMap<&'static str, u64>,
    facts: Vec<(Timestamp, LinkFact)>,
    unread: BTreeMap<u16, u64>,
    tunnels: BTreeMap<Tunnel, (u64, Timestamp, Timestamp)>,
    seed: SeedableRandomState,
}

/// What the layers outside of the one being read have told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside {
    time: Timestamp,
    source_index: u32,
    frame: u64,
    realm: Realm,
    source_mac: Mac,
    destination_mac: Mac,
    vlan: u16,
    depth: u8,
}

/// Where packets go.
pub(super) type Emit<'e> = &'e mut dyn FnMut(&Packet, &[u8]);

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Decoder {
            limits,
            anomalies: BTreeMap::new(),
            facts: Vec::new(),
            unread: BTreeMap::new(),
            tunnels: BTreeMap::new(),
            // One seed for the whole process: copies of a packet may meet two decoders.
            seed: SeedableRandomState::with_seed(0, SharedSeed::global_random()),
        }
    }

    /// Decodes one frame, of which `bytes` were captured and `wire_len` bytes sent.
    ///
    /// `emit` gets each packet with its payload: for TCP and UDP what stands behind their header, for
    /// other protocols what stands behind the IP header.
    #[expect(clippy::too_many_arguments, reason = "the facts of a frame, which capture holds in one struct")]
    pub fn decode(
        &mut self,
        link_type: u16,
        time: Timestamp,
        source_index: u32,
        frame: u64,
        bytes: &[u8],
        wire_len: u32,
        emit: Emit<'_>,
    ) -> Class {
        let linked = link::read(link_type, bytes);
        let outside = Outside {
            time,
            source_index,
            frame,
            realm: Realm::DEFAULT,
            source_mac: linked.source,
            destination_mac: linked.destination,
            vlan: linked.vlan,
            depth: 0,
        };
        match linked.carries {
            Carries::Ip => {
                let missing = wire_len.saturating_sub(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                self.network(outside, &linked, missing, emit)
            }
            Carries::Arp | Carries::Lldp | Carries::Cdp | Carries::Other => Class::NonIp,
            Carries::Broken => self.malformed("link_header_cut"),
            Carries::Unread => {
                *self.unread.entry(link_type).or_default() += 1;
                Class::Unsupported
            }
        }
    }

    /// What the link layer told since this was last called, oldest first.
    pub fn link_facts(&mut self) -> impl Iterator<Item = (Timestamp, LinkFact)> + '_ {
        self.facts.drain(..)
    }

    /// The tunnels seen: how many packets each carried, the time of the first and of the last.
    pub fn tunnels(&self) -> impl Iterator<Item = (Tunnel, u64, Timestamp, Timestamp)> + '_ {
        self.tunnels.iter().map(|(tunnel, (packets, first, last))| (*tunnel, *packets, *first, *last))
    }

    /// What was odd, by name, and how often.
    pub fn anomalies(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.anomalies.iter().map(|(name, count)| (*name, *count))
    }

    /// Frames by link type that could not be read because of it.
    pub fn unread_link_types(&self) -> &BTreeMap<u16, u64> {
        &self.unread
    }

    /// Emits what is left: packets of which not all fragments were seen.
    pub fn finish(&mut self, _emit: Emit<'_>) {}

    fn note(&mut self, oddity: Option<&'static str>) {
        if let Some(oddity) = oddity {
            *self.anomalies.entry(oddity).or_default() += 1;
        }
    }

    fn malformed(&mut self, anomaly: &'static str) -> Class {
        self.note(Some(anomaly));
        Class::Malformed
    }

    #[inline]
    fn network(&mut self, outside: Outside, linked: &Linked<'_>, missing: u32, emit: Emit<'_>) -> Class {
        let ip = match network::read(linked.rest, missing) {
            Ok(ip) => ip,
            Err(anomaly) => return self.malformed(anomaly),
        };
        self.note(ip.oddity);
        if ip.fragment.is_some() {
            return Class::Analyzed;
        }
        self.packet(&outside, &ip, 1, emit);
        Class::Analyzed
    }

    #[inline]
    fn packet(&mut self, outside: &Outside, ip: &Ip<'_>, packets: u16, emit: Emit<'_>) {
        let carried = transport::read(ip);
        self.note(carried.oddity);
        let packet = Packet {
            time: outside.time,
            source_index: outside.source_index,
            frame: outside.frame,
            realm: outside.realm,
            source: ip.source,
            destination: ip.destination,
            layer4: carried.layer4,
            ttl: ip.ttl,
            ip_id: ip.id,
            ip_len: ip.length,
            packets,
            payload_len: carried.payload_len,
            source_mac: outside.source_mac,
            destination_mac: outside.destination_mac,
            vlan: outside.vlan,
            fingerprint: self.fingerprint(outside.realm, ip),
            bad_checksum: self.limits.verify_checksums && transport::checksum_is_wrong(ip),
            depth: outside.depth,
        };
        emit(&packet, carried.payload);
    }

    /// A sum over what every copy of this packet shares. The realm is among it: the same bytes inside
    /// and outside of an overlay are two sightings by two networks.
    #[inline]
    fn fingerprint(&self, realm: Realm, ip: &Ip<'_>) -> u64 {
        let mut sum = self.seed.build_hasher();
        sum.write_u128(ip.source.bits());
        sum.write_u128(ip.destination.bits());
        sum.write_u128(
            u128::from(ip.length) << 64
                | u128::from(ip.flow_label) << 32
                | u128::from(ip.id) << 8
                | u128::from(ip.protocol),
        );
        if !realm.is_default() {
            realm.hash(&mut sum);
        }
        sum.write(transport::shared_bytes(ip));
        sum.finish()
    }
}
