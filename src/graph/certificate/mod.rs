//! What an X.509 certificate says (RFC 5280), in words of our own.

mod extension;
pub(super) mod imported;
mod key;
mod name;
mod signature;
mod staple;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

pub use extension::{Extensions, Usage};
#[cfg(test)]
pub(crate) use staple::tests::response as ocsp_response;
pub use staple::{Staple, StapleStatus};

use crate::model::Timestamp;

/// Bytes of the longest certificate that is read. Those of real servers stay below 10 KiB; this is
/// above anything that a TLS message of 96 KiB can carry.
const DER_LEN_MAX: usize = 128 * 1024;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the whole certificate, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 of its SubjectPublicKeyInfo: equal in two certificates that share a key.
    pub spki_sha256: String,
    /// The serial number, lower-case hexadecimal without leading zeros.
    pub serial: String,
    /// The subject in the order of RFC 4514, the most specific part first: `CN=a.example, O=A, C=DE`.
    pub subject: String,
    /// The issuer, likewise.
    pub issuer: String,
    /// The first moment of validity; [`Timestamp::MIN`] where it cannot be read.
    pub not_before: Timestamp,
    /// The last moment of validity (the year 9999, "no end", becomes [`Timestamp::MAX`]);
    /// [`Timestamp::MAX`] where it cannot be read.
    pub not_after: Timestamp,
    /// Alternative names: host names, addresses, mail addresses and URIs as text.
    pub san: Vec<String>,
    /// `RSA`, `EC`, `Ed25519`, `Ed448`, `DSA`, else the dotted object identifier.
    pub key_algorithm: String,
    /// Size of the key in bits, where the algorithm has one that is known here.
    pub key_bits: Option<u32>,
    /// The usual name (`sha256WithRSAEncryption`, `ecdsa-with-SHA256`), else the dotted identifier.
    pub signature_algorithm: String,
    /// It may issue certificates itself.
    pub is_ca: bool,
    /// Its issuer's name is its subject's name.
    pub self_issued: bool,
    /// It is signed with its own key: verified. `None` if it is self-issued and we cannot verify its
    /// kind of signature.
    pub self_signed: Option<bool>,
    /// Its own version, 1 to 3.
    pub version: u8,
    /// The serial number as it is encoded: bytes of it, and whether it is above zero.
    pub serial_len: usize,
    /// See there.
    pub serial_positive: bool,
    /// The most specific common name of the subject.
    pub common_name: Option<String>,
    /// The subject and the issuer as they are encoded, which is how names are compared.
    pub subject_der: Box<[u8]>,
    /// See there.
    pub issuer_der: Box<[u8]>,
    /// Modulus of an RSA key, big-endian without leading zeros.
    pub rsa_modulus: Option<Box<[u8]>>,
    /// Exponent of an RSA key, as far as it fits.
    pub rsa_exponent: Option<u64>,
    /// An elliptic curve without a name.
    pub unnamed_curve: bool,
    /// What its extensions say.
    pub extensions: Extensions,
    /// The whole certificate; empty where it was too long, or was kept by a version that left it out.
    pub der: Box<[u8]>,
    /// What could not be read. The fingerprint is right all the same.
    pub problem: Option<String>,
}

impl CertificateFacts {
    /// Reads a certificate. Never fails: what cannot be read is named in [`CertificateFacts::problem`].
    pub fn of(der: &[u8]) -> CertificateFacts {
        let mut facts = CertificateFacts::unread(hex(&Sha256::digest(der)));
        if der.len() > DER_LEN_MAX {
            let len = der.len();
            facts.problem = Some(format!("{len} bytes are more than the {DER_LEN_MAX} that are read"));
            return facts;
        }
        facts.der = der.into();
        match X509Certificate::from_der(der) {
            Ok((rest, certificate)) => {
                facts.read(&certificate);
                if !rest.is_empty() {
                    facts.problem = Some(format!("{} bytes follow the certificate", rest.len()));
                }
            }
            Err(error) => facts.problem = Some(format!("no certificate: {error}")),
        }
        facts
    }

    /// A certificate of which nothing but its fingerprint is known yet.
    pub fn unread(sha256: String) -> CertificateFacts {
        CertificateFacts {
            sha256,
            spki_sha256: String::new(),
            serial: String::new(),
            subject: String::new(),
            issuer: String::new(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
            san: Vec::new(),
            key_algorithm: String::new(),
            key_bits: None,
            signature_algorithm: String::new(),
            is_ca: false,
            self_issued: false,
            self_signed: None,
            version: 3,
            serial_len: 0,
            serial_positive: true,
            common_name: None,
            subject_der: Box::default(),
            issuer_der: Box::default(),
            rsa_modulus: None,
            rsa_exponent: None,
            unnamed_curve: false,
            extensions: Extensions::default(),
            der: Box::default(),
            problem: None,
        }
    }

    /// Whether the signature on this certificate was made with the key of another one: verified.
    /// `None` where one of the two cannot be read, or this kind of signature cannot be verified here.
    pub fn is_signed_by(&self, issuer: &CertificateFacts) -> Option<bool> {
        let (_, certificate) = X509Certificate::from_der(&self.der).ok()?;
        let (_, issuer) = X509Certificate::from_der(&issuer.der).ok()?;
        signature::is_by(&certificate, issuer.public_key())
    }

    fn read(&mut self, certificate: &X509Certificate<'_>) {
        let key = certificate.public_key();
        let serial = certificate.raw_serial();
        self.version = u8::try_from(certificate.version().0).unwrap_or(u8::MAX).saturating_add(1);
        self.spki_sha256 = hex(&Sha256::digest(key.raw));
        self.serial = self::serial(serial);
        self.serial_len = serial.len();
        let negative = serial.first().is_some_and(|first| first & 0x80 != 0);
        self.serial_positive = !negative && serial.iter().any(|byte| *byte != 0);
        self.subject = name::text(certificate.subject());
        self.issuer = name::text(certificate.issuer());
        self.common_name = name::common(certificate.subject());
        self.subject_der = certificate.subject().as_raw().into();
        self.issuer_der = certificate.issuer().as_raw().into();
        self.not_before = Timestamp::from_seconds(certificate.validity().not_before.timestamp(), 0);
        self.not_after = Timestamp::from_seconds(certificate.validity().not_after.timestamp(), 0);
        self.key_algorithm = key::algorithm(&key.algorithm.algorithm);
        self.key_bits = key::bits(key);
        self.unnamed_curve = key::is_unnamed_curve(key);
        if let Some((modulus, exponent)) = key::rsa(key) {
            (self.rsa_modulus, self.rsa_exponent) = (Some(modulus), exponent);
        }
        self.signature_algorithm = signature::algorithm_name(&certificate.signature_algorithm.algorithm);
        (self.extensions, self.problem) = Extensions::of(certificate);
        self.san = extension::alternatives(certificate);
        self.is_ca = self.extensions.authority == Some(true);
        self.self_issued = certificate.issuer().as_raw() == certificate.subject().as_raw();
        self.self_signed = if self.self_issued { signature::is_own(certificate) } else { Some(false) };
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn serial(bytes: &[u8]) -> String {
    let digits = hex(bytes);
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}
