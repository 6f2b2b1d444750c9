//! Whether both sides of conversations are heard.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::model::{FlowKey, Pair, Side, Transport};

/// Conversations remembered: 65,536 × ~80 B = 5 MiB. That is enough to judge a tap by.
const CONVERSATIONS_MAX: usize = 65_536;

/// So many packets from one side, and none from the other, are no answer that is still under way.
const ALONE_MIN: u32 = 4;

/// How many conversations were heard how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// TCP connections with packets from both sides.
    pub both: u64,
    /// TCP connections with packets from one side only, which acknowledge what the other one said.
    pub one: u64,
    /// UDP conversations with packets from both sides. From one side only they may be whole.
    pub both_udp: u64,
}

#[derive(Default)]
struct Talk {
    packets: Pair<u32>,
    acknowledges: bool,
}

impl Talk {
    fn has_both(&self) -> bool {
        self.packets.iter().all(|packets| *packets > 0)
    }

    /// An acknowledgement proves that there is another side: scans and floods get none.
    fn has_one(&self) -> bool {
        !self.has_both() && self.acknowledges && self.packets.iter().any(|packets| *packets >= ALONE_MIN)
    }
}

/// The conversations seen.
#[derive(Default)]
pub(super) struct Conversations {
    talks: HashMap<FlowKey, Talk, RandomState>,
    heard: Heard,
}

impl Conversations {
    /// Takes a packet from one side.
    pub(super) fn on_packet(&mut self, key: FlowKey, side: Side, acknowledges: bool) {
        if self.talks.len() >= CONVERSATIONS_MAX && !self.talks.contains_key(&key) {
            return;
        }
        let talk = self.talks.entry(key).or_default();
        let before = (talk.has_both(), talk.has_one());
        talk.packets[side] = talk.packets[side].saturating_add(1);
        talk.acknowledges |= acknowledges;
        let now = (talk.has_both(), talk.has_one());
        let heard = &mut self.heard;
        if key.transport == Transport::Udp {
            heard.both_udp += u64::from(now.0 && !before.0);
        } else {
            heard.both += u64::from(now.0 && !before.0);
            heard.one = (heard.one + u64::from(now.1)).saturating_sub(u64::from(before.1));
        }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard
    }
}
