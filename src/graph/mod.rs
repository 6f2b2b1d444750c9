//! Observations become one map.

mod vendor;

pub use vendor::vendor;
