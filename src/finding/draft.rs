//! A finding before it is scored: who is at fault, and everything seen of it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::rule::Rule;
use crate::graph::Proof;
use crate::model::{HostKey, ServiceKey, Span, State};

/// Frames shown for one finding.
pub const PROOFS_MAX: usize = 5;

/// Clients named for one finding.
const CLIENTS_MAX: usize = 256;

/// Who is at fault. With the rule, it makes sightings one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A server, at one of its services.
    Service(ServiceKey),
    /// A host that asks, wherever it asks.
    Host(HostKey),
}

impl Party {
    /// The host at fault.
    pub const fn host(&self) -> HostKey {
        match self {
            Party::Service(service) => service.host,
            Party::Host(host) => *host,
        }
    }

    /// The service, where a server is at fault.
    pub const fn service(&self) -> Option<ServiceKey> {
        match self {
            Party::Service(service) => Some(*service),
            Party::Host(_) => None,
        }
    }
}

/// What one source of findings says.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Severity after context.
    pub severity: u8,
    /// Use of it gives somebody else access.
    pub grants_access: bool,
    /// How far it went.
    pub state: State,
    /// How often.
    pub count: u64,
    /// From when to when.
    pub span: Span,
    /// Who took part as client.
    pub clients: BTreeSet<HostKey>,
    /// Frames that show it.
    pub evidence: Vec<Proof>,
    /// Short texts that say more, the most telling first.
    pub notes: Vec<String>,
    /// How sure it is, by what was seen and by how the direction is known.
    pub confidence: f64,
    /// The certificate in question.
    pub certificate: Option<String>,
}

/// Drafts of one finding, the one to lead with first.
pub struct Drafts {
    /// The rule.
    pub rule: &'static Rule,
    /// Who is at fault.
    pub party: Party,
    drafts: Vec<Draft>,
}

impl Drafts {
    /// No drafts yet.
    pub const fn new(rule: &'static Rule, party: Party) -> Self {
        Drafts { rule, party, drafts: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// One draft of all. It leads with the highest state, and among equals with the highest severity:
    /// times, clients and counts are those of that state alone. Only the severity is the worst of
    /// all: seeing more must never make a thing look better.
    pub fn join(mut self) -> Option<Draft> {
        // Stable: drafts come in the order of sorted keys.
        self.drafts.sort_by_key(|draft| Reverse((draft.state, draft.severity)));
        let mut drafts = self.drafts.into_iter();
        let mut joined = drafts.next()?;
        let mut told: BTreeSet<String> = joined.notes.iter().cloned().collect();
        for draft in drafts {
            joined.severity = joined.severity.max(draft.severity);
            joined.grants_access |= draft.grants_access;
            let room = PROOFS_MAX.saturating_sub(joined.evidence.len());
            joined.evidence.extend(draft.evidence.into_iter().take(room));
            joined.notes.extend(draft.notes.into_iter().filter(|note| told.insert(note.clone())));
            if draft.state == joined.state {
                joined.count += draft.count;
                joined.span.join(draft.span);
                joined.clients.extend(draft.clients);
                joined.confidence = joined.confidence.max(draft.confidence);
            }
        }
        while joined.clients.len() > CLIENTS_MAX {
            joined.clients.pop_last();
        }
        joined.evidence.truncate(PROOFS_MAX);
        Some(joined)
    }
}
