//! Answers to questions: one JSON shape for all, and a page of text for each.

mod blindness;
mod difference;
mod envelope;
mod page;
mod policy;

pub use blindness::Sight;
pub use difference::{write_difference, write_difference_json};
pub use envelope::{Answer, Asker};
pub(super) use page::Page;
pub use policy::{PolicyAnswer, PolicyResult, verdict, write_policy};

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
