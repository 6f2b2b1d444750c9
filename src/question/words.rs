//! Words that name hosts, services and flows, looked up on a map.

use super::refusal::{Refusal, Why};
use crate::graph::Host;
use crate::query::{Atlas, Kept, Resolved, Target, TargetError, Unknown, resolve};
use crate::report::clean;

/// Says which of some targets is written wrongly.
///
/// # Errors
/// If one is.
pub fn check<'w>(targets: impl IntoIterator<Item = &'w String>) -> Result<(), Refusal> {
    targets.into_iter().try_for_each(|text| parsed(text).map(drop))
}

/// Says which of some flows is written wrongly: `host:port` of everybody, or `client>host:port`.
///
/// # Errors
/// If one is.
pub fn check_flows(flows: &[String]) -> Result<(), Refusal> {
    flows.iter().try_for_each(|text| {
        let (client, service) = ends(text);
        client.map(parsed).transpose()?;
        match parsed(service)? {
            Target::Port(..) | Target::Id(_) => Ok(()),
            _ => Err(no_flow(text)),
        }
    })
}

/// A target.
///
/// # Errors
/// If it is written wrongly.
pub fn parsed(text: &str) -> Result<Target, Refusal> {
    text.parse().map_err(|error: TargetError| Refusal::words(&error))
}

/// Looks up a target.
///
/// # Errors
/// If it is written wrongly, or not on the map: what is near, and what to do.
pub fn find(atlas: &Atlas, text: &str) -> Result<Resolved, Refusal> {
    resolve(atlas, &parsed(text)?).map_err(|unknown| refusal(atlas, text, &unknown))
}

/// The hosts of several targets, ascending.
///
/// # Errors
/// As [`find`].
pub fn hosts(atlas: &Atlas, targets: &[String]) -> Result<Vec<u32>, Refusal> {
    let mut hosts = Vec::new();
    for text in targets {
        hosts.extend(find(atlas, text)?.hosts);
    }
    hosts.sort_unstable();
    hosts.dedup();
    Ok(hosts)
}

/// The dependencies that some words name, ascending.
///
/// # Errors
/// If a word is none, or names nothing that was seen.
pub fn dependencies(atlas: &Atlas, words: &[String]) -> Result<Vec<u32>, Refusal> {
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
            return Err(Refusal::never_seen(format!(
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
pub fn kept(atlas: &Atlas, text: &str) -> Result<Kept, Refusal> {
    let (client, service) = ends(text);
    let services = find(atlas, service)?.services;
    if services.is_empty() {
        return Err(no_flow(text));
    }
    let clients = client.map(|client| find(atlas, client)).transpose()?.map(|found| found.hosts);
    Ok(Kept { clients, services })
}

fn ends(text: &str) -> (Option<&str>, &str) {
    text.split_once('>').map_or((None, text), |(client, service)| (Some(client), service))
}

fn no_flow(text: &str) -> Refusal {
    Refusal::words(&format!("`{text}` is no flow; write host:port, or client>host:port"))
}

/// Why a target is not on the map, in one sentence that helps.
fn refusal(atlas: &Atlas, text: &str, unknown: &Unknown) -> Refusal {
    let text = clean(text);
    let named = |places: &[u32]| -> String {
        let hosts = places.iter().filter_map(|place| atlas.host(*place));
        hosts.map(called).collect::<Vec<_>>().join(", ")
    };
    let sentence = match unknown {
        Unknown::NeverSeen { nearest, neighbours } => {
            let nearest = match nearest.as_slice() {
                [] => String::new(),
                places => format!("; the nearest are {}", named(places)),
            };
            let tapped = match neighbours {
                None => "; `tapmap hosts` lists every name that was seen",
                Some(0) => "; no host of its subnet was seen either, so the tap may not see that subnet",
                Some(_) => "; its subnet is tapped, other hosts there were seen",
            };
            format!("`{text}` was never seen{nearest}{tapped}")
        }
        Unknown::NotThen { host } => format!("{} was not yet seen at that time", named(&[*host])),
        Unknown::NoSuchPort { host } => {
            let ports = atlas.offers(*host).iter().filter_map(|service| atlas.service(*service));
            let ports: Vec<String> = ports
                .map(|service| format!("{}/{}", service.key.port, service.key.transport.name()))
                .collect();
            let offers = match ports.as_slice() {
                [] => "it was seen to offer nothing".to_owned(),
                ports => format!("it offers {}", ports.join(", ")),
            };
            format!("`{text}`: no such service on {}; {offers}", named(&[*host]))
        }
        Unknown::Ambiguous { candidates, count } => {
            let more = count - candidates.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("`{text}` is {count} hosts: {}{more}; name one by its address or id", named(candidates))
        }
        Unknown::Nobody => format!("no host seen answers to `{text}`; `tapmap hosts` lists them"),
    };
    let why = match unknown {
        Unknown::Ambiguous { .. } => Why::Ambiguous,
        _ => Why::NeverSeen,
    };
    Refusal { why, sentence }
}

/// A host as people call it: its id, and its name where there is one.
fn called(host: &Host) -> String {
    match host.names.first() {
        Some(name) => clean(&format!("{} ({})", host.key, name.name)),
        None => host.key.to_string(),
    }
}
