//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each section with its own byte
//! order and interfaces, each interface with its own link type and clock.
//!
//! Written here because a block need not fit into memory, and because a damaged option must not cost
//! the packets after it. Of the options only those of interfaces are read.

use std::collections::BTreeSet;
use std::io::Read;

use super::error::Refusal;
use super::order::Order;
use super::reader::{Record, cut_packet};
use super::resolution::Resolution;
use super::stop::{BlockFault, Stop};
use super::window::Window;
use super::{FRAME_BYTES_MAX, LinkType};

/// The type of a section header block: the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Interfaces of one section: 65,536 × 32 B = 2 MiB. An obsolete packet block can name no more.
const INTERFACES_MAX: usize = 65_536;
/// Bytes of an interface's block in which its options are looked for; what stands behind them is a
/// comment of unusual length.
const INTERFACE_BYTES_MAX: usize = 64 * 1024;
/// Type and length of a block, in bytes.
const BLOCK_HEADER_BYTES: usize = 8;
/// The repeated length at the end of a block, in bytes.
const TRAILER_BYTES: usize = 4;

/// Block types (§4).
mod kind {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const OBSOLETE_PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
}

/// An interface as its description block has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interface {
    link: LinkType,
    /// How much of a packet is captured at most, 0 for all.
    snap_bytes: u32,
    resolution: Resolution,
    offset_seconds: i64,
}

/// The beginning of a block.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    /// Its whole length in bytes, header and trailer included.
    length: u32,
}

/// Where a packet stands in its block.
struct Packet {
    interface: u32,
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    header_bytes: usize,
}

/// Where reading stands in a pcapng.
pub(super) struct PcapNg {
    order: Order,
    interfaces: Vec<Interface>,
    link_types: BTreeSet<LinkType>,
    packets: u64,
    /// The block whose end is still to be read, and how many of its bytes have been.
    unfinished: Option<(Block, u64)>,
}

impl PcapNg {
    /// Reads the first section header.
    ///
    /// # Errors
    /// If the file ends before its header does, or is of another version.
    pub(super) fn open<R: Read>(window: &mut Window<R>) -> Result<Self, Refusal> {
        const NEED: usize = 28;
        let have = window.look(NEED).len();
        if have < NEED {
            return Err(Refusal::CutHeader { format: "pcapng", have, need: NEED });
        }
        let mut pcapng = PcapNg {
            order: Order::Little,
            interfaces: Vec::new(),
            link_types: BTreeSet::new(),
            packets: 0,
            unfinished: None,
        };
        match pcapng
            .block(window)
            .and_then(|block| block.map(|block| pcapng.section(block, window)).transpose())
        {
            Ok(_) => Ok(pcapng),
            Err(stop) => Err(Refusal::PcapNgHeader(stop.to_string())),
        }
    }

    /// Every link type that an interface has had so far.
    pub(super) fn link_types(&self) -> &BTreeSet<LinkType> {
        &self.link_types
    }

    /// The next record, `None` at the end.
    ///
    /// # Errors
    /// Where the file is cut or corrupt.
    pub(super) fn next<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<Record>, Stop> {
        loop {
            self.finish(window)?;
            let Some(block) = self.block(window)? else { return Ok(None) };
            let packet = match block.kind {
                kind::ENHANCED_PACKET => self.enhanced_packet(block, window)?,
                kind::SIMPLE_PACKET => self.simple_packet(block, window)?,
                kind::OBSOLETE_PACKET => self.obsolete_packet(block, window)?,
                kind::SECTION => {
                    self.section(block, window)?;
                    continue;
                }
                kind::INTERFACE => {
                    self.interface(block, window)?;
                    continue;
                }
                // Names, statistics, secrets, custom blocks, and those still to be invented.
                _ => {
                    self.unfinished = Some((block, 0));
                    continue;
                }
            };
            return self.record(block, packet, window).map(Some);
        }
    }

    /// The beginning of the next block, which stays in the window; `None` at the end of the file.
    #[inline]
    fn block<R: Read>(&mut self, window: &mut Window<R>) -> Result<Option<Block>, Stop> {
        let there = window.look(BLOCK_HEADER_BYTES);
        let Some(&[k0, k1, k2, k3, l0, l1, l2, l3]) = there.first_chunk() else {
            let have = there.len();
            if have == 0 && window.failure().is_none() {
                return Ok(None);
            }
            return Err(self.cut(window, have, BLOCK_HEADER_BYTES));
        };
        let kind = self.order.u32([k0, k1, k2, k3]);
        if kind == kind::SECTION {
            self.order = self.byte_order(window)?;
        }
        let length = self.order.u32([l0, l1, l2, l3]);
        if length < 12 || !length.is_multiple_of(4) {
            return Err(self.fault(window, BlockFault::Length { kind, length }));
        }
        Ok(Some(Block { kind, length }))
    }

    /// The byte order that a section header declares (§4.1).
    fn byte_order<R: Read>(&self, window: &mut Window<R>) -> Result<Order, Stop> {
        const NEED: usize = 12;
        match window.look(NEED).get(BLOCK_HEADER_BYTES..NEED) {
            Some([0x4d, 0x3c, 0x2b, 0x1a]) => Ok(Order::Little),
            Some([0x1a, 0x2b, 0x3c, 0x4d]) => Ok(Order::Big),
            Some(_) => Err(self.fault(window, BlockFault::ByteOrder)),
            None => {
                let have = window.look(NEED).len();
                Err(self.cut(window, have, NEED))
            }
        }
    }

    /// A new section: what was said of interfaces no longer holds.
    fn section<R: Read>(&mut self, block: Block, window: &mut Window<R>) -> Result<(), Stop> {
        let [.., m0, m1, n0, n1] = self.header::<16, R>(block, window)?;
        let (major, minor) = (self.order.u16([m0, m1]), self.order.u16([n0, n1]));
        // 1.2 was written by one widespread tool and means 1.0.
        if major != 1 || minor > 2 {
            return Err(self.fault(window, BlockFault::Version { major, minor }));
        }
        self.interfaces.clear();
        self.unfinished = Some((block, 0));
        Ok(())
    }

    /// An interface description (§4.2).
    fn interface<R: Read>(&mut self, block: Block, window: &mut Window<R>) -> Result<(), Stop> {
        if self.interfaces.len() >= INTERFACES_MAX {
            return Err(self.fault(window, BlockFault::Interfaces(INTERFACES_MAX)));
        }
        let [_, _, _, _, _, _, _, _, l0, l1, _, _, s0, s1, s2, s3] = self.header::<16, R>(block, window)?;
        let mut interface = Interface {
            link: LinkType(self.order.u16([l0, l1])),
            snap_bytes: self.order.u32([s0, s1, s2, s3]),
            resolution: Resolution::DEFAULT,
            offset_seconds: 0,
        };
        let end = (block.length as usize).min(INTERFACE_BYTES_MAX) - TRAILER_BYTES;
        let have = window.look(end).len();
        if have < end && window.is_dry() {
            return Err(self.cut_block(window, block, have));
        }
        let there = window.look(end);
        interface.read_options(self.order, there.get(16..end.min(there.len())).unwrap_or_default());
        self.link_types.insert(interface.link);
        self.interfaces.push(interface);
        self.unfinished = Some((block, 0));
        Ok(())
    }

    /// An enhanced packet (§4.3).
    #[inline]
    fn enhanced_packet<R: Read>(&self, block: Block, window: &mut Window<R>) -> Result<Packet, Stop> {
        let header = self.header::<28, R>(block, window)?;
        let [_, _, _, _, _, _, _, _, i0, i1, i2, i3, h0, h1, h2, h3, l0, l1, l2, l3, rest @ ..] = header;
        let [c0, c1, c2, c3, o0, o1, o2, o3] = rest;
        Ok(Packet {
            interface: self.order.u32([i0, i1, i2, i3]),
            ticks: Some(self.ticks([h0, h1, h2, h3], [l0, l1, l2, l3])),
            captured: self.order.u32([c0, c1, c2, c3]),
            original: self.order.u32([o0, o1, o2, o3]),
            header_bytes: header.len(),
        })
    }

    /// A packet block of the first drafts (appendix A): a short interface number and a drop counter.
    fn obsolete_packet<R: Read>(&self, block: Block, window: &mut Window<R>) -> Result<Packet, Stop> {
        let header = self.header::<28, R>(block, window)?;
        let [_, _, _, _, _, _, _, _, i0, i1, _, _, h0, h1, h2, h3, l0, l1, l2, l3, rest @ ..] = header;
        let [c0, c1, c2, c3, o0, o1, o2, o3] = rest;
        Ok(Packet {
            interface: u32::from(self.order.u16([i0, i1])),
            ticks: Some(self.ticks([h0, h1, h2, h3], [l0, l1, l2, l3])),
            captured: self.order.u32([c0, c1, c2, c3]),
            original: self.order.u32([o0, o1, o2, o3]),
            header_bytes: header.len(),
        })
    }

    /// A simple packet (§4.4): always of the first interface, without time or captured length.
    fn simple_packet<R: Read>(&self, block: Block, window: &mut Window<R>) -> Result<Packet, Stop> {
        let [.., o0, o1, o2, o3] = self.header::<12, R>(block, window)?;
        let original = self.order.u32([o0, o1, o2, o3]);
        let snap = self.interfaces.first().map_or(0, |interface| interface.snap_bytes);
        let captured = original.min(if snap == 0 { u32::MAX } else { snap });
        // Padding makes the block up to three bytes longer than the packet; it cannot be shorter.
        Ok(Packet {
            interface: 0,
            ticks: None,
            captured: captured.min(block.length - 16),
            original,
            header_bytes: 12,
        })
    }

    #[inline]
    fn ticks(&self, high: [u8; 4], low: [u8; 4]) -> u64 {
        u64::from(self.order.u32(high)) << 32 | u64::from(self.order.u32(low))
    }

    /// The first `N` bytes of a block, which has that many before its trailer.
    #[inline]
    fn header<const N: usize, R: Read>(&self, block: Block, window: &mut Window<R>) -> Result<[u8; N], Stop> {
        if (block.length as usize) < N + TRAILER_BYTES {
            return Err(self.fault(window, BlockFault::Length { kind: block.kind, length: block.length }));
        }
        if let Some(&header) = window.look(N).first_chunk() {
            return Ok(header);
        }
        let have = window.look(N).len();
        Err(self.cut_block(window, block, have))
    }

    /// A packet found in a block becomes a record.
    #[inline]
    fn record<R: Read>(
        &mut self,
        block: Block,
        found: Packet,
        window: &mut Window<R>,
    ) -> Result<Record, Stop> {
        let Packet { interface, ticks, captured, original, header_bytes } = found;
        let Some(&interface) = self.interfaces.get(interface as usize) else {
            let known = self.interfaces.len();
            return Err(self.fault(window, BlockFault::Interface { interface, known }));
        };
        if captured > block.length.saturating_sub(header_bytes as u32 + TRAILER_BYTES as u32) {
            return Err(self.fault(window, BlockFault::PacketInBlock { captured, length: block.length }));
        }
        let packet = self.packets + 1;
        if captured as usize > FRAME_BYTES_MAX && !interface.link.has_giants() {
            return Err(Stop::TooLong { packet, offset: window.offset(), length: captured });
        }
        let kept = (captured as usize).min(FRAME_BYTES_MAX);
        let have = window.look(header_bytes + kept).len();
        if have < header_bytes + kept {
            return Err(self.cut_block(window, block, have));
        }
        self.packets = packet;
        self.unfinished = Some((block, (header_bytes + kept) as u64));
        Ok(Record {
            time: ticks.map(|ticks| interface.resolution.moment(ticks, interface.offset_seconds)),
            link: interface.link,
            wire_len: original.max(captured),
            bytes: window.take(header_bytes, kept),
        })
    }

    /// Reads the rest of the last block, whose length must stand at its end once more.
    #[inline]
    fn finish<R: Read>(&mut self, window: &mut Window<R>) -> Result<(), Stop> {
        let Some((block, done)) = self.unfinished.take() else { return Ok(()) };
        let offset = window.offset();
        let need = u64::from(block.length).saturating_sub(done + TRAILER_BYTES as u64);
        let have = window.skip(need);
        let there = window.look(TRAILER_BYTES);
        let Some(&trailer) = there.first_chunk::<TRAILER_BYTES>() else {
            // Where the file is still being written, reading goes on from here.
            self.unfinished = Some((block, done + have));
            let have = have + there.len() as u64;
            return Err(self.cut_at(window, offset, have, need + TRAILER_BYTES as u64));
        };
        let end = self.order.u32(trailer);
        if end != block.length {
            return Err(self.fault(window, BlockFault::LengthsDiffer { begin: block.length, end }));
        }
        window.take(TRAILER_BYTES, 0);
        Ok(())
    }

    #[cold]
    fn fault<R: Read>(&self, window: &Window<R>, what: BlockFault) -> Stop {
        Stop::Block { packets: self.packets, offset: window.offset(), what }
    }

    #[cold]
    fn cut<R: Read>(&self, window: &Window<R>, have: usize, need: usize) -> Stop {
        self.cut_at(window, window.offset(), have as u64, need as u64)
    }

    /// The file ends inside a block of known kind: a packet has a number, other blocks have none.
    #[cold]
    fn cut_block<R: Read>(&self, window: &Window<R>, block: Block, have: usize) -> Stop {
        let is_packet =
            matches!(block.kind, kind::ENHANCED_PACKET | kind::SIMPLE_PACKET | kind::OBSOLETE_PACKET);
        let need = u64::from(block.length);
        if is_packet && let Some(stop) = cut_packet(window, self.packets + 1, have as u64, need) {
            return stop;
        }
        self.cut_at(window, window.offset(), have as u64, need)
    }

    #[cold]
    fn cut_at<R: Read>(&self, window: &Window<R>, offset: u64, have: u64, need: u64) -> Stop {
        let packets = self.packets;
        match window.failure() {
            Some(why) => Stop::Unreadable { packets, offset, why: why.to_owned() },
            None => Stop::CutBlock { packets, offset, have, need },
        }
    }
}

impl Interface {
    /// The two options that say what its clock means (§4.2). Reading ends where an option is cut.
    fn read_options(&mut self, order: Order, mut options: &[u8]) {
        const END: u16 = 0;
        const RESOLUTION: u16 = 9;
        const OFFSET: u16 = 14;
        while let Some((&[c0, c1, l0, l1], rest)) = options.split_first_chunk() {
            let length = usize::from(order.u16([l0, l1]));
            let Some(value) = rest.get(..length) else { return };
            match (order.u16([c0, c1]), value) {
                (END, _) => return,
                (RESOLUTION, &[exponent]) => self.resolution = Resolution::new(exponent),
                (OFFSET, value) => {
                    if let Ok(value) = <[u8; 8]>::try_from(value) {
                        self.offset_seconds = order.i64(value);
                    }
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}
