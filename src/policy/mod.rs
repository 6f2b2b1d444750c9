//! Firewall rules from answers: written down and rehearsed, never applied.

mod ir;
mod nftables;
mod plain;
mod plan;
mod rehearsal;

pub use ir::{Action, Evidence, Policy, Ports, Rule, Selector, Session};
pub use nftables::{Rendered, RenderedRule, render};
pub use plain::{PlainRow, plain};
pub use plan::{Plan, from_cut, from_isolation};
pub use rehearsal::{Order, Rehearsal, Verdicts, rehearse, session};
