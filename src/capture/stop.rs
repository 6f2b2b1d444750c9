//! Why reading of a source ended before its end.

use super::FRAME_BYTES_MAX;

/// Each is a sentence of its own: what, in which packet, at which byte, and by how much.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Stop {
    #[error("truncated in packet {packet} at byte {offset}: {have} of {need} bytes")]
    CutPacket { packet: u64, offset: u64, have: u64, need: u64 },
    #[error("truncated in a block after packet {packets} at byte {offset}: {have} of {need} bytes")]
    CutBlock { packets: u64, offset: u64, have: u64, need: u64 },
    #[error(
        "corrupt from packet {packet} at byte {offset}: it claims {length} bytes (at most {FRAME_BYTES_MAX})"
    )]
    TooLong { packet: u64, offset: u64, length: u32 },
    #[error("corrupt after packet {packets} at byte {offset}: {what}")]
    Block { packets: u64, offset: u64, what: BlockFault },
    #[error("unreadable after packet {packets} at byte {offset}: {why}")]
    Unreadable { packets: u64, offset: u64, why: String },
}

/// What is wrong with a block of a pcapng file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum BlockFault {
    #[error("a block of type {kind:#010x} claims a length of {length} bytes")]
    Length { kind: u32, length: u32 },
    #[error("a block begins with a length of {begin} bytes and ends with one of {end}")]
    LengthsDiffer { begin: u32, end: u32 },
    #[error("a packet of {captured} bytes stands in a block of {length}")]
    PacketInBlock { captured: u32, length: u32 },
    #[error("a packet names interface {interface}, but only {known} are described")]
    Interface { interface: u32, known: usize },
    #[error("more than {0} interfaces in one section")]
    Interfaces(usize),
    #[error("a section header without byte-order mark")]
    ByteOrder,
    #[error("a section of pcapng version {major}.{minor} (1.0 to 1.2 are read)")]
    Version { major: u16, minor: u16 },
}
