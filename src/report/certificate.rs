//! Certificates as rows: what they say, what came of checking them, and who depends on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::document::Report;
use super::time;
use crate::finding::{Status, Validity};
use crate::graph::{self, CertificateFacts, DependencyState};
use crate::model::{HostKey, Role, ServiceKey, Timestamp};
use crate::query::{Anchor, Chains, Doubt, Purpose, Verdict};

/// A certificate of the contract.
#[derive(Serialize, ToSchema)]
pub struct Certificate {
    sha256: String,
    spki_sha256: String,
    serial: String,
    subject: String,
    issuer: String,
    not_before: String,
    not_after: String,
    san: Vec<String>,
    key: Key,
    signature_algorithm: String,
    is_ca: bool,
    seen: Vec<Seen>,
    status: &'static str,
    days_left: Option<i64>,
    problem: Option<String>,
    verification: Verification,
    when_seen: WhenSeen,
    dependents: Dependents,
    /// The operator brought it.
    imported: bool,
    /// Services that hide what they present, and were asked for by one of its names.
    expected: Vec<String>,
}

/// What came of checking the chain at the moment of the report.
#[derive(Serialize, ToSchema)]
struct Verification {
    /// `valid`, `invalid` or `not_verifiable`.
    outcome: &'static str,
    /// Why it is not valid, or why that cannot be told.
    why: Option<String>,
    /// Who stands at the end of the chain: `public` or `operator`.
    anchor: Option<&'static str>,
    /// SHA-256 of the authorities in between, the nearest first.
    path: Vec<String>,
}

/// How it stood when it was last seen.
#[derive(Serialize, ToSchema)]
struct WhenSeen {
    at: String,
    status: &'static str,
    days_left: Option<i64>,
    outcome: &'static str,
    why: Option<String>,
}

/// What stops when it is refused; of an authority, all that is presented with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Dependents {
    /// Services that present it.
    pub services: usize,
    /// Clients of those services.
    pub clients: usize,
}

#[derive(Serialize, ToSchema)]
struct Key {
    algorithm: String,
    bits: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct Seen {
    service: String,
    client: Option<String>,
    sni: Option<String>,
    role: &'static str,
    position: u8,
    first: String,
    last: String,
}

/// All certificates of a report, with what is needed to tell of one.
pub struct Certificates<'a> {
    as_of: Timestamp,
    chains: Chains<'a>,
    /// Who uses each service, beyond attempts.
    clients: BTreeMap<ServiceKey, BTreeSet<HostKey>>,
    /// The leaves that each service presents.
    leaves: BTreeMap<ServiceKey, Vec<&'a CertificateFacts>>,
}

impl<'a> Certificates<'a> {
    /// Those of a report.
    pub fn new(report: &Report<'a>) -> Self {
        let snapshot = report.snapshot;
        let mut clients: BTreeMap<ServiceKey, BTreeSet<HostKey>> = BTreeMap::new();
        for dependency in snapshot.dependencies.iter().filter(|row| row.state >= DependencyState::Observed) {
            clients.entry(dependency.key.service).or_default().insert(dependency.key.client);
        }
        let mut leaves: BTreeMap<ServiceKey, Vec<&CertificateFacts>> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            let at: BTreeSet<ServiceKey> =
                served(certificate).filter(|at| at.1 == 0).map(|at| at.0).collect();
            at.into_iter().for_each(|service| leaves.entry(service).or_default().push(&certificate.facts));
        }
        Certificates {
            as_of: report.as_of.unwrap_or_default(),
            chains: Chains::new(snapshot, report.authorities),
            clients,
            leaves,
        }
    }

    /// A row of the certificate table.
    pub fn row(&self, certificate: &'a graph::Certificate) -> Certificate {
        let facts = &certificate.facts;
        let validity = Validity::of(certificate);
        let verdict = self.verdict(certificate, self.as_of);
        let last = certificate.seen.iter().map(|seen| seen.seen.span.last).max().unwrap_or(self.as_of);
        let when_seen = self.verdict(certificate, last);
        Certificate {
            sha256: facts.sha256.clone(),
            spki_sha256: facts.spki_sha256.clone(),
            serial: facts.serial.clone(),
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            not_before: time(facts.not_before),
            not_after: time(facts.not_after),
            san: facts.san.clone(),
            key: Key { algorithm: facts.key_algorithm.clone(), bits: facts.key_bits },
            signature_algorithm: facts.signature_algorithm.clone(),
            is_ca: facts.is_ca,
            seen: certificate.seen.iter().map(Seen::of).collect(),
            status: validity.status(self.as_of).word(),
            days_left: validity.days_left(self.as_of),
            problem: facts.problem.clone(),
            when_seen: WhenSeen {
                at: time(last),
                status: validity.status(last).word(),
                days_left: validity.days_left(last),
                outcome: when_seen.outcome().word(),
                why: when_seen.why.map(|why| why.to_string()),
            },
            verification: Verification {
                outcome: verdict.outcome().word(),
                why: verdict.why.map(|why| why.to_string()),
                anchor: verdict.anchor.map(|anchor| anchor.word()),
                path: verdict.path,
            },
            dependents: self.dependents(certificate),
            imported: certificate.imported,
            expected: certificate.expected.iter().map(ToString::to_string).collect(),
        }
    }

    /// What comes of checking a certificate at a moment: as a client's, if no server presented it; as an
    /// authority's, if it only stood above others.
    pub fn verdict(&self, certificate: &'a graph::Certificate, at: Timestamp) -> Verdict {
        let above = certificate.seen.iter().all(|seen| seen.place.position > 0);
        if certificate.facts.is_ca && above {
            return self.authority(certificate, at);
        }
        let mut roles = certificate.seen.iter().map(|seen| seen.place.role);
        let purpose = if roles.any(|role| role == Role::Server) || certificate.seen.is_empty() {
            Purpose::Server
        } else {
            Purpose::Client
        };
        self.chains.verdict(&certificate.facts, purpose, at)
    }

    /// An authority is as good as the chains that lead through it.
    fn authority(&self, certificate: &'a graph::Certificate, at: Timestamp) -> Verdict {
        let facts = &certificate.facts;
        let doubt = |why| Verdict { why: Some(why), anchor: None, path: Vec::new() };
        let trusted = |anchor, path| Verdict { why: None, anchor: Some(anchor), path };
        let authorities = self.chains.authorities();
        match Validity::of(certificate).status(at) {
            Status::Expired => return doubt(Doubt::Expired),
            Status::NotYetValid => return doubt(Doubt::NotYetValid),
            _ if authorities.is_named(&facts.sha256) => return trusted(Anchor::Operator, Vec::new()),
            _ if authorities.is_public_root(&facts.sha256) => return trusted(Anchor::Public, Vec::new()),
            _ if facts.self_issued => return doubt(Doubt::UnknownAuthority),
            _ => {}
        }
        let services = certificate.seen.iter().map(|seen| &seen.place.service);
        for leaf in services.filter_map(|service| self.leaves.get(service)).flatten() {
            let at = at.min(leaf.not_after).max(leaf.not_before);
            let verdict = self.chains.verdict(leaf, Purpose::Server, at);
            let place = verdict.path.iter().position(|sha256| *sha256 == facts.sha256);
            match (verdict.anchor, verdict.why, place) {
                (Some(anchor), _, Some(place)) => {
                    return trusted(anchor, verdict.path.into_iter().skip(place + 1).collect());
                }
                (None, Some(Doubt::UnknownAuthority), Some(_)) => return doubt(Doubt::UnknownAuthority),
                _ => {}
            }
        }
        doubt(Doubt::Incomplete)
    }

    /// What stops when it is refused. Where a service has several certificates, only those who were shown this
    /// one are known to need it.
    pub fn dependents(&self, certificate: &graph::Certificate) -> Dependents {
        let mut services: BTreeSet<ServiceKey> = served(certificate).map(|at| at.0).collect();
        let mut clients: BTreeSet<HostKey> = BTreeSet::new();
        for service in &certificate.expected {
            services.insert(*service);
            clients.extend(self.clients.get(service).into_iter().flatten());
        }
        for seen in &certificate.seen {
            clients.extend(seen.seen.clients.iter());
            let service = &seen.place.service;
            if seen.place.role == Role::Server
                && self.leaves.get(service).is_none_or(|leaves| leaves.len() < 2)
            {
                clients.extend(self.clients.get(service).into_iter().flatten());
            }
        }
        Dependents { services: services.len(), clients: clients.len() }
    }
}

/// The services that present it, each with its place in the chain.
fn served(certificate: &graph::Certificate) -> impl Iterator<Item = (ServiceKey, u8)> {
    let by_servers = certificate.seen.iter().filter(|seen| seen.place.role == Role::Server);
    by_servers.map(|seen| (seen.place.service, seen.place.position))
}

impl Seen {
    fn of(seen: &graph::CertificateSeen) -> Seen {
        Seen {
            service: seen.place.service.to_string(),
            client: seen.place.client.map(|client| client.to_string()),
            sni: seen.place.sni.as_ref().map(ToString::to_string),
            role: match seen.place.role {
                Role::Client => "client",
                Role::Server => "server",
            },
            position: seen.place.position,
            first: time(seen.seen.span.first),
            last: time(seen.seen.span.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::{endpoint, served};
    use crate::graph::{Delta, Operator, Scene, Snapshot};
    use crate::model::{FlowKey, FrameId, Moment, Observation, Realm, Transport};
    use crate::query::Authorities;
    use crate::query::issuing::{Authority, authority};
    use crate::report::Counted;

    /// A service with two clients, one of which was shown this chain.
    fn map(chain: &[&[u8]]) -> Snapshot {
        let mut delta = Delta::default();
        delta.flow(served(endpoint(1, 40_000), endpoint(2, 443), 1));
        delta.flow(served(endpoint(3, 40_000), endpoint(2, 443), 2));
        let (key, client) =
            FlowKey::of(Realm::DEFAULT, Transport::Tcp, endpoint(1, 40_000), endpoint(2, 443));
        let time = "2023-11-14T12:00:00Z".parse().unwrap();
        let at = Moment { frame: FrameId { source: 0, number: 1 }, time };
        let scene = Scene { key, client, service: client.other(), group: false, at };
        for (position, der) in (0..).zip(chain) {
            let der = (*der).into();
            delta.observe(&scene, Observation::Certificate { of: Role::Server, position, sni: None, der });
        }
        Snapshot::new(delta.into(), &Operator::default())
    }

    /// Outcome, reason and anchor of each certificate of a chain.
    fn check(chain: &[&[u8]], trusted: &[&[u8]], at: &str, expected: &[(&str, Option<&str>, Option<&str>)]) {
        let (snapshot, counted) = (map(chain), Counted::default());
        let authorities = Authorities::with_public(trusted, &[]);
        let report = Report {
            as_of: Some(at.parse().unwrap()),
            sources: &[],
            counted: &counted,
            snapshot: &snapshot,
            findings: &[],
            records: &[],
            authorities: &authorities,
        };
        let certificates = Certificates::new(&report);
        for (der, expected) in chain.iter().zip(expected) {
            let of = snapshot.certificates.iter().find(|row| *row.facts.der == **der).unwrap();
            let row = certificates.row(of);
            let verification = &row.verification;
            let found = (verification.outcome, verification.why.as_deref(), verification.anchor);
            assert_eq!(found, *expected, "{}", row.subject);
            assert_eq!(row.dependents, Dependents { services: 1, clients: 2 });
            assert_eq!((row.when_seen.status, row.when_seen.days_left), ("valid", Some(77)));
        }
    }

    #[test]
    fn an_authority_is_as_good_as_the_chains_through_it() {
        let root = Authority::root("Root");
        let middle = root.below(authority("Middle"));
        let leaf = middle.leaf();
        let chain: [&[u8]; 3] = [&leaf, &middle.der, &root.der];
        let public = ("valid", None, Some("public"));
        check(&chain, &[&root.der], "2023-11-14T12:00:00Z", &[public; 3]);
        let unknown = ("not_verifiable", Some("its authority is known to nobody here"), None);
        check(&chain, &[], "2023-11-14T12:00:00Z", &[unknown; 3]);
        let unseen = ("not_verifiable", Some("an authority of its chain was not seen"), None);
        check(&[&leaf, &middle.der], &[], "2023-11-14T12:00:00Z", &[unseen; 2]);
        let expired = ("invalid", Some("expired"), None);
        check(&chain, &[&root.der], "2025-01-01T00:00:00Z", &[expired; 3]);
    }
}
