//! Whose signature leads from a certificate to whom.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::authority::Authorities;
use super::verdict::{Anchor, Doubt, Purpose, Verdict};
use crate::graph::{Certificate, CertificateFacts, Snapshot};
use crate::model::{Nanos, Timestamp};

/// Authorities that are tried for one certificate. A chain has three as a rule; cross-signed ones twice as
/// many. The verifier itself stops after a hundred signatures.
const ISSUERS_MAX: usize = 16;

/// Authorities of one name that are looked at. An authority renews its certificate some ten times.
const OF_ONE_NAME_MAX: usize = 64;

const SECOND: Nanos = 1_000_000_000;

/// Authorities are judged by the day, so that what was found once is found again.
const DAY: Nanos = 86_400 * SECOND;

/// Clocks of the two ends may differ by this much before a certificate counts as too new.
const SKEW: Nanos = 300 * SECOND;

/// All authorities that were seen on a map, by name, and who is trusted.
pub struct Chains<'a> {
    authorities: &'a Authorities,
    seen: BTreeMap<&'a [u8], Vec<&'a Certificate>>,
}

impl<'a> Chains<'a> {
    /// Learns whom the map shows.
    pub fn new(snapshot: &'a Snapshot, authorities: &'a Authorities) -> Self {
        let mut seen: BTreeMap<&[u8], Vec<&Certificate>> = BTreeMap::new();
        for certificate in &snapshot.certificates {
            let facts = &certificate.facts;
            let in_chain = certificate.seen.iter().any(|seen| seen.place.position > 0);
            if (facts.is_ca || in_chain) && !facts.subject_der.is_empty() {
                let named = seen.entry(&facts.subject_der).or_default();
                if named.len() < OF_ONE_NAME_MAX {
                    named.push(certificate);
                }
            }
        }
        Chains { authorities, seen }
    }

    /// Who is trusted.
    pub const fn authorities(&self) -> &'a Authorities {
        self.authorities
    }

    /// Certificates seen that can be the issuer's: of its name, and of its key where both name one.
    pub fn issuers(&self, of: &CertificateFacts) -> impl Iterator<Item = &'a Certificate> {
        let (sha256, key) = (of.sha256.clone(), of.extensions.authority_key.clone());
        let named = self.seen.get(&*of.issuer_der).map(Vec::as_slice).unwrap_or_default();
        named.iter().copied().filter(move |issuer| {
            let key = key.as_ref().zip(issuer.facts.extensions.subject_key.as_ref());
            issuer.facts.sha256 != sha256 && key.is_none_or(|(wanted, has)| wanted == has)
        })
    }

    /// All authorities above a certificate, the nearest first.
    fn above(&self, facts: &'a CertificateFacts) -> Vec<&'a CertificateFacts> {
        let mut found: Vec<&CertificateFacts> = Vec::new();
        let mut known: BTreeSet<&str> = BTreeSet::from([facts.sha256.as_str()]);
        let mut next = 0;
        let mut of = facts;
        loop {
            for issuer in self.issuers(of).map(|issuer| &issuer.facts) {
                if found.len() < ISSUERS_MAX && !issuer.der.is_empty() && known.insert(&issuer.sha256) {
                    found.push(issuer);
                }
            }
            let Some(above) = found.get(next) else { return found };
            (of, next) = (above, next + 1);
        }
    }

    /// What came of checking a certificate at a moment.
    pub fn verdict(&self, facts: &'a CertificateFacts, purpose: Purpose, at: Timestamp) -> Verdict {
        if facts.der.is_empty() || facts.subject_der.is_empty() {
            return Verdict::because(Doubt::Unreadable);
        }
        if at > facts.not_after {
            return Verdict::because(Doubt::Expired);
        }
        if facts.not_before - at > SKEW {
            return Verdict::because(Doubt::NotYetValid);
        }
        if self.authorities.is_named(&facts.sha256) {
            return Verdict { why: None, anchor: Some(Anchor::Operator), path: Vec::new() };
        }
        if facts.self_signed == Some(true) {
            return Verdict::because(Doubt::SelfSigned);
        }
        let above = self.above(facts);
        let day = Timestamp::from_nanos(at.nanos().div_euclid(DAY).saturating_mul(DAY));
        let on_day = day.max(facts.not_before).min(facts.not_after);
        let mut key = Sha256::new_with_prefix(on_day.nanos().to_be_bytes());
        key.update([u8::from(purpose == Purpose::Client)]);
        key.update(&facts.sha256);
        above.iter().for_each(|issuer| key.update(&issuer.sha256));
        let key = key.finalize().into();
        let verdict = self.authorities.remember(key, || self.check(facts, &above, purpose, on_day));
        match verdict.why {
            // An authority that began on this very day: the moment counts.
            Some(Doubt::IssuerNotYetValid) => {
                self.check(facts, &above, purpose, at.max(facts.not_before).min(facts.not_after))
            }
            _ => verdict,
        }
    }

    fn check(
        &self,
        facts: &CertificateFacts,
        above: &[&CertificateFacts],
        purpose: Purpose,
        at: Timestamp,
    ) -> Verdict {
        let trusted =
            [(self.authorities.public(), Anchor::Public), (self.authorities.own(), Anchor::Operator)];
        let mut refused = None;
        for (roots, anchor) in trusted {
            match verify(facts, above, &roots.anchors, purpose, at) {
                Ok(path) => return Verdict { why: None, anchor: Some(anchor), path },
                Err(error) => refused = refused.or_else(|| Doubt::of(&error)),
            }
        }
        if let Some(why) = refused {
            return Verdict::because(why);
        }
        // Nobody who is trusted stands above. What was seen may still prove the chain wrong.
        let roots = anchors(above.iter().filter(|issuer| issuer.self_issued));
        let all = anchors(above.iter());
        for (anchors, end) in [(roots, Doubt::UnknownAuthority), (all, Doubt::Incomplete)] {
            match verify(facts, above, &anchors, purpose, at) {
                Ok(path) => return Verdict { why: Some(end), anchor: None, path },
                Err(error) => {
                    if let Some(why) = Doubt::of(&error) {
                        return Verdict::because(why);
                    }
                }
            }
        }
        Verdict::because(Doubt::Incomplete)
    }
}

fn anchors<'a, 'f: 'a>(of: impl Iterator<Item = &'a &'f CertificateFacts>) -> Vec<TrustAnchor<'static>> {
    let anchor = |facts: &&CertificateFacts| {
        let der = CertificateDer::from(&*facts.der);
        anchor_from_trusted_cert(&der).map(|anchor| anchor.to_owned()).ok()
    };
    of.filter_map(anchor).collect()
}

/// Looks for a chain to one of the anchors, and tells the authorities on it.
fn verify(
    facts: &CertificateFacts,
    above: &[&CertificateFacts],
    anchors: &[TrustAnchor<'static>],
    purpose: Purpose,
    at: Timestamp,
) -> Result<Vec<String>, Error> {
    let leaf = CertificateDer::from(&*facts.der);
    let leaf = EndEntityCert::try_from(&leaf)?;
    let between: Vec<CertificateDer<'_>> =
        above.iter().map(|issuer| CertificateDer::from(&*issuer.der)).collect();
    let seconds = u64::try_from(at.nanos().div_euclid(SECOND)).unwrap_or_default();
    let usage = match purpose {
        Purpose::Server => KeyUsage::server_auth(),
        Purpose::Client => KeyUsage::client_auth(),
    };
    let path = leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        anchors,
        &between,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        usage,
        None,
        None,
    )?;
    let of = |der: &[u8]| above.iter().find(|issuer| *issuer.der == *der).map(|issuer| issuer.sha256.clone());
    Ok(path.intermediate_certificates().filter_map(|issuer| of(&issuer.der())).collect())
}
