//! The words that every other module shares. Nothing here knows what a packet looks like.

mod address;
mod flow;
mod observation;
mod practice;
mod time;
mod tls;

pub use address::{Address, Endpoint, HostKey, Mac, Realm, RealmKind, ServiceKey, Transport};
pub use flow::{FlowKey, Pair, Role, Side};
pub use observation::{Announcement, NameSource, NamedThing, Observation};
pub use practice::{Practice, State};
pub use time::{Nanos, Timestamp, TimestampError};
pub use tls::TlsVersion;
