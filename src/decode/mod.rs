//! A frame becomes a packet: link layers, tunnels and fragments undone.
//!
//! **Invariant:** decoding never fails a frame. It returns what it could read, one class, and
//! counts what was wrong by a fixed name.

mod packet;
mod field;
mod outside;
mod link;
mod wireless;
mod neighbour;
mod network;
mod fragment;
mod transport;
mod tunnel;
mod decoder;
mod shard;

pub use decoder::{Decoder, Limits};
pub use packet::{Class, Layer4, LinkFact, Packet, Quoted, TcpFlags, Tunnel};
pub use shard::shard_of;

#[cfg(test)]
mod tests;
