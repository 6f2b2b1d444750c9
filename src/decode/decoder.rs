//! Joins the layers: from the bytes of a frame to the packets that it yields.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use crate::model::{Address, Nanos, Realm, Timestamp};

use super::fragment::{Bounds, Fragments, Joined, Outcome};
use super::link::{self, Carries, Linked};
use super::neighbour;
use super::network::{self, Ip, Piece};
use super::outside::Outside;
use super::packet::{Class, Layer4, LinkFact, Packet, Tunnel};
use super::transport::{self, Transport};
use super::tunnel::{self, Opened};

/// Tunnels inside of each other that are opened. Overlays in overlays make two or three.
const TUNNELS_MAX: u8 = 8;

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
    /// Sum up every payload to tell a wrong transport checksum. That costs about 25 ns for a packet of
    /// 600 B; nothing is decided by it.
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
    fragments: Fragments,
    tunnels: BTreeMap<Tunnel, (u64, Timestamp, Timestamp)>,
    seed: SeedableRandomState,
}

/// Where packets go.
pub(super) type Emit<'e> = &'e mut dyn FnMut(&Packet, &[u8]);

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Decoder {
            limits,
            fragments: Fragments::new(Bounds {
                bytes_max: limits.fragment_bytes_max,
                packets_max: limits.fragmented_packets_max,
                age_max: limits.fragment_age_max,
            }),
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
    /// other protocols what stands behind the IP header. That is one packet at most, unless packets
    /// of which fragments are missing are given up: these come first, with the time of their own frame.
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
        while let Some(cut) = self.fragments.give_up(time) {
            self.incomplete(&cut, emit);
        }
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
                match network::read(linked.rest, missing) {
                    Ok(ip) => {
                        if linked.pseudo_wire {
                            // Labels are no addresses, so nobody can be named for its ends.
                            let nobody = Address::default();
                            let kind = "mpls-pw";
                            let realm = Realm::DEFAULT;
                            let tunnel = Tunnel { kind, realm, source: nobody, destination: nobody };
                            self.remember_tunnel(tunnel, time);
                        }
                        self.packet_or_piece(&outside, &ip, emit)
                    }
                    Err(anomaly) => self.malformed(anomaly),
                }
            }
            Carries::Arp | Carries::Lldp | Carries::Cdp | Carries::Other => {
                self.learn(&linked, &outside);
                Class::NonIp
            }
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
    pub fn finish(&mut self, emit: Emit<'_>) {
        while let Some(cut) = self.fragments.take_oldest() {
            self.incomplete(&cut, emit);
        }
    }

    #[inline]
    fn note(&mut self, oddity: Option<&'static str>) {
        if let Some(oddity) = oddity {
            *self.anomalies.entry(oddity).or_default() += 1;
        }
    }

    fn malformed(&mut self, anomaly: &'static str) -> Class {
        self.note(Some(anomaly));
        Class::Malformed
    }

    /// What a frame carries that is not IP.
    fn learn(&mut self, linked: &Linked<'_>, outside: &Outside) {
        let fact = match linked.carries {
            Carries::Arp => neighbour::arp(linked.rest, outside.vlan),
            Carries::Lldp => neighbour::lldp(linked.source, linked.rest),
            Carries::Cdp => neighbour::cdp(linked.source, linked.rest),
            _ => None,
        };
        self.keep_fact(outside, fact);
    }

    fn keep_fact(&mut self, outside: &Outside, fact: Option<LinkFact>) {
        // A fact names no realm, so those of overlays would be taken for the tap's own network.
        let Some(fact) = fact.filter(|_| outside.realm.is_default()) else { return };
        if self.facts.len() < self.limits.link_facts_max {
            self.facts.push((outside.time, fact));
        } else {
            self.note(Some("link_facts_dropped"));
        }
    }

    fn remember_tunnel(&mut self, tunnel: Tunnel, time: Timestamp) {
        let room = self.tunnels.len() < self.limits.tunnels_max;
        match self.tunnels.entry(tunnel) {
            Entry::Occupied(mut known) => {
                let (packets, _, last) = known.get_mut();
                *packets += 1;
                *last = time;
            }
            Entry::Vacant(new) if room => {
                new.insert((1, time, time));
            }
            Entry::Vacant(_) => self.note(Some("tunnels_dropped")),
        }
    }

    #[inline]
    fn packet_or_piece(&mut self, outside: &Outside, ip: &Ip<'_>, emit: Emit<'_>) -> Class {
        self.note(ip.oddity);
        match ip.fragment {
            None => self.packet(outside, ip, 1, emit),
            Some(piece) => self.piece(outside, ip, piece, emit),
        }
    }

    fn piece(&mut self, outside: &Outside, ip: &Ip<'_>, piece: Piece, emit: Emit<'_>) -> Class {
        let outcome = self.fragments.add(outside, ip, piece);
        while let Some(cut) = self.fragments.give_up(outside.time) {
            self.incomplete(&cut, emit);
        }
        match outcome {
            Outcome::Kept => {}
            Outcome::Copy => return Class::Duplicate,
            Outcome::Refused(anomaly) => self.note(Some(anomaly)),
            Outcome::Whole(joined) => self.joined(&joined, emit),
        }
        Class::Analyzed
    }

    fn joined(&mut self, joined: &Joined, emit: Emit<'_>) {
        self.note(joined.overlap.then_some("fragment_overlap"));
        let mut ip = Ip { payload: &joined.payload, ..joined.ip };
        if !ip.source.is_v4() {
            ip.pass_extensions();
            self.note(ip.oddity);
        }
        if ip.fragment.is_some() {
            self.note(Some("fragment_nested"));
            ip.protocol = network::FRAGMENT;
        }
        self.packet(&joined.outside, &ip, joined.packets, emit);
    }

    fn incomplete(&mut self, cut: &Joined, emit: Emit<'_>) {
        self.note(Some("fragments_missing"));
        if cut.has_first {
            self.joined(cut, emit);
        } else {
            let carried = Transport {
                layer4: Layer4::Other(cut.ip.protocol),
                payload: &[],
                payload_len: cut.ip.payload_len,
                oddity: None,
            };
            self.emit(&cut.outside, &cut.ip, &carried, cut.packets, emit);
        }
    }

    /// A whole packet, or the one inside of it if it is a tunnel's. Recursion ends with
    /// [`TUNNELS_MAX`].
    #[inline]
    fn packet(&mut self, outside: &Outside, ip: &Ip<'_>, packets: u16, emit: Emit<'_>) -> Class {
        let carried = transport::read(ip);
        self.note(carried.oddity);
        match tunnel::open(ip, &carried) {
            Ok(None) => {}
            Ok(Some(_)) if outside.depth >= TUNNELS_MAX => self.note(Some("tunnel_too_deep")),
            Ok(Some(opened)) => {
                if let Some(class) = self.inside(outside, ip, &carried, opened, emit) {
                    return class;
                }
            }
            Err(anomaly) => self.note(Some(anomaly)),
        }
        if matches!(carried.layer4, Layer4::Icmp { v6: true, kind: 133..=136, .. }) {
            self.keep_fact(outside, neighbour::discovery(ip, outside.vlan));
        }
        self.emit(outside, ip, &carried, packets, emit);
        Class::Analyzed
    }

    /// What a tunnel carries; none if that is no IP packet, so that the tunnel's own packet is the
    /// innermost one and is emitted, and is not counted in the table of tunnels as well.
    fn inside(
        &mut self,
        outside: &Outside,
        ip: &Ip<'_>,
        carried: &Transport<'_>,
        opened: Opened<'_>,
        emit: Emit<'_>,
    ) -> Option<Class> {
        let linked = link::walk(opened.front, opened.content);
        let inside = Outside {
            realm: opened.realm.unwrap_or(outside.realm),
            source_mac: linked.source,
            destination_mac: linked.destination,
            vlan: match opened.mirror_vlan {
                Some(told) if linked.vlan == 0 => told,
                Some(_) => linked.vlan,
                None => outside.vlan,
            },
            depth: outside.depth + 1,
            ..*outside
        };
        let captured = u32::try_from(carried.payload.len()).unwrap_or(u32::MAX);
        let missing = carried.payload_len.saturating_sub(captured);
        let inner = match linked.carries {
            Carries::Ip => network::read(linked.rest, missing).ok(),
            Carries::Broken | Carries::Unread => None,
            Carries::Arp | Carries::Lldp | Carries::Cdp | Carries::Other => {
                self.learn(&linked, &inside);
                return None;
            }
        };
        let Some(inner) = inner else {
            self.note(Some("tunnel_content"));
            return None;
        };
        let (source, destination) = (ip.source, ip.destination);
        let tunnel = Tunnel { kind: opened.kind, realm: outside.realm, source, destination };
        self.remember_tunnel(tunnel, outside.time);
        Some(self.packet_or_piece(&inside, &inner, emit))
    }

    #[inline]
    fn emit(&self, outside: &Outside, ip: &Ip<'_>, carried: &Transport<'_>, packets: u16, emit: Emit<'_>) {
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
