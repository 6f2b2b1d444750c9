//! Answers to questions: one JSON shape for all, and a page of text for each.

mod affected;
mod blast_radius;
mod blindness;
mod difference;
mod envelope;
mod exposure;
mod hop;
mod page;
mod policy;
mod path;
mod root;
mod trace;
mod spof;

pub use affected::Naming;
pub use blast_radius::{BlastRadius, Told, write_blast_radius};
pub use blindness::Sight;
pub use difference::{write_difference, write_difference_json};
pub use envelope::{Answer, Asker};
pub use exposure::ExposureResult;
pub use hop::Teller;
pub(super) use page::Page;
pub use path::{Between, PathQuestion, PathResult};
pub use policy::{PolicyAnswer, PolicyResult, verdict, write_policy};
pub use root::{Backward, Judged, RootResult};
pub use spof::{SpofResult, write_spof};
pub use trace::{ForwardPage, TargetAt, TraceQuestion, TraceResult};

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
