//! The pcap format (draft-ietf-opsawg-pcap; the older kinds as libpcap's `sf-pcap.c` reads them).

use std::io::Read;

use super::error::Refusal;
use super::order::Order;
use super::reader::{Record, cut_packet};
use super::stop::Stop;
use super::window::Window;
use super::{FRAME_BYTES_MAX, LinkType};
use crate::model::Timestamp;

/// Length of the file header in bytes.
const HEADER_BYTES: usize = 24;
/// Length of a record's header in bytes: seconds, fraction, captured length, original length.
const RECORD_HEADER_BYTES: usize = 16;
/// Likewise as patched into libpcap by Alexey Kuznetzov, with interface, protocol and packet type.
const PATCHED_RECORD_HEADER_BYTES: usize = 24;

/// What the first four bytes of a file say.
pub(super) struct Magic {
    order: Order,
    nanos_per_fraction: i64,
    record_header_bytes: usize,
}

/// Tells a pcap by its first bytes.
pub(super) fn magic(first: [u8; 4]) -> Option<Magic> {
    let of = |order: Order| {
        let (nanos_per_fraction, record_header_bytes) = match order.u32(first) {
            // The second is the same header as written by NAVTEL analysers.
            0xa1b2_c3d4 | 0xa12b_3c4d => (1000, RECORD_HEADER_BYTES),
            0xa1b2_3c4d => (1, RECORD_HEADER_BYTES),
            0xa1b2_cd34 => (1000, PATCHED_RECORD_HEADER_BYTES),
            _ => return None,
        };
        Some(Magic { order, nanos_per_fraction, record_header_bytes })
    };
    of(Order::Little).or_else(|| of(Order::Big))
}

/// Which of the two lengths of a record comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// The captured length, as everybody writes them now.
    CapturedFirst,
    /// The original length: before version 2.3, and 543.0 of DG/UX.
    OriginalFirst,
    /// Version 2.3 was written both ways; the captured length is the smaller one.
    SmallerIsCaptured,
}

/// Where reading stands in a pcap.
pub(super) struct Pcap {
    order: Order,
    nanos_per_fraction: i64,
    record_header_bytes: usize,
    lengths: Lengths,
    link: LinkType,
    packets: u64,
    /// Bytes of the last record that were not handed out.
    rest: u64,
}

impl Pcap {
    /// Reads the file header.
    ///
    /// # Errors
    /// If the file ends before its header does, or is of a version that nobody has described.
    pub(super) fn open<R: Read>(magic: Magic, window: &mut Window<R>) -> Result<Self, Refusal> {
        let Some(&header) = window.look(HEADER_BYTES).first_chunk::<HEADER_BYTES>() else {
            let have = window.look(HEADER_BYTES).len();
            return Err(Refusal::CutHeader { format: "pcap", have, need: HEADER_BYTES });
        };
        window.take(HEADER_BYTES, 0);
        let Magic { order, nanos_per_fraction, record_header_bytes } = magic;
        // Magic, version, time zone and accuracy (both always zero), snapshot length, link type.
        let [_, _, _, _, a, b, c, d, .., k, l, m, n] = header;
        let (major, minor) = (order.u16([a, b]), order.u16([c, d]));
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, 4) => Lengths::CapturedFirst,
            _ => return Err(Refusal::PcapVersion { major, minor }),
        };
        // The upper half holds the length of the frame check sequence and flags.
        let link = LinkType(order.u32([k, l, m, n]) as u16);
        Ok(Pcap { order, nanos_per_fraction, record_header_bytes, lengths, link, packets: 0, rest: 0 })
    }

    /// Its one link type.
    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    /// The next record, `None` at the end.
    ///
    /// # Errors
    /// Where the file is cut or corrupt.
    #[inline]
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<Record>, Stop> {
        if self.rest > 0 {
            self.skip_rest(window)?;
            if self.rest > 0 {
                return Ok(None);
            }
        }
        let packet = self.packets + 1;
        let there = window.look(self.record_header_bytes);
        let Some(&header) = there.first_chunk().filter(|_| there.len() >= self.record_header_bytes) else {
            let (have, need) = (there.len() as u64, self.record_header_bytes as u64);
            return cut_packet(window, packet, have, need).map_or(Ok(None), Err);
        };
        let (seconds, fraction, captured, original) = self.fields(header);
        if captured as usize > FRAME_BYTES_MAX && !self.link.has_giants() {
            return Err(Stop::TooLong { packet, offset: window.offset(), length: captured });
        }
        let kept = (captured as usize).min(FRAME_BYTES_MAX);
        let need = self.record_header_bytes + kept;
        let have = window.look(need).len();
        if have < need {
            return cut_packet(window, packet, have as u64, need as u64).map_or(Ok(None), Err);
        }
        self.packets = packet;
        self.rest = u64::from(captured) - kept as u64;
        Ok(Some(Record {
            time: Some(Timestamp::from_seconds(seconds, fraction * self.nanos_per_fraction)),
            link: self.link,
            wire_len: original.max(captured),
            bytes: window.take(self.record_header_bytes, kept),
        }))
    }

    /// Seconds, fraction, captured and original length of a record.
    #[inline]
    fn fields(&self, header: [u8; RECORD_HEADER_BYTES]) -> (i64, i64, u32, u32) {
        let [s0, s1, s2, s3, f0, f1, f2, f3, a0, a1, a2, a3, b0, b1, b2, b3] = header;
        let seconds = i64::from(self.order.u32([s0, s1, s2, s3]));
        let fraction = i64::from(self.order.u32([f0, f1, f2, f3]));
        let (first, second) = (self.order.u32([a0, a1, a2, a3]), self.order.u32([b0, b1, b2, b3]));
        let (captured, original) = match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::OriginalFirst => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        };
        (seconds, fraction, captured, original)
    }

    #[cold]
    fn skip_rest<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), Stop> {
        let need = std::mem::take(&mut self.rest);
        let have = window.skip(need);
        // Where the file is still being written, the rest of it is skipped when it is there.
        self.rest = if window.is_dry() { need - have } else { 0 };
        if have < need { cut_packet(window, self.packets, have, need).map_or(Ok(()), Err) } else { Ok(()) }
    }
}
