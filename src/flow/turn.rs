//! Cutting flows into turns: what one side says until the other does, or until it pauses.
//!
//! A turn is cut where the direction changes, and on one side after a pause. Whether two turns of one
//! side belong together is not decided here: a request in two segments with a delayed acknowledgement
//! between them, a pipelined request and a pushed message all look alike from one flow's packets, and
//! who asks (`graph::inference`) knows what for.

use crate::model::{Nanos, Side, Timestamp, Turn};

/// What one side says after this long is another turn. A burst's segments follow each other within a
/// round trip; what waits longer waited for something else.
const PAUSE: Nanos = 50_000_000;

/// Turns of one flow: 262,144 × 16 B = 4 MiB. A connection of a pool with 25 requests a second reaches
/// that after an hour and a half.
const TURNS_OF_A_FLOW_MAX: usize = 262_144;

/// The turns of one table's open flows, by slot. It stands beside the flows, so that nothing is spent on
/// it where nobody asks for turns.
#[derive(Debug)]
pub struct Book {
    pages: Vec<Page>,
    /// Turns that may still be written; those of flows that are over count on, for they are kept too.
    left: usize,
    /// Flows that are over are kept elsewhere.
    handed_over: bool,
    cut: u64,
}

#[derive(Debug, Default)]
struct Page {
    turns: Vec<Turn>,
    cut: bool,
}

/// When the sides of a flow took turns.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// In the order of time; empty where nobody asked for them.
    pub kept: Box<[Turn]>,
    /// There were more, after these.
    pub cut: bool,
}

impl Book {
    /// A book for this many turns.
    pub const fn new(turns_max: usize) -> Self {
        Book { pages: Vec::new(), left: turns_max, handed_over: false, cut: 0 }
    }

    /// From now on the turns of a flow that is over make room for others: somebody takes them away.
    pub const fn hand_over(&mut self) {
        self.handed_over = true;
    }

    /// Flows of which later turns were not kept.
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// New payload of the flow in a slot; `opening` is its first byte, if that was captured.
    pub fn note(&mut self, slot: u32, side: Side, time: Timestamp, bytes: u32, opening: Option<u8>) {
        let slot = slot as usize;
        if slot >= self.pages.len() {
            self.pages.resize_with(slot + 1, Page::default);
        }
        let Some(page) = self.pages.get_mut(slot) else { return };
        let full = self.left == 0 || page.turns.len() >= TURNS_OF_A_FLOW_MAX;
        match page.turns.last_mut() {
            _ if page.cut => {}
            Some(turn) if turn.side == side && time - turn.last() <= PAUSE => turn.extend(time, bytes),
            _ if full => {
                page.cut = true;
                self.cut += 1;
            }
            _ => {
                page.turns.push(Turn::new(time, side, bytes, opening.unwrap_or(0)));
                self.left -= 1;
            }
        }
    }

    /// The flow in a slot is over: its turns, and whether there were more.
    pub fn close(&mut self, slot: u32) -> Turns {
        let page = self.pages.get_mut(slot as usize).map(std::mem::take).unwrap_or_default();
        self.left += if self.handed_over { page.turns.len() } else { 0 };
        Turns { kept: page.turns.into_boxed_slice(), cut: page.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Nanos = 1_000_000;

    /// Notes packets `(millisecond, side, bytes)` and writes the turns as `A0+2:30`: who, when, how long
    /// and how much.
    fn check(turns_max: usize, packets: &[(i64, Side, u32)], expected: &str) {
        let mut book = Book::new(turns_max);
        for (time, side, bytes) in packets {
            book.note(3, *side, Timestamp::from_nanos(time * MILLISECOND), *bytes, Some(0x47));
        }
        let Turns { kept, cut } = book.close(3);
        let told: Vec<String> = kept
            .iter()
            .map(|turn| {
                let first = turn.first.nanos() / MILLISECOND;
                format!("{:?}{first}+{}:{}", turn.side, turn.lasted_us / 1000, turn.bytes)
            })
            .collect();
        assert_eq!(told.join(" ") + if cut { " …" } else { "" }, expected);
        assert_eq!(book.cut(), u64::from(cut));
        assert_eq!(book.close(3), Turns::default(), "the next flow in the slot begins anew");
    }

    #[test]
    fn a_change_of_direction_begins_a_turn() {
        let packets = [(0, Side::A, 10), (2, Side::A, 20), (3, Side::B, 5), (4, Side::A, 1)];
        check(9, &packets, "A0+2:30 B3+0:5 A4+0:1");
    }

    #[test]
    fn a_pause_begins_a_turn_and_a_long_answer_has_none() {
        check(9, &[(0, Side::A, 1), (51, Side::A, 1)], "A0+0:1 A51+0:1");
        check(9, &[(0, Side::B, 1), (40, Side::B, 1), (80, Side::B, 1)], "B0+80:3");
    }

    #[test]
    fn what_does_not_fit_is_cut_at_the_end() {
        check(2, &[(0, Side::A, 1), (1, Side::B, 1), (2, Side::A, 1), (3, Side::B, 1)], "A0+0:1 B1+0:1 …");
    }
}
