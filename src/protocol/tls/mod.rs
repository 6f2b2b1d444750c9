//! A stand-in for the TLS analyzer, so that upgrades have somewhere to go.

use crate::model::{Role, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// TLS, which this stand-in neither recognises nor follows.
pub struct Tls;

impl Analyzer for Tls {
    fn protocol(&self) -> &'static str {
        "tls"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, _opening: &Opening<'_>) -> Probe {
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Ignored)
    }
}

struct Ignored;

impl Session for Ignored {
    fn on_bytes(&mut self, _from: Role, _bytes: &[u8], _seen: &mut Seen) -> Step {
        Step::Done
    }

    fn on_gap(&mut self, _from: Role, _len: u64, _seen: &mut Seen) -> Step {
        Step::Done
    }
}
