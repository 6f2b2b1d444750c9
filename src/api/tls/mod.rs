//! Encrypted connections: certificate and key from files, and again when they have changed.

mod pem;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::stamp::Stamp;
use crate::model::Timestamp;

pub use pem::Fault;
use pem::Pem;

/// What is offered, best first. HTTP/1.1 is what programs and most proxies speak.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why there are no encrypted connections.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file, and the line of its fault.
    #[error(transparent)]
    File(#[from] Fault),
    /// What rustls says, which files cannot cause.
    #[error("cannot set up TLS: {0}")]
    Rustls(#[from] rustls::Error),
}

/// One certificate with its key.
#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Certificate and key in use, and where they came from.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RustlsConfig,
    read: Mutex<Read>,
}

/// What was read last.
#[derive(Clone, Copy)]
struct Read {
    stamps: [Option<Stamp>; 2],
    not_after: Timestamp,
}

impl Tls {
    /// Reads certificate (with its chain) and key.
    pub fn open(certificate: &Path, key: &Path) -> Result<Tls, TlsError> {
        let (config, read) = load(certificate, key)?;
        let config = RustlsConfig::from_config(Arc::new(config));
        Ok(Tls { certificate: certificate.to_owned(), key: key.to_owned(), config, read: Mutex::new(read) })
    }

    /// Reads both again, whether they changed or not. If anything is wrong, the old ones stay in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let (config, read) = load(&self.certificate, &self.key)?;
        self.config.reload_from_config(Arc::new(config));
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// Reads both again if one of the files changed since the last time it was looked at, and says whether
    /// new ones are in use. A fault is told once for each state of the files.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let stamps = stamps(&self.certificate, &self.key);
        {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            if read.stamps == stamps {
                return Ok(false);
            }
            read.stamps = stamps;
        }
        self.reload().map(|()| true)
    }

    /// When the certificate in use ends.
    pub fn not_after(&self) -> Timestamp {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).not_after
    }

    pub(super) fn acceptor(&self) -> RustlsAcceptor {
        RustlsAcceptor::new(self.config.clone())
    }
}

fn stamps(certificate: &Path, key: &Path) -> [Option<Stamp>; 2] {
    [certificate, key].map(|path| Stamp::look(path).ok().flatten())
}

fn load(certificate: &Path, key: &Path) -> Result<(ServerConfig, Read), TlsError> {
    // Looked at before they are read: what changes in between is read again the next time.
    let stamps = stamps(certificate, key);
    let (chain, keys) = (Pem::read(certificate)?, Pem::read_secret(key)?);
    let certificates = chain.certificates()?;
    let (key_line, key) = keys.key()?;
    let provider = default_provider();
    let signing = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| keys.fault(key_line, &format!("this key cannot be used: {error}")))?;
    let first_line = certificates.first().map_or(1, |(line, _)| *line);
    let ders = certificates.iter().map(|(_, der)| der.clone()).collect();
    let certified = CertifiedKey::new(ders, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            let other = format!(
                "this certificate does not belong to the key in {}, line {key_line} (a server's own certificate comes \
                 first, then those that signed it)",
                keys.path.display()
            );
            return Err(chain.fault(first_line, &other).into());
        }
        Err(error) => {
            return Err(chain.fault(first_line, &format!("this certificate cannot be used: {error}")).into());
        }
    }
    let not_after = certificates.first().map_or(Timestamp::MIN, |(_, der)| end_of(der));
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Only(Arc::new(certified))));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok((config, Read { stamps, not_after }))
}

fn end_of(der: &[u8]) -> Timestamp {
    let parsed = x509_parser::parse_x509_certificate(der);
    parsed.map_or(Timestamp::MIN, |(_, certificate)| {
        Timestamp::from_seconds(certificate.validity().not_after.timestamp(), 0)
    })
}

#[cfg(test)]
mod tests;
