//! Lists of numbers in few bytes: turns of flows, hours of edges, sketches of distinct things.

use smallvec::SmallVec;

use crate::graph::Distinct;
use crate::model::{Side, Timestamp, Turn};

/// A number in base 128, least digit first (as in LEB128): small numbers take one byte.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Small differences are small numbers, also where they are negative.
const fn folded(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

const fn unfolded(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// Packs hours.
pub fn of_hours(hours: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hours.len() + 4);
    let mut before = 0;
    for hour in hours {
        push(&mut bytes, folded(i64::from(*hour) - before));
        before = i64::from(*hour);
    }
    bytes
}

/// The hours that were packed; bytes that say nothing end them.
pub fn hours(mut bytes: &[u8]) -> SmallVec<[i32; 2]> {
    let mut hours = SmallVec::new();
    let mut before = 0i64;
    while let Some(next) = pull(&mut bytes) {
        before = before.saturating_add(unfolded(next));
        let Ok(hour) = i32::try_from(before) else { break };
        hours.push(hour);
    }
    hours
}

/// Packs turns.
pub fn of_turns(turns: &[Turn]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(turns.len() * 9);
    let mut before = 0;
    for turn in turns {
        push(&mut bytes, folded(turn.first.nanos().wrapping_sub(before)));
        push(&mut bytes, turn.lasted_us.into());
        push(&mut bytes, u64::from(turn.bytes) << 1 | u64::from(turn.side == Side::B));
        bytes.push(turn.opening);
        before = turn.first.nanos();
    }
    bytes
}

/// The turns that were packed; bytes that say nothing end them.
pub fn turns(mut bytes: &[u8]) -> Box<[Turn]> {
    let mut turns = Vec::with_capacity(bytes.len() / 8);
    let mut before = 0i64;
    while let Some(turn) = turn(&mut bytes, &mut before) {
        turns.push(turn);
    }
    turns.into_boxed_slice()
}

fn turn(bytes: &mut &[u8], before: &mut i64) -> Option<Turn> {
    *before = before.wrapping_add(unfolded(pull(bytes)?));
    let lasted_us = u32::try_from(pull(bytes)?).ok()?;
    let size = pull(bytes)?;
    let (opening, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(Turn {
        first: Timestamp::from_nanos(*before),
        lasted_us,
        bytes: u16::try_from(size >> 1).ok()?,
        side: if size & 1 == 1 { Side::B } else { Side::A },
        opening: *opening,
    })
}

/// Packs a sketch: the hashes of few things, or 256 registers.
pub fn of_distinct(distinct: &Distinct) -> Vec<u8> {
    match distinct {
        Distinct::Few(hashes) => hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect(),
        Distinct::Many(registers) => [[0].as_slice(), registers.as_slice()].concat(),
    }
}

/// The sketch that was packed.
pub fn distinct(bytes: &[u8]) -> Distinct {
    if let Some((0, registers)) = bytes.split_first()
        && let Ok(registers) = registers.try_into()
    {
        return Distinct::Many(Box::new(registers));
    }
    let (hashes, _) = bytes.as_chunks::<8>();
    Distinct::Few(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hours_come_back(mut some in proptest::collection::vec(any::<i32>(), 0..50)) {
            some.sort_unstable();
            prop_assert_eq!(hours(&of_hours(&some)).to_vec(), some);
        }

        #[test]
        fn turns_come_back(some in proptest::collection::vec(any::<(i64, u32, u16, bool, u8)>(), 0..20)) {
            let some: Vec<Turn> = some.into_iter().map(|(first, lasted_us, bytes, b, opening)| Turn {
                first: Timestamp::from_nanos(first),
                lasted_us,
                bytes,
                side: if b { Side::B } else { Side::A },
                opening,
            }).collect();
            prop_assert_eq!(&*turns(&of_turns(&some)), &some[..]);
        }

        #[test]
        fn sketches_come_back(things in proptest::collection::vec(any::<u64>(), 0..200)) {
            let mut some = Distinct::default();
            things.into_iter().for_each(|thing| some.add(thing.into()));
            prop_assert_eq!(distinct(&of_distinct(&some)), some);
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            hours(&bytes);
            turns(&bytes);
            distinct(&bytes);
        }
    }

    #[test]
    fn a_working_day_takes_a_byte_an_hour() {
        let day: Vec<i32> = (490_000..490_010).collect();
        assert_eq!(of_hours(&day).len(), 3 + 9);
    }
}
