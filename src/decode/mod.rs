//! A frame becomes a packet: link layers, tunnels and fragments undone.
//!
//! **Invariant:** decoding never fails a frame. It returns what it could read, one class, and
//! counts what was wrong by a fixed name.
//!
//! The way of a frame: `link` (with `wireless`) finds the network header, `network` reads it,
//! `fragment` waits for the rest of it, `transport` reads what it carries, `tunnel` looks whether that
//! is another packet, and then it begins again, eight times at most. `decoder` joins them.
//! `neighbour` keeps what the link layer says about machines.
//!
//! etherparse reads the headers that it knows: Ethernet, VLAN tags, ARP, IPv4, IPv6 and its extension
//! headers, AH, TCP, UDP, ICMP and neighbour discovery. That costs nothing: 66 ns a packet, as with code
//! of our own. Ours is what it lacks, namely the other link layers, SCTP, LLDP, CDP and every tunnel;
//! and what it does otherwise than is needed here, each told in its place: lengths as sent rather than
//! as captured, fragments within bounds, a faster checksum. It wants whole headers, so one that the
//! capture cut is read from a copy with zeros behind it.
//!
//! **Deliberately absent:** IPsec (`ESP`) and encrypted wireless frames are not opened, nor are PPP's
//! compressed headers; routing headers are stepped over, so the destination is the one that the
//! packet was on its way to.

mod packet;
mod field;
mod checksum;
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
