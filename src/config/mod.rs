//! What the operator decided: what packets do not tell, checked before anything is read.

mod business;
mod network;
pub mod sensor;
mod site;

pub use business::{ProtectedFlow, SegmentEntry, ServiceAddress, Share, Subject, Tags};
pub use network::{Network, NetworkError, PRIVATE_NETWORKS};
pub use sensor::Sensor;
pub use site::{EXAMPLE, Server, Site, SiteError};
