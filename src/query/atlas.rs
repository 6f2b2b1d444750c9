//! One snapshot with the indexes that questions are answered from, made once and asked often.

use std::sync::{Arc, OnceLock};

use super::importance::Importance;
use super::knowledge::Knowledge;
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
    by_client: Index,
    by_service: Index,
    by_host: Index,
    terrain: OnceLock<Terrain>,
    worths: OnceLock<Vec<Worth>>,
}

/// Lists of places, one for each place of another list, in one array (compressed sparse rows).
#[derive(Debug, Default)]
pub(super) struct Index {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Index {
    /// Sorts the places `0..owners.len()` by their owner; each list is in ascending order.
    pub(super) fn new(owners: &[u32], count: usize) -> Index {
        let mut starts = vec![0u32; count + 1];
        for owner in owners {
            if let Some(start) = starts.get_mut(*owner as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut items = vec![0u32; owners.len()];
        for (place, owner) in (0u32..).zip(owners) {
            if let Some(free) = next.get_mut(*owner as usize) {
                if let Some(item) = items.get_mut(*free as usize) {
                    *item = place;
                }
                *free += 1;
            }
        }
        Index { starts, items }
    }

    /// The list of one owner.
    pub(super) fn of(&self, owner: u32) -> &[u32] {
        let bound = |place: usize| self.starts.get(place).map_or(0, |start| *start as usize);
        let owner = owner as usize;
        self.items.get(bound(owner)..bound(owner + 1)).unwrap_or_default()
    }
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
            by_client: Index::new(&client_of, snapshot.hosts.len()),
            by_service: Index::new(&service_of, snapshot.services.len()),
            by_host: Index::new(&host_of, snapshot.hosts.len()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_lists_places_by_owner_and_leaves_out_those_of_nobody() {
        let index = Index::new(&[2, 0, 2, NOWHERE, 0], 4);
        assert_eq!(index.of(0), [1, 4]);
        assert_eq!(index.of(1), [0u32; 0]);
        assert_eq!(index.of(2), [0, 2]);
        assert_eq!(index.of(3), [0u32; 0]);
        assert_eq!(index.of(9), [0u32; 0]);
    }
}
