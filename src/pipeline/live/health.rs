//! How the sensor does: what it lost, how far it is behind, and since when it has heard nothing.

use std::collections::VecDeque;

use crate::capture::live::InterfaceHealth;
use crate::graph::Snapshot;
use crate::model::{Nanos, Timestamp, Transport};

const SECOND: Nanos = 1_000_000_000;

/// Loss is told for as long as this, so that what was lost at the start is not held against a sensor
/// for ever.
const LOSS_OVER: Nanos = 60 * SECOND;

/// Loss that makes answers wrong: of a hundred flows one lacks a packet, and may point the wrong way.
const LOSS_MAX: f64 = 0.01;

/// A mirror that is silent for this long is unplugged, or its session was removed.
const SILENCE_MAX: Nanos = 30 * SECOND;

/// What is wrong with a sensor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// More than a hundredth of the packets of the last minute was lost.
    Loss,
    /// No packet for half a minute.
    Silence,
    /// An interface is down, by its name.
    Down(String),
    /// What is gained cannot be stored.
    Store,
}

/// How the sensor does.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Each interface, with its counts from the beginning.
    pub interfaces: Vec<InterfaceHealth>,
    /// Packets that the kernel had for us, those included that it dropped.
    pub received: u64,
    /// Packets that the kernel or a network card dropped.
    pub dropped: u64,
    /// Of all packets of the last minute, the share that was dropped, from 0 to 1.
    pub loss: f64,
    /// Packets that were read and thrown away unseen because there were too many. A sensor that is
    /// behind leaves them to the kernel, which counts them as dropped, so that this is 0.
    pub shed: u64,
    /// How full the fullest worker's queue is, from 0 to 1.
    pub queue: f64,
    /// Copies of packets that the mirror delivered, from the beginning.
    pub duplicates: u64,
    /// Of the pairs with payload, the share of which one direction was never heard, from 0 to 1.
    pub one_sided: f64,
    /// How long nothing has come; none before the first packet.
    pub silent_for: Option<Nanos>,
    /// How long what was gained has waited for the store; none where nothing waits.
    pub store_lag: Option<Nanos>,
    /// Why what is gained cannot be stored, in one sentence.
    pub store_problem: Option<String>,
    /// What building the last snapshot took.
    pub build: Nanos,
    /// What was let go because it was older than the window, and records because there were too many.
    pub forgotten: u64,
    /// Ticks that all threads have gone through: grows as long as none of them hangs.
    pub ticks: u64,
    /// What is wrong, sorted.
    pub troubles: Vec<Trouble>,
}

/// What the reading thread knows of the sensor's health.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// Each interface.
    pub interfaces: Vec<InterfaceHealth>,
    /// How full the fullest worker's queue is.
    pub queue: f64,
    /// When this was, by the clock.
    pub at: Nanos,
    /// When the last frame came, by the clock; the start if none has come.
    pub heard: Nanos,
    /// The time of day.
    pub time: Timestamp,
    /// Frames read.
    pub frames: u64,
}

/// Remembers what is needed to tell of the last minute.
#[derive(Debug, Default)]
pub struct Watch {
    /// When, how many packets there had been, and how many of them were dropped.
    past: VecDeque<(Nanos, u64, u64)>,
}

impl Watch {
    /// What a pulse says. The parts that others know are left as they are by default.
    pub fn judge(&mut self, pulse: Pulse) -> Health {
        let sum = |count: fn(&InterfaceHealth) -> u64| pulse.interfaces.iter().map(count).sum::<u64>();
        let card = sum(|interface| interface.interface_drops);
        // The card drops before the kernel counts.
        let received = sum(|interface| interface.received) + card;
        let dropped = sum(|interface| interface.kernel_drops) + card;
        while self.past.len() > 1 && self.past.get(1).is_some_and(|(at, ..)| pulse.at - at >= LOSS_OVER) {
            self.past.pop_front();
        }
        self.past.push_back((pulse.at, received, dropped));
        let (_, before, lost_before) = self.past.front().copied().unwrap_or_default();
        let loss = share(dropped.saturating_sub(lost_before), received.saturating_sub(before));
        let silence = pulse.at - pulse.heard;
        let mut troubles = Vec::new();
        troubles.extend((loss > LOSS_MAX).then_some(Trouble::Loss));
        troubles.extend((silence >= SILENCE_MAX).then_some(Trouble::Silence));
        let down = pulse.interfaces.iter().filter(|interface| !interface.up);
        troubles.extend(down.map(|interface| Trouble::Down(interface.name.clone())));
        troubles.sort();
        Health {
            received,
            dropped,
            loss,
            queue: pulse.queue,
            silent_for: (pulse.frames > 0).then_some(silence),
            troubles,
            interfaces: pulse.interfaces,
            ..Health::default()
        }
    }
}

/// Of the pairs that said something over TCP, the share of which one side was never heard.
pub fn one_sided(snapshot: &Snapshot) -> f64 {
    let tcp = snapshot.dependencies.iter().filter(|dependency| dependency.transport() == Transport::Tcp);
    let talking = |dependency: &&crate::graph::Dependency| {
        let totals = &dependency.totals;
        totals.recognised + totals.unrecognised > 0
    };
    let (mut pairs, mut deaf) = (0, 0);
    for dependency in tcp.filter(talking) {
        let totals = &dependency.totals;
        pairs += 1;
        deaf += u64::from(totals.one_sided == totals.recognised + totals.unrecognised);
    }
    share(deaf, pairs)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(second: i64, received: u64, kernel_drops: u64, interface_drops: u64) -> Pulse {
        let interface = InterfaceHealth {
            name: "eth1".into(),
            received,
            kernel_drops,
            interface_drops,
            up: true,
            ..InterfaceHealth::default()
        };
        let at = second * SECOND;
        Pulse { interfaces: vec![interface], at, heard: at, frames: received, ..Pulse::default() }
    }

    #[test]
    fn loss_is_the_share_of_the_last_minute_and_of_all_packets() {
        let mut watch = Watch::default();
        assert_eq!(watch.judge(pulse(0, 0, 0, 0)).loss, 0.0);
        // The kernel counts what it dropped among what it received; the card does not.
        let health = watch.judge(pulse(10, 900, 80, 100));
        assert_eq!((health.received, health.dropped, health.loss), (1_000, 180, 0.18));
        assert_eq!(health.troubles, [Trouble::Loss]);
        for second in 11..100 {
            watch.judge(pulse(second, 10_000, 80, 100));
        }
        let health = watch.judge(pulse(100, 20_000, 80, 100));
        assert_eq!((health.dropped, health.loss), (180, 0.0), "long ago, but counted");
        assert_eq!(health.troubles, []);
    }

    #[test]
    fn silence_and_a_link_that_is_down_are_troubles() {
        let mut watch = Watch::default();
        let mut silent = Pulse { heard: SECOND, ..pulse(30, 5, 0, 0) };
        assert_eq!(watch.judge(silent.clone()).troubles, []);
        silent.at += SECOND;
        silent.interfaces.iter_mut().for_each(|interface| interface.up = false);
        let health = watch.judge(silent);
        assert_eq!(health.troubles, [Trouble::Silence, Trouble::Down("eth1".into())]);
        assert_eq!(health.silent_for, Some(30 * SECOND));
    }
}
