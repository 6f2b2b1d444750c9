//! What a sensor learnt between two ticks of its clock: what a store keeps and a live map adds.

use std::collections::BTreeSet;

use super::Delta;
use crate::model::{FlowRecord, Indication, Span, TokenSighting};

/// Records that wait for a store which is slow: 262,144 × ~350 B = 90 MiB.
const RECORDS_MAX: usize = 262_144;

/// Everything since the tick before.
#[derive(Clone, Default)]
pub struct Gained {
    /// What was observed, and the flows that ended.
    pub delta: Delta,
    /// The records of the flows that ended, in the order of their first packets.
    pub ended: Vec<FlowRecord>,
    /// The flows that go on and had packets since the tick before, with all that they have added up to.
    pub open: Vec<FlowRecord>,
    /// Names, fingerprints and users with who showed them to whom, sorted.
    pub indications: Vec<Indication>,
    /// How often one did not fit.
    pub indications_dropped: u64,
    /// What flows carry that others carry too.
    pub tokens: Vec<TokenSighting>,
    /// From when to when the tap was watched, by the capture's own clock.
    pub watched: Option<Span>,
    /// Records of flows and sightings of tokens that were let go because nobody took them in time. The
    /// map has the flows all the same.
    pub let_go: u64,
}

impl Gained {
    /// Adds what was learnt later.
    pub fn join(&mut self, later: Gained) {
        self.delta.join(later.delta);
        self.ended.extend(later.ended);
        self.ended.sort_by_key(|record| (record.first, record.frame, record.key));
        // A flow begins with its first frame, and no frame begins two.
        let begun = |record: &FlowRecord| (record.first, record.frame);
        let newer: BTreeSet<_> = later.open.iter().chain(&self.ended).map(begun).collect();
        self.open.retain(|record| !newer.contains(&begun(record)));
        self.open.extend(later.open);
        for list in [&mut self.ended, &mut self.open] {
            self.let_go += list.len().saturating_sub(RECORDS_MAX) as u64;
            list.truncate(RECORDS_MAX);
        }
        self.indications.extend(later.indications);
        join_indications(&mut self.indications);
        self.indications_dropped += later.indications_dropped;
        self.tokens.extend(later.tokens);
        self.let_go += self.tokens.len().saturating_sub(RECORDS_MAX) as u64;
        self.tokens.truncate(RECORDS_MAX);
        self.watched = match (self.watched, later.watched) {
            (Some(mut span), Some(more)) => {
                span.join(more);
                Some(span)
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.let_go += later.let_go;
    }
}

/// Sorts them and makes those of the same mark, client and service one.
fn join_indications(rows: &mut Vec<Indication>) {
    rows.sort_unstable();
    rows.dedup_by(|later, before| {
        let same = (&later.indicator, later.client, later.service)
            == (&before.indicator, before.client, before.service);
        if same {
            // Sorted by time behind these, so that the frame before is the first.
            before.span.join(later.span);
            before.count += later.count;
        }
        same
    });
}
