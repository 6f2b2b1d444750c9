//! Questions as programs and people put them: one file each, checked, answered, told.
//!
//! The command line and the API put the same questions, so both come here: with words, which become a
//! `Question` of one of the files, and leave with what is [`Told`]. Neither can say something that the
//! other does not.

mod ask;
pub mod blast_radius;
pub mod cut;
pub mod diff;
pub mod egress;
mod ground;
pub mod host;
pub mod isolate;
pub mod list;
pub mod path;
pub mod policy;
mod refusal;
mod rehearsal;
pub mod seen;
pub mod spof;
pub mod timeline;
pub mod trace;
mod words;

pub use ask::{Ask, Told};
pub use ground::{Ground, Material};
pub use refusal::{Refusal, Why};
