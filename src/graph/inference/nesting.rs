//! How many requests of one service hold a complete exchange with another, and how many would by chance.
//!
//! Everything is sorted by time, so one look is a sweep over both lists that passes over whatever is far
//! from the other one: at most O(requests + exchanges), and with few of one, O(few × log many). A test
//! is 2 × [`SHIFTS`] + 1 looks.
//!
//! Chance is measured twice. Far shifts, up to three seconds, keep the load of the moment. Near ones,
//! just longer than a request, keep bursts too: users who come five at a time make everything on a host
//! happen within the same tenth of a second, whatever needs what. The near ones give the p-value, unless
//! far ones nest as many and make a larger one of it.

use std::borrow::Cow;

use super::exchange::Exchange;
use crate::model::Nanos;

/// Shifts of each kind. More would only make the mean of what chance gives more exact; the tail comes
/// from a formula, because 100 shifts alone could never show less than 1/101 and thousands of pairs are
/// judged together.
const SHIFTS: usize = 100;

/// How far the far shifts go at least and at most: further than a burst, nearer than load changes.
const FAR_MIN: Nanos = 200_000_000;
const FAR_MAX: Nanos = 3_000_000_000;

/// Of ten requests, nine are shorter than a near shift.
const SHORTER: f64 = 0.9;

/// A near shift goes at most so much further than twice that length.
const NEAR_SPARE: Nanos = 20_000_000;

/// Shifts with the most nestings that say nothing of the spread: one in ten. Users that come at a steady
/// pace look again like themselves when shifted by a whole period.
const ALIASES: usize = SHIFTS / 10;

/// Requests looked at in one test: a share of 16,384 is known to 0.4 %, and testing 50 pairs of a host
/// with millions of requests takes a second.
const TESTED_MAX: usize = 16_384;

/// A request at a server: from its first byte to the last of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// Its first byte.
    pub start: Nanos,
    /// The last byte of the answer.
    pub end: Nanos,
    /// Bytes of the request and of the answer, each at most 65,535.
    pub bytes: (u16, u16),
}

/// Requests of one service in the order of their starts.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    rows: Vec<Request>,
    /// Of each, the latest end of it and all before.
    latest: Vec<Nanos>,
    /// The length of the longest.
    longest: Nanos,
}

impl Requests {
    /// From requests in any order.
    pub fn new(mut rows: Vec<Request>) -> Self {
        rows.sort_unstable();
        Self::sorted(rows)
    }

    fn sorted(rows: Vec<Request>) -> Self {
        let longest = rows.iter().map(|request| request.end - request.start).max().unwrap_or(0);
        let mut until = Nanos::MIN;
        let latest = rows.iter().map(|request| {
            until = until.max(request.end);
            until
        });
        Requests { latest: latest.collect(), rows, longest }
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// The requests.
    pub fn rows(&self) -> &[Request] {
        &self.rows
    }

    /// How many exchanges lie within a request if all of them came `shift` later.
    fn holding(&self, children: &Children, shift: Nanos) -> usize {
        let mut waiting = self.rows.as_slice();
        let mut held = 0;
        for child in &children.rows {
            let (start, end) = (child.start + shift, child.end + shift);
            waiting = skip(waiting, |request| request.start <= start);
            let begun = self.rows.len() - waiting.len();
            let latest = begun.checked_sub(1).and_then(|last| self.latest.get(last));
            held += usize::from(latest.is_some_and(|latest| *latest >= end));
        }
        held
    }

    /// Those that were over before a moment.
    pub fn until(&self, until: Nanos) -> Cow<'_, Requests> {
        if self.rows.iter().all(|request| request.end < until) {
            return Cow::Borrowed(self);
        }
        let rows = self.rows.iter().filter(|request| request.end < until).copied().collect();
        Cow::Owned(Self::sorted(rows))
    }

    /// At most [`TESTED_MAX`] of them, evenly taken: whether one holds an exchange does not depend on
    /// the others, so a sample shows the same share.
    fn sample(&self) -> Cow<'_, Requests> {
        let step = self.rows.len().div_ceil(TESTED_MAX);
        if step <= 1 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self::sorted(self.rows.iter().step_by(step).copied().collect()))
    }

    /// The length that this share of the requests does not reach.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    fn length(&self, share: f64) -> Nanos {
        let mut lengths: Vec<Nanos> = self.rows.iter().map(|request| request.end - request.start).collect();
        let place = (lengths.len() as f64 * share) as usize;
        if place < lengths.len() { *lengths.select_nth_unstable(place).1 } else { 0 }
    }
}

/// An exchange that may lie within a request.
#[derive(Clone, Copy, Debug)]
struct Child {
    start: Nanos,
    end: Nanos,
    /// The earliest end of this and of all that start later.
    earliest: Nanos,
}

/// The exchanges that a host has with a remote service, made ready to be looked for inside requests.
#[derive(Clone, Debug, Default)]
pub struct Children {
    rows: Vec<Child>,
}

impl Children {
    /// From exchanges in the order of their starts.
    pub fn new<'a>(exchanges: impl DoubleEndedIterator<Item = &'a Exchange>) -> Self {
        let mut earliest = Nanos::MAX;
        let mut rows: Vec<Child> = exchanges
            .rev()
            .map(|exchange| {
                earliest = earliest.min(exchange.end);
                Child { start: exchange.start, end: exchange.end, earliest }
            })
            .collect();
        rows.reverse();
        Children { rows }
    }

    /// At most [`TESTED_MAX`] of them, evenly taken, to be asked whether they lie within a request.
    fn sample(&self) -> Cow<'_, Children> {
        let step = self.rows.len().div_ceil(TESTED_MAX);
        if step <= 1 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Children { rows: self.rows.iter().step_by(step).copied().collect() })
    }

    /// How many exchanges.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many of the requests hold at least one whole exchange if all exchanges came `shift` later.
    pub fn nested_in(&self, requests: &Requests, shift: Nanos) -> usize {
        let mut nested = 0;
        self.meet(requests, shift, |held| nested += usize::from(held));
        nested
    }

    /// Goes through requests and exchanges together, and tells of each request that is near an exchange
    /// whether it holds one. All requests between two exchanges look at the later of them; those that
    /// began too long before it to hold it are passed over, and so are exchanges between two requests.
    fn meet(&self, requests: &Requests, shift: Nanos, mut tell: impl FnMut(bool)) {
        let mut rest = self.rows.as_slice();
        let mut waiting = requests.rows.as_slice();
        while let Some(request) = waiting.first() {
            let start = request.start - shift;
            rest = skip(rest, |child| child.start < start);
            let Some(child) = rest.first() else { break };
            let (first, earliest) = (child.start + shift, child.earliest + shift);
            let too_early = (earliest - requests.longest).min(first + 1);
            waiting = skip(waiting, |request| request.start < too_early);
            while let [request, later @ ..] = waiting
                && request.start <= first
            {
                tell(request.end >= earliest);
                waiting = later;
            }
        }
    }
}

/// The rows from the first on that is not `before`, found in as many steps as the logarithm of the way.
fn skip<T>(rows: &[T], before: impl Fn(&T) -> bool) -> &[T] {
    if !rows.first().is_some_and(&before) {
        return rows;
    }
    let mut far = 1;
    while rows.get(far).is_some_and(&before) {
        far *= 2;
    }
    let (near, far) = (far / 2, far.min(rows.len()));
    let place = near + rows.get(near..far).map_or(0, |rows| rows.partition_point(&before));
    rows.get(place..).unwrap_or_default()
}

/// The shifts of the null model: the same ones for every pair and in every run.
pub struct Shifts {
    far: [Nanos; SHIFTS],
    /// In thousandths of the most that a near shift may go beyond the length of a request.
    near: [Nanos; SHIFTS],
}

impl Shifts {
    /// Half of each kind forward, half back.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        let mut draw = |least: Nanos, most: Nanos| {
            let span = (most - least).unsigned_abs();
            let mut sign = -1;
            [(); SHIFTS].map(|()| {
                sign = -sign;
                sign * least.saturating_add_unsigned(split_mix(&mut state) % span)
            })
        };
        Shifts { far: draw(FAR_MIN, FAR_MAX), near: draw(1, 1000) }
    }

    /// How many requests hold an exchange, and how many do when the exchanges are shifted.
    pub fn test(&self, requests: &Requests, children: &Children) -> Nesting {
        let requests = requests.sample();
        let ring = ring(&requests, children);
        self.compare(&requests, requests.len(), |shift| {
            ring.count(shift, |shift| children.nested_in(&requests, shift))
        })
    }

    /// The other way round: how many of the exchanges lie within a request. Where requests overlap and
    /// exchanges are few, this tells more: that chance fills half of all time with requests says little
    /// of a request, but of twenty exchanges it would leave ten outside.
    pub fn test_exchanges(&self, requests: &Requests, children: &Children) -> Nesting {
        let ring = ring(requests, children);
        let children = children.sample();
        self.compare(requests, children.len(), |shift| {
            ring.count(shift, |shift| requests.holding(&children, shift))
        })
    }

    /// Requests that last long need longer shifts: an exchange must have a chance to leave its request.
    fn compare(&self, requests: &Requests, trials: usize, count: impl Fn(Nanos) -> usize) -> Nesting {
        let seen = count(0);
        let sorted = |mut counts: [usize; SHIFTS]| {
            counts.sort_unstable();
            counts
        };
        let (middle, long) = (requests.length(0.5), requests.length(SHORTER));
        let near = |shift: Nanos| count(shift.signum() * long + shift * ((long + NEAR_SPARE) / 1000));
        let near = Nesting::new(trials, seen, &sorted(self.near.map(near)));
        let counts = sorted(self.far.map(|shift| count(shift + shift.signum() * middle)));
        let far = Nesting::new(trials, seen, &counts);
        // Load that comes and goes spreads the far counts widely, and their spread says nothing then.
        let beaten = counts.get(SHIFTS - ALIASES - 1).is_some_and(|usual| seen > *usual);
        if beaten || near.p_value() > far.p_value() { near } else { far }
    }
}

/// The time seen, as a ring: what a shift moves out at one end comes in again at the other. A capture of
/// eight seconds would else lose a third of its exchanges to a shift of three, and take that for chance.
struct Ring(Nanos);

impl Ring {
    /// Counts what is found with a shift, and with the same for what it moved out.
    fn count(&self, shift: Nanos, found: impl Fn(Nanos) -> usize) -> usize {
        let shift = shift % self.0;
        if shift == 0 { found(0) } else { found(shift) + found(shift - shift.signum() * self.0) }
    }
}

fn ring(requests: &Requests, children: &Children) -> Ring {
    let starts = [children.rows.first().map(|row| row.start), requests.rows.first().map(|row| row.start)];
    let ends = [children.rows.last().map(|row| row.start), requests.rows.last().map(|row| row.end)];
    let start = starts.into_iter().flatten().min().unwrap_or(0);
    let end = ends.into_iter().flatten().max().unwrap_or(0);
    Ring((end - start).max(1))
}

/// SplitMix64 (Steele, Lea, Flood 2014).
const fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a test found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nesting {
    /// Requests (n₁).
    pub requests: usize,
    /// Requests that hold an exchange (n₁₂).
    pub nested: usize,
    /// How many would by chance (μ).
    pub expected: f64,
    /// Standard deviation of that over the shifts, aliases left aside (σ).
    pub spread: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of exchanges stay far below 2^53")]
impl Nesting {
    fn new(requests: usize, nested: usize, by_chance: &[usize; SHIFTS]) -> Self {
        let mean = |counts: &[usize]| counts.iter().sum::<usize>() as f64 / counts.len() as f64;
        let expected = mean(by_chance);
        let usual = by_chance.get(..SHIFTS - ALIASES).unwrap_or(by_chance);
        let centre = mean(usual);
        let square = |count: &usize| (*count as f64 - centre).powi(2);
        let variance = usual.iter().map(square).sum::<f64>() / usual.len() as f64;
        Nesting { requests, nested, expected, spread: variance.sqrt() }
    }

    /// What of the requests is explained by more than chance: u = (n₁₂ − μ) / n₁.
    pub fn uplift(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { (self.nested as f64 - self.expected) / self.requests as f64 }
    }

    /// How likely chance alone nests as many, at most.
    ///
    /// The tail of a normal distribution will not do: where chance nests 0.01 requests, two are 4 σ by
    /// its measure (p = 3·10⁻⁵) and a busy network has thousands of such pairs. So: Chernoff's bound of
    /// the binomial tail, exp(−n₁·KL(n₁₂/n₁ ‖ μ/n₁)), which is right for few and for many, with its
    /// exponent divided by how much wider than binomial the shifts spread (bursts nest together). The mean is taken a
    /// little larger than measured, as if one nesting more had been found in all shifts: none found is
    /// no proof of never.
    pub fn p_value(&self) -> f64 {
        if self.requests == 0 {
            return 1.0;
        }
        let n = self.requests as f64;
        let mean = (self.expected + 1.0 / SHIFTS as f64).min(n - 0.5 / SHIFTS as f64);
        if self.nested as f64 <= mean {
            return 1.0;
        }
        let (seen, chance) = (self.nested as f64 / n, mean / n);
        let part = |p: f64, q: f64| if p > 0.0 { p * (p / q).ln() } else { 0.0 };
        let divergence = part(seen, chance) + part(1.0 - seen, 1.0 - chance);
        let dispersion = (self.spread.powi(2) / (mean * (1.0 - chance))).max(1.0);
        (-n * divergence / dispersion).exp()
    }

    /// The share of requests that need the exchange, chance taken out: of those that chance would leave
    /// without one, how many have one. None where chance leaves none.
    pub fn share(&self) -> Option<f64> {
        let free = self.requests as f64 - self.expected;
        (free > 0.5).then(|| ((self.nested as f64 - self.expected) / free).clamp(0.0, 1.0))
    }

    /// The standard deviation of [`Nesting::nested`] by chance.
    pub fn deviation(&self) -> f64 {
        let n = self.requests.max(1) as f64;
        let binomial = self.expected * (1.0 - self.expected / n);
        self.spread.max(binomial.max(0.0).sqrt()).max(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn requests(rows: &[(Nanos, Nanos)]) -> Requests {
        let row =
            |(start, length): &(Nanos, Nanos)| Request { start: *start, end: start + length, bytes: (0, 0) };
        Requests::new(rows.iter().map(row).collect())
    }

    fn children(rows: &[(Nanos, Nanos)]) -> Children {
        let row = |(start, length): &(Nanos, Nanos)| Exchange {
            start: *start,
            end: start + length,
            answered: true,
            bytes: (0, 0),
        };
        let mut exchanges: Vec<Exchange> = rows.iter().map(row).collect();
        exchanges.sort_unstable();
        Children::new(exchanges.iter())
    }

    proptest! {
        /// Both sweeps count what looking at every request with every exchange counts.
        #[test]
        fn sweeps_count_like_brute_force(
            inbound in vec((0i64..60, 0i64..30), 0..12),
            outbound in vec((0i64..60, 0i64..20), 0..12),
            shift in -80i64..80,
        ) {
            let within = |(q, length): &(i64, i64), (t, child): &(i64, i64)| {
                t + shift >= *q && t + child + shift <= q + length
            };
            let nested = inbound.iter().filter(|one| outbound.iter().any(|child| within(one, child))).count();
            let held = outbound.iter().filter(|child| inbound.iter().any(|one| within(one, child))).count();
            let (inbound, outbound) = (requests(&inbound), children(&outbound));
            prop_assert_eq!(outbound.nested_in(&inbound, shift), nested);
            prop_assert_eq!(inbound.holding(&outbound, shift), held);
        }
    }

    #[test]
    fn what_is_nested_is_seen_and_what_comes_along_is_not() {
        let second = 1_000_000_000;
        let at = |n: i64| n * second / 3 + (n * n * 7_919) % 90_000_000;
        let inbound = requests(&(0..300).map(|n| (at(n), 20_000_000)).collect::<Vec<_>>());
        let inside = children(&(0..300).map(|n| (at(n) + 5_000_000, 3_000_000)).collect::<Vec<_>>());
        let beside = children(&(0..300).map(|n| (at(n) + 25_000_000, 3_000_000)).collect::<Vec<_>>());
        let shifts = Shifts::new(1);
        let found = shifts.test(&inbound, &inside);
        assert!(found.nested == 300 && found.p_value() < 1e-30 && found.uplift() > 0.7, "{found:?}");
        assert_eq!(shifts.test(&inbound, &beside).p_value(), 1.0);
    }

    #[test]
    fn a_tail_is_told_for_few_and_for_many() {
        let nesting = |requests, nested, expected| Nesting { requests, nested, expected, spread: 0.0 };
        // Two where chance makes one of a hundred: a normal distribution would call it 4 sigma.
        let few = nesting(1000, 2, 0.01).p_value();
        assert!((1e-4..1e-3).contains(&few), "{few}");
        // Nearly all nest by chance, and all do: Poisson's tail would see nothing in it.
        assert!(nesting(1000, 1000, 950.0).p_value() < 1e-20);
        assert_eq!(nesting(1000, 950, 950.0).p_value(), 1.0);
        let wide = Nesting { spread: 50.0, ..nesting(1000, 1000, 950.0) };
        assert!(wide.p_value() > 0.1, "bursts that nest together are no evidence");
    }

    #[test]
    fn a_long_list_is_skipped_through_in_few_steps() {
        let rows: Vec<u32> = (0..1000).collect();
        for first in [0, 1, 2, 500, 999, 1000] {
            assert_eq!(skip(&rows, |row| *row < first).first(), rows.get(first as usize));
        }
    }
}
