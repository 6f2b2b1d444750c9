//! Questions and their answers: pure functions of an [`Atlas`], which is one snapshot with the
//! indexes that questions are answered from. No clock, no text, no JSON.

mod atlas;
mod blindness;
mod confidence;
pub mod contact;
mod cut;
mod damping;
mod diff;
mod dinic;
mod enforcement;
pub mod exposure;
mod identity;
mod impact;
mod importance;
pub mod isolate;
mod knowledge;
#[cfg(test)]
mod lan;
mod lateral;
mod machine;
mod outage;
mod reach;
mod requires;
mod restore;
mod rows;
mod segment;
mod spof;
mod target;
mod terrain;
#[cfg(test)]
mod testing;
pub mod trace;
mod trust;
mod worlds;
mod worth;

pub use atlas::{Atlas, Observed};
pub use blindness::Blindness;
pub use cut::{
    Classes, CutAnswer, CutQuestion, Cutter, GivenUp, Goal, Kept, Means, Passage, Plan, Residual, Rule,
    Scales, Severed, Sources, Step, Tier, Ways, Weight,
};
pub use damping::SharedInfrastructure;
pub use diff::{Changed, Changes, Difference, Listing, diff};
pub use enforcement::Enforcement;
pub use identity::{Digest, digest};
pub use impact::{Fallen, Fixpoint, Threshold, impact, may, must};
pub use importance::Importance;
pub use isolate::{
    Broken, Causes, Choice, Costs, Crossing, CutEdge, Exception, Infrastructure, Inside, IsolateQuestion,
    Isolation, Isolator, Mode, OpenSession, Options, Remains, UnknownMode,
};
pub use knowledge::{BusinessService, Criticality, Knowledge, Protected, Segment};
pub use lateral::{is_lateral_port, lateral_ports};
pub use machine::Machines;
pub use outage::{Extent, Hit, Loss, Outage, SharedLoss};
pub use requires::{
    Failure, Group, ImpactNode, Member, NO_DEPENDENCY, Parts, Requires, Why, commonly_spared,
};
pub use restore::{Restored, restore_order};
pub use segment::Segments;
pub use spof::{Single, Spof, Spofs, spof};
pub use target::{Resolved, Target, TargetError, Unknown, resolve};
pub use terrain::{Open, Terrain};
#[cfg(test)]
pub(crate) use trust::testing as issuing;
pub use trust::{Anchor, Authorities, Chains, Doubt, Outcome, Purpose, Verdict};
pub use worlds::{EXACT_GROUPS_MAX, SAMPLED_WORLDS, Worlds, worlds};
pub use worth::{Worth, Worths};
mod card;
mod egress;
mod hidden;
mod indicator;
mod scope;
mod sought;
mod tenure;
mod timeline;
pub use card::{Card, Offer, Session, Use};
pub use egress::{Destination, Egress, Served, egress};
pub use hidden::Hidden;
pub use indicator::{Indicated, IndicatorError, Indicators};
pub use scope::Scope;
pub use sought::{Asker, How, Sought, Touch, seek};
pub use tenure::{Turn, holder, turns};
pub use timeline::{Event, Happening, New, timeline};
