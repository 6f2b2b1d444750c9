//! How likely it is that something falls: in possible worlds (`blast_radius.md` §2).
//!
//! In a world each group is hard or it is not, with its strength as the probability, and the same for
//! everything that stands on it: what fails by a common cause fails together. Where few groups are
//! uncertain all worlds are looked at, else some thousands of them, always the same ones. A bit stands for
//! a world, so that one pass over what may fall answers for hundreds of them.

mod scene;
#[cfg(test)]
mod tests;
mod weighing;

pub(super) use weighing::weigh_together;

use std::collections::BTreeSet;

use super::impact::{Fallen, Fixpoint, Threshold};
use super::requires::Requires;
use scene::{ALL, Mask, NONE, Scene, WORDS};

/// Up to so many uncertain groups all worlds are looked at: 2^16 worlds are 128 passes.
pub const EXACT_GROUPS_MAX: usize = 16;

/// Worlds that are looked at where there are too many to look at all.
pub const SAMPLED_WORLDS: u32 = 4_096;

/// Any seed would do; the same one gives the same answer.
const SEED: u64 = 0x7461_706d_6170;

/// The quantile of the normal distribution for 95 %.
const Z95: f64 = 1.96;

/// How likely everything that may fall falls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Worlds {
    /// What may fall, in the order of hops, each with its probability.
    pub rows: Vec<(Fallen, f64)>,
    /// Groups of which it is uncertain whether their loss matters.
    pub uncertain: usize,
    /// How many worlds stand for all; none: all were looked at.
    pub sampled: Option<u32>,
}

impl Worlds {
    /// What a probability may be wrong by, at 95 %; 0 where all worlds were looked at.
    pub fn error(&self, probability: f64) -> f64 {
        match self.sampled {
            Some(worlds) => Z95 * (probability * (1.0 - probability) / f64::from(worlds)).sqrt(),
            None => 0.0,
        }
    }
}

/// How likely everything falls that may fall with these nodes and cut dependencies.
pub fn worlds(fixpoint: &mut Fixpoint<'_>, failed: &[u32], cut: &[u32]) -> Worlds {
    let may = fixpoint.run(failed, cut, Threshold::MAY).to_vec();
    let scene = Scene::new(fixpoint.requires(), failed, cut, &may);
    let uncertain = scene.uncertain.len();
    let (shares, sampled) = match uncertain <= EXACT_GROUPS_MAX {
        true => (enumerate(&scene), None),
        false => (sample(&scene), Some(SAMPLED_WORLDS)),
    };
    let rows = may.into_iter().zip(0..).map(|(fallen, place)| (fallen, scene.share(&shares, place)));
    Worlds { rows: rows.collect(), uncertain, sampled }
}

/// Whether there are too many worlds to look at all, with these nodes failed: what [`worlds`] finds of them
/// is then found in sampled ones. `may` is what may fall.
pub(super) fn is_sampled(requires: &Requires, failed: &[u32], may: &[Fallen]) -> bool {
    let down: BTreeSet<u32> = failed.iter().copied().chain(may.iter().map(|fallen| fallen.node)).collect();
    let is_uncertain = |place: &u32| {
        let lost = requires.members(*place).iter().filter(|member| down.contains(&member.provider)).count();
        requires.group(*place).is_some_and(|group| {
            group.strength < 1.0
                && group.confidence >= Threshold::MAY.confidence
                && lost > requires.spare(*place) as usize
        })
    };
    let groups = may.iter().flat_map(|fallen| requires.groups_of(fallen.node));
    groups.filter(is_uncertain).nth(EXACT_GROUPS_MAX).is_some()
}

/// In which of 64 consecutive worlds the first six groups are hard, when worlds are counted in binary.
const PATTERNS: [u64; 6] = [
    0xaaaa_aaaa_aaaa_aaaa,
    0xcccc_cccc_cccc_cccc,
    0xf0f0_f0f0_f0f0_f0f0,
    0xff00_ff00_ff00_ff00,
    0xffff_0000_ffff_0000,
    0xffff_ffff_0000_0000,
];

/// Groups that are counted in binary within a mask.
const LOW: usize = (WORDS * 64).ilog2() as usize;

/// The probability of each node by all worlds.
fn enumerate(scene: &Scene) -> Vec<f64> {
    let strengths: Vec<f64> = scene.uncertain.iter().map(|group| f64::from(group.strength)).collect();
    let (low, high) = strengths.split_at(strengths.len().min(LOW));
    let weights = Weights::new(low);
    let mut shares = vec![0.0; scene.nodes()];
    let mut down = scene.room();
    for block in 0..1usize << high.len() {
        let bit = |place: usize| block >> place & 1 == 1;
        let chance = |(place, strength): (usize, &f64)| if bit(place) { *strength } else { 1.0 - strength };
        let weight: f64 = high.iter().enumerate().map(chance).product();
        scene.settle(|place| counted(place, block), &mut down);
        for (share, mask) in shares.iter_mut().zip(down.masks()) {
            *share += weight * weights.of(mask);
        }
    }
    shares
}

/// In which worlds of a block a group is hard, when worlds are counted in binary.
fn counted(group: usize, block: usize) -> Mask {
    let all_or_none = |all: bool| if all { u64::MAX } else { 0 };
    match group.checked_sub(PATTERNS.len()) {
        None => [PATTERNS.get(group).copied().unwrap_or_default(); WORDS],
        Some(of_word) if group < LOW => std::array::from_fn(|word| all_or_none(word >> of_word & 1 == 1)),
        Some(_) if block >> (group - LOW) & 1 == 1 => ALL,
        Some(_) => NONE,
    }
}

/// The probability of each node by worlds that are drawn.
fn sample(scene: &Scene) -> Vec<f64> {
    let mut shares = vec![0.0; scene.nodes()];
    let mut down = scene.room();
    for block in 0..SAMPLED_WORLDS as usize / (WORDS * 64) {
        let word = |group: &scene::Uncertain, word: usize| {
            draw(group.place, (block * WORDS + word) as u64, group.strength)
        };
        let drawn: Vec<Mask> =
            scene.uncertain.iter().map(|group| std::array::from_fn(|at| word(group, at))).collect();
        scene.settle(|place| drawn.get(place).copied().unwrap_or(NONE), &mut down);
        for (share, mask) in shares.iter_mut().zip(down.masks()) {
            let worlds: u32 = mask.iter().map(|word| word.count_ones()).sum();
            *share += f64::from(worlds) / f64::from(SAMPLED_WORLDS);
        }
    }
    shares
}

/// In which of 64 worlds a group is hard: each bit with this probability, to 32 binary digits. The draw
/// hangs on the group and the block alone, so every question sees the group the same way.
fn draw(group: u32, block: u64, strength: f32) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a strength is 0 to 1")]
    let digits = (f64::from(strength) * 4_294_967_296.0).round() as u64;
    if digits >= 1 << 32 {
        return u64::MAX;
    }
    let mut random = SplitMix64(SEED ^ mix(u64::from(group) << 32 | block));
    // From the lowest digit: a one makes the number below it or any, a zero the number below it and.
    (0..32).fold(0, |mask, digit| match digits >> digit & 1 {
        1 => mask | random.next(),
        _ => mask & random.next(),
    })
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SplitMix64(u64);

impl SplitMix64 {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }
}

const fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The probabilities of the worlds of a mask, added up for every byte that it can have.
struct Weights(Vec<[f64; 256]>);

impl Weights {
    /// Of the worlds in which these groups are counted in binary.
    fn new(strengths: &[f64]) -> Weights {
        let worlds = 1usize << strengths.len();
        let of_world = |world: usize| -> f64 {
            let chance = |(place, strength): (usize, &f64)| match world >> place & 1 {
                1 => *strength,
                _ => 1.0 - strength,
            };
            // With fewer than three groups there are fewer worlds; the other bits weigh nothing.
            if world < worlds { strengths.iter().enumerate().map(chance).product() } else { 0.0 }
        };
        let table = |byte: usize| {
            let single: [f64; 8] = std::array::from_fn(|bit| of_world(byte * 8 + bit));
            std::array::from_fn(|bits| {
                single
                    .iter()
                    .enumerate()
                    .filter(|(bit, _)| bits >> bit & 1 == 1)
                    .map(|(_, weight)| weight)
                    .sum()
            })
        };
        Weights((0..worlds.div_ceil(8)).map(table).collect())
    }

    fn of(&self, mask: &Mask) -> f64 {
        if *mask == NONE {
            return 0.0;
        }
        let bytes = mask.iter().flat_map(|word| word.to_le_bytes());
        self.0.iter().zip(bytes).filter_map(|(table, byte)| table.get(usize::from(byte))).sum()
    }
}
