//! What bodies are made of: text where a protocol is readable, noise where it is encrypted.

use super::random::Random;

/// Length of each pool in bytes. Longer than any one turn, so a slice is always there.
const POOL_LEN: usize = 512 * 1024;

/// The longest filler that may be asked for in bytes.
pub const FILLER_LEN_MAX: usize = 256 * 1024;

const WORDS: &[&str] = &[
    "invoice",
    "customer",
    "<div class=\"row\">",
    "</div>",
    "order",
    "\"quantity\": 4,",
    "delivery",
    "total",
    "<td>",
    "</td>",
    "warehouse",
    "quarter",
    "\n",
    "report",
    "and",
    "the",
    "of",
    "shipment",
];

/// Two pools of bytes, made once and cut into slices.
#[derive(Debug)]
pub struct Filler {
    text: Vec<u8>,
    noise: Vec<u8>,
}

impl Filler {
    /// Fills both pools.
    pub fn new(random: &mut Random) -> Self {
        let mut text = Vec::with_capacity(POOL_LEN + 32);
        while text.len() < POOL_LEN {
            text.extend_from_slice(random.pick(WORDS).as_bytes());
            text.push(b' ');
        }
        Filler { text, noise: random.bytes(POOL_LEN) }
    }

    /// Readable bytes, at most [`FILLER_LEN_MAX`].
    pub fn text(&self, random: &mut Random, len: usize) -> &[u8] {
        slice(&self.text, random, len)
    }

    /// Bytes that look encrypted, at most [`FILLER_LEN_MAX`].
    pub fn noise(&self, random: &mut Random, len: usize) -> &[u8] {
        slice(&self.noise, random, len)
    }
}

fn slice<'a>(pool: &'a [u8], random: &mut Random, len: usize) -> &'a [u8] {
    let start = random.below(POOL_LEN - FILLER_LEN_MAX);
    &pool[start..start + len.min(FILLER_LEN_MAX)]
}
