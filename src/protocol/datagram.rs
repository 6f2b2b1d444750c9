//! Following protocols that are made of datagrams only.

use crate::model::Role;

use super::{Seen, Session, Step};

/// Follows a flow by what `tell` makes of each datagram, given who sent it.
pub(super) fn each_datagram(tell: impl FnMut(Role, &[u8], &mut Seen) + Send + 'static) -> Box<dyn Session> {
    Box::new(EachDatagram(tell))
}

struct EachDatagram<F>(F);

impl<F: FnMut(Role, &[u8], &mut Seen) + Send> Session for EachDatagram<F> {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Foreign
    }

    fn on_datagram(&mut self, from: Role, datagram: &[u8], seen: &mut Seen) -> Step {
        (self.0)(from, datagram, seen);
        Step::Consumed(datagram.len())
    }
}
