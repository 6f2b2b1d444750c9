//! What the operator decided: flags, files, and what packets do not tell.
pub(crate) const NOTHING: () = ();
