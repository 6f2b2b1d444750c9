//! What is wrong on the map.

/// TLS cipher suites by what is wrong with them.
pub mod suites;
