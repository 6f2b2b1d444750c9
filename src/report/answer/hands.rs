//! Which machine held an address, and when it changed hands: for programs, and in sentences.

use serde::Serialize;

use crate::graph::HoldingSource;
use crate::query::Turn;
use crate::report::text::{length, moment};
use crate::report::time;

/// A machine's time at an address.
#[derive(Serialize)]
pub struct TurnRow {
    mac: String,
    from: String,
    until: Option<String>,
    last: String,
    sources: Vec<&'static str>,
    contested: bool,
}

impl TurnRow {
    /// The row of a turn.
    pub fn of(turn: &Turn) -> TurnRow {
        TurnRow {
            mac: turn.mac.to_string(),
            from: time(turn.from),
            until: turn.until.map(time),
            last: time(turn.last),
            sources: turn.sources.iter().copied().map(HoldingSource::word).collect(),
            contested: turn.is_contested(),
        }
    }
}

/// That an address changed hands, and when: one sentence for each time. Nothing where it did not.
pub fn changes(address: &str, turns: &[Turn]) -> Vec<String> {
    let pairs = turns.iter().zip(turns.iter().skip(1));
    let said = pairs.map(|(before, after)| match before.is_contested() {
        true => format!(
            "{address} was claimed by {} and {} at the same time, from {} on: who spoke then is not sure.",
            before.mac,
            after.mac,
            moment(after.from)
        ),
        false => format!(
            "{address} changed hands: {} until {}, {} from {} ({} between).",
            before.mac,
            moment(before.last),
            after.mac,
            moment(after.from),
            length(after.from - before.last)
        ),
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mac, Timestamp};

    #[test]
    fn changes_are_told_with_the_time_between() {
        let at = |second| Timestamp::from_seconds(second, 0);
        let turn = |last: u8, from, until: Option<i64>, seen| Turn {
            mac: Mac([2, 0, 0, 0, 0, last]),
            from: at(from),
            until: until.map(at),
            last: at(seen),
            sources: [HoldingSource::Neighbour].into(),
        };
        let one = [turn(1, 0, None, 60)];
        assert_eq!(changes("10.0.0.1", &one), Vec::<String>::new());
        let said = changes("10.0.0.1", &[turn(1, 0, Some(120), 60), turn(2, 120, None, 130)]);
        assert_eq!(
            said,
            ["10.0.0.1 changed hands: 02:00:00:00:00:01 until 1970-01-01 00:01:00Z, 02:00:00:00:00:02 from \
              1970-01-01 00:02:00Z (1 min between)."]
        );
        let said = changes("10.0.0.1", &[turn(1, 0, Some(120), 300), turn(2, 120, None, 130)]);
        assert!(said[0].contains("at the same time"), "{said:?}");
    }
}
