//! Frames become packets, on the thread that reads: what it counts, and what the link layer tells.

use super::SHARDS;
use super::totals::Totals;
use crate::capture::{Frame, Source};
use crate::decode::{self, Class, Decoder, LinkFact, Packet};
use crate::graph::{Delta, Named};
use crate::model::{Address, HostKey, Mac, NameSource, Realm, Span, Timestamp};

/// Frames between two collections of link facts: a decoder keeps as many, so that none is dropped
/// whenever else somebody collects them.
const FRAMES_PER_COLLECTION: u64 = 1_024;

/// Where packets go: the shard, the packet, its payload.
pub type Send<'s> = &'s mut dyn FnMut(usize, &Packet, &[u8]);

/// Reading and decoding.
pub struct Reading {
    decoder: Decoder,
    totals: Totals,
    link: Delta,
}

impl Default for Reading {
    fn default() -> Self {
        let decoder = Decoder::new(decode::Limits::default());
        Reading { decoder, totals: Totals::default(), link: Delta::default() }
    }
}

impl Reading {
    /// Decodes a frame.
    pub fn frame(&mut self, frame: &Frame<'_>, send: Send<'_>) {
        let class = self.decoder.decode(
            frame.link.0,
            frame.time,
            frame.source,
            frame.number,
            frame.bytes,
            frame.wire_len,
            &mut |packet, payload| send(decode::shard_of(packet, SHARDS), packet, payload),
        );
        self.totals.count(class, frame.bytes.len(), frame.wire_len);
        if class == Class::NonIp {
            self.link.tick(frame.time);
        }
        if self.read().is_multiple_of(FRAMES_PER_COLLECTION) {
            self.take_link_facts();
        }
    }

    /// Frames read.
    pub const fn read(&self) -> u64 {
        self.totals.packets.read
    }

    /// No frame comes any more: sends what waited for its fragments.
    pub fn finish(&mut self, send: Send<'_>) {
        self.decoder.finish(&mut |packet, payload| send(decode::shard_of(packet, SHARDS), packet, payload));
    }

    /// Everything counted, with what the sources counted.
    pub fn totals(&self, sources: &[Source]) -> Totals {
        let mut totals = self.totals.clone();
        totals.anomalies = self.decoder.anomalies().collect();
        totals.unread_link_types = self.decoder.unread_link_types().clone();
        sources.iter().for_each(|source| totals.add_source(source));
        totals
    }

    /// What the link layer and tunnels told since this was last called.
    pub fn hand_over(&mut self) -> Delta {
        self.take_link_facts();
        let mut link = std::mem::take(&mut self.link);
        for (tunnel, _, first, last) in self.decoder.tunnels() {
            for address in [tunnel.source, tunnel.destination] {
                let host = HostKey { realm: tunnel.realm, address };
                link.host(host, Span { first, last }, Mac::default(), 0, true);
                link.role(host, "tunnel-endpoint");
            }
        }
        link
    }

    /// What ARP, LLDP and their kin said since the last time.
    fn take_link_facts(&mut self) {
        for (time, fact) in self.decoder.link_facts() {
            match fact {
                LinkFact::Binding { mac, address, .. } => {
                    if !address.is_unspecified() && !address.is_group() {
                        self.link.binding(mac, HostKey { realm: Realm::DEFAULT, address }, time);
                    }
                }
                LinkFact::Neighbour { mac, address, name, cdp } => {
                    neighbour(&mut self.link, time, mac, address, &name, cdp);
                }
            }
        }
    }
}

fn neighbour(link: &mut Delta, time: Timestamp, mac: Mac, address: Option<Address>, name: &str, cdp: bool) {
    let source = if cdp { NameSource::Cdp } else { NameSource::Lldp };
    let name = name.to_lowercase();
    let named = match address {
        Some(address) => Named::Host(HostKey { realm: Realm::DEFAULT, address }),
        None => Named::Mac(mac),
    };
    link.name(named, source, name.into(), time);
}
