//! Names beside addresses.

use super::safe::clean;
use crate::graph::Snapshot;
use crate::model::HostKey;

/// The most telling name of a host, if one is known.
pub fn name_of(snapshot: &Snapshot, host: &HostKey) -> Option<String> {
    let name = snapshot.host(host)?.names.first()?;
    Some(clean(&name.name))
}

/// An address and the name behind it.
pub fn beside(address: String, name: Option<String>) -> String {
    match name {
        Some(name) => format!("{address} {name}"),
        None => address,
    }
}
