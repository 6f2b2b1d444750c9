//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod confidence;
mod cut;
mod dinic;
mod diff;
mod identity;
mod impact;
mod knowledge;
mod requires;
mod segment;
mod target;
#[cfg(test)]
mod testing;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use diff::{Changed, Changes, Difference, Listing, diff};
pub use identity::{Digest, digest};
pub use impact::{Fallen, Fixpoint, Threshold, impact, may, must};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use requires::{Failure, Group, ImpactNode, Member, NO_DEPENDENCY, Parts, Requires, Why};
pub use segment::Segments;
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
