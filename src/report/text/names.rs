//! Names beside addresses.

use super::safe::clean;
use crate::graph::{Host, Snapshot};
use crate::model::HostKey;

/// The most telling name of a host, if one is known.
pub fn name_of(snapshot: &Snapshot, host: &HostKey) -> Option<String> {
    all(snapshot.host(host)?).into_iter().next()
}

/// All names of a host, the most telling first, each once. Certificates and headers often name a host
/// by its address: that says nothing.
pub fn all(host: &Host) -> Vec<String> {
    let address = host.key.address.to_string();
    let mut kept: Vec<String> = Vec::new();
    for name in host.names.iter().filter(|name| name.name != address) {
        let name = clean(&name.name);
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

/// An address and the name behind it.
pub fn beside(address: String, name: Option<String>) -> String {
    match name {
        Some(name) => format!("{address} {name}"),
        None => address,
    }
}
