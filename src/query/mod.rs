//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod cause;
mod contact;
pub mod exposure;
mod identity;
mod knowledge;
mod likelihood;
mod path;
mod root;
mod search;
mod target;
mod terrain;
mod trace;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use cause::{Cause, causes};
pub use contact::{Contacts, Means, Way, Ways};
pub use identity::{Digest, digest};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use likelihood::SEED;
pub use path::{Goal, PATHS, Paths, paths};
pub use root::{Candidate, Explained, Root, rank};
pub use search::{Classes, Hop, Rules};
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
pub use terrain::{Open, Terrain};
pub use trace::{OutOfTime, Reached, Trace, arrivals, trace};
