//! Where an infection can have gone and come from, in time: over contacts, which are intervals.
//!
//! ```text
//!  contacts ──> search (earliest, latest, whatever the time) ──┬──> forward    whom it can have reached
//!              likelihood (likeliest path, possible worlds) ───┼──> root       who can have been first
//!                                                              ├──> cause      what lies between
//!                                                              └──> path       from one host to another
//! ```

mod cause;
mod forward;
mod likelihood;
mod oddity;
mod path;
mod root;
mod search;
#[cfg(test)]
mod tests;

pub use cause::{Cause, causes};
pub use forward::{OutOfTime, Reached, Trace, arrivals, trace};
pub use likelihood::SEED;
pub use oddity::{Oddities, Oddity};
pub use path::{Goal, PATHS, Paths, paths};
pub use root::{Candidate, Explained, Root, rank};
pub use search::{Classes, Hop, Rules};
