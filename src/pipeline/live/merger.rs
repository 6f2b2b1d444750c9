//! All shards' gains become one map, again and again.

use std::iter;
use std::sync::Arc;

use hashbrown::HashMap;

use super::Live;
use super::board::{Board, Published, What};
use super::health::{self, Health, Pulse, Trouble, Watch};
use super::keeper::{Outlet, Parcel};
use super::learning::Learning;
use super::records::Records;
use crate::capture::Source;
use crate::finding::Finding;
use crate::flow::Tally;
use crate::graph::{self, Delta, Gained, Map, Snapshot};
use crate::model::{FlowRecord, Indication, Nanos, Span, Timestamp};
use crate::pipeline::indication::Indications;
use crate::pipeline::shard::Findings;
use crate::pipeline::{Outcome, SHARDS, Tokens, Totals};

/// After building a map the merger rests for so many times as long as that took: a tenth of one core.
const REST: Nanos = 9;

/// But not for longer than this, so that what a packet shows is told within a second.
const REST_MAX: Nanos = 500_000_000;

/// Nor for less than so many times as long as it took, so that maps of any size cost a third of one core at
/// most.
const REST_LEAST: Nanos = 2;

/// The packets' time between two looks for what is too old.
const FORGET_EVERY: Nanos = 3_600_000_000_000;

/// A pause in watching that is none: ticks are not told of one by one.
const PAUSE_MAX: Nanos = 10_000_000_000;

/// Pauses told apart: 10,000 × 16 B.
const WATCHED_MAX: usize = 10_000;

/// What the reading thread hands over at a tick.
#[derive(Default)]
pub struct Heard {
    /// What the link layer and tunnels told.
    pub link: Delta,
    /// Everything that the reading thread has counted from the beginning.
    pub totals: Totals,
    /// From when to when frames came since the tick before.
    pub watched: Option<Span>,
    /// Where frames come from.
    pub sources: Vec<Source>,
    /// How capture does.
    pub pulse: Pulse,
}

/// What is kept of one shard.
#[derive(Default)]
struct Kept {
    /// All flows that have ended, and everything else that was seen.
    seen: Delta,
    /// The flows that go on, by their slots.
    open: HashMap<u32, FlowRecord, foldhash::fast::RandomState>,
    indications: Indications,
    copies: u64,
    tally: Tally,
}

/// Keeps the map.
pub struct Merger<'a, 'scope> {
    live: &'a Live<'a>,
    board: &'a Board,
    outlet: Option<Outlet<'scope>>,
    shards: Vec<Kept>,
    /// What the link layer and tunnels told.
    link: Delta,
    /// What was known before the sensor started.
    known: Delta,
    records: Records,
    tokens: Tokens,
    watched: Vec<Span>,
    sources: Arc<Vec<Source>>,
    totals: Totals,
    pulses: Watch,
    troubles: Vec<Trouble>,
    /// What was gained since the last tick.
    gained: Gained,
    /// When what was too old was last forgotten, by the packets' time, and how much that has been.
    forgot: (Timestamp, u64),
    /// Something was gained since the last map.
    changed: bool,
    /// When the last map was done, and what it took.
    built: (Nanos, Nanos),
    ticks: u64,
}

impl<'a, 'scope> Merger<'a, 'scope> {
    /// A merger that knows what was known before.
    pub fn new(live: &'a Live<'a>, board: &'a Board, known: Delta, outlet: Option<Outlet<'scope>>) -> Self {
        Merger {
            live,
            board,
            outlet,
            shards: (0..SHARDS).map(|_| Kept::default()).collect(),
            link: Delta::default(),
            known,
            records: Records::default(),
            tokens: Tokens::default(),
            watched: Vec::new(),
            sources: Arc::default(),
            totals: Totals::default(),
            pulses: Watch::default(),
            troubles: Vec::new(),
            gained: Gained::default(),
            forgot: (Timestamp::default(), 0),
            changed: false,
            built: (0, 0),
            ticks: 0,
        }
    }

    /// Takes what one shard gained.
    pub fn absorb(&mut self, shard: usize, found: Findings) {
        let Some(kept) = self.shards.get_mut(shard) else { return };
        let gained = &mut self.gained;
        let keeps = self.outlet.is_some();
        self.changed |= !found.open.is_empty() || !found.records.is_empty() || !found.delta.is_empty();
        for (slot, flow) in found.open {
            match flow {
                Some(record) => {
                    gained.open.extend(keeps.then(|| record.clone()));
                    kept.open.insert(slot, record);
                }
                None => {
                    kept.open.remove(&slot);
                }
            }
        }
        if keeps {
            gained.delta.join(found.delta.clone());
            gained.ended.extend_from_slice(&found.records);
            gained.indications.extend(found.indications.rows());
            gained.indications_dropped += found.indications.dropped;
            gained.tokens.extend_from_slice(&found.tokens.sightings);
        }
        kept.seen.absorb(found.delta);
        kept.indications.absorb(found.indications);
        (kept.copies, kept.tally) = (found.copies, found.tally);
        self.records.add(found.records);
        self.tokens.join(found.tokens);
        self.tokens.keep_newest();
    }

    /// All have said what they gained by this tick: shows the map, if its time has come.
    pub fn tick(&mut self, heard: Heard) {
        self.ticks += 1;
        self.take(heard.link, heard.watched);
        self.totals = heard.totals;
        self.sources = Arc::new(heard.sources);
        let now = heard.pulse.at;
        let time = heard.pulse.time;
        self.keep(now);
        self.forget();
        let health = self.pulses.judge(heard.pulse);
        let (done, took) = self.built;
        let rest = took.saturating_mul(REST).min(REST_MAX).max(took.saturating_mul(REST_LEAST));
        let rested = now - done >= rest;
        if self.changed && (rested || self.live.settings.patient) {
            self.publish(health, time);
        } else {
            self.show_health(health, time);
        }
    }

    /// Capture is over and every flow has ended: shows the last map, waits until all is kept, and
    /// returns everything.
    pub fn finish(mut self, heard: Heard, found: Vec<Findings>) -> Outcome {
        self.shards.iter_mut().for_each(|kept| kept.open.clear());
        for (shard, found) in found.into_iter().enumerate() {
            self.absorb(shard, found);
        }
        self.take(heard.link, heard.watched);
        self.totals = heard.totals;
        self.sources = Arc::new(heard.sources);
        self.keep(heard.pulse.at);
        let time = heard.pulse.time;
        let health = self.pulses.judge(heard.pulse);
        self.publish(health, time);
        if let Some(outlet) = self.outlet.take() {
            outlet.finish();
        }
        let totals = self.all_totals();
        self.tokens.sort();
        let (indications, indications_dropped) = self.indications();
        let mut map = Map::default();
        self.shards.into_iter().for_each(|kept| map.add_one(kept.seen));
        map.add_one(self.link);
        map.add_one(self.known);
        let records = self.records.into_sorted();
        Outcome { map, totals, records, tokens: self.tokens, indications, indications_dropped }
    }

    /// What the reading thread gained.
    fn take(&mut self, link: Delta, watched: Option<Span>) {
        if self.outlet.is_some() {
            self.gained.delta.join(link.clone());
        }
        self.changed |= !link.is_empty();
        self.link.absorb(link);
        self.gained.watched = watched;
        self.watch(watched);
    }

    /// Joins what was watched with what was watched just before.
    fn watch(&mut self, more: Option<Span>) {
        let Some(more) = more else { return };
        match self.watched.last_mut() {
            Some(span) if more.first - span.last <= PAUSE_MAX => span.join(more),
            _ => self.watched.push(more),
        }
        let over = self.watched.len().saturating_sub(WATCHED_MAX);
        self.watched.drain(..over);
    }

    /// Sends what was gained to the keeper.
    fn keep(&mut self, now: Nanos) {
        let mut gained = std::mem::take(&mut self.gained);
        let Some(outlet) = &mut self.outlet else { return };
        gained.ended.sort_by_key(|record| (record.first, record.frame, record.key));
        gained.indications.sort_unstable();
        gained.tokens.sort_unstable();
        let sources = self.sources.to_vec();
        outlet.send(Parcel { gained, sources, totals: self.totals.packets }, now);
    }

    /// Forgets what was last seen before the window.
    fn forget(&mut self) {
        let Some(now) = self.watched.last().map(|span| span.last) else { return };
        let (last, _) = self.forgot;
        // Also where the clock was set back.
        if (now - last).saturating_abs() < FORGET_EVERY {
            return;
        }
        let before = now + -self.live.settings.window;
        let mut gone = self.link.forget(before, iter::empty()) + self.known.forget(before, iter::empty());
        for kept in &mut self.shards {
            gone += kept.seen.forget(before, kept.open.values().map(|record| record.key));
            gone += kept.indications.forget(before);
        }
        self.records.forget(now + -self.live.settings.records);
        gone += self.tokens.forget(before);
        self.forgot = (now, self.forgot.1 + gone);
        self.changed |= gone > 0;
    }

    /// The map as if every flow ended now.
    fn snapshot(&self) -> Snapshot {
        let mut map = Map::default();
        for kept in &self.shards {
            let mut seen = kept.seen.clone();
            let mut open: Vec<_> = kept.open.iter().collect();
            open.sort_unstable_by_key(|(slot, _)| **slot);
            open.into_iter().for_each(|(_, record)| seen.flow(record));
            map.add_one(seen);
        }
        map.add_one(self.link.clone());
        map.add_one(self.known.clone());
        Snapshot::new(map, &self.live.operator.load())
    }

    fn publish(&mut self, health: Health, time: Timestamp) {
        let start = self.live.clock.elapsed();
        let before = self.board.current();
        let snapshot = self.snapshot();
        let as_of = snapshot.last;
        let findings = (self.live.judge)(&snapshot, as_of.unwrap_or_default());
        let mut news = Vec::new();
        let at = as_of.unwrap_or(time);
        graph::changes(&before.snapshot, &snapshot, &mut |change| news.push((at, What::Map(change))));
        new_findings(&before.findings, &findings, &mut |what| news.push((at, what)));
        let open = self.shards.iter().flat_map(|kept| kept.open.values().cloned()).collect();
        self.records.set_open(open);
        let (indications, indications_dropped) = self.indications();
        let learning = Learning::of(&snapshot, &self.watched);
        let one_sided = health::one_sided(&snapshot);
        let now = self.live.clock.elapsed();
        self.built = (now, now - start);
        self.changed = false;
        let health = self.complete(Health { one_sided, ..health }, now);
        self.tell_troubles(&health, time, &mut news);
        let published = Published {
            number: before.number + 1,
            snapshot: Arc::new(snapshot),
            records: Arc::new(self.records.clone()),
            indications: Arc::new(indications),
            indications_dropped,
            tokens: Arc::new(self.tokens.sightings.clone()),
            findings: Arc::new(findings),
            totals: Arc::new(self.all_totals()),
            watched: Arc::new(self.watched.clone()),
            sources: Arc::clone(&self.sources),
            health,
            learning,
            as_of,
            events: before.events,
        };
        self.board.publish(published, news);
    }

    /// The map stays, and only how the sensor does is told anew.
    fn show_health(&mut self, health: Health, time: Timestamp) {
        let before = self.board.current();
        let now = self.live.clock.elapsed();
        let one_sided = before.health.one_sided;
        let health = self.complete(Health { one_sided, ..health }, now);
        let mut news = Vec::new();
        self.tell_troubles(&health, time, &mut news);
        self.board.publish(Published { health, ..(*before).clone() }, news);
    }

    /// Fills in what only the merger knows.
    fn complete(&self, mut health: Health, now: Nanos) -> Health {
        health.store_problem = self.outlet.as_ref().and_then(Outlet::problem);
        health.troubles.extend(health.store_problem.is_some().then_some(Trouble::Store));
        Health {
            duplicates: self.shards.iter().map(|kept| kept.copies).sum(),
            store_lag: self.outlet.as_ref().and_then(|outlet| outlet.lag(now)),
            build: self.built.1,
            ticks: self.ticks,
            forgotten: self.forgot.1 + self.records.let_go,
            ..health
        }
    }

    fn tell_troubles(&mut self, health: &Health, time: Timestamp, news: &mut Vec<(Timestamp, What)>) {
        let before = std::mem::replace(&mut self.troubles, health.troubles.clone());
        let gone = before.iter().filter(|trouble| !self.troubles.contains(trouble));
        let new = self.troubles.iter().filter(|trouble| !before.contains(trouble));
        news.extend(gone.map(|trouble| (time, What::Recovered(trouble.clone()))));
        news.extend(new.map(|trouble| (time, What::Degraded(trouble.clone()))));
    }

    fn indications(&self) -> (Vec<Indication>, u64) {
        let mut rows: Vec<Indication> = self.shards.iter().flat_map(|kept| kept.indications.rows()).collect();
        rows.sort_unstable();
        (rows, self.shards.iter().map(|kept| kept.indications.dropped).sum())
    }

    fn all_totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        self.shards.iter().for_each(|kept| totals.add_shard(kept.copies, &kept.tally));
        totals
    }
}

fn new_findings(before: &[Finding], now: &[Finding], tell: &mut dyn FnMut(What)) {
    let known: std::collections::BTreeSet<String> = before.iter().map(Finding::id).collect();
    for finding in now {
        let id = finding.id();
        if !known.contains(&id) {
            let Finding { rule, host, service, score, .. } = finding;
            tell(What::Finding { id, rule: rule.id, host: *host, service: *service, score: *score });
        }
    }
}
