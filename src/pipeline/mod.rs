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
mod both;
mod expectation;
mod indication;
pub mod live;
mod reading;
pub mod sandbox;
mod shard;
pub mod survey;
mod token;
mod totals;

use crate::capture::{Frames, Progress};
use crate::decode::Packet;
pub use crate::flow::Limits;
use crate::graph::Map;
use crate::model::{FlowRecord, Indication};

use batch::Workers;
pub use both::both;
use reading::{Reading, Send};
use shard::{Orders, Shard};
pub use token::Tokens;
pub use totals::{PacketTotals, Totals};

/// Logical shards. Fixed, because limits are per shard and what is reported must not depend on the
/// number of workers. Each knows the hosts, names and services that its flows touch, so that every
/// shard more is memory; the reading thread has decoded as fast as it can long before eight are busy.
pub const SHARDS: usize = 8;

/// Frames between two calls of the progress function.
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
        live: false,
    };
    let mut reading = Reading::default();
    let mut all: Vec<_> = if settings.workers <= 1 {
        let mut shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::new(orders)).collect();
        read(&mut reading, frames, progress, &mut |shard, packet, payload| {
            if let Some(shard) = shards.get_mut(shard) {
                shard.on_packet(packet, payload);
            }
        });
        shards.into_iter().map(Shard::finish).collect()
    } else {
        std::thread::scope(|scope| {
            let mut workers = Workers::start(scope, settings.workers.min(SHARDS), orders, None);
            let mut send = |shard, packet: &Packet, payload: &[u8]| workers.send(shard, packet, payload);
            read(&mut reading, frames, progress, &mut send);
            workers.finish()
        })
    };
    let link = reading.hand_over();
    let mut totals = reading.totals(&frames.sources());
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

fn read(reading: &mut Reading, frames: &mut Frames, progress: &mut dyn FnMut(Progress), send: Send<'_>) {
    while let Some(frame) = frames.next() {
        reading.frame(&frame, send);
        if reading.read().is_multiple_of(FRAMES_PER_ROUND) {
            progress(frames.progress());
        }
    }
    reading.finish(send);
    progress(frames.progress());
}
