//! Certificates as rows: what they say, what came of checking them, and who depends on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::document::Report;
use super::time;
use crate::finding::Validity;
use crate::graph::{self, DependencyState};
use crate::model::{HostKey, Role, ServiceKey, Timestamp};
use crate::query::{Chains, Purpose, Verdict};

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
    /// How many leaves each service presents.
    leaves: BTreeMap<ServiceKey, usize>,
}

impl<'a> Certificates<'a> {
    /// Those of a report.
    pub fn new(report: &Report<'a>) -> Self {
        let snapshot = report.snapshot;
        let mut clients: BTreeMap<ServiceKey, BTreeSet<HostKey>> = BTreeMap::new();
        for dependency in snapshot.dependencies.iter().filter(|row| row.state >= DependencyState::Observed) {
            clients.entry(dependency.key.service).or_default().insert(dependency.key.client);
        }
        let mut leaves: BTreeMap<ServiceKey, usize> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            let at: BTreeSet<ServiceKey> =
                served(certificate).filter(|at| at.1 == 0).map(|at| at.0).collect();
            at.into_iter().for_each(|service| *leaves.entry(service).or_default() += 1);
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
        }
    }

    /// What comes of checking a certificate at a moment: as a client's, if no server presented it.
    pub fn verdict(&self, certificate: &'a graph::Certificate, at: Timestamp) -> Verdict {
        let mut roles = certificate.seen.iter().map(|seen| seen.place.role);
        let purpose = if roles.any(|role| role == Role::Server) || certificate.seen.is_empty() {
            Purpose::Server
        } else {
            Purpose::Client
        };
        self.chains.verdict(&certificate.facts, purpose, at)
    }

    /// What stops when it is refused. Where a service has several certificates, only those who were shown this
    /// one are known to need it.
    pub fn dependents(&self, certificate: &graph::Certificate) -> Dependents {
        let services: BTreeSet<ServiceKey> = served(certificate).map(|at| at.0).collect();
        let mut clients: BTreeSet<HostKey> = BTreeSet::new();
        for seen in &certificate.seen {
            clients.extend(seen.seen.clients.iter());
            let service = &seen.place.service;
            if seen.place.role == Role::Server && self.leaves.get(service).is_none_or(|leaves| *leaves < 2) {
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
