//! What the tap could not see, as every answer tells it: for programs, and in sentences.

use serde::Serialize;

use crate::graph::Snapshot;
use crate::model::Span;
use crate::query::Blindness;
use crate::report::{text, time};

/// The `visibility` of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct Sight {
    both_directions: bool,
    one_sided_pairs: usize,
    pairs: usize,
    same_segment_seen: bool,
    same_segment_hosts: usize,
    segments: Vec<String>,
    gaps: Vec<Gap>,
    frontier: Vec<String>,
    frontier_count: usize,
    loss: f64,
    undetermined_directions: usize,
}

/// A time when nobody watched.
#[derive(Clone, Debug, Serialize)]
struct Gap {
    first: String,
    last: String,
}

impl Sight {
    /// What could not be seen, by the names of the contract.
    pub fn of(blindness: &Blindness, snapshot: &Snapshot) -> Sight {
        Sight {
            both_directions: blindness.both_directions(),
            one_sided_pairs: blindness.one_sided,
            pairs: blindness.pairs,
            same_segment_seen: blindness.same_segment_seen,
            same_segment_hosts: blindness.same_segment_hosts,
            segments: blindness.segments.clone(),
            gaps: blindness
                .gaps
                .iter()
                .map(|gap| Gap { first: time(gap.first), last: time(gap.last) })
                .collect(),
            frontier: blindness
                .frontier
                .iter()
                .filter_map(|host| snapshot.hosts.get(*host as usize))
                .map(|host| host.key.to_string())
                .collect(),
            frontier_count: blindness.frontier_count,
            loss: blindness.loss(),
            undetermined_directions: blindness.undetermined,
        }
    }
}

/// Silences that are told one by one.
const GAPS_TOLD: usize = 3;

/// The longest silences, in order of time, and how many more there were.
fn silence(gaps: &[Span]) -> Vec<String> {
    let mut longest: Vec<&Span> = gaps.iter().collect();
    longest.sort_by_key(|gap| (gap.first - gap.last, gap.first));
    longest.truncate(GAPS_TOLD);
    longest.sort();
    let mut said: Vec<String> = longest
        .iter()
        .map(|gap| {
            format!("Nothing captured from {} to {}.", text::moment(gap.first), text::moment(gap.last))
        })
        .collect();
    match gaps.len().saturating_sub(GAPS_TOLD) {
        0 => {}
        1 => said.push("Nothing captured in 1 shorter time between.".to_owned()),
        more => said.push(format!("Nothing captured in {more} shorter times between.")),
    }
    said
}

/// The same in sentences, the gravest first; every answer for people ends with them.
pub fn sentences(blindness: &Blindness, snapshot: &Snapshot) -> Vec<String> {
    let mut said = Vec::new();
    if !blindness.same_segment_seen {
        let segments = blindness.segments.join(", ");
        said.push(match blindness.same_segment_hosts {
            0 => format!("Inside {segments}: no other host seen; what talks there only locally is unseen."),
            1 => format!(
                "Inside {segments}: no unicast seen between its hosts; 1 host there may depend on it or be \
                 reached unseen."
            ),
            hosts => format!(
                "Inside {segments}: no unicast seen between its hosts; {hosts} hosts there may depend on it or \
                 be reached unseen."
            ),
        });
    }
    if blindness.one_sided > 0 {
        said.push(format!(
            "Of {} of {} TCP pairs only one direction was heard.",
            blindness.one_sided, blindness.pairs
        ));
    }
    said.extend(silence(&blindness.gaps));
    let frontier: Vec<String> = blindness
        .frontier
        .iter()
        .take(3)
        .filter_map(|host| snapshot.hosts.get(*host as usize))
        .map(|host| host.key.to_string())
        .collect();
    if !frontier.is_empty() {
        let more = blindness.frontier_count - frontier.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (verb, it) = if blindness.frontier_count == 1 { ("is", "it") } else { ("are", "they") };
        said.push(format!(
            "{}{more} {verb} outside the local networks: what {it} reached next is not tapped.",
            frontier.join(", ")
        ));
    }
    if blindness.undetermined > 0 {
        said.push(format!(
            "The direction of {} of {} dependencies is a guess.",
            blindness.undetermined, blindness.dependencies
        ));
    }
    if blindness.unseen_bytes > 0 {
        said.push(format!("Loss before the tap on its flows: {:.2} %.", 100.0 * blindness.loss()));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn the_longest_silences_are_told_in_order_of_time() {
        let hours = |first: i64, last: i64| Span {
            first: Timestamp::from_seconds(first * 3_600, 0),
            last: Timestamp::from_seconds(last * 3_600, 0),
        };
        let said = silence(&[hours(1, 2), hours(3, 9), hours(10, 12), hours(13, 17), hours(18, 19)]);
        assert_eq!(
            said,
            [
                "Nothing captured from 1970-01-01 03:00:00Z to 1970-01-01 09:00:00Z.",
                "Nothing captured from 1970-01-01 10:00:00Z to 1970-01-01 12:00:00Z.",
                "Nothing captured from 1970-01-01 13:00:00Z to 1970-01-01 17:00:00Z.",
                "Nothing captured in 2 shorter times between.",
            ]
        );
        assert!(silence(&[]).is_empty());
    }
}
