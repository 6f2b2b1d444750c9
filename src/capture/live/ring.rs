//! One ring of the kernel (TPACKET_V3 through libpcap), read without ever waiting in libpcap.

use std::os::fd::{AsFd, BorrowedFd};

use ::pcap::{Active, Capture, Precision};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, socket, sockopt};

use super::super::error::FilterError;
use super::super::{LinkType, check_filter};
use super::batch::{Batch, FRAMES_MAX, Place};
use super::clock::wall;
use super::error::LiveError;
use super::fanout::Group;
use super::interface::Interface;
use crate::model::Timestamp;

/// How long the kernel fills a block of the ring before it hands it over, in milliseconds. Immediate
/// mode would do away with the blocks, and with most of what the ring can hold.
pub(super) const BLOCK_MS: i32 = 20;

/// The pseudo-interface of Linux that stands for all others; it has no promiscuous mode.
const ANY: &str = "any";

/// How a ring is opened, and opened again.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) interface: String,
    pub(super) buffer_bytes: usize,
    pub(super) snaplen: u32,
    pub(super) promiscuous: bool,
    pub(super) filter: Option<String>,
    /// The rings that share the interface's packets; `None` for a single ring.
    pub(super) group: Option<Group>,
}

/// What libpcap counts for a ring, as totals that do not wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Frames that passed the filter, those included that did not fit into the ring: on Linux
    /// `ps_recv` contains `ps_drop`, because the kernel hands over `tp_packets` with `tp_drops` added.
    pub(super) received: u64,
    /// Frames that did not fit into the ring.
    pub(super) dropped: u64,
    /// Frames that the interface lost before the kernel had them.
    pub(super) interface_dropped: u64,
}

/// libpcap's own totals: 32 bits, which at a million packets a second wrap every 72 minutes.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    received: u32,
    dropped: u32,
    interface_dropped: u32,
}

/// What came of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// There are frames, or there are none for now.
    Fine,
    /// The interface went down, or libpcap could not read; the ring stays.
    Failed,
    /// The interface is gone, and the ring with it.
    Gone,
}

/// A ring, or the place where one was.
pub(super) struct Ring {
    plan: Plan,
    capture: Option<Capture<Active>>,
    pub(super) link: LinkType,
    /// The interface's number: another one of the same name is another interface.
    index: Option<u32>,
    batch: Batch,
    /// Frames before this moment came to every ring of the group, before they shared them.
    since: Timestamp,
    before: Totals,
    counted: Counted,
}

impl Ring {
    /// # Errors
    /// If there is no such interface, it is down, or this process may not capture on it; if the
    /// filter has no meaning there.
    pub(super) fn open(plan: Plan) -> Result<Self, LiveError> {
        let mut ring = Ring {
            plan,
            capture: None,
            link: LinkType::ETHERNET,
            index: None,
            batch: Batch::default(),
            since: Timestamp::MIN,
            before: Totals::default(),
            counted: Counted::default(),
        };
        ring.reopen()?;
        Ok(ring)
    }

    /// Opens it, also again after its interface went and came.
    ///
    /// # Errors
    /// As [`Ring::open`].
    pub(super) fn reopen(&mut self) -> Result<(), LiveError> {
        let (capture, link) = activate(&self.plan)?;
        self.index = if_nametoindex(self.plan.interface.as_str()).ok();
        (self.capture, self.link) = (Some(capture), link);
        (self.since, self.before) = (Timestamp::MIN, Totals::default());
        Ok(())
    }

    /// All rings of its group are there from now on: what came before came several times.
    pub(super) fn begin(&mut self) {
        self.since = wall();
        self.before = self.totals().unwrap_or_default();
    }

    pub(super) fn is_open(&self) -> bool {
        self.capture.is_some()
    }

    /// Readable when the kernel has handed over a block.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.capture.as_ref().map(AsFd::as_fd)
    }

    /// The time of the next frame that was read.
    #[inline]
    pub(super) fn next_time(&self) -> Option<Timestamp> {
        self.batch.next_time()
    }

    /// Takes the next frame that was read.
    #[inline]
    pub(super) fn take(&mut self) -> Option<(Place, &[u8])> {
        self.batch.take()
    }

    /// Reads what is there, without waiting; what was read before must be handed out.
    pub(super) fn read(&mut self) -> Reading {
        self.batch.clear();
        let Some(capture) = &mut self.capture else { return Reading::Gone };
        let error = getsockopt(&capture, sockopt::SocketError);
        let went_down = error.is_ok_and(|error| error == Errno::ENETDOWN as i32);
        let (batch, since) = (&mut self.batch, self.since);
        let read = capture.dispatch(Some(FRAMES_MAX), |packet| {
            // The field is called tv_usec and holds nanoseconds, because they were asked for.
            let (seconds, nanos) = (packet.header.ts.tv_sec, packet.header.ts.tv_usec);
            let time = Timestamp::from_seconds(seconds, nanos);
            if time >= since {
                batch.push(time, packet.header.len, packet.data);
            }
        });
        if read.is_ok() && !went_down {
            return Reading::Fine;
        }
        if self.exists() {
            return Reading::Failed;
        }
        self.close();
        Reading::Gone
    }

    /// The interface is still the one that was opened.
    pub(super) fn exists(&self) -> bool {
        self.index.is_none() || if_nametoindex(self.plan.interface.as_str()).ok() == self.index
    }

    /// Lets go of it, and of the interface's memory.
    pub(super) fn close(&mut self) {
        self.count();
        self.capture = None;
    }

    /// What was counted since it was first opened.
    pub(super) fn count(&mut self) -> Counted {
        if let Some(now) = self.totals() {
            let before = std::mem::replace(&mut self.before, now);
            self.counted.received += more(before.received, now.received);
            self.counted.dropped += more(before.dropped, now.dropped);
            self.counted.interface_dropped += more(before.interface_dropped, now.interface_dropped);
        }
        self.counted
    }

    fn totals(&mut self) -> Option<Totals> {
        let told = self.capture.as_mut()?.stats().ok()?;
        Some(Totals { received: told.received, dropped: told.dropped, interface_dropped: told.if_dropped })
    }
}

/// How much a total of 32 bits has grown. One that has shrunk was not readable for a moment: libpcap
/// takes a file that it may not open for a counter of zero.
fn more(before: u32, now: u32) -> u64 {
    let grown = now.wrapping_sub(before);
    if grown > u32::MAX / 2 { 0 } else { u64::from(grown) }
}

fn activate(plan: &Plan) -> Result<(Capture<Active>, LinkType), LiveError> {
    let name = plan.interface.as_str();
    let failed = |error: ::pcap::Error| LiveError::Interface { name: name.to_owned(), why: said(error) };
    if name != ANY {
        let interfaces = Interface::list()?;
        match interfaces.iter().find(|interface| interface.name == name) {
            Some(interface) if interface.up => {}
            Some(_) => return Err(LiveError::Down(name.to_owned())),
            None => {
                let have = interfaces.into_iter().map(|interface| interface.name).collect();
                return Err(LiveError::NoSuchInterface { name: name.to_owned(), have });
            }
        }
    }
    let capture = Capture::from_device(name)
        .map_err(failed)?
        .precision(Precision::Nano)
        .immediate_mode(false)
        .timeout(BLOCK_MS)
        .promisc(plan.promiscuous && name != ANY)
        .snaplen(i32::try_from(plan.snaplen).unwrap_or(i32::MAX))
        .buffer_size(i32::try_from(plan.buffer_bytes).unwrap_or(i32::MAX))
        .open()
        .map_err(
            |error| if is_permitted() { failed(error) } else { LiveError::NotPermitted(name.to_owned()) },
        )?;
    let mut capture = capture.setnonblock().map_err(failed)?;
    let link = LinkType(u16::try_from(capture.get_datalink().0).unwrap_or(u16::MAX));
    if let Some(group) = plan.group {
        group.join(capture.as_fd()).map_err(|error| LiveError::Interface {
            name: name.to_owned(),
            why: format!("its packets cannot be dealt out to several rings: {error}"),
        })?;
    }
    if let Some(expression) = &plan.filter {
        check_filter(expression)?;
        capture.filter(expression, true).map_err(|error| FilterError::LinkTypes {
            expression: expression.clone(),
            links: link.name(),
            message: said(error),
        })?;
    }
    Ok((capture, link))
}

/// Whether this process may open packet sockets. One of protocol 0 gets no packet.
fn is_permitted() -> bool {
    socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).err() != Some(Errno::EPERM)
}

fn said(error: ::pcap::Error) -> String {
    match error {
        ::pcap::Error::PcapError(message) => message,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(interface: &str) -> Plan {
        Plan {
            interface: interface.to_owned(),
            buffer_bytes: 1 << 20,
            snaplen: 65_535,
            promiscuous: false,
            filter: None,
            group: None,
        }
    }

    #[test]
    fn totals_wrap_and_are_not_taken_back() {
        assert_eq!(more(5, 7), 2);
        assert_eq!(more(u32::MAX, 1), 2);
        assert_eq!(more(7, 0), 0);
    }

    #[test]
    fn names_the_interfaces_that_there_are() {
        let error = Ring::open(plan("no-such0")).err().unwrap().to_string();
        assert!(error.starts_with("cannot capture on `no-such0`: no such interface (have "), "{error}");
        assert!(error.contains("`lo`"), "{error}");
    }
}
