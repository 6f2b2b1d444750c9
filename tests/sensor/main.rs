//! The sensor: a map that grows is, in the end, the map of the same packets.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "what a test helper cannot read, the test cannot judge"
)]

mod command;
mod law;
mod play;
mod serving;
