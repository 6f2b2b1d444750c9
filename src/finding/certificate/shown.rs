//! One certificate where it was shown, and all that is needed to judge it.

use std::collections::{BTreeMap, BTreeSet};

use super::kinship::Kinship;
use super::prime::SharedPrimes;
use super::succession::Successions;
use crate::finding::rule::Rule;
use crate::graph::{Certificate, CertificateFacts, CertificateSeen, Snapshot};
use crate::model::{HostKey, Role, ServiceKey, Timestamp};
use crate::query::{Chains, Knowledge, Purpose, Verdict};

/// The moments that a judgement is about.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// When its party last showed it.
    pub(super) shown: Timestamp,
    /// The moment of the report.
    pub(super) as_of: Timestamp,
    /// The last moment of the map.
    pub(super) end: Option<Timestamp>,
}

/// A rule that a certificate breaks: its severity, and the words for it.
pub(super) struct Fault {
    pub(super) rule: &'static Rule,
    pub(super) severity: u8,
    pub(super) words: String,
}

/// One certificate where it was shown.
pub(super) struct Shown<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) seen: &'a CertificateSeen,
    pub(super) moments: Moments,
    /// What people call it.
    pub(super) name: String,
    /// Whoever showed it is in the operator's networks: its certificate is his to change.
    pub(super) ours: bool,
    /// What came of checking it when it was shown.
    pub(super) verdict: Verdict,
}

impl Shown<'_> {
    pub(super) const fn facts(&self) -> &CertificateFacts {
        &self.certificate.facts
    }

    pub(super) const fn is_leaf(&self) -> bool {
        self.seen.place.position == 0
    }

    /// It is a server's own certificate.
    pub(super) fn is_server(&self) -> bool {
        self.is_leaf() && self.seen.place.role == Role::Server
    }

    pub(super) fn fault(&self, rule: &'static Rule, severity: u8, words: String) -> Fault {
        Fault { rule, severity, words: format!("{}, {words}", self.name) }
    }
}

/// Who showed a chain: the service, or a client of it.
pub(super) type Shower = (ServiceKey, Role, Option<HostKey>);

/// Certificates that are looked at together, of those that one party showed. A service has at most so many leaves
/// on the map; nobody can make every one be compared with thousands.
const TOGETHER_MAX: usize = 64;

/// What one party showed, of every place in its chains.
type Chain<'a> = Vec<(&'a Certificate, &'a CertificateSeen)>;

/// What all certificates of a map say together.
pub(super) struct Judge<'a> {
    pub(super) chains: Chains<'a>,
    pub(super) successions: Successions<'a>,
    pub(super) kinship: Kinship<'a>,
    pub(super) primes: SharedPrimes,
    /// What each showed, of every place in its chain.
    chain_of: BTreeMap<Shower, Chain<'a>>,
    /// Leaves that were shown with each authority, by whomever.
    under: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, knowledge: &'a Knowledge) -> Self {
        let mut chain_of: BTreeMap<Shower, Chain<'_>> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            for seen in &certificate.seen {
                let chain = chain_of.entry(shower(seen)).or_default();
                if chain.len() < TOGETHER_MAX {
                    chain.push((certificate, seen));
                }
            }
        }
        Judge {
            under: under(&chain_of),
            chains: Chains::new(snapshot, &knowledge.authorities),
            successions: Successions::new(snapshot),
            kinship: Kinship::new(snapshot),
            primes: SharedPrimes::new(snapshot),
            chain_of,
        }
    }

    /// What comes of checking a certificate at a moment.
    pub(super) fn verdict(&self, facts: &'a CertificateFacts, role: Role, at: Timestamp) -> Verdict {
        let purpose = match role {
            Role::Server => Purpose::Server,
            Role::Client => Purpose::Client,
        };
        self.chains.verdict(facts, purpose, at)
    }

    /// What the same party showed, of every place in its chains.
    pub(super) fn beside(&self, seen: &CertificateSeen) -> &[(&'a Certificate, &'a CertificateSeen)] {
        self.chain_of.get(&shower(seen)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The leaves that were shown with an authority by the same party.
    pub(super) fn leaves_beside(&self, shown: &Shown<'_>) -> Vec<&'a Certificate> {
        let leaves = self.beside(shown.seen).iter().filter(|(_, seen)| seen.place.position == 0);
        leaves.map(|(leaf, _)| *leaf).collect()
    }

    /// How many different leaves were shown with an authority, by whomever.
    pub(super) fn leaves_under(&self, sha256: &str) -> usize {
        self.under.get(sha256).map_or(0, BTreeSet::len)
    }
}

pub(super) const fn shower(seen: &CertificateSeen) -> Shower {
    (seen.place.service, seen.place.role, seen.place.client)
}

fn under<'a>(chain_of: &BTreeMap<Shower, Chain<'a>>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut under: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for chain in chain_of.values() {
        let (leaves, above): (Vec<_>, Vec<_>) = chain.iter().partition(|(_, seen)| seen.place.position == 0);
        for (authority, _) in above {
            let leaves = leaves.iter().map(|(leaf, _)| leaf.facts.sha256.as_str());
            under.entry(&authority.facts.sha256).or_default().extend(leaves);
        }
    }
    under
}
