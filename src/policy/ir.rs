//! Rules without a vendor: who may open a session to whom. They speak of whoever opens a session;
//! what comes back belongs to it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use crate::model::{Address, Timestamp, Transport};

/// What becomes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It may be opened.
    Allow,
    /// It may not.
    Deny,
}

/// One end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Whoever.
    Any,
    /// One of the isolated addresses.
    Isolated,
    /// One of these networks; a host is the smallest network.
    Networks(Vec<ipnet::IpNet>),
}

/// Ports of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The transport.
    pub transport: Transport,
    /// From which port to which.
    pub range: RangeInclusive<u16>,
}

impl Ports {
    /// One port.
    pub const fn one(transport: Transport, port: u16) -> Ports {
        Ports { transport, range: port..=port }
    }

    /// A port is one of them.
    pub fn has(&self, transport: Transport, port: u16) -> bool {
        self.transport == transport && self.range.contains(&port)
    }
}

/// `5900-5909`, or the one.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.range.start(), self.range.end()) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// What a rule is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The places of the dependencies.
    pub dependencies: Vec<u32>,
    /// Their flows.
    pub flows: u64,
    /// When the last of them was seen.
    pub last: Option<Timestamp>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What becomes of sessions that fit.
    pub action: Action,
    /// Who opens the session.
    pub from: Selector,
    /// To whom.
    pub to: Selector,
    /// To which ports; none: any, of any transport.
    pub ports: Option<Ports>,
    /// Why the rule is there, in a few words.
    pub reason: String,
    /// What it is made from.
    pub evidence: Evidence,
}

/// An ordered list of rules; the first that fits decides. What fits none is left to the firewall as
/// it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The addresses that [`Selector::Isolated`] stands for. Sessions between two of them are left alone.
    pub isolated: BTreeSet<Address>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// A session as a firewall sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    /// Who opens it.
    pub initiator: Address,
    /// To whom.
    pub responder: Address,
    /// Its transport.
    pub transport: Transport,
    /// The responder's port.
    pub port: u16,
}

impl Policy {
    /// What becomes of a session, and by which rule.
    pub fn decide(&self, session: &Session) -> (Action, Option<usize>) {
        let inside = |address| self.isolated.contains(&address);
        if inside(session.initiator) && inside(session.responder) {
            return (Action::Allow, None);
        }
        let fits = |rule: &Rule| {
            self.selects(&rule.from, session.initiator)
                && self.selects(&rule.to, session.responder)
                && rule.ports.as_ref().is_none_or(|ports| ports.has(session.transport, session.port))
        };
        match self.rules.iter().position(fits) {
            Some(place) => (self.rules.get(place).map_or(Action::Allow, |rule| rule.action), Some(place)),
            None => (Action::Allow, None),
        }
    }

    fn selects(&self, selector: &Selector, address: Address) -> bool {
        match selector {
            Selector::Any => true,
            Selector::Isolated => self.isolated.contains(&address),
            Selector::Networks(networks) => networks.iter().any(|network| network.contains(&address.ip())),
        }
    }
}

impl Selector {
    /// One host.
    pub fn host(address: Address) -> Selector {
        Selector::Networks(vec![address.ip().into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(from: [u8; 4], to: [u8; 4], port: u16) -> Session {
        Session { initiator: from.into(), responder: to.into(), transport: Transport::Tcp, port }
    }

    fn rule(action: Action, from: Selector, to: Selector, port: Option<u16>) -> Rule {
        let ports = port.map(|port| Ports::one(Transport::Tcp, port));
        Rule { action, from, to, ports, reason: String::new(), evidence: Evidence::default() }
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_the_inside_is_left_alone() {
        let (inside, other, outside) = ([10, 3, 0, 9], [10, 3, 0, 10], [10, 4, 0, 8]);
        let policy = Policy {
            isolated: BTreeSet::from([inside.into(), other.into()]),
            rules: vec![
                rule(Action::Allow, Selector::host(outside.into()), Selector::Isolated, Some(5432)),
                rule(Action::Deny, Selector::Isolated, Selector::Any, None),
                rule(Action::Deny, Selector::Any, Selector::Isolated, None),
            ],
        };
        assert_eq!(policy.decide(&session(outside, inside, 5432)), (Action::Allow, Some(0)));
        assert_eq!(policy.decide(&session(outside, inside, 22)), (Action::Deny, Some(2)));
        assert_eq!(policy.decide(&session(inside, outside, 5432)), (Action::Deny, Some(1)));
        assert_eq!(policy.decide(&session(inside, other, 445)), (Action::Allow, None));
        assert_eq!(policy.decide(&session(outside, [10, 5, 0, 1], 22)), (Action::Allow, None));
    }
}
