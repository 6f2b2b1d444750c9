//! Observations become one map.

pub mod certificate;

pub use certificate::CertificateFacts;
