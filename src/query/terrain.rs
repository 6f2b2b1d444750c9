//! The ground that an intruder would move on, apart from time: who can run commands on whom, and
//! what stands open to which segment. Made once for an atlas.

use std::collections::BTreeMap;

use super::atlas::Atlas;
use super::contact::carries;
use super::rows::Rows;
use super::segment::Segments;
use crate::model::{Address, Capability, Realm};

/// A service that a segment has seen open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// Its place.
    pub service: u32,
    /// The place of its host.
    pub host: u32,
    /// Somebody was seen to be able to run commands by it.
    pub exec: bool,
}

/// Who can act on whom.
pub struct Terrain {
    /// Of each host: whom it was seen to be able to run commands on, and the dependency.
    exec: Rows<(u32, u32)>,
    /// Of each host: who was seen to be able to run commands on it, and the dependency.
    exec_into: Rows<(u32, u32)>,
    segments: Segments,
    open_to: Rows<Open>,
    /// Of each segment: the segments of hosts on which commands can be run by what is open to it.
    leads_to: Rows<u32>,
    /// Of each host: the segments to which such a service of it is open.
    exposed_to: Rows<u32>,
    routable: BTreeMap<Realm, usize>,
    unrouted: Vec<u32>,
}

impl Terrain {
    /// Looks at every dependency once.
    pub fn of(atlas: &Atlas) -> Terrain {
        let snapshot = &atlas.observed.snapshot;
        let segments = Segments::new(atlas);
        let mut routable = BTreeMap::new();
        for host in snapshot.hosts.iter().filter(|host| is_routed(host.key.address)) {
            *routable.entry(host.key.realm).or_default() += 1;
        }
        let hosts = (0u32..).zip(&snapshot.hosts);
        let unrouted = hosts.filter(|(_, host)| !is_routed(host.key.address)).map(|(place, _)| place);
        let unrouted = unrouted.collect();
        let (exec, open) = seen(atlas, &segments);
        let exec_open = open.iter().filter(|(_, open)| open.exec);
        let leads_to = exec_open.clone().filter_map(|(from, open)| Some((*from, segments.of(open.host)?)));
        let exposed_to = exec_open.map(|(to, open)| (open.host, *to));
        let into = exec.iter().map(|(client, (server, dependency))| (*server, (*client, *dependency)));
        let hosts = snapshot.hosts.len();
        Terrain {
            exec_into: Rows::new(hosts, distinct(into)),
            leads_to: Rows::new(segments.count(), distinct(leads_to)),
            exposed_to: Rows::new(hosts, distinct(exposed_to)),
            // Dependencies are in the order of their clients.
            exec: Rows::new(hosts, exec),
            open_to: Rows::new(segments.count(), open),
            segments,
            routable,
            unrouted,
        }
    }

    /// On whom a host was seen to be able to run commands, each with the dependency.
    pub fn exec(&self, host: u32) -> &[(u32, u32)] {
        self.exec.of(host)
    }

    /// Who was seen to be able to run commands on a host, each with the dependency.
    pub fn exec_into(&self, host: u32) -> &[(u32, u32)] {
        self.exec_into.of(host)
    }

    /// The segment of every host.
    pub const fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Services that at least one host of a segment was answered by, in the order of their places.
    pub fn open_to(&self, segment: u32) -> &[Open] {
        self.open_to.of(segment)
    }

    /// The segments in which a host can be controlled by what is open to a segment.
    pub fn leads_to(&self, segment: u32) -> &[u32] {
        self.leads_to.of(segment)
    }

    /// The segments to which a service is open that runs commands on a host.
    pub fn exposed_to(&self, host: u32) -> &[u32] {
        self.exposed_to.of(host)
    }

    /// How many hosts each can run commands on, on average, at least 1.
    pub fn degree(&self) -> usize {
        (self.exec.items().len() / (self.exec.owners() + 1)).max(1)
    }

    /// A host whose address is only valid on its own link.
    pub fn is_unrouted(&self, host: u32) -> bool {
        self.unrouted.binary_search(&host).is_ok()
    }

    /// Hosts of a realm that packets can be routed to.
    pub fn routable(&self, realm: Realm) -> usize {
        self.routable.get(&realm).copied().unwrap_or_default()
    }
}

/// A client, and a server with the dependency between them.
type Exec = (u32, (u32, u32));

/// Who could run commands on whom by which dependency, in the order of clients; and what each segment
/// has seen open, in the order of segments.
fn seen(atlas: &Atlas, segments: &Segments) -> (Vec<Exec>, Vec<(u32, Open)>) {
    let snapshot = &atlas.observed.snapshot;
    let mut exec_services = vec![false; snapshot.services.len()];
    let mut exec = Vec::new();
    let mut used: Vec<(u32, u32)> = Vec::new();
    for (dependency, row) in (0u32..).zip(&snapshot.dependencies).filter(|(_, row)| carries(row)) {
        let ends = (atlas.client_of(dependency), atlas.service_of(dependency));
        let (Some(client), Some(service)) = ends else { continue };
        let Some(server) = atlas.host_of(service) else { continue };
        used.extend(segments.of(client).map(|segment| (segment, service)));
        // What a protocol would allow does not count where nobody said a word of it.
        if row.totals.capability.is_some_and(Capability::is_exec) {
            exec.push((client, (server, dependency)));
            if let Some(exec) = exec_services.get_mut(service as usize) {
                *exec = true;
            }
        }
    }
    let open = distinct(used).into_iter().filter_map(|(segment, service)| {
        let exec = exec_services.get(service as usize).copied().unwrap_or_default();
        Some((segment, Open { service, host: atlas.host_of(service)?, exec }))
    });
    (exec, open.collect())
}

/// In order, each once.
fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// An address that is not only valid on its own link.
fn is_routed(address: Address) -> bool {
    match address.ip() {
        std::net::IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_loopback(),
        std::net::IpAddr::V6(ip) => !ip.is_unicast_link_local() && !ip.is_loopback(),
    }
}
