//! The least disruptive cut between where an intruder is and where the intruder must not get.

mod separation;

pub use separation::Means;
