//! Frames with timestamps, in time order, from capture files. Nothing here knows what a packet means.

use crate::model::Timestamp;

/// How a frame's bytes begin: the link type of the capture (the LINKTYPE registry of tcpdump.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

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
