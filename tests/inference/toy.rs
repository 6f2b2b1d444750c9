//! A host with two services and five backends, simulated: what statistics must tell apart without any
//! capture. Two services, three true needs, and two backends that are asked for nobody's request.

use std::collections::BTreeSet;

use tapmap::graph::{Delta, Map, Operator, Snapshot};
use tapmap::model::{
    Address, Counters, Endpoint, FlowKey, FlowRecord, FrameId, Ledger, Mac, Nanos, Outcome, Pair, Realm,
    Side, Timestamp, Transport, Turn,
};

use super::chains::{Need, Read};

const SECOND: f64 = 1e9;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nanoseconds between two numbers of milliseconds.
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    pub fn span(&mut self, least: f64, most: f64) -> Nanos {
        ((least + (most - least) * self.unit()) * 1e6) as Nanos
    }
}

/// How users come.
#[derive(Clone, Copy, Debug)]
pub struct Toy {
    pub name: &'static str,
    /// Requests a second, of each service.
    pub rate: f64,
    /// The load of everything on the host goes up and down together.
    pub bursty: bool,
    /// Share of the first service's requests with which the second one is asked too.
    pub correlated: f64,
    /// Connections to backends stay.
    pub pooled: bool,
}

/// The two services.
pub fn services() -> [Endpoint; 2] {
    [endpoint(10, 8001), endpoint(10, 8002)]
}

fn endpoint(host: u8, port: u16) -> Endpoint {
    Endpoint { address: Address::from([10, 0, 0, host]), port }
}

fn backend(number: u8) -> Endpoint {
    endpoint(20 + number, 9000)
}

/// The three needs: the first service asks backends 0 and 1, the second one 2.
pub fn needs() -> BTreeSet<Need> {
    [(0, 0), (0, 1), (1, 2)]
        .iter()
        .map(|(service, number)| need(services()[*service], backend(*number)))
        .collect()
}

fn need(service: Endpoint, needs: Endpoint) -> Need {
    (format!("{service}/tcp"), format!("{needs}/tcp"))
}

/// Flows under construction.
#[derive(Default)]
struct Flows {
    records: Vec<FlowRecord>,
    port: u16,
    kept: Vec<(Endpoint, Vec<(Nanos, Nanos)>)>,
}

impl Flows {
    fn exchange(&mut self, client: Endpoint, server: Endpoint, exchanges: &[(Nanos, Nanos)]) {
        self.port = (self.port + 1) % 50_000;
        let client = Endpoint { port: 10_000 + self.port, ..client };
        let (key, side) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, client, server);
        let turn = |time: Nanos, side| Turn::new(Timestamp::from_nanos(time), side, 100, b'x');
        let turns = exchanges
            .iter()
            .flat_map(|(start, end)| [turn(*start, side), turn(*end, side.other())])
            .collect();
        let by = |holds: Side| Pair::new(holds == Side::A, holds == Side::B);
        let sent = Counters { packets: 4, bytes: 400, payload: 100 };
        self.records.push(FlowRecord {
            key,
            first: Timestamp::from_nanos(exchanges[0].0 - 100_000),
            last: Timestamp::from_nanos(exchanges[exchanges.len() - 1].1),
            frame: FrameId::default(),
            sent: Pair::new(sent, sent),
            ledger: Ledger { syn_from: by(side), syn_ack_from: by(side.other()), ..Ledger::default() },
            outcome: Outcome { answered: true, ..Outcome::default() },
            protocol: None,
            tls: false,
            macs: Pair::new(Mac::default(), Mac::default()),
            vlans: Pair::new(0, 0),
            turns,
            turns_cut: false,
            capability: Default::default(),
            purposes: Default::default(),
        });
    }

    /// A backend is asked: over a connection of its own, or one that stays.
    fn ask(&mut self, toy: &Toy, server: Endpoint, start: Nanos, end: Nanos) {
        if toy.pooled {
            match self.kept.iter_mut().find(|(kept, exchanges)| {
                *kept == server && exchanges.last().is_none_or(|last| last.1 < start)
            }) {
                Some((_, exchanges)) => exchanges.push((start, end)),
                None => self.kept.push((server, vec![(start, end)])),
            }
        } else {
            self.exchange(endpoint(10, 0), server, &[(start, end)]);
        }
    }

    fn serve(&mut self, toy: &Toy, service: usize, start: Nanos, random: &mut Random) {
        let mut now = start;
        let backends: &[u8] = if service == 0 { &[0, 1] } else { &[2] };
        for number in backends {
            now += random.span(0.5, 4.0);
            let done = now + random.span(0.3, 3.0);
            self.ask(toy, backend(*number), now, done);
            now = done;
        }
        now += random.span(0.5, 4.0);
        self.exchange(endpoint(99, 0), services()[service], &[(start, now)]);
    }
}

impl Toy {
    /// Plays it for 400 requests of each service.
    pub fn play(&self, seed: u64) -> Read {
        self.play_for(400, seed)
    }

    /// Plays it for so many requests of each service.
    pub fn play_for(&self, requests: usize, seed: u64) -> Read {
        let mut random = Random(seed);
        let mut flows = Flows { port: 0, ..Flows::default() };
        let starts = |random: &mut Random| -> Vec<Nanos> {
            let mut now = 0.0;
            (0..requests)
                .map(|_| {
                    now += -random.unit().max(1e-9).ln() / self.rate;
                    self.warped(now)
                })
                .collect()
        };
        let first = starts(&mut random);
        let second = starts(&mut random);
        // Jobs ask the last two backends for nobody.
        let jobs = [starts(&mut random), starts(&mut random)];
        let mut seconds: Vec<Nanos> = Vec::new();
        for start in &first {
            if random.unit() < self.correlated {
                seconds.push(start + random.span(-5.0, 5.0));
            }
        }
        seconds.extend(second.iter().take(requests - seconds.len()));
        seconds.sort_unstable();
        let mut events: Vec<(Nanos, usize)> = first.iter().map(|start| (*start, 0)).collect();
        events.extend(seconds.iter().map(|start| (*start, 1)));
        for (number, job) in jobs.iter().enumerate() {
            events.extend(job.iter().map(|start| (*start, 2 + number)));
        }
        events.sort_unstable();
        for (start, kind) in events {
            match kind {
                0 | 1 => flows.serve(self, kind, start, &mut random),
                job => flows.ask(self, backend(job as u8 + 1), start, start + random.span(0.3, 3.0)),
            }
        }
        for (server, exchanges) in std::mem::take(&mut flows.kept) {
            flows.exchange(endpoint(10, 0), server, &exchanges);
        }
        read(flows.records)
    }

    /// Steady time, or time that runs four times as fast in the second half of every four seconds' load.
    #[expect(clippy::cast_possible_truncation, reason = "hours at most")]
    fn warped(&self, seconds: f64) -> Nanos {
        if !self.bursty {
            return (seconds * SECOND) as Nanos;
        }
        // All of the load comes in the first quarter of each period of four requests' time or a second.
        let period = (4.0 / self.rate).max(1.0);
        let (whole, part) = ((seconds / period).floor(), seconds % period);
        ((whole * period + part / 4.0) * SECOND) as Nanos
    }
}

/// The map of flows.
pub fn read(records: Vec<FlowRecord>) -> Read {
    let mut delta = Delta::default();
    records.iter().cloned().for_each(|record| delta.flow(record));
    Read { snapshot: Snapshot::new(Map::from(delta), &Operator::default()), records, tokens: Vec::new() }
}

/// The cases of the design's own check, and the same with connections that stay.
pub fn toys() -> Vec<Toy> {
    let cases = [
        ("steady", false, 0.0, [0.1, 1.0, 10.0, 50.0, 200.0].as_slice()),
        ("bursty", true, 0.0, &[10.0, 25.0, 50.0]),
        ("half correlated", false, 0.5, &[1.0, 10.0, 50.0]),
        ("bursty, 90 % correlated", true, 0.9, &[1.0, 10.0, 50.0]),
    ];
    let toys = cases.into_iter().flat_map(|(name, bursty, correlated, rates)| {
        [false, true].into_iter().flat_map(move |pooled| {
            rates.iter().map(move |rate| Toy { name, rate: *rate, bursty, correlated, pooled })
        })
    });
    toys.collect()
}
