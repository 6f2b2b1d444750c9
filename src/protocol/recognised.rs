//! What follows a protocol whose presence is all that is told of it.

use super::{Seen, Session, Step};
use crate::model::Role;

/// Reads nothing further: that the protocol is spoken is known, and nothing else in it is of interest.
pub(super) struct Recognised;

impl Session for Recognised {
    fn on_bytes(&mut self, _: Role, _: &[u8], _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_datagram(&mut self, _: Role, _: &[u8], _: &mut Seen) -> Step {
        Step::Done
    }
}
