//! The only starter of packet threads.
