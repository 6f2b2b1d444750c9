//! Packets on their way to worker threads, in batches that are used again and again.

use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::SHARDS;
use super::shard::{Findings, Orders, Shard};
use crate::decode::Packet;

/// A batch is sent when it holds this many packets or payload bytes: large enough that handing it
/// over costs little, small enough to stay in a core's cache.
const PACKETS_MAX: usize = 512;
const BYTES_MAX: usize = 512 * 1024;

/// Batches under way to one worker: 8 × ~600 KB = 5 MB.
const UNDER_WAY_MAX: usize = 8;

#[derive(Default)]
struct Batch {
    packets: Vec<Item>,
    payload: Vec<u8>,
}

struct Item {
    packet: Packet,
    shard: usize,
    payload_end: usize,
}

impl Batch {
    fn push(&mut self, shard: usize, packet: &Packet, payload: &[u8]) {
        self.payload.extend_from_slice(payload);
        self.packets.push(Item { packet: *packet, shard, payload_end: self.payload.len() });
    }

    fn is_full(&self) -> bool {
        self.packets.len() >= PACKETS_MAX || self.payload.len() >= BYTES_MAX
    }

    fn clear(&mut self) {
        self.packets.clear();
        self.payload.clear();
    }
}

struct Worker<'scope> {
    filling: Batch,
    full: Sender<Batch>,
    empty: Receiver<Batch>,
    thread: ScopedJoinHandle<'scope, Vec<(usize, Findings)>>,
}

/// The worker threads. Worker `w` of `n` owns the shards `w, w + n, w + 2n …`.
pub struct Workers<'scope> {
    workers: Vec<Worker<'scope>>,
}

impl<'scope> Workers<'scope> {
    /// Starts this many.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, count: usize, orders: Orders) -> Self {
        let start = |number: usize| {
            let (full, to_do) = bounded(UNDER_WAY_MAX);
            let (done, empty) = bounded(UNDER_WAY_MAX + 1);
            let thread = scope.spawn(move || work(number, count, orders, &to_do, &done));
            Worker { filling: Batch::default(), full, empty, thread }
        };
        Workers { workers: (0..count).map(start).collect() }
    }

    /// Hands a packet to the worker that owns its shard; waits while that one is behind.
    pub fn send(&mut self, shard: usize, packet: &Packet, payload: &[u8]) {
        let count = self.workers.len().max(1);
        let Some(worker) = self.workers.get_mut(shard % count) else { return };
        worker.filling.push(shard, packet, payload);
        if worker.filling.is_full() {
            let next = worker.empty.try_recv().unwrap_or_default();
            let full = std::mem::replace(&mut worker.filling, next);
            // A worker that is gone has panicked; its panic is raised in `finish`.
            let _gone = worker.full.send(full);
        }
    }

    /// Sends what is left and waits for all workers. The findings are in the order of the shards.
    pub fn finish(self) -> Vec<Findings> {
        let mut findings: Vec<(usize, Findings)> = Vec::with_capacity(SHARDS);
        let mut threads = Vec::new();
        for Worker { filling, full, empty: _, thread } in self.workers {
            let _gone = full.send(filling);
            threads.push(thread);
        }
        for thread in threads {
            match thread.join() {
                Ok(of_worker) => findings.extend(of_worker),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        findings.sort_by_key(|(shard, _)| *shard);
        findings.into_iter().map(|(_, found)| found).collect()
    }
}

fn work(
    number: usize,
    count: usize,
    orders: Orders,
    to_do: &Receiver<Batch>,
    done: &Sender<Batch>,
) -> Vec<(usize, Findings)> {
    let mut shards: Vec<Shard> = (number..SHARDS).step_by(count).map(|_| Shard::new(orders)).collect();
    for mut batch in to_do {
        let mut start = 0;
        for item in &batch.packets {
            let payload = batch.payload.get(start..item.payload_end).unwrap_or_default();
            start = item.payload_end;
            if let Some(shard) = shards.get_mut(item.shard / count) {
                shard.on_packet(&item.packet, payload);
            }
        }
        batch.clear();
        let _nobody_waits = done.try_send(batch);
    }
    let places = (number..SHARDS).step_by(count);
    places.zip(shards).map(|(place, shard)| (place, shard.finish())).collect()
}
