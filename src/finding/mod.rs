//! What is wrong on the map.
