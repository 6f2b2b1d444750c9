//! How fast questions are answered. Where a target is a ratio, it is one to a breadth-first search of
//! petgraph over a graph of the same size, timed in the same run, so that it means the same on every
//! machine.
//!
//! `cargo bench --bench query`.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark that is wrong shall stop")]
#![expect(clippy::print_stdout, reason = "a benchmark talks to whoever started it")]

#[path = "query/trace.rs"]
mod trace;

fn main() {
    trace::run();
}
