//! Answers to questions: one JSON shape for all, and a page of text for each.

mod blindness;
mod difference;
mod envelope;
mod page;

pub use blindness::Sight;
pub use difference::{write_difference, write_difference_json};
pub use envelope::{Answer, Asker};
pub(super) use page::Page;

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
