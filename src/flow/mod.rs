//! Packets become flows.
