//! The impact graph of a map.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::soft::{SOFT_MAX, commonly_spared};
use super::{Group, Member, NO_DEPENDENCY, Parts, Requires, Why};
use crate::graph::{Dependency, DependencyState, InferredLink, Kind, Verdict};
use crate::model::{HostKey, ServiceKey};
use crate::query::Atlas;
use crate::query::confidence::Activity;
use crate::query::machine::Machines;

/// The strength of a guess: nothing tells which service of a host needs what the host uses.
const CO_LOCATED: f32 = 0.5;

/// The quantile of the normal distribution for Wilson's interval at 95 %.
const Z95: f64 = 1.959_963_985;

impl Requires {
    /// Reads a map: what clients use, what was inferred of services, and where nothing was, guesses.
    pub fn from_atlas(atlas: &Atlas) -> Requires {
        let mut reading = Reading::new(atlas);
        for host in 0..reading.hosts() {
            reading.host(host);
        }
        Requires::from_parts(reading.parts)
    }
}

struct Reading<'a> {
    atlas: &'a Atlas,
    scanners: BTreeSet<HostKey>,
    machines: Machines,
    /// The pool of a service, by its place among the pools.
    pool_of: BTreeMap<u32, usize>,
    /// Members and quorum of the pools.
    pools: Vec<(Vec<u32>, u32)>,
    parts: Parts,
}

/// A host that is being read.
struct Client<'a> {
    activity: Activity,
    /// What it uses, by service: the places of dependencies that count.
    own: BTreeMap<u32, (u32, &'a Dependency)>,
    /// The same of its whole machine.
    uses: BTreeMap<u32, (u32, &'a Dependency)>,
}

/// What is claimed of a service and some that stand in for each other.
struct Claim {
    services: Vec<u32>,
    strength: f32,
    why: Why,
}

impl<'a> Reading<'a> {
    fn new(atlas: &'a Atlas) -> Reading<'a> {
        let observed = &atlas.observed;
        let snapshot = &observed.snapshot;
        let mut pool_of = BTreeMap::new();
        let mut pools = Vec::new();
        for (place, pool) in observed.inferences.pools.iter().enumerate() {
            let members: Vec<u32> = pool.members.iter().filter_map(|key| atlas.service_place(key)).collect();
            for member in &members {
                pool_of.entry(*member).or_insert(place);
            }
            pools.push((members, pool.needed));
        }
        let services = 0..u32::try_from(snapshot.services.len()).unwrap_or(u32::MAX);
        let host_of = services.map(|service| atlas.host_of(service).unwrap_or(u32::MAX)).collect();
        let hosts = u32::try_from(snapshot.hosts.len()).unwrap_or(u32::MAX);
        Reading {
            atlas,
            scanners: snapshot.scans.iter().filter_map(|scan| scan.source).collect(),
            machines: Machines::new(atlas),
            pool_of,
            pools,
            parts: Parts { host_of, hosts, groups: Vec::new() },
        }
    }

    const fn hosts(&self) -> u32 {
        self.parts.hosts
    }

    fn host(&mut self, host: u32) {
        let atlas = self.atlas;
        let used =
            |host: u32| atlas.uses(host).iter().filter_map(|place| Some((*place, atlas.dependency(*place)?)));
        let counting = |host: u32| {
            let rows = used(host).filter(|(_, row)| carries_impact(row));
            rows.filter_map(|(place, row)| Some((atlas.service_of(place)?, (place, row))))
        };
        let Some(key) = atlas.host(host).map(|host| host.key) else { return };
        let machine = self.machines.of(&host);
        let rows = machine.iter().flat_map(|host| used(*host)).map(|(_, row)| row);
        let client = Client {
            activity: Activity::new(rows, self.scanners.contains(&key)),
            own: counting(host).collect(),
            uses: machine.iter().flat_map(|host| counting(*host)).collect(),
        };
        let offered = machine.iter().flat_map(|host| atlas.offers(*host));
        let significant = offered.into_iter().any(|service| {
            atlas.service(*service).is_some_and(|service| {
                links(atlas, &service.key).iter().any(|link| link.verdict == Verdict::Needed)
            })
        });
        let node = u32::try_from(self.parts.host_of.len()).unwrap_or(u32::MAX).saturating_add(host);
        for services in self.pooled(client.own.keys().copied()) {
            self.push(&client, node, Claim { services, strength: 1.0, why: Why::Direct });
        }
        for service in atlas.offers(host) {
            self.service(&client, *service, significant);
        }
    }

    /// What a service of a host needs. Where nothing significant was found for any service of the host,
    /// each may need whatever the host uses.
    fn service(&mut self, client: &Client<'_>, service: u32, significant: bool) {
        let atlas = self.atlas;
        let Some(key) = atlas.service(service).map(|service| service.key) else { return };
        let found: BTreeMap<u32, &InferredLink> = links(atlas, &key)
            .iter()
            .filter_map(|link| Some((atlas.service_place(&link.needs)?, link)))
            .filter(|(needs, _)| *needs != service)
            .collect();
        let verdict = |needs: &u32| found.get(needs).map(|link| link.verdict);
        let needed = found.keys().copied().filter(|needs| verdict(needs) == Some(Verdict::Needed));
        for services in self.pooled(needed) {
            let links: SmallVec<[&InferredLink; 2]> =
                services.iter().filter_map(|service| found.get(service).copied()).collect();
            let exact = links.iter().any(|link| link.exact);
            let why = if exact { Why::Exact } else { Why::Inferred };
            self.push(client, service, Claim { services, strength: joint(&links), why });
        }
        // What administers a host works while what the host's other services need does not.
        let mut users = atlas.used_by(service).iter().filter_map(|place| atlas.dependency(*place));
        let is_managed = users.all(|row| row.kind == Kind::Management);
        let ambiguous = found.keys().copied().filter(|needs| verdict(needs) == Some(Verdict::Ambiguous));
        let untested = client.uses.iter().filter(|(needs, (_, row))| {
            !significant
                && **needs != service
                && (row.kind == Kind::Infra || row.kind == Kind::Functional && !is_managed)
                && verdict(needs).is_none()
        });
        let guessed: BTreeSet<u32> = ambiguous.chain(untested.map(|(needs, _)| *needs)).collect();
        for services in self.pooled(guessed.into_iter()) {
            self.push(client, service, Claim { services, strength: CO_LOCATED, why: Why::CoLocated });
        }
    }

    /// Services of one pool are one, and so are those that stand in for each other by their design; the
    /// others stand alone.
    fn pooled(&self, services: impl Iterator<Item = u32>) -> Vec<Vec<u32>> {
        let mut alone = Vec::new();
        let mut alternatives: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut pools: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for service in services {
            match (self.alternative(service), self.pool_of.get(&service)) {
                (Some(protocol), _) => alternatives.entry(protocol).or_default().push(service),
                (None, Some(pool)) => pools.entry(*pool).or_default().push(service),
                (None, None) => alone.push(vec![service]),
            }
        }
        alone.extend(alternatives.into_values());
        alone.extend(pools.into_values());
        alone
    }

    /// The protocol of a service if whoever knows several that speak it does with any of them: a resolver
    /// goes on to the next name server of its list (RFC 1035 §7.2), and clocks are asked in numbers so that
    /// some may fail (RFC 5905 §11.2).
    fn alternative(&self, service: u32) -> Option<&'static str> {
        let protocol = self.atlas.service(service)?.protocol?;
        matches!(protocol, "dns" | "ntp").then_some(protocol)
    }

    fn push(&mut self, client: &Client<'_>, dependent: u32, claim: Claim) {
        let edge = |service: &u32| client.own.get(service).or_else(|| client.uses.get(service)).copied();
        let edges: SmallVec<[&Dependency; 2]> =
            claim.services.iter().filter_map(edge).map(|(_, row)| row).collect();
        let confidence = match edges.as_slice() {
            // The same bytes went through both: that its flows were not told apart makes it no less sure.
            [] if claim.why == Why::Exact => 1.0,
            edges => client.activity.confidence(edges),
        };
        let pool = claim.services.first().and_then(|service| self.pool_of.get(service));
        let (quorum, needed) = match pool.and_then(|pool| self.pools.get(*pool)) {
            // A quorum must live whichever of its members a client speaks to. Of others that stand in for
            // each other only those count that it was seen to use: it may know no more.
            Some((members, needed)) if *needed > 1 => (members.as_slice(), *needed),
            _ => (claim.services.as_slice(), 1),
        };
        let member = |service: &u32| Member {
            provider: *service,
            dependency: edge(service).map_or(NO_DEPENDENCY, |(place, _)| place),
        };
        let members = quorum.iter().map(member).collect();
        let (strength, why) = match claim.why {
            Why::Inferred | Why::Exact if self.is_soft(client, &claim.services) => {
                (claim.strength.min(SOFT_MAX), Why::Soft)
            }
            why => (claim.strength, why),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let confidence = confidence as f32;
        self.parts.groups.push((Group { dependent, needed, strength, confidence, why }, members));
    }

    /// All of them are used for what applications commonly go on without. A replica of a cache that
    /// follows its primary, and a queue in one, are other things.
    fn is_soft(&self, client: &Client<'_>, services: &[u32]) -> bool {
        services.iter().all(|service| {
            let protocol = self.atlas.service(*service).and_then(|service| service.protocol);
            let kind = client.uses.get(service).map(|(_, row)| row.kind);
            protocol.and_then(commonly_spared).is_some()
                && !matches!(kind, Some(Kind::Replication | Kind::Broker))
        })
    }
}

/// The client fails with the service, as far as the edge is sure.
pub(in crate::query) fn carries_impact(dependency: &Dependency) -> bool {
    dependency.state >= DependencyState::Observed
        && matches!(dependency.kind, Kind::Functional | Kind::Infra | Kind::Replication | Kind::Broker)
}

/// What was found out about a service.
fn links<'a>(atlas: &'a Atlas, service: &ServiceKey) -> &'a [InferredLink] {
    let links = &atlas.observed.inferences.links;
    let from = links.partition_point(|link| link.service < *service);
    let rest = links.get(from..).unwrap_or_default();
    rest.get(..rest.partition_point(|link| link.service == *service)).unwrap_or_default()
}

/// The share of requests that need any of some services: of those that stand in for each other, each
/// serves a part of the requests. The lower end of Wilson's interval, as for each alone.
fn joint(links: &[&InferredLink]) -> f32 {
    let alone = links.iter().map(|link| link.strength).fold(0.0, f32::max);
    let requests = links.iter().map(|link| f64::from(link.requests)).fold(0.0, f64::max);
    // What was found of a whole pool is said of each of its members.
    let whole = links.iter().any(|link| link.pool.is_some());
    if links.len() < 2 || requests == 0.0 || whole {
        return alone;
    }
    let share = (links.iter().map(|link| f64::from(link.nested)).sum::<f64>() / requests).min(1.0);
    let z = Z95 * Z95 / requests;
    let centre = share + z / 2.0;
    let spread = Z95 * (share * (1.0 - share) / requests + z / (4.0 * requests)).sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let together = ((centre - spread) / (1.0 + z)) as f32;
    together.max(alone)
}
