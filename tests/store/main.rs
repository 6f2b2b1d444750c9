//! What goes into a store comes out of it: captures of the lab, in one piece and in many.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers fail their test by panicking")]

mod round;
mod travel;
mod trouble;
