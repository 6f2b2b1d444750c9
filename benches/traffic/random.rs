//! Repeatable chance: the same seed gives the same file on every machine.

/// The SplitMix64 generator (Steele, Lea and Flood, OOPSLA 2014): good enough to shuffle traffic,
/// eight lines long, and without a dependency whose next version would change every capture.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator for one purpose; different seeds give unrelated sequences.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// An independent generator, so that one flow's choices never depend on another's.
    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0. The bias of the remainder is of no matter here.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number in `from..=to`.
    pub fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    /// True in `one` of `of` cases.
    pub fn chance(&mut self, one: usize, of: usize) -> bool {
        self.below(of) < one
    }

    /// One of several things.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A number in (0, 1].
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A waiting time with this mean, as between independent events; at most ten times the mean, so
    /// that no flow outlives the capture by chance.
    pub fn wait(&mut self, mean: u64) -> u64 {
        (-self.unit().ln()).min(10.0).mul_add(mean as f64, 0.0) as u64
    }

    /// A heavy-tailed size (Pareto, shape 1.1) from `least` up to `most`: many small, few huge.
    pub fn heavy(&mut self, least: usize, most: usize) -> usize {
        let size = least as f64 * self.unit().powf(-1.0 / 1.1);
        (size as usize).min(most.max(least))
    }

    /// This many bytes of noise.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
