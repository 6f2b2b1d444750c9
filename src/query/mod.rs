//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod card;
mod diff;
mod egress;
mod hidden;
mod identity;
mod indicator;
mod knowledge;
mod scope;
mod sought;
mod target;
mod tenure;
mod timeline;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use card::{Card, Offer, Session, Use};
pub use diff::{Changed, Changes, Difference, Listing, diff};
pub use egress::{Destination, Egress, Served, egress};
pub use hidden::Hidden;
pub use identity::{Digest, digest};
pub use indicator::{Indicated, IndicatorError, Indicators};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use scope::Scope;
pub use sought::{Asker, How, Sought, Touch, seek};
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
pub use tenure::{Turn, holder, turns};
pub use timeline::{Event, Happening, New, timeline};
