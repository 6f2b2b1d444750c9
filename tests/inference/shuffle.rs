//! Captures whose times mean nothing any more: whatever is found in them is chance.

use std::collections::BTreeMap;

use tapmap::model::{FlowRecord, Nanos, Side, Timestamp, Turn};

use super::toy::Random;

/// Every flow moved as a whole to somewhere in the capture.
pub fn flows(records: &[FlowRecord], random: &mut Random) -> Vec<FlowRecord> {
    let (from, to) = span(records);
    let moved = records.iter().map(|record| {
        let room = (to - from - (record.last - record.first)).max(1);
        let by = from + (random.next() % room as u64) as Nanos - record.first;
        let turns = record.turns.iter().map(|turn| Turn { first: turn.first + by, ..*turn });
        FlowRecord {
            first: record.first + by,
            last: record.last + by,
            turns: turns.collect(),
            ..record.clone()
        }
    });
    moved.collect()
}

/// The exchanges of every flow, each moved to somewhere in the capture and not onto another of its flow:
/// for connections that stay, of which there may be one. They keep their lengths and their number.
pub fn exchanges(records: &[FlowRecord], random: &mut Random) -> Vec<FlowRecord> {
    let (from, to) = span(records);
    let moved = records.iter().map(|record| {
        let Some(asking) = record.turns.first().map(|turn| turn.side) else { return record.clone() };
        let mut taken: BTreeMap<Timestamp, Timestamp> = BTreeMap::new();
        let mut turns: Vec<Turn> = Vec::new();
        for exchange in pieces(&record.turns, asking) {
            let (first, last) = (exchange[0].first, exchange.iter().map(Turn::last).max().unwrap());
            let room = (to - from - (last - first)).max(1) as u64;
            let free = |start: Timestamp| {
                let end = start + (last - first);
                taken.range(..=end).next_back().is_none_or(|(_, taken)| *taken < start)
            };
            let start = (0..20).map(|_| from + (random.next() % room) as Nanos).find(|start| free(*start));
            let Some(start) = start else { continue };
            taken.insert(start, start + (last - first));
            turns.extend(exchange.iter().map(|turn| Turn { first: turn.first + (start - first), ..*turn }));
        }
        turns.sort_by_key(|turn| turn.first);
        FlowRecord { first: from, last: to, turns: turns.into(), ..record.clone() }
    });
    moved.collect()
}

/// What one side says until it speaks again after the other.
fn pieces(turns: &[Turn], asking: Side) -> impl Iterator<Item = &[Turn]> {
    turns.chunk_by(move |one, other| !(one.side != asking && other.side == asking))
}

fn span(records: &[FlowRecord]) -> (Timestamp, Timestamp) {
    let first = records.iter().map(|record| record.first).min().unwrap();
    (first, records.iter().map(|record| record.last).max().unwrap())
}
