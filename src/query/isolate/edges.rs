//! What isolation asks of every dependency and host, close together in memory: the rows of a map are
//! hundreds of bytes apart, and a question looks at thousands of them.

use super::infrastructure;
use crate::graph::DependencyState;
use crate::model::Transport;
use crate::query::Atlas;
use crate::query::enforcement::never_routed;

/// A dependency, in 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Its client.
    pub client: u32,
    /// The host that offers its service.
    pub server: u32,
    /// Its service.
    pub service: u32,
    /// Somebody was answered on it, and its ends are known.
    pub answered: bool,
    /// It is known who begins it.
    pub decided: bool,
    /// It is on what everybody needs.
    pub infrastructure: bool,
    /// A connection is open on it. Only connections can be reset: a datagram is sent anew.
    pub open: bool,
}

/// A host, in 2 bytes.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// Its address stays on its own link.
    local: bool,
    /// It responds to incidents.
    responder: bool,
}

/// All dependencies and hosts, by place.
pub(super) struct Edges {
    edges: Vec<Edge>,
    ends: Vec<End>,
}

impl Edges {
    /// In time proportional to the map.
    pub fn new(atlas: &Atlas) -> Edges {
        let (snapshot, history) = (&atlas.observed.snapshot, &atlas.observed.history);
        let responders = &atlas.observed.knowledge.responders;
        let edges = (0u32..).zip(&snapshot.dependencies).map(|(place, row)| {
            let service = atlas.service_of(place);
            let ends = (atlas.client_of(place), service.and_then(|service| atlas.host_of(service)), service);
            let (client, server, service, known) = match ends {
                (Some(client), Some(server), Some(service)) => (client, server, service, true),
                _ => (u32::MAX, u32::MAX, u32::MAX, false),
            };
            let contacts = history.of(place as usize);
            Edge {
                client,
                server,
                service,
                answered: known && row.state >= DependencyState::Answered,
                decided: row.totals.decided,
                infrastructure: infrastructure::is_infrastructure(row),
                open: row.transport() != Transport::Udp && contacts.iter().any(|contact| contact.open),
            }
        });
        let ends = snapshot.hosts.iter().map(|host| End {
            local: never_routed(host.key.address),
            responder: responders.iter().any(|network| network.contains(&host.key.address.ip())),
        });
        Edges { edges: edges.collect(), ends: ends.collect() }
    }

    /// A dependency that somebody was answered on.
    pub fn answered(&self, dependency: u32) -> Option<Edge> {
        self.edges.get(dependency as usize).copied().filter(|edge| edge.answered)
    }

    /// A host's address stays on its own link.
    pub fn is_local(&self, host: u32) -> bool {
        self.ends.get(host as usize).is_some_and(|end| end.local)
    }

    /// A host responds to incidents.
    pub fn is_responder(&self, host: u32) -> bool {
        self.ends.get(host as usize).is_some_and(|end| end.responder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_dependencies_fit_a_cache_line() {
        assert_eq!(size_of::<Edge>(), 16);
    }
}
