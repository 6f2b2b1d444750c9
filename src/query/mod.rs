//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod cut;
mod dinic;
mod identity;
mod knowledge;
mod segment;
mod target;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use identity::{Digest, digest};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use segment::Segments;
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
