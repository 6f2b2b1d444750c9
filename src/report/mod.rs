//! What we say outside.
