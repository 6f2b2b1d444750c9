//! Captures written here, read back: what every format, every break and every mixture must give.

mod broken;
mod compressed;
mod merged;
mod pcap;
mod pcapng;

use std::io::Read;

use super::reader::Reader;
use super::testing::{Files, Writer, pcap_at};
use super::{Frames, LinkType, OpenError, Options, Refusal};
use crate::model::Timestamp;

/// What a frame says, kept: time, link type, length on the wire, bytes.
type Seen = (Timestamp, u16, u32, Vec<u8>);

/// Reads one capture from memory: its records and why it stopped.
fn read(bytes: &[u8]) -> Result<(Vec<Seen>, Option<String>), Refusal> {
    read_from(bytes)
}

fn read_from(from: impl Read) -> Result<(Vec<Seen>, Option<String>), Refusal> {
    let mut reader = Reader::open(from)?;
    let mut seen = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(record)) => seen.push((
                record.time.unwrap_or_default(),
                record.link.0,
                record.wire_len,
                reader.bytes(&record).to_vec(),
            )),
            Ok(None) => return Ok((seen, None)),
            Err(stop) => return Ok((seen, Some(stop.to_string()))),
        }
    }
}

/// Reads a capture that must be whole.
fn whole(bytes: &[u8]) -> Vec<Seen> {
    let (seen, stop) = read(bytes).unwrap();
    assert_eq!(stop, None);
    seen
}

fn at(seconds: i64, nanos: i64) -> Timestamp {
    Timestamp::from_seconds(seconds, nanos)
}

/// Frames of several files as (source, number, seconds), and what is said of the sources.
fn merged(paths: &[std::path::PathBuf], options: &Options) -> (Vec<(u32, u64, i64)>, Vec<super::Source>) {
    let mut frames = Frames::open(paths, options).unwrap();
    let mut seen = Vec::new();
    while let Some(frame) = frames.next() {
        seen.push((frame.source, frame.number, frame.time.seconds()));
    }
    (seen, frames.sources())
}
