//! Many flows at once, merged into one line of time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::io;

use super::World;
use super::pcap::Pcap;

/// A frame and its time, nanoseconds since the capture began.
pub type Timed = (u64, Vec<u8>);

/// Something that sends frames.
pub trait Flow {
    /// Appends its next frames, in order of time and none before those it gave earlier. Appends
    /// nothing when it is over.
    fn advance(&mut self, world: &World, out: &mut VecDeque<Timed>);

    /// How many packets it was meant to come to.
    fn budget(&self) -> usize;
}

struct Open {
    flow: Box<dyn Flow>,
    frames: VecDeque<Timed>,
    sent: usize,
}

/// The flows that are open. Only the next burst of each is in memory.
#[derive(Default)]
pub struct Schedule {
    /// The time of each flow's next frame.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    open: BTreeMap<usize, Open>,
    started: usize,
    /// Packets that the flows started so far have come to or are meant to come to.
    pub committed: usize,
    /// The largest number of flows that were open together.
    pub open_max: usize,
}

impl Schedule {
    /// Adds a flow.
    pub fn start(&mut self, mut flow: Box<dyn Flow>, world: &World) {
        let mut frames = VecDeque::new();
        flow.advance(world, &mut frames);
        let Some(&(time, _)) = frames.front() else { return };
        self.committed += flow.budget();
        self.next.push(Reverse((time, self.started)));
        self.open.insert(self.started, Open { flow, frames, sent: 0 });
        self.started += 1;
        self.open_max = self.open_max.max(self.open.len());
    }

    /// Writes every frame that is due before `time`.
    pub fn run_until(&mut self, time: u64, world: &World, pcap: &mut Pcap) -> io::Result<()> {
        while let Some(&Reverse((due, number))) = self.next.peek()
            && due < time
        {
            self.next.pop();
            let Some(open) = self.open.get_mut(&number) else { continue };
            if let Some((due, frame)) = open.frames.pop_front() {
                pcap.write(due, &frame)?;
                open.sent += 1;
            }
            if open.frames.is_empty() {
                open.flow.advance(world, &mut open.frames);
            }
            match open.frames.front() {
                Some(&(due, _)) => self.next.push(Reverse((due, number))),
                None => {
                    self.committed = self.committed + open.sent - open.flow.budget();
                    self.open.remove(&number);
                }
            }
        }
        Ok(())
    }
}
