//! Observations become one map.
