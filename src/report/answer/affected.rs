//! The row of something that falls, and what nodes of the impact graph are called.

use serde::Serialize;

use crate::graph::InferredLink;
use crate::query::{Atlas, ImpactNode, Loss, Requires, Worth};

/// Something that falls with what failed.
#[derive(Clone, Debug, Serialize)]
pub struct Affected {
    node: String,
    name: Option<String>,
    address: String,
    service: Option<String>,
    hop: u32,
    probability: f64,
    because: Vec<String>,
    group: Option<String>,
    why: Option<&'static str>,
    strength: f64,
    confidence: f64,
    requests: Option<u32>,
    waited: Option<u32>,
    clients: usize,
    criticality: Criticality,
}

#[derive(Clone, Debug, Serialize)]
struct Criticality {
    value: f64,
    level: f64,
    source: &'static str,
}

/// What nodes are called.
#[derive(Clone, Copy)]
pub struct Naming<'a> {
    /// The map.
    pub atlas: &'a Atlas,
    /// Who requires what.
    pub requires: &'a Requires,
}

impl<'a> Naming<'a> {
    /// The id of the contract.
    pub fn id(&self, node: u32) -> String {
        let id = match self.requires.node(node) {
            ImpactNode::Service(service) => self.atlas.service(service).map(|row| row.key.to_string()),
            ImpactNode::Host(host) => self.atlas.host(host).map(|row| row.key.to_string()),
        };
        id.unwrap_or_default()
    }

    /// The place of the host that a node is, or is on.
    pub fn host(&self, node: u32) -> Option<u32> {
        match self.requires.node(node) {
            ImpactNode::Service(service) => self.atlas.host_of(service),
            ImpactNode::Host(host) => Some(host),
        }
    }

    /// The most telling name of its host.
    pub fn name(&self, node: u32) -> Option<String> {
        let host = self.atlas.host(self.host(node)?)?;
        let address = host.key.address.to_string();
        host.names.iter().map(|name| name.name.to_string()).find(|name| *name != address)
    }

    /// How much its host means.
    pub fn worth(&self, node: u32) -> Worth {
        self.host(node).map_or(Worth::LEAST, |host| Worth::of(self.atlas, host))
    }

    /// The services of a group: `10.3.0.9:5432/tcp`, `1 of 10.2.0.21:443/tcp, 10.2.0.22:443/tcp`.
    pub fn group(&self, group: u32) -> Option<String> {
        let needed = self.requires.group(group)?.needed;
        let members: Vec<String> =
            self.requires.members(group).iter().map(|member| self.id(member.provider)).collect();
        match members.as_slice() {
            [] => None,
            [member] => Some(member.clone()),
            members => Some(format!("{needed} of {}", members.join(", "))),
        }
    }

    /// What was inferred of a loss: requests, and those of them that waited for the group that failed.
    pub fn waited(&self, loss: &Loss) -> Option<(u32, u32)> {
        let service = self.atlas.service(loss.node).filter(|_| loss.node < self.requires.services())?;
        let links = &self.atlas.observed.inferences.links;
        let link = |needs: &crate::model::ServiceKey| -> Option<&'a InferredLink> {
            links.iter().find(|link| link.service == service.key && link.needs == *needs)
        };
        let members = self.requires.members(loss.group).iter();
        let found = members.filter_map(|member| link(&self.atlas.service(member.provider)?.key));
        let sums = found.fold((0, 0), |(requests, nested), link| {
            let nested = match link.pool {
                // Numbers of a whole pool are said of each of its members.
                Some(_) => link.nested.max(nested),
                None => link.nested.saturating_add(nested),
            };
            (link.requests.max(requests), nested)
        });
        (sums.0 > 0).then_some((sums.0, sums.1.min(sums.0)))
    }

    /// The row of the contract.
    pub fn affected(&self, loss: &Loss) -> Affected {
        let host = self.host(loss.node).and_then(|host| self.atlas.host(host));
        let group = self.requires.group(loss.group);
        let waited = self.waited(loss);
        let worth = self.worth(loss.node);
        let is_service = loss.node < self.requires.services();
        let because = loss.because.iter().filter_map(|place| self.atlas.dependency(*place));
        Affected {
            node: self.id(loss.node),
            name: self.name(loss.node),
            address: host.map(|host| host.key.address.to_string()).unwrap_or_default(),
            service: is_service.then(|| self.id(loss.node)),
            hop: loss.hop,
            probability: rounded(loss.probability),
            because: because.map(crate::graph::Dependency::id).collect(),
            group: self.group(loss.group),
            why: group.map(|group| group.why.word()),
            strength: group.map_or(0.0, |group| rounded(group.strength.into())),
            confidence: group.map_or(0.0, |group| rounded(group.confidence.into())),
            requests: waited.map(|(requests, _)| requests),
            waited: waited.map(|(_, waited)| waited),
            clients: self.atlas.service(loss.node).filter(|_| is_service).map_or(0, |row| row.clients),
            criticality: Criticality {
                value: rounded(worth.value()),
                level: rounded(worth.level),
                source: if worth.inferred { "inferred" } else { "operator" },
            },
        }
    }
}

/// To six digits: more are noise, and these are the same on every machine.
pub fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
