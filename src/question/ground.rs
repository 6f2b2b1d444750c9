//! Everything that questions are answered from, and what is worked out of it once for all of them.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use crate::finding::Finding;
use crate::graph::inference::infer;
use crate::graph::{History, Snapshot};
use crate::model::{FlowRecord, Indication, Span, State, Timestamp, TokenSighting};
use crate::query::{Atlas, Blindness, Knowledge, Observed, Requires, Scope, Segments};
use crate::report::{Asker, Counted, Report, SourceFacts};

/// What was gathered: from captures, from a store, or by a sensor that is still at it.
pub struct Material {
    /// The map.
    pub snapshot: Arc<Snapshot>,
    /// Its number; each map that a sensor makes has one more than the one before.
    pub number: u64,
    /// Every flow, as far as they were kept.
    pub records: Arc<Vec<FlowRecord>>,
    /// Names, fingerprints and users that were seen.
    pub indications: Vec<Indication>,
    /// How many of those did not fit.
    pub indications_dropped: u64,
    /// What flows carry that others carry too.
    pub tokens: Vec<TokenSighting>,
    /// When somebody watched: one span for each source or run.
    pub watched: Vec<Span>,
    /// What is wrong.
    pub findings: Arc<Vec<Finding>>,
    /// Where it came from.
    pub sources: Arc<Vec<SourceFacts>>,
    /// What was counted on the way.
    pub counted: Arc<Counted>,
    /// The moment that answers are about; none: that of the last packet.
    pub as_of: Option<Timestamp>,
}

/// Everything that questions are answered from. It borrows nothing, so that a server can keep it for
/// as long as somebody asks; what many questions need of it is worked out by the first.
pub struct Ground {
    observed: Observed,
    number: u64,
    records: Arc<Vec<FlowRecord>>,
    findings: Arc<Vec<Finding>>,
    sources: Arc<Vec<SourceFacts>>,
    counted: Arc<Counted>,
    as_of: Option<Timestamp>,
    atlas: OnceLock<Atlas>,
    segments: OnceLock<Segments>,
    requires: OnceLock<Requires>,
    asker: OnceLock<Asker>,
    insecure: OnceLock<BTreeSet<u32>>,
}

impl Ground {
    /// From everything that was gathered; what depends on what is inferred from its flows.
    pub fn new(mut material: Material, knowledge: Arc<Knowledge>) -> Ground {
        let mut history = History::new(&material.snapshot, &material.records);
        history.indications = std::mem::take(&mut material.indications);
        history.indications_dropped = material.indications_dropped;
        let inferences = infer(&material.snapshot, &material.records, &material.tokens);
        let mut watched = std::mem::take(&mut material.watched);
        watched.sort_unstable();
        let observed = Observed {
            snapshot: Arc::clone(&material.snapshot),
            history: Arc::new(history),
            inferences: Arc::new(inferences),
            knowledge,
            watched: watched.into(),
        };
        Ground::of(observed, material)
    }

    /// From the map, for lists: its flows are told as they are and nothing is inferred from them.
    pub fn of_map(material: Material, knowledge: Arc<Knowledge>) -> Ground {
        let observed = Observed {
            snapshot: Arc::clone(&material.snapshot),
            history: Arc::default(),
            inferences: Arc::default(),
            knowledge,
            watched: Arc::default(),
        };
        Ground::of(observed, material)
    }

    /// From what was understood already: a server that knows the history of its flows needs not make
    /// it again. What `material` says of indications, tokens and watched spans is not read.
    pub fn of(observed: Observed, material: Material) -> Ground {
        Ground {
            as_of: material.as_of.or(observed.snapshot.last),
            observed,
            number: material.number,
            records: material.records,
            findings: material.findings,
            sources: material.sources,
            counted: material.counted,
            atlas: OnceLock::new(),
            segments: OnceLock::new(),
            requires: OnceLock::new(),
            asker: OnceLock::new(),
            insecure: OnceLock::new(),
        }
    }

    /// The map with its indexes.
    pub fn atlas(&self) -> &Atlas {
        self.atlas.get_or_init(|| Atlas::new(self.observed.clone()))
    }

    /// Who shares a segment.
    pub fn segments(&self) -> &Segments {
        self.segments.get_or_init(|| Segments::new(self.atlas()))
    }

    /// Who needs whom.
    pub fn requires(&self) -> &Requires {
        self.requires.get_or_init(|| Requires::from_atlas(self.atlas()))
    }

    /// Who puts answers together.
    pub fn asker(&self) -> &Asker {
        self.asker.get_or_init(|| Asker::new(self.observed.clone(), self.number, self.as_of))
    }

    /// Places of dependencies on which an insecure practice was agreed on or used: whoever is on the
    /// wire can read or join in.
    pub fn insecure(&self) -> &BTreeSet<u32> {
        self.insecure.get_or_init(|| insecure(self.atlas(), &self.findings))
    }

    /// What is wrong.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The moment that answers are about.
    pub const fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// When somebody watched, sorted.
    pub fn watched(&self) -> &[Span] {
        &self.observed.watched
    }

    /// The report of it, for lists, names of sources and findings.
    pub fn report(&self) -> Report<'_> {
        Report {
            as_of: self.as_of,
            sources: &self.sources,
            counted: &self.counted,
            snapshot: &self.observed.snapshot,
            findings: &self.findings,
            records: &self.records,
            authorities: &self.observed.knowledge.authorities,
        }
    }

    /// What the tap could not see of whom a question is about: of everybody, the local hosts.
    pub(super) fn blindness(&self, scope: &Scope) -> Blindness {
        let atlas = self.atlas();
        let mut places = scope.places(atlas);
        if scope.hosts.is_none() {
            places.retain(|place| atlas.host(*place).is_some_and(|host| host.internal));
        }
        Blindness::of(atlas, &places)
    }
}

fn insecure(atlas: &Atlas, findings: &[Finding]) -> BTreeSet<u32> {
    let practised = findings.iter().filter(|row| row.state >= State::Negotiated && row.certificate.is_none());
    let dependencies = practised.flat_map(|finding| {
        let services = finding.service.and_then(|key| atlas.service_place(&key));
        let of = services.into_iter().flat_map(|service| atlas.used_by(service));
        of.filter(|dependency| {
            let client = atlas.dependency(**dependency).map(|row| row.key.client);
            client.is_some_and(|client| finding.clients.contains(&client))
        })
    });
    dependencies.copied().collect()
}
