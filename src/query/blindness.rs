//! What the tap could not see of the hosts that a question is about. "Never seen" must never look
//! like "nothing depends on it".

use std::collections::BTreeSet;

use super::atlas::Atlas;
use super::segment::Segments;
use crate::graph::{Dependency, DependencyState};
use crate::model::{Nanos, Span, Transport};

/// Nobody watching for less than this is no gap: rotating captures leave such holes between files.
const GAP_MIN: Nanos = 60_000_000_000;

/// Hosts outside the operator's networks that are named as frontier; the rest are counted.
const FRONTIER_MAX: usize = 32;

/// What the tap could not see, for some hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blindness {
    /// TCP pairs of theirs that carried payload, and of these, pairs of which only one direction was seen.
    pub pairs: usize,
    /// Of these, heard from one side only.
    pub one_sided: usize,
    /// Unicast between one of them and another host of its own segment was seen.
    pub same_segment_seen: bool,
    /// Other hosts in their segments, who may depend on them, or be reached by them, unseen.
    pub same_segment_hosts: usize,
    /// The segments that they are in, as the operator names them, or their /24 (/64).
    pub segments: Vec<String>,
    /// When nobody watched, between the first packet and the last.
    pub gaps: Vec<Span>,
    /// Hosts that they use or that use them, and whose other traffic is not tapped: places, ascending.
    pub frontier: Vec<u32>,
    /// How many of those there are.
    pub frontier_count: usize,
    /// Bytes that were acknowledged and never seen, and all bytes, on their flows.
    pub unseen_bytes: u64,
    /// All bytes on their flows.
    pub bytes: u64,
    /// Dependencies of theirs whose direction is not decided.
    pub undetermined: usize,
    /// Dependencies of theirs that somebody answered.
    pub dependencies: usize,
}

impl Blindness {
    /// The share of bytes that were lost before the tap, 0 to 1.
    pub fn loss(&self) -> f64 {
        let all = self.bytes + self.unseen_bytes;
        if all == 0 { 0.0 } else { self.unseen_bytes as f64 / all as f64 }
    }

    /// Both directions were seen of every pair.
    pub const fn both_directions(&self) -> bool {
        self.one_sided == 0
    }

    /// What could not be seen of some hosts.
    pub fn of(atlas: &Atlas, hosts: &[u32]) -> Blindness {
        let segments = Segments::new(atlas);
        let own: BTreeSet<u32> = hosts.iter().copied().collect();
        let theirs: BTreeSet<u32> = own.iter().filter_map(|host| segments.of(*host)).collect();
        let inside = |host: u32| segments.of(host).is_some_and(|segment| theirs.contains(&segment));
        let others = theirs.iter().flat_map(|segment| segments.hosts(*segment));
        let mut blindness = Blindness {
            segments: theirs.iter().filter_map(|place| Some(segments.get(*place)?.name.clone())).collect(),
            same_segment_hosts: others.filter(|host| !own.contains(host)).count(),
            gaps: gaps(&atlas.observed.watched),
            ..Blindness::default()
        };
        let mut frontier = BTreeSet::new();
        for (dependency, peer) in dependencies(atlas, &own) {
            blindness.add(dependency);
            let Some(host) = atlas.host(peer) else { continue };
            let unicast = dependency.state >= DependencyState::Answered;
            blindness.same_segment_seen |= unicast && !own.contains(&peer) && inside(peer);
            if unicast && !host.internal {
                frontier.insert(peer);
            }
        }
        blindness.frontier_count = frontier.len();
        blindness.frontier = frontier.into_iter().take(FRONTIER_MAX).collect();
        blindness
    }

    fn add(&mut self, dependency: &Dependency) {
        let totals = &dependency.totals;
        self.unseen_bytes += totals.unseen;
        self.bytes += totals.to_server.bytes + totals.to_client.bytes;
        if totals.answered > 0 {
            self.dependencies += 1;
            self.undetermined += usize::from(!totals.decided);
        }
        let talking = totals.recognised + totals.unrecognised;
        if dependency.transport() == Transport::Tcp && talking > 0 {
            self.pairs += 1;
            self.one_sided += usize::from(totals.one_sided == talking);
        }
    }
}

/// The dependencies that some hosts have or serve, each with the host on its far side.
fn dependencies<'a>(atlas: &'a Atlas, hosts: &BTreeSet<u32>) -> impl Iterator<Item = (&'a Dependency, u32)> {
    let mut ends: BTreeSet<(u32, u32)> = BTreeSet::new();
    for host in hosts {
        for dependency in atlas.uses(*host) {
            ends.extend(atlas.server_of(*dependency).map(|peer| (*dependency, peer)));
        }
        for service in atlas.offers(*host) {
            for dependency in atlas.used_by(*service) {
                // Between two of the hosts it is counted once.
                let client = atlas.client_of(*dependency).filter(|client| !hosts.contains(client));
                ends.extend(client.map(|peer| (*dependency, peer)));
            }
        }
    }
    ends.into_iter().filter_map(|(dependency, peer)| Some((atlas.dependency(dependency)?, peer)))
}

/// The times between the first and the last moment at which nobody watched.
fn gaps(watched: &[Span]) -> Vec<Span> {
    let mut sorted = watched.to_vec();
    sorted.sort_unstable();
    let mut gaps = Vec::new();
    let mut until = sorted.first().map(|span| span.last);
    for span in sorted {
        if let Some(last) = until
            && span.first - last >= GAP_MIN
        {
            gaps.push(Span { first: last, last: span.first });
        }
        until = until.max(Some(span.last));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn span(first: i64, last: i64) -> Span {
        Span { first: Timestamp::from_seconds(first, 0), last: Timestamp::from_seconds(last, 0) }
    }

    #[test]
    fn gaps_are_where_no_source_watched() {
        assert_eq!(gaps(&[]), []);
        assert_eq!(gaps(&[span(0, 100)]), []);
        assert_eq!(gaps(&[span(500, 600), span(0, 100)]), [span(100, 500)]);
        assert_eq!(gaps(&[span(0, 100), span(50, 400), span(430, 600)]), [], "half a minute is no gap");
        assert_eq!(gaps(&[span(0, 1_000), span(100, 200), span(1_100, 1_200)]), [span(1_000, 1_100)]);
    }
}
