//! Which machine held an address, and when it changed hands.

use std::collections::BTreeSet;

use super::atlas::Atlas;
use crate::graph::HoldingSource;
use crate::model::{Mac, Span, Timestamp};

/// One machine's time at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The machine.
    pub mac: Mac,
    /// When it was first seen there; it may have come earlier.
    pub from: Timestamp,
    /// When the next machine was first seen there; none: it is the last one known.
    pub until: Option<Timestamp>,
    /// The last time that it was seen there. After `until` where two machines claim the address.
    pub last: Timestamp,
    /// What showed it.
    pub sources: BTreeSet<HoldingSource>,
}

impl Turn {
    /// The next machine was seen at the address before this one was seen there for the last time.
    pub fn is_contested(&self) -> bool {
        self.until.is_some_and(|until| self.last > until)
    }
}

/// The machines that held a host's address, in order of time. Empty where the link layer told none.
pub fn turns(atlas: &Atlas, host: u32) -> Vec<Turn> {
    let Some(row) = atlas.host(host) else { return Vec::new() };
    let mut holdings = [row.held.as_slice(), atlas.observed.history.heard(&row.key)].concat();
    holdings.sort_unstable();
    let mut turns: Vec<Turn> = Vec::new();
    for holding in holdings {
        let Span { first, last } = holding.span;
        // What one source says of a machine may begin inside what another one says of it.
        let known = |turn: &&mut Turn| turn.mac == holding.mac && turn.last >= last;
        if let Some(turn) = turns.iter_mut().find(known) {
            turn.sources.insert(holding.source);
            continue;
        }
        if let Some(turn) = turns.last_mut() {
            if turn.mac == holding.mac {
                turn.last = last;
                turn.sources.insert(holding.source);
                continue;
            }
            turn.until = Some(first);
        }
        let sources = [holding.source].into();
        turns.push(Turn { mac: holding.mac, from: first, until: None, last, sources });
    }
    turns
}

/// Whose turn it was at a moment: of two machines that claim the address, the one that came last.
/// None before the first was seen.
pub fn holder(turns: &[Turn], at: Timestamp) -> Option<&Turn> {
    let come = || turns.iter().rev().filter(|turn| turn.from <= at);
    come().find(|turn| turn.last >= at).or_else(|| come().next())
}

/// Where else a machine was: places of hosts, with its turn there; in the order of their addresses.
pub fn elsewhere(atlas: &Atlas, mac: Mac, but: u32) -> Vec<(u32, Turn)> {
    let hosts = (0u32..).zip(&atlas.observed.snapshot.hosts);
    let others = hosts.filter(|(place, host)| {
        *place != but && (host.macs.contains(&mac) || host.held.iter().any(|held| held.mac == mac))
    });
    let its = |place| turns(atlas, place).into_iter().filter(move |turn| turn.mac == mac);
    others.flat_map(|(place, _)| its(place).map(move |turn| (place, turn))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn turn(mac: Mac, from: i64, until: Option<i64>, last: i64) -> Turn {
        let at = |second| Timestamp::from_seconds(second, 0);
        Turn { mac, from: at(from), until: until.map(at), last: at(last), sources: BTreeSet::new() }
    }

    #[test]
    fn a_moment_belongs_to_whoever_was_seen_then_and_else_to_whoever_came_last() {
        let turns = [turn(A, 10, Some(50), 30), turn(B, 50, None, 60)];
        let at = |second| holder(&turns, Timestamp::from_seconds(second, 0)).map(|turn| turn.mac);
        assert_eq!([5, 10, 40, 49, 50, 99].map(at), [None, Some(A), Some(A), Some(A), Some(B), Some(B)]);
        assert!(!turns[0].is_contested());
    }

    #[test]
    fn a_claim_that_outlasts_another_one_is_contested() {
        let turns = [turn(A, 10, Some(50), 90), turn(B, 50, None, 60)];
        let at = |second| holder(&turns, Timestamp::from_seconds(second, 0)).map(|turn| turn.mac);
        assert_eq!([55, 80, 99].map(at), [Some(B), Some(A), Some(B)]);
        assert!(turns[0].is_contested());
    }
}
