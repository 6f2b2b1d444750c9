//! Flows named on the command line: `host:port` of everybody, or `client>host:port`.

use anyhow::anyhow;

use super::asking::find;
use super::failure::Failure;
use crate::query::{Atlas, Kept};

/// The dependencies that some words name, ascending.
///
/// # Errors
/// If a word is none, or names nothing that was seen.
pub fn dependencies(atlas: &Atlas, words: &[String]) -> Result<Vec<u32>, Failure> {
    let mut places = Vec::new();
    for text in words {
        let kept = kept(atlas, text)?;
        let used = kept.services.iter().flat_map(|service| atlas.used_by(*service)).copied();
        let wanted = |place: &u32| {
            let client = atlas.client_of(*place);
            kept.clients.as_ref().is_none_or(|some| client.is_some_and(|client| some.contains(&client)))
        };
        let before = places.len();
        places.extend(used.filter(wanted));
        if places.len() == before {
            return Err(Failure::failed(anyhow!(
                "`{text}`: no such dependency was seen; `tapmap deps` lists them"
            )));
        }
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// A flow that is to stay.
///
/// # Errors
/// If the word is none, or names nothing that was seen.
pub fn kept(atlas: &Atlas, text: &str) -> Result<Kept, Failure> {
    let (client, service) = match text.split_once('>') {
        Some((client, service)) => (Some(client), service),
        None => (None, text),
    };
    let services = find(atlas, service)?.services;
    if services.is_empty() {
        return Err(Failure::usage(anyhow!("`{text}` is no flow; write host:port, or client>host:port")));
    }
    let clients = client.map(|client| find(atlas, client)).transpose()?.map(|found| found.hosts);
    Ok(Kept { clients, services })
}
