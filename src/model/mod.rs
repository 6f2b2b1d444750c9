//! The words that every other module shares. Nothing here knows what a packet looks like.

mod address;
mod capability;
/// TLS cipher suites by what is wrong with them.
pub mod suites;
mod direction;
mod exchange;
mod fault;
mod flow;
mod indicator;
mod observation;
mod ports;
mod practice;
mod purpose;
mod record;
mod time;
mod tls;
mod token;

pub use address::{Address, Endpoint, HostKey, Mac, Realm, RealmKind, ServiceKey, Transport};
pub use capability::Capability;
pub use direction::{Decision, Evidence, Ledger, Surroundings};
pub use exchange::Turn;
pub use fault::Fault;
pub use flow::{FlowKey, Pair, Role, Side};
pub use indicator::{Indication, Indicator, IndicatorKind};
pub use observation::{Announcement, NameSource, NamedThing, Observation};
pub use ports::registered_port;
pub use practice::{Practice, SshPractice, State, TlsPractice};
pub use purpose::{Purpose, Purposes};
pub use record::{Counters, FlowRecord, FrameId, Moment, Outcome};
pub use time::{Nanos, Span, Timestamp, TimestampError};
pub use tls::TlsVersion;
pub use token::{ForwardedSighting, Token, TokenKind, TokenSighting};
