//! All rings of all interfaces: read in turn, merged in time order, counted, watched for going down.

use std::os::fd::BorrowedFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::clock::wall;
use super::error::LiveError;
use super::fanout::Group;
use super::interface::Interface;
use super::merge::{LATEST, Turn, turn};
use super::ring::{Plan, Reading, Ring};
use super::stopper::{Asked, Stopper};
use super::{Arrival, IDLE_NANOS_MAX, InterfaceHealth, LiveOptions};
use crate::capture::Frame;
use crate::model::{Nanos, Timestamp};

/// How often an interface that is down or gone is looked at, in nanoseconds.
const LOOK_EVERY: Nanos = 500_000_000;

const MILLISECOND: Nanos = 1_000_000;

/// An interface and its rings.
struct Watched {
    name: String,
    /// Its rings' places.
    rings: std::ops::Range<usize>,
    health: InterfaceHealth,
}

/// What the next call is to do.
enum Step {
    Frame(usize),
    Idle,
    Over,
}

/// All rings.
pub(super) struct Rings {
    interfaces: Vec<Watched>,
    /// Each ring with its interface's place.
    rings: Vec<(Ring, usize)>,
    /// When all rings without frames were last found empty.
    read: Timestamp,
    /// When interfaces were last looked at.
    looked: Timestamp,
    /// When the end was asked for.
    ending: Option<Timestamp>,
}

impl Rings {
    /// # Errors
    /// If one of the interfaces cannot be opened.
    pub(super) fn open(options: &LiveOptions, groups: &[Option<Group>]) -> Result<Self, LiveError> {
        let mut opened = Rings {
            interfaces: Vec::new(),
            rings: Vec::new(),
            read: Timestamp::MIN,
            looked: Timestamp::MIN,
            ending: None,
        };
        let rings = usize::from(options.rings.max(1));
        for (place, name) in options.interfaces.iter().enumerate() {
            let plan = Plan {
                interface: name.clone(),
                buffer_bytes: options.buffer_bytes / rings,
                snaplen: options.snaplen,
                promiscuous: options.promiscuous,
                filter: options.filter.clone(),
                group: groups.get(place).copied().flatten(),
            };
            let first = opened.rings.len();
            for _ in 0..rings {
                opened.rings.push((Ring::open(plan.clone())?, place));
            }
            opened.interfaces.push(Watched {
                name: name.clone(),
                rings: first..first + rings,
                health: InterfaceHealth { name: name.clone(), up: true, ..InterfaceHealth::default() },
            });
        }
        Ok(opened)
    }

    /// All rings of all groups are open.
    pub(super) fn begin(&mut self) {
        self.rings.iter_mut().for_each(|(ring, _)| ring.begin());
    }

    pub(super) fn next(&mut self, stopper: &Stopper) -> Arrival<'_> {
        match self.step(stopper) {
            Step::Frame(place) => self.take(place).map_or(Arrival::Idle, Arrival::Frame),
            Step::Idle => Arrival::Idle,
            Step::Over => Arrival::Over,
        }
    }

    fn take(&mut self, place: usize) -> Option<Frame<'_>> {
        let (ring, interface) = self.rings.get_mut(place)?;
        let (link, source) = (ring.link, *interface);
        let health = &mut self.interfaces.get_mut(source)?.health;
        let (frame, bytes) = ring.take()?;
        health.count(frame.time, bytes.len(), frame.wire_len);
        Some(Frame {
            time: frame.time,
            source: u32::try_from(source).unwrap_or(u32::MAX),
            number: health.frames,
            link,
            bytes,
            wire_len: frame.wire_len,
        })
    }

    #[inline]
    fn step(&mut self, stopper: &Stopper) -> Step {
        match stopper.asked() {
            Asked::Nothing => {}
            Asked::AtOnce => return Step::Over,
            Asked::ToEnd => return self.step_to_end(stopper),
        }
        if let Turn::Of(place) = self.turn() {
            return Step::Frame(place);
        }
        self.read_empty();
        let wait = match self.turn() {
            Turn::Of(place) => return Step::Frame(place),
            Turn::Wait(nanos) => nanos,
            Turn::Nothing => IDLE_NANOS_MAX,
        };
        self.wait(Some(stopper), wait);
        self.read_empty();
        match self.turn() {
            Turn::Of(place) => Step::Frame(place),
            Turn::Wait(_) | Turn::Nothing => Step::Idle,
        }
    }

    /// What was captured before the end was asked for is still handed out; then it is over.
    fn step_to_end(&mut self, stopper: &Stopper) -> Step {
        let ending = *self.ending.get_or_insert_with(wall);
        loop {
            self.read_empty();
            let heads = self
                .rings
                .iter()
                .enumerate()
                .filter_map(|(place, (ring, _))| Some((ring.next_time()?, place)));
            match heads.min() {
                Some((time, place)) if time <= ending => return Step::Frame(place),
                Some(_) => return Step::Over,
                None => {}
            }
            let left = ending + LATEST - wall();
            if !(0..=LATEST).contains(&left) || stopper.asked() == Asked::AtOnce {
                return Step::Over;
            }
            self.wait(None, left);
        }
    }

    #[inline]
    fn turn(&self) -> Turn {
        let heads = self.rings.iter().enumerate().map(|(place, (ring, _))| (place, ring));
        // A ring that is gone has nothing more, once what was read of it is handed out.
        let there = heads.filter(|(_, ring)| ring.is_open() || ring.next_time().is_some());
        turn(there.map(|(place, ring)| (place, ring.next_time())), self.read)
    }

    /// Reads every ring of which nothing is left.
    fn read_empty(&mut self) {
        let now = wall();
        for (ring, interface) in &mut self.rings {
            if ring.next_time().is_some() || !ring.is_open() {
                continue;
            }
            let reading = ring.read();
            let Some(watched) = self.interfaces.get_mut(*interface) else { continue };
            match reading {
                Reading::Fine if ring.next_time().is_some() => watched.health.is_up(),
                Reading::Fine => {}
                Reading::Failed => watched.health.is_down("is down"),
                Reading::Gone => watched.health.is_down("is gone"),
            }
        }
        self.read = now;
        if self.interfaces.iter().any(|watched| !watched.health.up) {
            self.look(now);
        }
    }

    /// Waits for rings of which nothing is left, and for the stopper if one is given.
    fn wait(&self, stopper: Option<&Stopper>, nanos: Nanos) {
        let empty = self.rings.iter().filter(|(ring, _)| ring.next_time().is_none());
        let rings = empty.filter_map(|(ring, _)| ring.descriptor());
        let all: Vec<BorrowedFd<'_>> = rings.chain(stopper.map(Stopper::wake)).collect();
        wait_for(&all, nanos);
    }

    /// Looks whether interfaces are up, and opens again what had gone.
    fn look(&mut self, now: Timestamp) {
        if (0..LOOK_EVERY).contains(&(now - self.looked)) {
            return;
        }
        self.looked = now;
        // Once its privileges are dropped a process may not be told; then packets alone show it.
        let Ok(interfaces) = Interface::list() else { return };
        for watched in &mut self.interfaces {
            let found = interfaces.iter().find(|interface| interface.name == watched.name);
            let rings = self.rings.get_mut(watched.rings.clone()).unwrap_or_default();
            watched.look(found, rings);
        }
    }

    pub(super) fn watches(&self, interface: &str) -> bool {
        self.interfaces.iter().any(|watched| watched.name == interface)
    }

    /// What is known of each interface by now.
    pub(super) fn health(&mut self) -> Vec<InterfaceHealth> {
        self.look(wall());
        let told = self.interfaces.iter().map(|watched| {
            let mut health = InterfaceHealth {
                received: 0,
                kernel_drops: 0,
                interface_drops: 0,
                ..watched.health.clone()
            };
            for (ring, _) in self.rings.get_mut(watched.rings.clone()).unwrap_or_default() {
                let counted = ring.count();
                health.received += counted.received;
                health.kernel_drops += counted.dropped;
                // Every ring of an interface tells the same.
                health.interface_drops = health.interface_drops.max(counted.interface_dropped);
            }
            health
        });
        told.collect()
    }
}

impl Watched {
    fn look(&mut self, found: Option<&Interface>, rings: &mut [(Ring, usize)]) {
        let Some(found) = found else {
            // The pseudo-interface `any` is on no list.
            if rings.iter().any(|(ring, _)| !ring.exists()) {
                self.close(rings);
            }
            return;
        };
        if rings.iter().any(|(ring, _)| ring.is_open() && !ring.exists()) {
            self.close(rings);
        }
        if rings.iter().any(|(ring, _)| !ring.is_open()) {
            if found.up {
                self.reopen(rings);
            }
        } else if found.running {
            self.health.is_up();
        } else {
            self.health.is_down(if found.up { "has no carrier" } else { "is down" });
        }
    }

    fn close(&mut self, rings: &mut [(Ring, usize)]) {
        rings.iter_mut().for_each(|(ring, _)| ring.close());
        self.health.is_down("is gone");
    }

    fn reopen(&mut self, rings: &mut [(Ring, usize)]) {
        // Frames that were read before it went are still to be handed out.
        if rings.iter().any(|(ring, _)| ring.next_time().is_some()) {
            return;
        }
        rings.iter_mut().for_each(|(ring, _)| ring.close());
        match rings.iter_mut().try_for_each(|(ring, _)| ring.reopen()) {
            Ok(()) => {
                let shared = rings.len() > 1;
                rings.iter_mut().filter(|_| shared).for_each(|(ring, _)| ring.begin());
                self.health.is_up();
            }
            Err(error) => {
                rings.iter_mut().for_each(|(ring, _)| ring.close());
                self.health.problem = Some(error.to_string());
            }
        }
    }
}

/// Waits until one of these is readable, at most this long.
pub(super) fn wait_for(descriptors: &[BorrowedFd<'_>], nanos: Nanos) {
    let millis = (nanos.clamp(0, IDLE_NANOS_MAX) + MILLISECOND - 1) / MILLISECOND;
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN)).collect();
    // Interrupted or not: whoever waits looks again.
    let _ready = poll(&mut polled, PollTimeout::try_from(millis).unwrap_or(PollTimeout::ZERO));
}
