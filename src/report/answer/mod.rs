//! Answers to questions: one JSON shape for all, and a page of text for each.

mod affected;
mod blindness;
mod cut;
mod difference;
mod envelope;
mod isolate;
mod page;

pub use blindness::Sight;
pub use cut::{CutAsked, CutReport};
pub use difference::{write_difference, write_difference_json};
pub use envelope::{Answer, Asker};
pub use isolate::{IsolateAnswer, IsolateAsked};
pub(super) use page::Page;

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
