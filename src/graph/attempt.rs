//! Attempts that nobody answered, in bounded memory: few are kept one by one, scans and floods are
//! summarised by who did it and to whom.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::model::{HostKey, ServiceKey, Span, Timestamp};

use super::edge::{EdgeKey, EdgeTotals};
use super::row::Summaries;
use super::table::Table;

/// Unanswered edges kept one by one in a shard: 8,192 × ~240 B = 2 MiB.
const EDGES_MAX: usize = 8_192;

/// Sources, and targets, that are summarised in a shard.
const NAMED_MAX: usize = 1_024;

/// Registers of a distinct counter: 256 bytes, standard error 6.5 %.
const REGISTERS: usize = 256;

/// Distinct things counted exactly before the registers are worth their memory.
const FEW_MAX: usize = 32;

/// Counts distinct things in bounded memory: a few exactly, more by HyperLogLog (Flajolet et al.
/// 2007). The hash is fixed: an attacker can skew the count of his own attempts, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distinct {
    /// Hashes of the few things seen, sorted.
    Few(SmallVec<[u64; 2]>),
    /// The highest rank seen in each register.
    Many(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::Few(SmallVec::new())
    }
}

impl Distinct {
    /// Counts a thing by its number.
    pub fn add(&mut self, thing: u128) {
        let high = (thing >> 64) as u64;
        self.add_hash(mix(high ^ mix(thing as u64)));
    }

    fn add_hash(&mut self, hash: u64) {
        match self {
            Distinct::Few(hashes) => {
                let Err(place) = hashes.binary_search(&hash) else { return };
                hashes.insert(place, hash);
                if hashes.len() > FEW_MAX {
                    let mut many = Distinct::Many(Box::new([0; REGISTERS]));
                    hashes.iter().for_each(|hash| many.add_hash(*hash));
                    *self = many;
                }
            }
            Distinct::Many(registers) => {
                let rank = u8::try_from((hash >> 8 | 1 << 56).trailing_zeros() + 1).unwrap_or(u8::MAX);
                if let Some(register) = registers.get_mut(usize::from(hash.to_le_bytes()[0])) {
                    *register = rank.max(*register);
                }
            }
        }
    }

    /// Adds what was counted elsewhere.
    pub fn join(&mut self, other: &Distinct) {
        match (&mut *self, other) {
            (_, Distinct::Few(hashes)) => hashes.iter().for_each(|hash| self.add_hash(*hash)),
            (Distinct::Few(hashes), Distinct::Many(_)) => {
                let hashes = std::mem::take(hashes);
                *self = other.clone();
                hashes.iter().for_each(|hash| self.add_hash(*hash));
            }
            (Distinct::Many(mine), Distinct::Many(theirs)) => {
                for (mine, theirs) in mine.iter_mut().zip(theirs.iter()) {
                    *mine = *theirs.max(mine);
                }
            }
        }
    }

    /// The estimate; exact for a few.
    pub fn estimate(&self) -> u64 {
        let registers = match self {
            Distinct::Few(hashes) => return hashes.len() as u64,
            Distinct::Many(registers) => registers,
        };
        let m = REGISTERS as f64;
        let sum: f64 = registers.iter().map(|rank| f64::powi(2.0, -i32::from(*rank))).sum();
        let raw = 0.7182 * m * m / sum;
        let empty = registers.iter().filter(|rank| **rank == 0).count();
        let estimate = if raw <= 2.5 * m && empty > 0 { m * (m / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

/// The finaliser of splitmix64: every bit of the input changes every bit of the output.
const fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Unanswered attempts of one source, or upon one target.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How many flows.
    pub attempts: u64,
    /// From when to when.
    pub span: Span,
    /// Distinct addresses on the other end.
    pub addresses: Distinct,
    /// Distinct server ports.
    pub ports: Distinct,
}

impl Summary {
    fn of(other: HostKey, port: u16, totals: &EdgeTotals) -> Self {
        let (mut addresses, mut ports) = (Distinct::default(), Distinct::default());
        addresses.add(other.address.bits());
        ports.add(u128::from(port));
        Summary { attempts: totals.flows.into(), span: totals.span, addresses, ports }
    }

    /// Adds what was counted elsewhere.
    pub fn join(&mut self, other: &Summary) {
        self.attempts += other.attempts;
        self.span.join(other.span);
        self.addresses.join(&other.addresses);
        self.ports.join(&other.ports);
    }
}

/// A scan or flood, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Who did it; none for a flood from more sources than can be named.
    pub source: Option<HostKey>,
    /// Upon whom, where that is one host.
    pub target: Option<HostKey>,
    /// Flows that nobody answered.
    pub attempts: u64,
    /// About how many addresses were tried (or tried it).
    pub addresses: u64,
    /// About how many ports were tried.
    pub ports: u64,
    /// From when to when.
    pub span: Span,
}

/// A bounded table of summaries. It grows to twice its size and then keeps the half with the most
/// attempts (of equals, the smaller key), so that whoever insists stays and singles pass through.
#[derive(Clone, Debug, Default)]
pub struct Named {
    rows: BTreeMap<HostKey, Summary>,
}

impl Named {
    fn add(&mut self, name: HostKey, summary: Summary) {
        match self.rows.get_mut(&name) {
            Some(row) => row.join(&summary),
            None => {
                self.rows.insert(name, summary);
                if self.rows.len() >= 2 * NAMED_MAX {
                    self.halve();
                }
            }
        }
    }

    fn halve(&mut self) {
        let mut order: Vec<_> =
            self.rows.iter().map(|(key, row)| (std::cmp::Reverse(row.attempts), *key)).collect();
        order.sort_unstable();
        for (_, key) in order.drain(NAMED_MAX.min(order.len())..) {
            self.rows.remove(&key);
        }
    }
}

/// Unanswered attempts of one shard, or of all once joined.
#[derive(Clone, Debug, Default)]
pub struct AttemptTable {
    edges: Table<EdgeKey, EdgeTotals>,
    sources: Named,
    targets: Named,
    summarised: u64,
}

impl AttemptTable {
    /// An attempt that nobody answered. Returns true if it is kept as an edge of its own.
    pub fn add(&mut self, key: EdgeKey, totals: EdgeTotals) -> bool {
        if self.edges.contains_key(&key) || self.edges.len() < EDGES_MAX {
            return self.edges.add(EDGES_MAX, key, totals, |known, new| known.join(&new));
        }
        self.summarise(key.client, key.service, &totals);
        false
    }

    /// Edges that are kept one by one.
    pub(super) const fn edges(&self) -> &Table<EdgeKey, EdgeTotals> {
        &self.edges
    }

    /// What was only summarised.
    pub(super) const fn summaries(&self) -> Summaries<'_> {
        Summaries { sources: &self.sources.rows, targets: &self.targets.rows, flows: self.summarised }
    }

    /// A table of the rows of another.
    pub(super) fn of(
        edges: Table<EdgeKey, EdgeTotals>,
        sources: Vec<(HostKey, Summary)>,
        targets: Vec<(HostKey, Summary)>,
        summarised: u64,
    ) -> AttemptTable {
        let [sources, targets] = [sources, targets].map(|rows| Named { rows: rows.into_iter().collect() });
        AttemptTable { edges, sources, targets, summarised }
    }

    fn summarise(&mut self, client: HostKey, service: ServiceKey, totals: &EdgeTotals) {
        self.summarised += u64::from(totals.flows);
        self.sources.add(client, Summary::of(service.host, service.port, totals));
        self.targets.add(service.host, Summary::of(client, service.port, totals));
    }

    /// The edges kept one by one, in the order in which they came, and all else.
    pub fn into_parts(mut self) -> (Table<EdgeKey, EdgeTotals>, AttemptTable) {
        (std::mem::take(&mut self.edges), self)
    }

    /// Forgets what was last seen before a moment. Returns how many rows that were.
    pub fn forget(&mut self, before: Timestamp) -> usize {
        let mut gone = self.edges.retain(|_, totals| totals.span.last >= before);
        for Named { rows } in [&mut self.sources, &mut self.targets] {
            let all = rows.len();
            rows.retain(|_, summary| summary.span.last >= before);
            gone += all - rows.len();
        }
        gone
    }

    /// Adds another shard's. Shards are joined in their own order, so that the same attempts give the
    /// same table.
    pub fn join(&mut self, other: AttemptTable) {
        for (key, totals) in other.edges {
            self.edges.add(usize::MAX, key, totals, |known, new| known.join(&new));
        }
        for (mine, theirs) in [(&mut self.sources, other.sources), (&mut self.targets, other.targets)] {
            for (name, summary) in theirs.rows {
                mine.add(name, summary);
            }
        }
        self.summarised += other.summarised;
    }

    /// Gives the attempts upon edges that were answered at another time to those edges (`answered`,
    /// sorted), and keeps the rest: who is served does not scan, whether he was refused before or after.
    /// `more` are attempts that were only now told apart from the rest.
    pub fn rest(
        mut self,
        more: Vec<(EdgeKey, EdgeTotals)>,
        answered: &mut [(EdgeKey, EdgeTotals)],
    ) -> AttemptTable {
        for (key, totals) in std::mem::take(&mut self.edges).into_iter().chain(more) {
            let place = answered.binary_search_by_key(&key, |(known, _)| *known).ok();
            if let Some((_, known)) = place.and_then(|place| answered.get_mut(place)) {
                known.join(&totals);
            } else {
                self.edges.add(usize::MAX, key, totals, |known, new| known.join(&new));
            }
        }
        self
    }

    /// Takes the unanswered edges of sources that do not scan, and summarises those of sources that
    /// do: more than `targets_max` distinct services tried in vain.
    pub fn split(mut self, targets_max: usize) -> (Vec<(EdgeKey, EdgeTotals)>, Vec<Scan>, u64) {
        let mut tried: BTreeMap<HostKey, usize> = BTreeMap::new();
        for key in self.edges.keys() {
            *tried.entry(key.client).or_default() += 1;
        }
        let mut edges: Vec<_> = std::mem::take(&mut self.edges).into_iter().collect();
        edges.sort_by_key(|(key, _)| *key);
        let mut kept = Vec::new();
        let mut own = Named::default();
        for (key, totals) in edges {
            if tried.get(&key.client).is_some_and(|count| *count > targets_max) {
                self.summarised += u64::from(totals.flows);
                own.add(key.client, Summary::of(key.service.host, key.service.port, &totals));
            } else {
                kept.push((key, totals));
            }
        }
        let summarised = self.summarised;
        (kept, self.scans(own, targets_max), summarised)
    }

    fn scans(self, mut own: Named, targets_max: usize) -> Vec<Scan> {
        for (name, summary) in self.sources.rows {
            // Many attempts may be one host's that insists on one service which is down: what makes a
            // scanner is how much he tried.
            let tried = summary.addresses.estimate().max(summary.ports.estimate());
            if own.rows.contains_key(&name) || tried > targets_max as u64 {
                own.add(name, summary);
            }
        }
        let by_source = own.rows.into_iter().map(|(name, row)| scan(Some(name), None, &row));
        // A target is worth a line when far more sources than one tried it.
        let flooded =
            self.targets.rows.into_iter().filter(|(_, row)| row.addresses.estimate() > targets_max as u64);
        let by_target = flooded.map(|(name, row)| scan(None, Some(name), &row));
        by_source.chain(by_target).collect()
    }
}

fn scan(source: Option<HostKey>, target: Option<HostKey>, row: &Summary) -> Scan {
    Scan {
        source,
        target,
        attempts: row.attempts,
        addresses: row.addresses.estimate(),
        ports: row.ports.estimate(),
        span: row.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_things_are_counted_once() {
        for count in [1u64, 10, 200, 5_000, 1_000_000] {
            let mut distinct = Distinct::default();
            for thing in 0..count {
                distinct.add(u128::from(thing));
                distinct.add(u128::from(thing));
            }
            let off = distinct.estimate().abs_diff(count) as f64 / count as f64;
            assert!(off < 0.15, "{count} was taken for {}", distinct.estimate());
        }
    }

    #[test]
    fn counting_in_parts_gives_the_same() {
        let (mut all, mut one, mut other) = (Distinct::default(), Distinct::default(), Distinct::default());
        for thing in 0..1000 {
            all.add(thing);
            if thing % 2 == 0 { one.add(thing) } else { other.add(thing) }
        }
        one.join(&other);
        assert_eq!(all, one);
    }

    #[test]
    fn who_insists_on_one_service_does_not_scan_though_the_table_is_full() {
        use super::super::delta::Delta;
        use super::super::testing::{endpoint, refused};
        let mut delta = Delta::default();
        let full = u16::try_from(EDGES_MAX).unwrap_or(u16::MAX);
        // A scanner fills the table, then tries on; so does somebody whose one service is down.
        (1..=full + 200).for_each(|port| delta.flow(refused(endpoint(1, 50_000), endpoint(2, port), 1)));
        (1..=200).for_each(|second| delta.flow(refused(endpoint(3, 50_000), endpoint(4, 80), second)));
        let (_, scans, summarised) = delta.attempts.split(64);
        let sources: Vec<_> = scans.iter().filter_map(|scan| scan.source).collect();
        assert_eq!(sources.iter().map(|host| host.address).collect::<Vec<_>>(), [endpoint(1, 0).address]);
        assert_eq!(summarised, u64::from(full) + 400, "every attempt is told of");
    }
}
