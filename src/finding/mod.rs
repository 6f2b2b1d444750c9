//! What is wrong on the map.

mod score;
/// TLS cipher suites by what is wrong with them.
pub mod suites;
mod validity;

pub use score::{Band, Factors, Score};
pub use validity::{Status, Urgency, Validity};
