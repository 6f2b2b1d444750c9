//! The words that every other module shares. Nothing here knows what a packet looks like.

mod address;
mod direction;
mod flow;
mod observation;
mod practice;
mod record;
mod time;
mod tls;

pub use address::{Address, Endpoint, HostKey, Mac, Realm, RealmKind, ServiceKey, Transport};
pub use direction::{Decision, Evidence, Ledger, Surroundings};
pub use flow::{FlowKey, Pair, Role, Side};
pub use observation::{Announcement, NameSource, NamedThing, Observation};
pub use practice::{Practice, State};
pub use record::{Counters, FlowRecord, FrameId, Moment, Outcome};
pub use time::{Nanos, Timestamp, TimestampError};
pub use tls::TlsVersion;
