//! Shared infrastructure: what most hosts use to work at all. That it may fall with something is told
//! once, and not for everybody who uses it.

use super::atlas::Atlas;
use crate::graph::{DependencyState, Kind};

/// Clients below which nothing is shared by many.
const CLIENTS_MIN: usize = 4;

/// Which services are shared infrastructure, by their places.
#[derive(Clone, Debug, Default)]
pub struct SharedInfrastructure(Vec<bool>);

impl SharedInfrastructure {
    /// Services of names, addresses, time, logon, backup and monitoring that at least half of the
    /// operator's hosts use, of those that use anything.
    pub fn of(atlas: &Atlas) -> SharedInfrastructure {
        let snapshot = &atlas.observed.snapshot;
        let uses_any = |host: u32| {
            atlas.uses(host).iter().any(|place| {
                atlas.dependency(*place).is_some_and(|row| row.state >= DependencyState::Observed)
            })
        };
        let hosts = (0u32..).zip(&snapshot.hosts);
        let active = hosts.filter(|(place, host)| host.internal && uses_any(*place)).count();
        let services = (0u32..).zip(&snapshot.services);
        SharedInfrastructure(services.map(|(place, _)| is_shared(atlas, place, active)).collect())
    }

    /// Whether a service is shared infrastructure.
    pub fn contains(&self, service: u32) -> bool {
        self.0.get(service as usize).copied().unwrap_or_default()
    }
}

fn is_shared(atlas: &Atlas, service: u32, active: usize) -> bool {
    let seen = atlas.used_by(service).iter().filter_map(|place| Some((*place, atlas.dependency(*place)?)));
    let mut clients = 0;
    let mut serving = 0;
    for (place, row) in seen.filter(|(_, row)| row.state >= DependencyState::Observed) {
        let internal =
            atlas.client_of(place).and_then(|host| atlas.host(host)).is_some_and(|host| host.internal);
        clients += usize::from(internal);
        serving +=
            usize::from(internal && matches!(row.kind, Kind::Infra | Kind::Observability | Kind::Backup));
    }
    clients >= CLIENTS_MIN && 2 * clients >= active && 2 * serving >= clients
}
