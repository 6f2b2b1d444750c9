//! Frames as they come: from interfaces, from a directory into which captures are written, from a
//! stream on standard input. The same frames as from files, and no end unless it is asked for.
//!
//! `ring` (one ring of the kernel) → `batch` (frames copied out, so that the kernel has its room back)
//! → `merge` (whose frame is next) → `rings` (all interfaces); or `follow` (a capture as far as it is
//! written) → `directory` or `stream`.
//!
//! **Invariant:** nothing waits in libpcap, whose reads on an idle interface may never return: every
//! wait is one `poll` on the rings and on the [`Stopper`], of at most [`IDLE_MS_MAX`].
//!
//! **Invariant:** nothing is sent. No call here sends, and packet sockets are only ever read; whether
//! the kernel sends by itself is told by [`Interface::may_transmit`].

mod batch;
mod clock;
mod directory;
mod error;
mod fanout;
mod follow;
mod interface;
mod merge;
mod ring;
mod rings;
mod stopper;
mod stream;

pub use error::LiveError;
pub use interface::{Interface, transmitted};
pub use stopper::Stopper;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{FRAME_BYTES_MAX, Frame};
use crate::model::{Nanos, Timestamp};
use directory::Directory;
use fanout::Group;
use rings::Rings;
use stream::Stream;

/// The longest wait of [`Live::next`], in milliseconds.
pub const IDLE_MS_MAX: u16 = 100;

const IDLE_NANOS_MAX: Nanos = IDLE_MS_MAX as Nanos * 1_000_000;

/// The size of the kernel's ring where nobody says, in bytes: half a second at 1 Gbit/s, and at least
/// five seconds of small traffic, for which the kernel uses a block of 256 KiB each 20 ms.
pub const BUFFER_BYTES: usize = 64 * 1024 * 1024;

/// A frame this much older than the one before it means that the clock was set, in nanoseconds.
const CLOCK_STEP_NANOS: Nanos = 1_000_000_000;

/// What is watched, and how. One kind of source: interfaces, or a directory, or standard input.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Interfaces.
    pub interfaces: Vec<String>,
    /// The kernel's ring of each interface, in bytes; all its rings together.
    pub buffer_bytes: usize,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// Also take what is addressed to others: without it a mirror shows next to nothing.
    pub promiscuous: bool,
    /// A BPF expression as tcpdump takes it, applied by the kernel where there is one.
    pub filter: Option<String>,
    /// Rings of each interface, among which the kernel deals packets by flow; all are merged again.
    pub rings: u16,
    /// A directory into which somebody writes captures.
    pub directory: Option<PathBuf>,
    /// A capture on standard input.
    pub stdin: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        LiveOptions {
            interfaces: Vec::new(),
            buffer_bytes: BUFFER_BYTES,
            snaplen: FRAME_BYTES_MAX as u32,
            promiscuous: true,
            filter: None,
            rings: 1,
            directory: None,
            stdin: false,
        }
    }
}

/// What comes next.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// A frame. Its source is the place of its interface in [`Live::health`], and its number counts
    /// the frames handed out from there.
    Frame(Frame<'a>),
    /// Nothing for the moment.
    Idle,
    /// Nothing any more: it was stopped, or the stream has ended.
    Over,
}

/// What is known of a source, as totals since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceHealth {
    /// The interface; for a directory its path, for standard input `-`.
    pub name: String,
    /// It is up, or being read.
    pub up: bool,
    /// Frames handed out.
    pub frames: u64,
    /// Frames that passed the filter, handed out or not, with the dropped ones: what a share of drops
    /// is a share of.
    pub received: u64,
    /// Of these, frames that did not fit into the ring, because nobody read them in time.
    pub kernel_drops: u64,
    /// Frames that the interface itself lost; they are in no other number.
    pub interface_drops: u64,
    /// Frames handed out that are shorter than they were on the wire.
    pub cut_frames: u64,
    /// How often a frame was more than a second older than the frame before it.
    pub clock_steps: u64,
    /// How often it went down or away.
    pub interruptions: u64,
    /// The time of the last frame handed out.
    pub last: Option<Timestamp>,
    /// What is wrong with it now.
    pub problem: Option<String>,
}

impl InterfaceHealth {
    /// The share of frames that the kernel had no room for, 0 to 1.
    pub fn drop_share(&self) -> f64 {
        if self.received == 0 { 0.0 } else { self.kernel_drops as f64 / self.received as f64 }
    }

    /// A frame is handed out.
    #[inline]
    fn count(&mut self, time: Timestamp, captured: usize, wire_len: u32) {
        self.frames += 1;
        self.cut_frames += u64::from(wire_len as usize > captured);
        self.clock_steps += u64::from(self.last.is_some_and(|last| last - time > CLOCK_STEP_NANOS));
        self.last = Some(time);
    }

    fn is_up(&mut self) {
        if !self.up {
            (self.up, self.problem) = (true, None);
        }
    }

    fn is_down(&mut self, why: &str) {
        self.interruptions += u64::from(self.up);
        self.up = false;
        self.problem = Some(format!("`{}` {why}", self.name));
    }
}

/// A live capture.
pub struct Live {
    feed: Feed,
    stopper: Stopper,
}

/// Where frames come from.
enum Feed {
    Rings(Rings),
    Directory(Box<Directory>),
    Stream(Box<Stream>),
}

impl Live {
    /// Opens everything that is to be watched.
    ///
    /// # Errors
    /// If any of it cannot be opened, or the filter has no meaning there.
    pub fn open(options: &LiveOptions) -> Result<Live, LiveError> {
        check(options)?;
        let filter = options.filter.as_deref();
        let feed = match &options.directory {
            Some(directory) => Feed::Directory(Box::new(Directory::open(directory, filter)?)),
            None if options.stdin => Feed::Stream(Box::new(Stream::open(filter)?)),
            None => {
                let mut opened = Self::open_split(options, 1)?;
                return opened.pop().ok_or(LiveError::NothingNamed);
            }
        };
        Ok(Live { feed, stopper: Stopper::new()? })
    }

    /// Opens several captures with one stopper that share the packets of every interface by flow: one
    /// for each thread that reads. A later fragment of an IP packet has no ports, so that it may come
    /// to another one than the first.
    ///
    /// # Errors
    /// As [`Live::open`]; also if something else than interfaces is named.
    pub fn open_split(options: &LiveOptions, count: u16) -> Result<Vec<Live>, LiveError> {
        check(options)?;
        if options.interfaces.is_empty() {
            return Err(LiveError::NothingNamed);
        }
        let stopper = Stopper::new()?;
        let count = count.max(1);
        let share =
            LiveOptions { buffer_bytes: options.buffer_bytes / usize::from(count), ..options.clone() };
        let shared = u32::from(count) * u32::from(options.rings.max(1)) > 1;
        let groups: Vec<Option<Group>> = options.interfaces.iter().map(|_| shared.then(Group::new)).collect();
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(Rings::open(&share, &groups)?);
        }
        if shared {
            all.iter_mut().for_each(Rings::begin);
        }
        let live = |rings| Live { feed: Feed::Rings(rings), stopper: stopper.clone() };
        Ok(all.into_iter().map(live).collect())
    }

    /// The next frame, or that there is none; waits at most [`IDLE_MS_MAX`]. The frame lives until the
    /// next call.
    #[expect(clippy::should_implement_trait, reason = "an Iterator's items cannot borrow from it")]
    #[inline]
    pub fn next(&mut self) -> Arrival<'_> {
        match &mut self.feed {
            Feed::Rings(rings) => rings.next(&self.stopper),
            Feed::Directory(directory) => directory.next(&self.stopper),
            Feed::Stream(stream) => stream.next(&self.stopper),
        }
    }

    /// What is known of each source by now.
    pub fn health(&mut self) -> Vec<InterfaceHealth> {
        match &mut self.feed {
            Feed::Rings(rings) => rings.health(),
            Feed::Directory(directory) => directory.health(),
            Feed::Stream(stream) => stream.health(),
        }
    }

    /// Of each interface on which the kernel may send by itself: why, and what turns that off. Asked
    /// for before privileges are dropped; empty where the kernel does not tell.
    pub fn warnings(&self) -> Vec<String> {
        let Feed::Rings(rings) = &self.feed else { return Vec::new() };
        let interfaces = Interface::list().unwrap_or_default();
        let watched = interfaces.iter().filter(|interface| rings.watches(&interface.name));
        watched.filter_map(Interface::may_transmit).collect()
    }

    /// What ends it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }
}

fn check(options: &LiveOptions) -> Result<(), LiveError> {
    let kinds = [!options.interfaces.is_empty(), options.directory.is_some(), options.stdin];
    match kinds.into_iter().filter(|named| *named).count() {
        0 => return Err(LiveError::NothingNamed),
        1 => {}
        _ => return Err(LiveError::SeveralKinds),
    }
    if let Some(filter) = &options.filter {
        super::check_filter(filter)?;
    }
    let mut names = BTreeSet::new();
    match options.interfaces.iter().find(|name| !names.insert(name.as_str())) {
        Some(name) => Err(LiveError::Twice(name.clone())),
        None => Ok(()),
    }
}
