//! What a flow table asks of whoever owns it.

use super::track::Track;
use super::turn::Turns;
use crate::model::{Moment, Side};

/// Whether a flow's bytes are still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Go on.
    More,
    /// Count only, from here on.
    Sealed,
}

/// What the owner of a table does with what flows say.
pub trait Follow {
    /// What is kept for a flow whose bytes are read.
    type State;

    /// A flow has its first payload. None: count it only.
    fn begin(&mut self, track: &mut Track, side: Side) -> Option<Self::State>;

    /// The next bytes of a TCP direction.
    fn bytes(
        &mut self,
        track: &mut Track,
        state: &mut Self::State,
        side: Side,
        bytes: &[u8],
        at: Moment,
    ) -> Interest;

    /// Bytes that were not captured.
    fn gap(
        &mut self,
        track: &mut Track,
        state: &mut Self::State,
        side: Side,
        len: u64,
        at: Moment,
    ) -> Interest;

    /// A datagram.
    fn datagram(
        &mut self,
        track: &mut Track,
        state: &mut Self::State,
        side: Side,
        bytes: &[u8],
        at: Moment,
    ) -> Interest;

    /// Bytes of memory that a state holds beside itself.
    fn held(&self, state: &Self::State) -> usize;

    /// The flow goes on, but its bytes are read no further: what the state still has to say is due now.
    fn release(&mut self, track: &mut Track, state: Self::State);

    /// The flow is over. Its turns come along, if the table keeps them.
    fn end(&mut self, track: &mut Track, state: Option<Self::State>, turns: Turns);
}
