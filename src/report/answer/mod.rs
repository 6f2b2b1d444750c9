//! Answers to questions: one JSON shape for all, and a page of text for each.

mod affected;
mod blast_radius;
mod blindness;
mod difference;
mod envelope;
mod page;
mod spof;

pub use affected::Naming;
pub use blast_radius::{BlastRadius, Told, write_blast_radius};
pub use blindness::Sight;
pub use difference::{write_difference, write_difference_json};
pub use envelope::{Answer, Asker};
pub(super) use page::Page;
pub use spof::{SpofResult, write_spof};

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
