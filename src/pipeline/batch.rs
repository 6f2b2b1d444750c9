//! Packets on their way to worker threads, in batches that are used again and again.

use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::SHARDS;
use super::sandbox::parser_thread;
use super::shard::{Findings, Orders, Shard};

/// What shards have to say, each with its place.
pub type Said = Vec<(usize, Findings)>;

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

/// What a worker is asked to do.
enum Work {
    Follow(Batch),
    HandOver,
}

/// The worker's ends of its ways.
struct Ends {
    to_do: Receiver<Work>,
    done: Sender<Batch>,
    /// Where it hands over what it gained.
    said: Option<Sender<Said>>,
}

struct Worker<'scope> {
    filling: Batch,
    full: Sender<Work>,
    empty: Receiver<Batch>,
    thread: ScopedJoinHandle<'scope, Said>,
}

/// The worker threads. Worker `w` of `n` owns the shards `w, w + n, w + 2n …`.
pub struct Workers<'scope> {
    workers: Vec<Worker<'scope>>,
}

impl<'scope> Workers<'scope> {
    /// Starts this many. Those of a live run say on `said` what they gained whenever they are asked.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        count: usize,
        orders: Orders,
        said: Option<&Sender<Said>>,
    ) -> Self {
        let start = |number: usize| {
            let (full, to_do) = bounded(UNDER_WAY_MAX);
            let (done, empty) = bounded(UNDER_WAY_MAX + 1);
            let ends = Ends { to_do, done, said: said.cloned() };
            let thread = scope.spawn(move || work(number, count, orders, &ends));
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
            let _gone = worker.full.send(Work::Follow(full));
        }
    }

    /// Asks every worker to say what it gained from the packets sent so far.
    pub fn hand_over(&mut self) {
        for worker in &mut self.workers {
            if !worker.filling.packets.is_empty() {
                let next = worker.empty.try_recv().unwrap_or_default();
                let rest = std::mem::replace(&mut worker.filling, next);
                let _gone = worker.full.send(Work::Follow(rest));
            }
            let _gone = worker.full.send(Work::HandOver);
        }
    }

    /// True if a worker has panicked; its panic is raised in `finish`.
    pub fn is_broken(&self) -> bool {
        self.workers.iter().any(|worker| worker.thread.is_finished())
    }

    /// How full the fullest worker's queue is, from 0 to 1.
    pub fn fill(&self) -> f64 {
        let longest = self.workers.iter().map(|worker| worker.full.len()).max().unwrap_or_default();
        longest as f64 / UNDER_WAY_MAX as f64
    }

    /// Sends what is left and waits for all workers. The findings are in the order of the shards.
    pub fn finish(self) -> Vec<Findings> {
        let mut findings: Said = Vec::with_capacity(SHARDS);
        let mut threads = Vec::new();
        for Worker { filling, full, empty: _, thread } in self.workers {
            let _gone = full.send(Work::Follow(filling));
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

fn work(number: usize, count: usize, orders: Orders, ends: &Ends) -> Said {
    parser_thread();
    let places = || (number..SHARDS).step_by(count);
    let mut shards: Vec<Shard> = places().map(|_| Shard::new(orders)).collect();
    for work in &ends.to_do {
        match work {
            Work::Follow(mut batch) => {
                follow(&batch, count, &mut shards);
                batch.clear();
                let _nobody_waits = ends.done.try_send(batch);
            }
            Work::HandOver => {
                let gained = places().zip(shards.iter_mut().map(Shard::hand_over)).collect();
                // Who does not listen any more will raise what stopped him.
                let _nobody_listens = ends.said.as_ref().map(|said| said.send(gained));
            }
        }
    }
    places().zip(shards.into_iter().map(Shard::finish)).collect()
}

fn follow(batch: &Batch, count: usize, shards: &mut [Shard]) {
    let mut start = 0;
    for item in &batch.packets {
        let payload = batch.payload.get(start..item.payload_end).unwrap_or_default();
        start = item.payload_end;
        if let Some(shard) = shards.get_mut(item.shard / count) {
            shard.on_packet(&item.packet, payload);
        }
    }
}
