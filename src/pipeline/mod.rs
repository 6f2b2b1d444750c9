//! The only starter of packet threads; joins capture, decode, flow, protocol and graph.
//!
//! ```text
//!  sources ─> Frames ─> Decoder ─┬─ batch ─> worker 0: shards 0, n, 2n …  ─┐
//!             (calling thread)   └─ batch ─> worker n−1: shards n−1 …     ─┴─> Delta, in shard order
//! ```
//!
//! | thread | owns | receives | sends | when full |
//! |---|---|---|---|---|
//! | caller | sources, decoder | – | batches of packets | waits |
//! | worker × n | its shards' tables and deltas | batches | emptied batches back | – |
//!
//! There are always [`SHARDS`] logical shards with limits of their own. How many workers own them
//! changes nothing that is said: each shard sees the same packets in the same order.
//! With one worker everything happens on the calling thread.

mod batch;
mod expectation;
mod indication;
pub mod sandbox;
mod shard;
mod token;
mod totals;

use crate::capture::{Frames, Progress};
use crate::decode::{self, Class, Decoder, LinkFact, Packet};
use crate::flow::Limits;
use crate::graph::{Delta, Map};
use crate::model::{FlowRecord, HostKey, Indication, Mac, NameSource, Realm, Span, Timestamp};

use batch::Workers;
use shard::{Orders, Shard};
pub use token::Tokens;
pub use totals::{PacketTotals, Totals};

/// Logical shards. Fixed, because limits are per shard and what is reported must not depend on the
/// number of workers. Each knows the hosts, names and services that its flows touch, so that every
/// shard more is memory; the reading thread has decoded as fast as it can long before eight are busy.
pub const SHARDS: usize = 8;

/// Frames between two calls of the progress function, and between two collections of link facts.
const FRAMES_PER_ROUND: u64 = 8_192;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads that follow flows. 1: everything on the calling thread.
    pub workers: usize,
    /// Drop the copies of packets that a mirror delivers.
    pub drop_duplicates: bool,
    /// Keep the record of every flow with its turns, and the tokens in them.
    pub keep_records: bool,
    /// Limits of each shard's flow table.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { workers: 1, drop_duplicates: true, keep_records: false, limits: Limits::default() }
    }
}

/// What came of reading.
pub struct Outcome {
    /// Everything seen, ready for a snapshot.
    pub map: Map,
    /// How many packets of which class, and what was not kept.
    pub totals: Totals,
    /// Every flow in the order of its first packet, if that was asked for.
    pub records: Vec<FlowRecord>,
    /// What flows carry that others carry too, if records were asked for.
    pub tokens: Tokens,
    /// Names, fingerprints and users with who showed them to whom, sorted, if records were asked for.
    pub indications: Vec<Indication>,
    /// How often one did not fit.
    pub indications_dropped: u64,
}

/// Reads all frames and adds up what they show. `progress` is called now and then.
pub fn run(frames: &mut Frames, settings: &Settings, progress: &mut dyn FnMut(Progress)) -> Outcome {
    let orders = Orders {
        limits: settings.limits,
        drop_duplicates: settings.drop_duplicates,
        keep_records: settings.keep_records,
    };
    let mut reader = Reader::new(frames, progress);
    let mut all: Vec<_> = if settings.workers <= 1 {
        let mut shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::new(orders)).collect();
        reader.read(&mut |shard, packet, payload| {
            if let Some(shard) = shards.get_mut(shard) {
                shard.on_packet(packet, payload);
            }
        });
        shards.into_iter().map(Shard::finish).collect()
    } else {
        std::thread::scope(|scope| {
            let mut workers = Workers::start(scope, settings.workers.min(SHARDS), orders);
            reader.read(&mut |shard, packet, payload| workers.send(shard, packet, payload));
            workers.finish()
        })
    };
    let (mut totals, link) = reader.finish();
    let mut map = Map::default();
    let mut records = Vec::new();
    let mut tokens = Tokens::default();
    let mut indications = Vec::new();
    let mut indications_dropped = 0;
    for found in &mut all {
        totals.add_shard(found.copies, &found.tally);
        records.append(&mut found.records);
        tokens.join(std::mem::take(&mut found.tokens));
        indications_dropped += found.indications.dropped;
        indications.extend(std::mem::take(&mut found.indications).into_rows());
    }
    map.add(all.into_iter().map(|found| found.delta).chain([link]).collect());
    records.sort_by_key(|record| (record.first, record.frame, record.key));
    tokens.sort();
    indications.sort_unstable();
    Outcome { map, totals, records, tokens, indications, indications_dropped }
}

/// Reading and decoding, on the calling thread.
struct Reader<'a> {
    frames: &'a mut Frames,
    progress: &'a mut dyn FnMut(Progress),
    decoder: Decoder,
    totals: Totals,
    link: Delta,
}

impl<'a> Reader<'a> {
    fn new(frames: &'a mut Frames, progress: &'a mut dyn FnMut(Progress)) -> Self {
        let decoder = Decoder::new(decode::Limits::default());
        Reader { frames, progress, decoder, totals: Totals::default(), link: Delta::default() }
    }

    fn read(&mut self, send: &mut dyn FnMut(usize, &Packet, &[u8])) {
        let mut emit = |packet: &Packet, payload: &[u8]| {
            send(decode::shard_of(packet, SHARDS), packet, payload);
        };
        while let Some(frame) = self.frames.next() {
            let class = self.decoder.decode(
                frame.link.0,
                frame.time,
                frame.source,
                frame.number,
                frame.bytes,
                frame.wire_len,
                &mut emit,
            );
            self.totals.count(class, frame.bytes.len(), frame.wire_len);
            if class == Class::NonIp {
                self.link.tick(frame.time);
            }
            if self.totals.packets.read.is_multiple_of(FRAMES_PER_ROUND) {
                take_link_facts(&mut self.decoder, &mut self.link);
                (self.progress)(self.frames.progress());
            }
        }
        self.decoder.finish(&mut emit);
        (self.progress)(self.frames.progress());
    }

    fn finish(mut self) -> (Totals, Delta) {
        take_link_facts(&mut self.decoder, &mut self.link);
        for (tunnel, _, first, last) in self.decoder.tunnels() {
            for address in [tunnel.source, tunnel.destination] {
                let host = HostKey { realm: tunnel.realm, address };
                self.link.host(host, Span { first, last }, Mac::default(), 0, true);
                self.link.role(host, "tunnel-endpoint");
            }
        }
        self.totals.anomalies = self.decoder.anomalies().collect();
        self.totals.unread_link_types = self.decoder.unread_link_types().clone();
        for source in self.frames.sources() {
            self.totals.add_source(&source);
        }
        (self.totals, self.link)
    }
}

/// What ARP, LLDP and their kin said since the last time.
fn take_link_facts(decoder: &mut Decoder, link: &mut Delta) {
    for (time, fact) in decoder.link_facts() {
        match fact {
            LinkFact::Binding { mac, address, .. } => {
                if !address.is_unspecified() && !address.is_group() {
                    link.binding(mac, HostKey { realm: Realm::DEFAULT, address }, time);
                }
            }
            LinkFact::Neighbour { mac, address, name, cdp } => {
                neighbour(link, time, mac, address, &name, cdp)
            }
        }
    }
}

fn neighbour(
    link: &mut Delta,
    time: Timestamp,
    mac: Mac,
    address: Option<crate::model::Address>,
    name: &str,
    cdp: bool,
) {
    use crate::graph::Named;
    let source = if cdp { NameSource::Cdp } else { NameSource::Lldp };
    let name = name.to_lowercase();
    let named = match address {
        Some(address) => Named::Host(HostKey { realm: Realm::DEFAULT, address }),
        None => Named::Mac(mac),
    };
    link.name(named, source, name.into(), time);
}
