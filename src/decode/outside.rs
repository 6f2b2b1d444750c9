//! What is known of a packet before its own header is read.

use crate::model::{Mac, Realm, Timestamp};

/// What the layers outside of the one being read have told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside {
    /// When the frame was captured.
    pub time: Timestamp,
    /// Its source.
    pub source_index: u32,
    /// Its number in that source.
    pub frame: u64,
    /// The innermost overlay so far.
    pub realm: Realm,
    /// Source of the innermost Ethernet header; zero where a tunnel carries bare IP.
    pub source_mac: Mac,
    /// Its destination.
    pub destination_mac: Mac,
    /// The VLAN of the wire that the tap stands at, or whose mirror it gets.
    pub vlan: u16,
    /// Tunnels opened so far.
    pub depth: u8,
}
