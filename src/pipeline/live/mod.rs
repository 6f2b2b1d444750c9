//! A map that grows while packets come.
//!
//! ```text
//!  arrivals ─> Reading ─┬─ batch, tick ─> worker 0: shards 0, n, 2n …  ─┐ gains
//!           (calling    └─ batch, tick ─> worker n−1: shards n−1 …     ─┤
//!            thread)  ───── link facts, totals, pulse ───────────────────┴─> merger ─> Board ─> readers
//!                                                                              └─ Gained ─> keeper
//! ```
//!
//! | thread | owns | receives | sends | when full |
//! |---|---|---|---|---|
//! | caller | arrivals, decoder | – | batches; at a tick what it counted | waits for the worker: the kernel's ring fills, and what that drops is counted |
//! | worker × n | its shards' tables, and what they gained since the tick | batches, ticks | gains | – : there is one tick under way at most |
//! | merger | the map of flows that ended, and the open flows | gains | maps to the board, gains to the keeper | joins gains until the keeper takes them |
//! | keeper | whatever keeps things for good | gains | – | – |
//!
//! At a tick every shard hands over its delta and the records of the flows that have changed. The
//! merger adds them to what it has of that shard. The map that it shows is that of all flows that have
//! ended and of those that go on as if they ended now.
//!
//! **Invariant:** when capture is over, the map is that of the same frames read from a file, whatever
//! the number of workers and wherever the ticks were.
//!
//! **Invariant:** every map shown is one of a prefix of the frames: the shards are asked between the
//! same two frames, and the merger waits for all of them.

mod arrivals;
mod board;
mod clock;
mod health;
mod keeper;
mod learning;
mod merger;
mod records;
mod storing;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

pub use arrivals::Arrivals;
pub use board::{Board, Event, Published, What};
pub use clock::Clock;
pub use health::{Health, Trouble};
pub use keeper::{Keeper, Parcel};
pub use learning::Learning;
pub use records::Records;
pub use storing::Storing;

use super::batch::{Said, Workers};
use super::reading::Reading;
use super::sandbox::capture_thread;
use super::shard::{Findings, Orders};
use super::{Outcome, SHARDS};
use crate::capture::live::Arrival;
use crate::decode::Packet;
use crate::finding::Finding;
use crate::flow::Limits;
use crate::graph::{Delta, Map, Operator, Snapshot};
use crate::model::{Nanos, Span, Timestamp};

use health::Pulse;
use keeper::Outlet;
use merger::{Heard, Merger};

/// Frames after which the clock is looked at even if their own time stands still.
const FRAMES_PER_LOOK: u32 = 256;

/// When the frames' own time has gone on by so much, the clock is looked at.
const TIME_PER_LOOK: Nanos = 10_000_000;

const HOUR: Nanos = 3_600_000_000_000;

/// How to watch.
#[derive(Clone, Copy, Debug)]
pub struct LiveSettings {
    /// Threads that follow flows.
    pub workers: usize,
    /// Drop the copies of packets that a mirror delivers.
    pub drop_duplicates: bool,
    /// Limits of each shard's flow table.
    pub limits: Limits,
    /// From one tick to the next, by the clock.
    pub tick: Nanos,
    /// What was last seen longer ago than this is forgotten, by the packets' own time.
    pub window: Nanos,
    /// Records of flows that ended longer ago than this are let go.
    pub records: Nanos,
    /// Wait at every tick until its map is shown: for frames that nobody drops meanwhile.
    pub patient: bool,
}

impl Default for LiveSettings {
    fn default() -> Self {
        LiveSettings {
            workers: 1,
            drop_duplicates: true,
            limits: Limits::default(),
            tick: 250_000_000,
            window: 30 * 24 * HOUR,
            records: HOUR,
            patient: false,
        }
    }
}

/// Finds what is wrong on a map at a moment ([`crate::finding::find`] with what the operator knows).
pub type Judge<'a> = dyn Fn(&Snapshot, Timestamp) -> Vec<Finding> + Sync + 'a;

/// A sensor's surroundings.
pub struct Live<'a> {
    /// How to watch.
    pub settings: LiveSettings,
    /// What the operator knows; may change while the sensor runs.
    pub operator: &'a ArcSwap<Operator>,
    /// What is wrong on a map.
    pub judge: &'a Judge<'a>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

impl Live<'_> {
    /// A board with the map of what was known before: empty, or what a store kept.
    pub fn board(&self, known: &Delta) -> Board {
        let snapshot = Snapshot::new(Map::from(known.clone()), &self.operator.load());
        let as_of = snapshot.last;
        let findings = (self.judge)(&snapshot, as_of.unwrap_or_default());
        Board::new(Published {
            number: 0,
            records: Default::default(),
            indications: Default::default(),
            indications_dropped: 0,
            tokens: Default::default(),
            findings: findings.into(),
            totals: Default::default(),
            watched: Default::default(),
            sources: Default::default(),
            health: Health::default(),
            learning: Learning::of(&snapshot, &[]),
            as_of,
            events: 0,
            snapshot: snapshot.into(),
        })
    }

    /// Watches until nothing comes any more. `known` is what was known before, as it was given to
    /// [`Live::board`].
    pub fn run(
        &self,
        arrivals: &mut dyn Arrivals,
        board: &Board,
        known: Delta,
        keeper: Option<Box<dyn Keeper + '_>>,
    ) -> Outcome {
        let settings = &self.settings;
        let orders = Orders {
            limits: settings.limits,
            drop_duplicates: settings.drop_duplicates,
            keep_records: true,
            live: true,
        };
        std::thread::scope(|scope| {
            let count = settings.workers.clamp(1, SHARDS);
            let (said, gains) = unbounded();
            let (heard, hearing) = unbounded();
            let (ready, is_ready) = unbounded();
            let workers = Workers::start(scope, count, orders, Some(&said));
            drop(said);
            let outlet = keeper.map(|keeper| Outlet::start(scope, keeper));
            let merger = Merger::new(self, board, known, outlet);
            let merging = Merging { gains, hearing, ready, workers: count };
            let thread = scope.spawn(move || merging.merge(merger));
            let ticker = Ticker { live: self, heard, is_ready, under_way: false };
            // All others are started: they would inherit it.
            capture_thread();
            ticker.read(arrivals, workers);
            match thread.join() {
                Ok(outcome) => outcome,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

/// What the reading thread tells the merger.
enum Told {
    /// A tick: what it heard, and then as many gains as there are workers.
    Tick(Box<Heard>),
    /// The end: what it heard last, and what every shard said last.
    End(Box<Heard>, Vec<Findings>),
}

/// The merger's ends of its ways.
struct Merging {
    gains: Receiver<Said>,
    hearing: Receiver<Told>,
    ready: Sender<()>,
    workers: usize,
}

impl Merging {
    /// Merges until the end. Where reading stopped before its end, because somebody panicked, what has
    /// come so far is all.
    fn merge(self, mut merger: Merger<'_, '_>) -> Outcome {
        for told in self.hearing {
            match told {
                Told::Tick(heard) => {
                    for _ in 0..self.workers {
                        let Ok(gains) = self.gains.recv() else { break };
                        gains.into_iter().for_each(|(shard, found)| merger.absorb(shard, found));
                    }
                    merger.tick(*heard);
                    // The reader asks again only then: one tick is under way at most.
                    let _gone = self.ready.send(());
                }
                Told::End(heard, found) => return merger.finish(*heard, found),
            }
        }
        merger.finish(Heard::default(), Vec::new())
    }
}

/// The reading thread.
struct Ticker<'a> {
    live: &'a Live<'a>,
    heard: Sender<Told>,
    is_ready: Receiver<()>,
    under_way: bool,
}

/// What the reading thread keeps between ticks.
struct Meter {
    /// When the last tick was, by the clock.
    ticked: Nanos,
    /// When the last frame came, by the clock.
    heard: Nanos,
    watched: Option<Span>,
    /// When the clock was looked at last, by the frames' own time, and how many came since.
    looked: (Timestamp, u32),
}

impl Ticker<'_> {
    fn read(mut self, arrivals: &mut dyn Arrivals, mut workers: Workers<'_>) {
        let clock = self.live.clock;
        let mut reading = Reading::default();
        let start = clock.elapsed();
        let mut meter =
            Meter { ticked: start, heard: start, watched: None, looked: (Timestamp::default(), 0) };
        loop {
            let look = match arrivals.next() {
                Arrival::Frame(frame) => {
                    let mut send =
                        |shard, packet: &Packet, payload: &[u8]| workers.send(shard, packet, payload);
                    reading.frame(&frame, &mut send);
                    meter.watched.get_or_insert(Span::at(frame.time)).join(Span::at(frame.time));
                    let (time, frames) = &mut meter.looked;
                    *frames += 1;
                    let look =
                        *frames >= FRAMES_PER_LOOK || (frame.time - *time).saturating_abs() >= TIME_PER_LOOK;
                    if look {
                        meter.looked = (frame.time, 0);
                        meter.heard = clock.elapsed();
                    }
                    look
                }
                Arrival::Idle => true,
                Arrival::Over => break,
            };
            let now = if look { clock.elapsed() } else { continue };
            if now - meter.ticked >= self.live.settings.tick && self.may_tick() {
                meter.ticked = now;
                if workers.is_broken() {
                    break;
                }
                workers.hand_over();
                let heard = self.hear(arrivals, &mut reading, &mut meter, workers.fill());
                let _gone = self.heard.send(Told::Tick(Box::new(heard)));
                self.under_way = true;
                if self.live.settings.patient && !self.may_tick() {
                    break;
                }
            }
        }
        reading.finish(&mut |shard, packet, payload| workers.send(shard, packet, payload));
        let found = workers.finish();
        let heard = self.hear(arrivals, &mut reading, &mut meter, 0.0);
        let _gone = self.heard.send(Told::End(Box::new(heard), found));
    }

    /// True if the merger is done with the tick before. The patient wait for it.
    fn may_tick(&mut self) -> bool {
        if !self.under_way {
            return true;
        }
        let ready = match self.live.settings.patient {
            true => self.is_ready.recv().map_err(|_| TryRecvError::Disconnected),
            false => self.is_ready.try_recv(),
        };
        self.under_way = ready.is_err();
        ready.is_ok()
    }

    fn hear(
        &self,
        arrivals: &mut dyn Arrivals,
        reading: &mut Reading,
        meter: &mut Meter,
        queue: f64,
    ) -> Heard {
        let clock = self.live.clock;
        let pulse = Pulse {
            interfaces: arrivals.health(),
            queue,
            at: clock.elapsed(),
            heard: meter.heard,
            time: clock.time(),
            frames: reading.read(),
        };
        // Nothing came, and somebody watched all the same.
        if pulse.interfaces.iter().any(|interface| interface.up) {
            meter.watched.get_or_insert(Span::at(pulse.time)).join(Span::at(pulse.time));
        }
        let sources = arrivals.sources();
        Heard {
            link: reading.hand_over(),
            totals: reading.totals(&sources),
            watched: meter.watched.take(),
            sources,
            pulse,
        }
    }
}
