//! Who vouches for a certificate: its chain, built from what was sent and seen, and three outcomes.
//!
//! ```text
//! authority   who is trusted: public roots, and what the operator named
//! chain       whose signature leads from a certificate to whom
//! verdict     what came of it: valid, invalid, or not to be told
//! ```

mod authority;
mod chain;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verdict;

pub use authority::Authorities;
pub use chain::Chains;
pub use verdict::{Anchor, Doubt, Outcome, Purpose, Verdict};
