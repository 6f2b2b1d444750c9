//! What a conversation does when a session hands it on.

use super::*;
use crate::model::Address;

/// Upgrades to [`Inner`] at the first byte, using none.
struct Outer;

/// Tells that it was called, and that this was not its protocol.
struct Inner;

impl Analyzer for Outer {
    fn protocol(&self) -> &'static str {
        "outer"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, _: &Opening<'_>) -> Probe {
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Outer)
    }
}

impl Session for Outer {
    fn on_bytes(&mut self, _: Role, _: &[u8], _: &mut Seen) -> Step {
        Step::Upgrade(0, &Inner)
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

impl Analyzer for Inner {
    fn protocol(&self) -> &'static str {
        "inner"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, _: &Opening<'_>) -> Probe {
        Probe::NoMatch
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Inner)
    }
}

impl Session for Inner {
    fn on_bytes(&mut self, _: Role, _: &[u8], seen: &mut Seen) -> Step {
        seen.push(Observation::Anomaly("inner_was_called"));
        Step::Foreign
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[test]
fn an_upgrade_sees_the_same_bytes_at_once_and_its_failure_keeps_the_name() {
    let endpoint = |last| Endpoint { address: Address::from([10, 0, 0, last]), port: 1 };
    let endpoints = Pair::new(endpoint(1), endpoint(2));
    let mut talk = Conversation::following(endpoints, Transport::Tcp, Side::A, &Outer);
    let mut seen = Seen::default();
    talk.on_bytes(Side::A, b"x", &mut seen);
    assert_eq!(seen.drain().collect::<Vec<_>>(), [Observation::Anomaly("inner_was_called")]);
    assert_eq!(talk.verdict().map(|verdict| verdict.protocol), Some("outer"));
    assert!(!talk.wants_bytes());
}
