//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod confidence;
mod identity;
mod impact;
mod importance;
mod knowledge;
mod reach;
mod requires;
mod restore;
mod spof;
mod target;
#[cfg(test)]
mod testing;
mod worlds;
mod worth;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use identity::{Digest, digest};
pub use impact::{Fallen, Fixpoint, Threshold, impact, may, must};
pub use importance::{Importance, Worth};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use requires::{Failure, Group, ImpactNode, Member, NO_DEPENDENCY, Parts, Requires, Why};
pub use restore::{Restored, restore_order};
pub use spof::{Single, Spof, Spofs, spof};
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
pub use worlds::{EXACT_GROUPS_MAX, SAMPLED_WORLDS, Worlds, worlds};
pub use worth::{Worths, level};
