//! Everything that a report is made of, before it takes a form.

use std::path::Path;

use super::text::{clean, moment};
use crate::finding::Finding;
use crate::graph::Snapshot;
use crate::model::{FlowRecord, Nanos, Span, Timestamp};
use crate::query::Authorities;

/// What is known of one source.
#[derive(Clone, Debug)]
pub struct SourceFacts {
    /// As it was named.
    pub path: String,
    /// `pcap`, `pcapng`; none where it could not be told.
    pub format: Option<&'static str>,
    /// SHA-256, if it was asked for.
    pub sha256: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Names of its link types.
    pub link_types: Vec<String>,
    /// Frames read.
    pub packets: u64,
    /// The earliest and the latest time of its frames.
    pub first: Option<Timestamp>,
    /// The latest.
    pub last: Option<Timestamp>,
    /// The spans in which it had frames, with long silences between them.
    pub watched: Vec<Span>,
    /// Why it stopped early, or could not be read.
    pub problem: Option<String>,
}

impl SourceFacts {
    /// The problem as a sentence: ``name` does not exist`, ``name`: truncated in packet 3`.
    pub fn sentence(&self) -> Option<String> {
        let problem = self.problem.as_deref()?;
        let of_itself = ["is ", "does ", "cannot "].iter().any(|verb| problem.starts_with(verb));
        let colon = if of_itself { "" } else { ":" };
        Some(clean(&format!("`{}`{colon} {problem}", self.path)))
    }
}

/// When at least one of the sources watched, in order of time.
pub fn watched(sources: &[SourceFacts]) -> Vec<Span> {
    let mut spans: Vec<Span> = sources.iter().flat_map(|source| &source.watched).copied().collect();
    spans.sort_unstable();
    spans
}

/// Nanoseconds that are in at least one of the spans.
pub(super) fn covered(watched: &[Span]) -> Nanos {
    let mut sorted = watched.to_vec();
    sorted.sort_unstable();
    let mut until = Timestamp::MIN;
    let mut sum = 0;
    for span in sorted {
        sum += (span.last - span.first.max(until)).max(0);
        until = until.max(span.last);
    }
    sum
}

/// Which packets were asked for; the others count as filtered.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A BPF expression.
    pub filter: Option<String>,
    /// Packets at or after this moment.
    pub since: Option<Timestamp>,
    /// Packets before this moment.
    pub until: Option<Timestamp>,
}

impl Selection {
    /// In words: ``filter `udp`, since 2026-03-14 10:04:00Z``; none where everything was asked for.
    pub fn words(&self) -> Option<String> {
        let filter = self.filter.as_deref().map(|filter| format!("filter `{}`", clean(filter)));
        let since = self.since.map(|since| format!("since {}", moment(since)));
        let until = self.until.map(|until| format!("before {}", moment(until)));
        let words: Vec<String> = [filter, since, until].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// What was counted on the way, by the names of the contract.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// What was asked for.
    pub selection: Selection,
    /// All frames.
    pub read: u64,
    /// With a readable IP header.
    pub analyzed: u64,
    /// Copies that a mirror delivered.
    pub duplicate: u64,
    /// No IP.
    pub non_ip: u64,
    /// Unreadable IP.
    pub malformed: u64,
    /// Link types that are not read.
    pub unsupported: u64,
    /// Refused by the filter or outside the window.
    pub filtered: u64,
    /// Bytes captured.
    pub bytes_captured: u64,
    /// Bytes on the wire.
    pub bytes_wire: u64,
    /// Flows ended early because a limit was hit.
    pub evicted: u64,
    /// Flows counted but not read, because too many were being read.
    pub unread: u64,
    /// Packets that the capture cut.
    pub cut_packets: u64,
    /// Times that a source's clock went back.
    pub clock_steps: u64,
    /// Packets with a wrong checksum; nothing was decided by it.
    pub bad_checksums: u64,
    /// Sources that are the same file as an earlier one.
    pub repeated: Vec<String>,
    /// Frames by name of a link type that is not read.
    pub link_types_not_read: Vec<(String, u64)>,
    /// Malformed things by name.
    pub anomalies: Vec<(&'static str, u64)>,
}

/// Everything that a report says.
pub struct Report<'a> {
    /// The moment for which status and days left are told.
    pub as_of: Option<Timestamp>,
    /// Where it came from.
    pub sources: &'a [SourceFacts],
    /// What was counted.
    pub counted: &'a Counted,
    /// The map.
    pub snapshot: &'a Snapshot,
    /// What is wrong on it.
    pub findings: &'a [Finding],
    /// Every flow, where they were kept.
    pub records: &'a [FlowRecord],
    /// Who is trusted to vouch for certificates.
    pub authorities: &'a Authorities,
}

impl Report<'_> {
    /// The path of the source at a place in the list, as it was named.
    pub fn source_path(&self, source: u32) -> &str {
        self.sources.get(source as usize).map_or("?", |source| source.path.as_str())
    }

    /// The name of the source at a place in the list, without its folders.
    pub fn source_name(&self, source: u32) -> &str {
        let path = self.source_path(source);
        Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_overlap_watched_only_once() {
        let span = |first, last| Span {
            first: Timestamp::from_seconds(first, 0),
            last: Timestamp::from_seconds(last, 0),
        };
        assert_eq!(covered(&[]), 0);
        assert_eq!(covered(&[span(0, 10), span(5, 8), span(9, 12), span(20, 21)]), 13_000_000_000);
    }
}
