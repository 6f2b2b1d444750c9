//! Observations become one map: each shard fills a [`Delta`], a [`Map`] joins them, and
//! a [`Snapshot`] is the map made up at one moment, never changed again.

mod attempt;
mod certificate;
mod delta;
mod edge;
mod event;
mod gained;
mod history;
mod holding;
/// Which service needs which.
pub mod inference;
mod inventory;
mod kind;
mod map;
mod names;
mod resolve;
mod rhythm;
mod row;
mod roles;
mod set;
mod sighting;
mod snapshot;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod transport_security;
mod vendor;

pub use attempt::{AttemptTable, Distinct, Scan, Summary};
#[cfg(test)]
pub(crate) use certificate::ocsp_response;
pub use certificate::{CertificateFacts, Extensions, Staple, StapleStatus, Usage};
pub use delta::{
    CertificateSeenAt, Delta, Dropped, Filed, Named, PingSeen, Scene, ServiceSeen, Undecided, filed,
};
pub use edge::{EdgeKey, EdgeTotals, Volume};
pub use event::{Change, changes};
pub use gained::Gained;
pub use history::{Contact, History, decide};
pub use holding::{Holding, HoldingSource};
pub use inference::{Inferences, InferredLink, Pool, Verdict};
pub use inventory::{HostSeen, Operator};
pub use kind::Kind;
pub use map::Map;
pub use rhythm::{Rhythm, rhythm};
pub use row::{Facts, Rows, Summaries};
pub use set::Set;
pub use sighting::{Proof, Sighting, SightingKey};
pub use snapshot::{
    Certificate, CertificateSeen, Dependency, DependencyState, Host, Initiator, Link, Name, Node, Ping,
    Service, Snapshot, Tls,
};
pub use table::Table;
pub use transport_security::{Place, PlaceSeen, Places, TlsSeen};
