//! Stand-in for the TLS analyzer, so that upgrades have somewhere to go.

use crate::model::{Role, Transport};

use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// TLS, not looked into.
pub struct Tls;

impl Analyzer for Tls {
    fn protocol(&self) -> &'static str {
        "tls"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, _: &Opening<'_>) -> Probe {
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Sealed)
    }
}

struct Sealed;

impl Session for Sealed {
    fn on_bytes(&mut self, _: Role, _: &[u8], _: &mut Seen) -> Step {
        Step::Done
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}
