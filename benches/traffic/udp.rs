//! A dialogue as UDP: every turn is one datagram.

use std::collections::VecDeque;

use super::World;
use super::frame::{self, Route};
use super::random::Random;
use super::schedule::{Flow, Timed};
use super::talk::{Dialogue, MILLISECOND};

/// One flow of datagrams.
pub struct Datagrams {
    route: Route,
    dialogue: Dialogue,
    now: u64,
    packets: usize,
    ip_id: u16,
    round_trip: u64,
}

impl Datagrams {
    /// A flow that begins at `start` nanoseconds.
    pub fn new(route: Route, dialogue: Dialogue, start: u64, mut random: Random) -> Self {
        let round_trip = MILLISECOND / 5 + random.wait(MILLISECOND);
        Datagrams { route, dialogue, now: start, packets: 0, ip_id: random.next() as u16, round_trip }
    }
}

impl Flow for Datagrams {
    fn advance(&mut self, world: &World, out: &mut VecDeque<Timed>) {
        let Some(turn) = self.dialogue.next(world, self.packets) else { return };
        if self.packets > 0 {
            self.now += turn.pause.max(self.round_trip / 2);
        }
        self.packets += 1;
        self.ip_id = self.ip_id.wrapping_add(1);
        out.push_back((self.now, frame::udp(&self.route, turn.from, self.ip_id, &turn.bytes)));
    }

    fn budget(&self) -> usize {
        self.dialogue.budget
    }
}
