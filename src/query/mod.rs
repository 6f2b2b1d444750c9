//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod contact;
pub mod exposure;
mod identity;
mod knowledge;
mod target;
mod terrain;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use contact::{Contacts, Means, Way, Ways};
pub use identity::{Digest, digest};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
pub use terrain::{Open, Terrain};
