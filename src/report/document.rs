//! Everything that a report is made of, before it takes a form.

use std::path::Path;

use crate::finding::Finding;
use crate::graph::Snapshot;
use crate::model::{FlowRecord, Timestamp};

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
    /// Why it stopped early, or could not be read.
    pub problem: Option<String>,
}

/// What was counted on the way, by the names of the contract.
#[derive(Clone, Debug, Default)]
pub struct Counted {
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
