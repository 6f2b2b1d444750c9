//! What falls, as every answer about impact tells it.

use serde::Serialize;

use crate::query::{Atlas, Fallen, ImpactNode, Requires, Worth};

/// `Affected` of the contract.
#[derive(Clone, Debug, Serialize)]
pub struct Affected {
    /// The service's id, or the host's.
    pub node: String,
    /// The address.
    pub address: String,
    /// The service's id; none for a host that loses something.
    pub service: Option<String>,
    /// How many groups stand between it and what failed.
    pub hop: u32,
    /// How likely it falls, 0 to 1.
    pub probability: f64,
    /// The dependencies that it falls by.
    pub because: Vec<String>,
    /// What it needed and did not get, in words.
    pub group: Option<String>,
    /// What its host means, 1 to 5.
    pub criticality: f64,
    /// The operator did not say so: it is inferred.
    pub criticality_inferred: bool,
    /// Distinct clients of the service; none for a host.
    pub clients: Option<usize>,
}

impl Affected {
    /// A node that fell, and the places of the dependencies that made it fall.
    pub fn of(
        atlas: &Atlas,
        requires: &Requires,
        fallen: &Fallen,
        probability: f64,
        because: impl IntoIterator<Item = u32>,
    ) -> Option<Affected> {
        let because = because.into_iter().filter_map(|place| Some(atlas.dependency(place)?.id())).collect();
        let (host, service) = match requires.node(fallen.node) {
            ImpactNode::Host(host) => (host, None),
            ImpactNode::Service(service) => (atlas.host_of(service)?, Some(atlas.service(service)?)),
        };
        let key = atlas.host(host)?.key;
        let id = service.map(|service| service.key.to_string());
        Some(Affected {
            node: id.clone().unwrap_or_else(|| key.to_string()),
            address: key.address.to_string(),
            service: id,
            hop: fallen.hop,
            probability: (probability * 1e4).round() / 1e4,
            because,
            group: group(atlas, requires, fallen.group),
            criticality: (Worth::of(atlas, host).level * 100.0).round() / 100.0,
            criticality_inferred: Worth::of(atlas, host).inferred,
            clients: service.map(|service| service.clients),
        })
    }
}

/// A group in words: the service, or how many of which.
pub fn group(atlas: &Atlas, requires: &Requires, group: u32) -> Option<String> {
    let needed = requires.group(group)?.needed;
    let members = requires.members(group).iter();
    let members: Vec<String> =
        members.filter_map(|member| Some(atlas.service(member.provider)?.key.to_string())).collect();
    Some(match members.as_slice() {
        [one] => one.clone(),
        several => format!("{needed} of {}: {}", several.len(), several.join(", ")),
    })
}
