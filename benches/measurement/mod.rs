//! Measuring commands, and saying what came out.

pub mod baseline;
pub mod figure;
pub mod process;
pub mod report;
