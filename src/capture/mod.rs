//! Frames with timestamps, in time order, from capture files. Nothing here knows what a packet means.
//!
//! The way of a byte: `input` (disk, pipe, undone compression, hash) → `window` (a fixed buffer) →
//! `pcap` or `pcapng` (where a record begins and ends) → `slot` (one source: its counts, the time
//! window, the filter) → `frames` (all sources, merged in time order).
//!
//! **Invariant:** memory depends on how many sources are open, never on how much is in them: one
//! `window` each, and for a compressed one what its format refers back to (gzip 32 KiB; zstd and xz
//! what their writer chose, 8 MiB and less as a rule, refused above 128 MiB).
//!
//! **Invariant:** a broken file never loses what was read before the break; it ends its source with a
//! sentence in [`Source::problem`].

mod error;
mod filter;
mod frames;
mod input;
mod link_type;
pub mod live;
mod order;
mod pcap;
mod pcapng;
mod reader;
mod resolution;
mod search;
mod slot;
mod stop;
mod watch;
mod window;
mod zstd;

pub use error::{FilterError, OpenError, Refusal};
pub use filter::check as check_filter;
pub use frames::Frames;
pub use link_type::LinkType;

use std::path::PathBuf;

use crate::model::{Span, Timestamp};

/// The longest frame handed out, in bytes: libpcap's and Wireshark's own limit for captures of
/// networks. The few link types that carry more (USB, D-Bus) are handed out cut to it.
pub const FRAME_BYTES_MAX: usize = 262_144;

/// How many captures are open at once: 128 × (512 KiB window + 64 KiB of compressed bytes) = 72 MiB,
/// and a tenth of the 1024 file descriptors that a process usually may have. A capture that begins
/// while so many others last is read late: its frames come out of order, and its `problem` says so.
pub const OPEN_SOURCES_MAX: usize = 128;

/// What is read of the sources, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A BPF expression as tcpdump takes it; frames that it refuses count as filtered.
    pub filter: Option<String>,
    /// Frames before this moment count as filtered.
    pub since: Option<Timestamp>,
    /// Frames at or after this moment count as filtered: adjoining windows share no frame.
    pub until: Option<Timestamp>,
    /// Also compute the SHA-256 of each source.
    pub hash: bool,
}

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// Which source it is from: its place in the list of sources.
    pub source: u32,
    /// Its number in that source, counted from 1 as Wireshark does.
    pub number: u64,
    /// How its bytes begin.
    pub link: LinkType,
    /// The bytes captured.
    pub bytes: &'a [u8],
    /// How long it was on the wire; more than `bytes` where the capture cut it.
    pub wire_len: u32,
}

/// A format of capture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The format of tcpdump: one header, then records.
    Pcap,
    /// The format of Wireshark: sections, interfaces, blocks.
    PcapNg,
}

impl Format {
    /// `pcap` or `pcapng`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Pcap => "pcap",
            Format::PcapNg => "pcapng",
        }
    }
}

/// What is known of one source; complete once [`Frames::next`] has given `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it was named; for a file found in a directory, the directory's name and the file's joined.
    pub path: PathBuf,
    /// `None` where it could not be opened or told.
    pub format: Option<Format>,
    /// SHA-256 of the bytes as they are on disk, in hex; only where it was asked for.
    pub sha256: Option<String>,
    /// Size on disk in bytes; for a pipe what was read of it.
    pub bytes: u64,
    /// The link types that it declares, sorted.
    pub link_types: Vec<LinkType>,
    /// Frames read, the filtered ones included.
    pub packets: u64,
    /// Frames outside the time window or refused by the filter.
    pub filtered: u64,
    /// Frames handed out that are shorter than they were on the wire.
    pub cut_packets: u64,
    /// How often a frame was more than a second older than the frame before it.
    pub clock_steps: u64,
    /// The earliest time of its frames.
    pub first: Option<Timestamp>,
    /// The latest time of its frames.
    pub last: Option<Timestamp>,
    /// The spans in which it had frames, with an hour and more of silence between them.
    pub watched: Vec<Span>,
    /// Why it could not be read, or stopped early, or what else its reader should know.
    pub problem: Option<String>,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read, as they are on disk.
    pub bytes: u64,
    /// Of how many; `None` if a source is a pipe, whose end nobody knows.
    pub total: Option<u64>,
    /// Frames read, the filtered ones included.
    pub packets: u64,
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
