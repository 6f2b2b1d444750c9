//! Several rings of one interface: the kernel deals packets out by flow (`packet(7)`, PACKET_FANOUT).

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU16, Ordering};

use nix::libc;
use nix::sys::socket::setsockopt;
use nix::{setsockopt_impl, sockopt_impl};

sockopt_impl!(PacketFanout, SetOnly, libc::SOL_PACKET, libc::PACKET_FANOUT, u32);

/// Groups that this process has made.
static MADE: AtomicU16 = AtomicU16::new(0);

/// The group of an interface's rings. No other group on this interface may have its number, or the
/// kernel would deal part of the packets to that one: the process id tells programs apart, and a
/// count the captures of this one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(u16);

impl Group {
    pub(super) fn new() -> Self {
        let process = u16::try_from(std::process::id() % (1 << 16)).unwrap_or(0);
        Group(process.wrapping_add(MADE.fetch_add(1, Ordering::Relaxed)))
    }

    /// Adds a ring to the group. The kernel's hash is symmetric, so that both directions of a flow
    /// come to the same ring; what is full stays with its ring and is counted there.
    ///
    /// # Errors
    /// If the kernel has no fanout, or the group is another program's.
    pub(super) fn join(self, ring: BorrowedFd<'_>) -> nix::Result<()> {
        setsockopt(&ring, PacketFanout, &(libc::PACKET_FANOUT_HASH << 16 | u32::from(self.0)))
    }
}
