//! What a sensor learnt between two ticks of its clock: what a store keeps and a live map adds.

use super::Delta;
use crate::model::{FlowRecord, Indication, Span, TokenSighting};

/// Everything since the tick before.
#[derive(Default)]
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
}
