//! How many packets of which class, and what was not kept.

use std::collections::BTreeMap;

use crate::capture::Source;
use crate::decode::Class;
use crate::flow::Tally;

/// The longest frame that is believed, in bytes; as long as the longest that is read.
const FRAME_BYTES_MAX: u32 = 262_144;

/// Packets by class. They add up, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketTotals {
    /// All frames read.
    pub read: u64,
    /// With a readable IP header, and no copy.
    pub analyzed: u64,
    /// Copies that a mirror delivered.
    pub duplicate: u64,
    /// Link-layer packets that are not IP.
    pub non_ip: u64,
    /// IP, but unreadable.
    pub malformed: u64,
    /// Of a link type that is not read.
    pub unsupported: u64,
    /// Refused by the filter or outside the time window.
    pub filtered: u64,
}

/// Everything counted on the way.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Packets by class.
    pub packets: PacketTotals,
    /// Bytes that were captured.
    pub bytes_captured: u64,
    /// Bytes as they were on the wire.
    pub bytes_wire: u64,
    /// What flow tables did not keep.
    pub flows: Tally,
    /// Packets shorter than they were on the wire.
    pub cut_packets: u64,
    /// Times that a source's clock went back.
    pub clock_steps: u64,
    /// Malformed things, by name.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Frames of each link type that is not read.
    pub unread_link_types: BTreeMap<u16, u64>,
}

impl Totals {
    pub(super) fn count(&mut self, class: Class, captured: usize, wire: u32) {
        let packets = &mut self.packets;
        packets.read += 1;
        match class {
            Class::Analyzed => packets.analyzed += 1,
            Class::NonIp => packets.non_ip += 1,
            Class::Malformed => packets.malformed += 1,
            Class::Unsupported => packets.unsupported += 1,
            Class::Duplicate => packets.duplicate += 1,
        }
        self.bytes_captured += captured as u64;
        // No link carries a longer frame: a record that claims one is broken.
        self.bytes_wire += u64::from(wire.min(FRAME_BYTES_MAX));
    }

    pub(super) fn add_shard(&mut self, copies: u64, tally: &Tally) {
        let copies = copies.min(self.packets.analyzed);
        self.packets.analyzed -= copies;
        self.packets.duplicate += copies;
        self.flows.add(tally);
    }

    pub(super) fn add_source(&mut self, source: &Source) {
        self.packets.read += source.filtered;
        self.packets.filtered += source.filtered;
        self.cut_packets += source.cut_packets;
        self.clock_steps += source.clock_steps;
    }
}
