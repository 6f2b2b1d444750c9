//! Answers to questions: one JSON shape for all, and a page of text for each.

mod affected;
mod blast_radius;
mod blindness;
mod broken;
mod cut;
mod difference;
mod egress;
mod envelope;
mod exposure;
mod hop;
mod isolate;
mod page;
mod policy;
mod path;
mod root;
mod trace;
mod spof;
mod hands;
mod host;
mod seen;
mod timeline;

pub use affected::Naming;
pub use blast_radius::{BlastRadius, Radius, picture, write_blast_radius};
pub use blindness::Sight;
pub use cut::{CutAsked, CutReport};
pub use difference::{write_difference, write_difference_json};
pub use egress::{EgressResult, egress_page};
pub use envelope::{Answer, Asker};
pub use exposure::ExposureResult;
pub use hop::Teller;
pub use host::{HostResult, host_page};
pub use isolate::{IsolateAnswer, IsolateAsked};
pub use path::{Between, PathQuestion, PathResult};
pub use policy::{PolicyAnswer, PolicyResult, verdict, write_policy};
pub use root::{Backward, Judged, RootResult};
pub use seen::{SeenResult, seen_page};
pub use spof::{SpofResult, write_spof};
pub use timeline::{TimelineResult, timeline_page};
pub use trace::{ForwardPage, TargetAt, TraceQuestion, TraceResult};

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
