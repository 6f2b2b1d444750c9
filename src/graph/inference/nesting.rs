//! How many requests of one service hold a complete exchange with another, and how many would by chance.
//!
//! Everything is sorted by time, so one look is a sweep over both lists that passes over whatever is far
//! from the other one: at most O(requests + exchanges), and with few of one, O(few × log many). A test
//! is 2 × [`SHIFTS`] + 1 looks.
//!
//! Chance is measured twice. Far shifts, up to three seconds, keep the load of the moment. Near ones,
//! just longer than a request, keep bursts too: users who come five at a time make everything on a host
//! happen within the same tenth of a second, whatever needs what. The larger p-value counts.

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
    /// The length of the longest.
    longest: Nanos,
}

impl Requests {
    /// From requests in any order.
    pub fn new(mut rows: Vec<Request>) -> Self {
        rows.sort_unstable();
        let longest = rows.iter().map(|request| request.end - request.start).max().unwrap_or(0);
        Requests { rows, longest }
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// The requests.
    pub fn rows(&self) -> &[Request] {
        &self.rows
    }

    /// Those that were over before a moment.
    pub fn until(&self, until: Nanos) -> Cow<'_, Requests> {
        if self.rows.iter().all(|request| request.end < until) {
            return Cow::Borrowed(self);
        }
        let rows = self.rows.iter().filter(|request| request.end < until).copied().collect();
        Cow::Owned(Requests { rows, longest: self.longest })
    }

    /// At most [`TESTED_MAX`] of them, evenly taken: whether one holds an exchange does not depend on
    /// the others, so a sample shows the same share.
    fn sample(&self) -> Cow<'_, Requests> {
        let step = self.rows.len().div_ceil(TESTED_MAX);
        if step <= 1 {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Requests {
            rows: self.rows.iter().step_by(step).copied().collect(),
            longest: self.longest,
        })
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

/// The exchanges that a host has with a remote service, made ready to be looked for inside requests.
#[derive(Clone, Debug, Default)]
pub struct Children {
    /// Start of each, and the earliest end of it and all later ones.
    rows: Vec<(Nanos, Nanos)>,
}

impl Children {
    /// From exchanges in the order of their starts.
    pub fn new<'a>(exchanges: impl DoubleEndedIterator<Item = &'a Exchange>) -> Self {
        let mut earliest = Nanos::MAX;
        let mut rows: Vec<(Nanos, Nanos)> = exchanges
            .rev()
            .map(|exchange| {
                earliest = earliest.min(exchange.end);
                (exchange.start, earliest)
            })
            .collect();
        rows.reverse();
        Children { rows }
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
            rest = skip(rest, |(first, _)| *first < start);
            let Some((first, earliest)) = rest.first() else { break };
            let (first, earliest) = (first + shift, earliest.saturating_add(shift));
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
        Shifts { far: draw(FAR_MIN, FAR_MAX), near: draw(1, FAR_MIN) }
    }

    /// Looks for the exchanges inside the requests, where they are and shifted. Requests that last long
    /// need longer shifts: an exchange must have a chance to leave its request.
    pub fn test(&self, requests: &Requests, children: &Children) -> Nesting {
        let requests = requests.sample();
        let nested = children.nested_in(&requests, 0);
        let by_chance = |shifts: [Nanos; SHIFTS], length: Nanos| {
            let mut counts =
                shifts.map(|shift| children.nested_in(&requests, shift + shift.signum() * length));
            counts.sort_unstable();
            Nesting::new(requests.len(), nested, &counts)
        };
        let far = by_chance(self.far, requests.length(0.5));
        let near = by_chance(self.near, requests.length(SHORTER));
        if near.p_value() > far.p_value() { near } else { far }
    }
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

    /// z = (n₁₂ − μ) / max(σ, √μ, ½).
    pub fn z(&self) -> f64 {
        (self.nested as f64 - self.expected) / self.spread.max(self.expected.sqrt()).max(0.5)
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
