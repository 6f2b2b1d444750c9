//! Insecure practices that were seen, added up: who, with whom, how often, and the frames that show it.

use compact_str::CompactString;

use super::set::Set;
use crate::model::{HostKey, Moment, Practice, ServiceKey, Span, State};

/// Frames kept as evidence for one sighting.
const PROOFS_MAX: usize = 5;

/// Clients named for one sighting: 64 × 32 B = 2 KiB, so that a shard's 16,384 sightings hold 32 MiB of
/// them at most.
const CLIENTS_MAX: usize = 64;

/// What makes sightings one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SightingKey {
    /// What was done.
    pub practice: Practice,
    /// How far it went.
    pub state: State,
    /// Who is at fault.
    pub host: HostKey,
    /// With which service; none where a group was addressed.
    pub service: Option<ServiceKey>,
}

/// A frame that shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// When and where.
    pub at: Moment,
    /// What a person should read there.
    pub what: CompactString,
}

/// What was seen of one practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// How often.
    pub count: u64,
    /// From when to when.
    pub span: Span,
    /// Who took part as client, at most `CLIENTS_MAX`.
    pub clients: Set<HostKey>,
    /// The earliest frames that show it.
    pub proofs: Vec<Proof>,
}

impl Sighting {
    /// Seen once.
    pub fn once(client: Option<HostKey>, proof: Proof) -> Self {
        Sighting { count: 1, span: Span::at(proof.at.time), clients: client.into(), proofs: vec![proof] }
    }

    /// Adds what was seen elsewhere. The earliest proofs stay, in whatever order parts are joined.
    pub fn join(&mut self, other: Sighting) {
        self.count += other.count;
        self.span.join(other.span);
        self.clients.join(CLIENTS_MAX, other.clients);
        self.proofs.extend(other.proofs);
        self.proofs.sort_by(|one, other| (one.at.time, one).cmp(&(other.at.time, other)));
        self.proofs.truncate(PROOFS_MAX);
    }
}
