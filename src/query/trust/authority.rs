//! Who is trusted: the roots of browsers, and the certificates that the operator named.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};
use webpki::anchor_from_trusted_cert;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::verdict::Verdict;

/// Verdicts that are remembered: those of two moments for each of 8,192 certificates, 300 B each = 5 MB.
const REMEMBERED_MAX: usize = 16_384;

/// Roots, ready for a verifier.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// Their names and keys.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// Their names as they are encoded.
    subjects: BTreeSet<Box<[u8]>>,
    /// SHA-256 of each, in hexadecimal.
    fingerprints: BTreeSet<String>,
}

impl Roots {
    /// What cannot be read is left out: it can vouch for nothing.
    fn of<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Roots {
        let mut roots = Roots::default();
        for der in certificates {
            let Ok((_, certificate)) = X509Certificate::from_der(der) else { continue };
            let Ok(anchor) = anchor_from_trusted_cert(&CertificateDer::from(der)).map(|a| a.to_owned())
            else {
                continue;
            };
            roots.anchors.push(anchor);
            roots.subjects.insert(certificate.subject().as_raw().into());
            roots.fingerprints.insert(fingerprint(der));
        }
        roots
    }
}

/// The roots of browsers do not change while the program runs.
static PUBLIC: LazyLock<Arc<Roots>> =
    LazyLock::new(|| Arc::new(Roots::of(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref))));

/// Who is trusted.
pub struct Authorities {
    public: Arc<Roots>,
    own: Roots,
    /// Signatures never change, and a live map is judged every few seconds.
    remembered: Mutex<HashMap<[u8; 32], Verdict>>,
}

impl Authorities {
    /// Public roots, and certificates (DER) that the operator named: authorities, or single servers'.
    pub fn naming<'a>(own: impl Iterator<Item = &'a [u8]>) -> Authorities {
        Authorities { public: Arc::clone(&PUBLIC), own: Roots::of(own), remembered: Mutex::default() }
    }

    /// Others in place of the public roots.
    #[cfg(test)]
    pub(crate) fn with_public(public: &[&[u8]], own: &[&[u8]]) -> Authorities {
        let roots = |of: &[&[u8]]| Roots::of(of.iter().copied());
        Authorities { public: Arc::new(roots(public)), own: roots(own), remembered: Mutex::default() }
    }

    /// The operator named somebody: whoever is not known now is a stranger.
    pub fn are_named(&self) -> bool {
        !self.own.anchors.is_empty()
    }

    /// The operator named this very certificate, by its SHA-256 in hexadecimal.
    pub fn is_named(&self, sha256: &str) -> bool {
        self.own.fingerprints.contains(sha256)
    }

    /// It is one of the public roots.
    pub fn is_public_root(&self, sha256: &str) -> bool {
        self.public.fingerprints.contains(sha256)
    }

    /// A public root has this name, as it is encoded.
    pub fn is_public_name(&self, subject_der: &[u8]) -> bool {
        self.public.subjects.contains(subject_der)
    }

    /// Somebody who is trusted has this name.
    pub fn is_known_name(&self, subject_der: &[u8]) -> bool {
        self.is_public_name(subject_der) || self.own.subjects.contains(subject_der)
    }

    pub(super) fn public(&self) -> &Roots {
        &self.public
    }

    pub(super) const fn own(&self) -> &Roots {
        &self.own
    }

    /// What was found under this key before, else what is found now.
    pub(super) fn remember(&self, key: [u8; 32], find: impl FnOnce() -> Verdict) -> Verdict {
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return known.clone();
        }
        let verdict = find();
        let mut remembered = lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, verdict.clone());
        verdict
    }
}

impl Default for Authorities {
    fn default() -> Self {
        Authorities::naming(std::iter::empty())
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} public, {} named", self.public.anchors.len(), self.own.anchors.len())
    }
}

fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}
