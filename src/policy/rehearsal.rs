//! What a policy would have done to sessions that were recorded: decided at the packet that opened
//! each, as a firewall with state does.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{Action, Policy, Session};
use crate::graph::{Contact, Dependency, DependencyState, Initiator, Kind};
use crate::model::Timestamp;
use crate::query::Atlas;

/// Which sessions are judged, and how.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Sessions that began at or after this moment; the policy was made from what came before. None:
    /// all of them, also those that the policy was made from.
    pub since: Option<Timestamp>,
    /// Hosts that an intruder holds, by place.
    pub infected: BTreeSet<u32>,
    /// Dependencies that the plan says it breaks, by place.
    pub foreseen: BTreeSet<u32>,
}

/// Sessions by what became of them (`isolation.md` §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Allowed, and used.
    pub allow_known: u64,
    /// Allowed, though nobody needs it: attempts, scans.
    pub allow_unneeded: u64,
    /// Denied, and somebody needs it.
    pub would_break: u64,
    /// Denied, and nobody needs it: attempts, scans.
    pub deny_unneeded: u64,
    /// Denied, and an intruder's way on.
    pub deny_attack: u64,
    /// Allowed, and an intruder's way on.
    pub escape: u64,
    /// It is not known who opened it, so that no rule decides.
    pub undetermined: u64,
}

impl Verdicts {
    /// All sessions.
    pub const fn sessions(&self) -> u64 {
        self.allow_known
            + self.allow_unneeded
            + self.would_break
            + self.deny_unneeded
            + self.deny_attack
            + self.escape
            + self.undetermined
    }

    /// Legitimate sessions: those that somebody needs.
    pub const fn legitimate(&self) -> u64 {
        self.allow_known + self.would_break
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Sessions.
    pub sessions: Verdicts,
    /// Of the sessions that would break, those whose dependency the plan did not name: the price that
    /// nobody was told of.
    pub unforeseen: u64,
    /// Legitimate sessions beside the ones that the plan names.
    pub others: u64,
    /// Dependencies that would break, with their sessions, by place.
    pub broken: BTreeMap<u32, u64>,
    /// Dependencies through which an intruder still gets on, with their sessions.
    pub escapes: BTreeMap<u32, u64>,
    /// Sessions that the server opens because a control session announced them: a firewall needs to
    /// follow the control session to let them in.
    pub needs_control: u64,
    /// Rules that no session met, by place.
    pub idle_rules: Vec<usize>,
}

/// Judges the recorded sessions by a policy, in time proportional to sessions times rules.
pub fn rehearse(atlas: &Atlas, policy: &Policy, order: &Order) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    let mut met = BTreeSet::new();
    let contacts = atlas.observed.history.contacts().iter();
    let mut fate: Option<(u32, Fate)> = None;
    for contact in contacts.filter(|contact| order.since.is_none_or(|since| contact.span.first >= since)) {
        let Some(dependency) = atlas.dependency(contact.dependency) else { continue };
        // Contacts come in the order of dependencies, and there are many more of them.
        let known = fate.filter(|(of, _)| *of == contact.dependency).map(|(_, fate)| fate);
        let own = known.unwrap_or_else(|| Fate::of(policy, contact, dependency));
        fate = Some((contact.dependency, own));
        let (action, rule) = match own {
            Fate::Undetermined => {
                rehearsal.sessions.undetermined += 1;
                continue;
            }
            Fate::Decided(action, rule) => (action, rule),
            Fate::BySession => policy.decide(&session(contact, dependency)),
        };
        met.extend(rule);
        rehearsal.needs_control += u64::from(dependency.initiator == Initiator::Server && rule.is_some());
        rehearsal.count(atlas, contact, dependency, action, order);
    }
    rehearsal.idle_rules = (0..policy.rules.len()).filter(|rule| !met.contains(rule)).collect();
    rehearsal
}

/// What becomes of the sessions of one dependency.
#[derive(Clone, Copy)]
enum Fate {
    /// It is not known who opened them.
    Undetermined,
    /// The same of all, by one rule or by none.
    Decided(Action, Option<usize>),
    /// The port of each decides.
    BySession,
}

impl Fate {
    fn of(policy: &Policy, contact: &Contact, dependency: &Dependency) -> Fate {
        let undetermined = !dependency.totals.decided || matches!(dependency.initiator, Initiator::Both);
        if undetermined && touches(policy, dependency) {
            return Fate::Undetermined;
        }
        if dependency.initiator == Initiator::Server {
            return Fate::BySession;
        }
        let (action, rule) = policy.decide(&session(contact, dependency));
        Fate::Decided(action, rule)
    }
}

impl Rehearsal {
    fn count(
        &mut self,
        atlas: &Atlas,
        contact: &Contact,
        dependency: &Dependency,
        action: Action,
        order: &Order,
    ) {
        let actor = atlas.client_of(contact.dependency);
        let intrusion =
            contact.capability.is_exec() && actor.is_some_and(|host| order.infected.contains(&host));
        let needed = contact.observed
            && dependency.state >= DependencyState::Observed
            && !matches!(dependency.kind, Kind::Scan | Kind::Conflict);
        let sessions = &mut self.sessions;
        match action {
            Action::Allow if intrusion => {
                sessions.escape += 1;
                *self.escapes.entry(contact.dependency).or_default() += 1;
            }
            Action::Allow if needed => sessions.allow_known += 1,
            Action::Allow => sessions.allow_unneeded += 1,
            Action::Deny if intrusion => sessions.deny_attack += 1,
            Action::Deny if !needed => sessions.deny_unneeded += 1,
            Action::Deny => {
                sessions.would_break += 1;
                *self.broken.entry(contact.dependency).or_default() += 1;
            }
        }
        let foreseen = order.foreseen.contains(&contact.dependency);
        if needed && !intrusion && !foreseen {
            self.others += 1;
            self.unforeseen += u64::from(action == Action::Deny);
        }
    }
}

/// Either end of a dependency is isolated, or named by a rule: it matters who opened the session.
fn touches(policy: &Policy, dependency: &Dependency) -> bool {
    let (client, server) = (dependency.key.client.address, dependency.key.service.host.address);
    let port = dependency.key.service.port;
    let transport = dependency.transport();
    let one_way =
        |initiator, responder| policy.decide(&Session { initiator, responder, transport, port }).1.is_some();
    one_way(client, server) || one_way(server, client)
}

/// The session of a contact, as whoever opened it did.
pub fn session(contact: &Contact, dependency: &Dependency) -> Session {
    let (client, service) = (dependency.key.client.address, dependency.key.service);
    match dependency.initiator {
        Initiator::Server => Session {
            initiator: service.host.address,
            responder: client,
            transport: service.transport,
            port: contact.client_port,
        },
        Initiator::Client | Initiator::Both | Initiator::Unknown => Session {
            initiator: client,
            responder: service.host.address,
            transport: service.transport,
            port: service.port,
        },
    }
}
