//! What is wrong on the map.

mod importance;
mod reach;
mod score;
/// TLS cipher suites by what is wrong with them.
pub mod suites;
mod validity;

pub use importance::{Context, Criticality, Importance};
pub use score::{Band, Factors, Score};
pub use validity::{Status, Urgency, Validity};
