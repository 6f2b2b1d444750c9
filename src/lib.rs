//! tapmap: a passive network dependency mapper.
//!
//! The modules stand in the order in which data flows; each may use only what stands above it
//! (ARCHITECTURE.md, held by `tests/architecture.rs`).

// One line each, as the map of the source. What a module says of itself stands in the module.

// The words that every other module shares: time, addresses, flows, observations.
pub mod model;
// What the operator decided: flags, files, and what packets do not tell.
pub mod config;
// Frames with timestamps, from files.
pub mod capture;
// A frame becomes a packet: link layers, tunnels and fragments undone.
pub mod decode;
// Packets become flows: tables, TCP, reassembly, the direction ledger.
pub mod flow;
// Bytes become observations: one file per protocol.
pub mod protocol;
// Observations become one map of hosts, services and dependencies.
pub mod graph;
// Questions and their answers: pure functions of a snapshot.
pub mod query;
// Firewall rules from answers: written down and rehearsed, never applied.
pub mod policy;
// What is wrong on the map: insecure practices and certificates.
pub mod finding;
// History that outlives the process.
pub mod store;
// The only starter of packet threads; joins capture, decode, flow, protocol and graph.
pub mod pipeline;
// What we say outside: the JSON of the contract, tables, exports.
pub mod report;
// Questions as programs and people put them, and their answers.
pub mod question;
// The map over HTTP.
pub mod api;
// The command line.
pub mod cli;
