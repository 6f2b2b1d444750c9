//! What two parties say to each other, without saying how it travels.

use std::collections::VecDeque;

use super::World;
use super::filler::FILLER_LEN_MAX;
use super::frame::Party;
use super::random::Random;

/// One millisecond in nanoseconds, the unit of all times here.
pub const MILLISECOND: u64 = 1_000_000;

/// A connection stays idle before its end for as long as this many pauses between two exchanges.
const IDLE_THINKS: u64 = 20;

/// One side's bytes: a write to a TCP connection, or one datagram.
#[derive(Debug)]
pub struct Turn {
    /// Who says it.
    pub from: Party,
    /// What is said.
    pub bytes: Vec<u8>,
    /// How long it waits before, nanoseconds.
    pub pause: u64,
}

/// A protocol's way of talking.
pub trait Script {
    /// What is said first: greetings, logins, handshakes.
    fn open(&mut self, talk: &mut Talk<'_>) {
        let _ = talk;
    }

    /// One request and its answer; called until the flow's budget of packets is spent, or until it
    /// says nothing.
    fn exchange(&mut self, talk: &mut Talk<'_>);

    /// What is said last.
    fn close(&mut self, talk: &mut Talk<'_>) {
        let _ = talk;
    }
}

/// Where a script writes its turns.
#[derive(Debug)]
pub struct Talk<'a> {
    /// Names, certificates and fillers.
    pub world: &'a World,
    /// This flow's chance.
    pub random: &'a mut Random,
    /// Packets of the budget that are left, at least 1.
    left: usize,
    turns: &'a mut VecDeque<Turn>,
}

impl Talk<'_> {
    /// The client says this.
    pub fn client(&mut self, bytes: impl Into<Vec<u8>>) {
        self.say(Party::Client, bytes.into());
    }

    /// The server says this.
    pub fn server(&mut self, bytes: impl Into<Vec<u8>>) {
        self.say(Party::Server, bytes.into());
    }

    /// Whoever speaks after the other thinks for a moment, about 2 ms; more of the same side follows at once.
    fn say(&mut self, from: Party, bytes: Vec<u8>) {
        let same = self.turns.back().is_some_and(|last| last.from == from);
        let pause = if same { 0 } else { MILLISECOND / 5 + self.random.wait(2 * MILLISECOND) };
        self.turns.push_back(Turn { from, bytes, pause });
    }

    /// A heavy-tailed length for a body that fits the budget that is left.
    pub fn body_len(&mut self, least: usize) -> usize {
        // Two full segments and their acknowledgement carry 2,900 bytes.
        self.random.heavy(least, (self.left * 960).min(FILLER_LEN_MAX))
    }

    /// Readable bytes.
    pub fn text(&mut self, len: usize) -> Vec<u8> {
        self.world.filler.text(self.random, len).to_vec()
    }

    /// Bytes that look encrypted.
    pub fn noise(&mut self, len: usize) -> Vec<u8> {
        self.world.filler.noise(self.random, len).to_vec()
    }
}

/// A script being followed, within a budget of packets.
pub struct Dialogue {
    script: Box<dyn Script>,
    turns: VecDeque<Turn>,
    random: Random,
    /// Packets this flow should come to.
    pub budget: usize,
    /// Mean time between two exchanges, nanoseconds.
    think: u64,
    /// How long the connection stays idle after all is said, nanoseconds.
    pub silence: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Exchanging,
    /// The script has nothing more to exchange, though its budget would let it.
    Closing,
    Closed,
}

impl Dialogue {
    /// Begins a dialogue; `think` is the mean time between two exchanges in nanoseconds.
    pub fn new(script: Box<dyn Script>, budget: usize, think: u64, random: Random) -> Self {
        Dialogue { script, turns: VecDeque::new(), random, budget, think, silence: 0, stage: Stage::Opening }
    }

    /// What is said next, when `spent` packets have been sent; `None` when all is said.
    pub fn next(&mut self, world: &World, spent: usize) -> Option<Turn> {
        while self.turns.is_empty() {
            let left = self.budget.saturating_sub(spent);
            let random = &mut self.random;
            let mut talk = Talk { world, random, left: left.max(1), turns: &mut self.turns };
            match self.stage {
                Stage::Opening => {
                    self.script.open(&mut talk);
                    self.script.exchange(&mut talk);
                    self.stage = Stage::Exchanging;
                }
                // Goodbyes and the end of the connection take about four packets.
                Stage::Exchanging if left > 4 => {
                    self.script.exchange(&mut talk);
                    let wait = self.random.wait(self.think);
                    match self.turns.front_mut() {
                        Some(first) => first.pause += wait,
                        None => self.stage = Stage::Closing,
                    }
                }
                Stage::Exchanging | Stage::Closing => {
                    self.script.close(&mut talk);
                    self.stage = Stage::Closed;
                    // Idle connections are kept for a while: before the goodbye, if there is one.
                    let idle = self.random.wait(self.think * IDLE_THINKS);
                    match self.turns.front_mut() {
                        Some(first) => first.pause += idle,
                        None => self.silence = idle,
                    }
                }
                Stage::Closed => return None,
            }
        }
        self.turns.pop_front()
    }
}
