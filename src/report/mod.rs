//! What we say outside. The JSON of the contract has its one home here, for every program that
//! shows it.

mod document;
mod json;
mod visibility;

pub use document::{Counted, Report, SourceFacts};
pub use json::{Document, write_json};
pub use visibility::Visibility;

use crate::model::Timestamp;

/// The schema of [`Document`].
pub const SCHEMA: &str = "tapmap/report/1";

/// A time as the contract writes it.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_string()
}
