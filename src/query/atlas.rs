//! One snapshot with the indexes that questions are answered from, made once and asked often.

use std::sync::{Arc, OnceLock};

use super::importance::Importance;
use super::knowledge::Knowledge;
use super::rows::Rows;
use super::terrain::Terrain;
use super::worth::Worth;
use crate::graph::{Dependency, History, Host, Inferences, Service, Snapshot};
use crate::model::{HostKey, ServiceKey, Span};

/// What was observed. Whoever holds one can ask on, also when a newer map has long taken its place.
#[derive(Clone)]
pub struct Observed {
    /// The map.
    pub snapshot: Arc<Snapshot>,
    /// Its flows.
    pub history: Arc<History>,
    /// What was inferred from their times.
    pub inferences: Arc<Inferences>,
    /// What the operator knows.
    pub knowledge: Arc<Knowledge>,
    /// When somebody watched: one span for each source, sorted.
    pub watched: Arc<[Span]>,
}

/// A snapshot with indexes. Hosts, services and dependencies are named by their places in the
/// snapshot's lists, which are sorted: a smaller place is a smaller key.
pub struct Atlas {
    /// What was observed.
    pub observed: Observed,
    client_of: Vec<u32>,
    service_of: Vec<u32>,
    host_of: Vec<u32>,
    by_client: Rows<u32>,
    by_service: Rows<u32>,
    by_host: Rows<u32>,
    terrain: OnceLock<Terrain>,
    worths: OnceLock<Vec<Worth>>,
}

/// Stands for a place that is not in a list. It cannot happen to a snapshot's own keys.
const NOWHERE: u32 = u32::MAX;

impl Atlas {
    /// Makes the indexes, in time proportional to the map.
    pub fn new(observed: Observed) -> Atlas {
        let snapshot = &observed.snapshot;
        let host_place = |key: &HostKey| place(snapshot.hosts.binary_search_by_key(key, |host| host.key));
        let service_place =
            |key: &ServiceKey| place(snapshot.services.binary_search_by_key(key, |service| service.key));
        let client_of: Vec<u32> =
            snapshot.dependencies.iter().map(|row| host_place(&row.key.client)).collect();
        let service_of: Vec<u32> =
            snapshot.dependencies.iter().map(|row| service_place(&row.key.service)).collect();
        let host_of: Vec<u32> = snapshot.services.iter().map(|row| host_place(&row.key.host)).collect();
        Atlas {
            by_client: Rows::by_owner(snapshot.hosts.len(), &client_of),
            by_service: Rows::by_owner(snapshot.services.len(), &service_of),
            by_host: Rows::by_owner(snapshot.hosts.len(), &host_of),
            terrain: OnceLock::new(),
            observed,
            client_of,
            service_of,
            host_of,
            worths: OnceLock::new(),
        }
    }

    /// How much each host means, measured when first asked for.
    pub fn worths(&self) -> &[Worth] {
        let Observed { snapshot, knowledge, .. } = &self.observed;
        self.worths.get_or_init(|| {
            let importance = Importance::new(snapshot, knowledge);
            snapshot.hosts.iter().map(|host| importance.worth(&host.key)).collect()
        })
    }

    /// The host at a place.
    pub fn host(&self, place: u32) -> Option<&Host> {
        self.observed.snapshot.hosts.get(place as usize)
    }

    /// The service at a place.
    pub fn service(&self, place: u32) -> Option<&Service> {
        self.observed.snapshot.services.get(place as usize)
    }

    /// The dependency at a place.
    pub fn dependency(&self, place: u32) -> Option<&Dependency> {
        self.observed.snapshot.dependencies.get(place as usize)
    }

    /// The place of a host.
    pub fn host_place(&self, key: &HostKey) -> Option<u32> {
        some(place(self.observed.snapshot.hosts.binary_search_by_key(key, |host| host.key)))
    }

    /// The place of a service. A port that only ever refused has none.
    pub fn service_place(&self, key: &ServiceKey) -> Option<u32> {
        some(place(self.observed.snapshot.services.binary_search_by_key(key, |service| service.key)))
    }

    /// The host that is the client of a dependency.
    pub fn client_of(&self, dependency: u32) -> Option<u32> {
        self.client_of.get(dependency as usize).copied().and_then(some)
    }

    /// The service of a dependency; none where nobody was ever answered there.
    pub fn service_of(&self, dependency: u32) -> Option<u32> {
        self.service_of.get(dependency as usize).copied().and_then(some)
    }

    /// The host that offers a service.
    pub fn host_of(&self, service: u32) -> Option<u32> {
        self.host_of.get(service as usize).copied().and_then(some)
    }

    /// The host on the far side of a dependency.
    pub fn server_of(&self, dependency: u32) -> Option<u32> {
        self.host_place(&self.dependency(dependency)?.key.service.host)
    }

    /// The dependencies that a host has.
    pub fn uses(&self, host: u32) -> &[u32] {
        self.by_client.of(host)
    }

    /// The dependencies on a service.
    pub fn used_by(&self, service: u32) -> &[u32] {
        self.by_service.of(service)
    }

    /// Who could act on whom, apart from time. Made when it is first asked for.
    pub fn terrain(&self) -> &Terrain {
        self.terrain.get_or_init(|| Terrain::of(self))
    }

    /// The services that a host offers.
    pub fn offers(&self, host: u32) -> &[u32] {
        self.by_host.of(host)
    }
}

fn place(found: Result<usize, usize>) -> u32 {
    found.ok().and_then(|place| u32::try_from(place).ok()).unwrap_or(NOWHERE)
}

fn some(place: u32) -> Option<u32> {
    (place != NOWHERE).then_some(place)
}
