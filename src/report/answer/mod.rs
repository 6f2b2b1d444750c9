//! Answers to questions: one JSON shape for all, and a page of text for each.

mod blindness;
mod difference;
mod egress;
mod envelope;
mod hands;
mod host;
mod page;
mod seen;
mod timeline;

pub use blindness::Sight;
pub use difference::{write_difference, write_difference_json};
pub use egress::{EgressResult, egress_page};
pub use envelope::{Answer, Asker};
pub use host::{HostResult, host_page};
use page::Page;
pub use seen::{SeenResult, seen_page};
pub use timeline::{TimelineResult, timeline_page};

/// The schema of every answer.
pub const SCHEMA: &str = "tapmap/answer/1";
