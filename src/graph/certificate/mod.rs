//! What an X.509 certificate says (RFC 5280), in words of our own.

mod name;
mod signature;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::model::{Address, Timestamp};

/// Bytes of the longest certificate that is read. Those of real servers stay below 10 KiB; this is
/// above anything that a TLS message of 96 KiB can carry.
const DER_LEN_MAX: usize = 128 * 1024;

/// Alternative names that are kept. Large content networks have a few hundred in one certificate.
const NAMES_MAX: usize = 512;

/// Characters of one alternative name that are kept; a host name has 253 at most.
const NAME_LEN_MAX: usize = 512;

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
    /// What could not be read. The fingerprint is right all the same.
    pub problem: Option<String>,
}

/// Reads a certificate. Never fails: what cannot be read is named in
/// [`CertificateFacts::problem`].
pub fn parse(der: &[u8]) -> CertificateFacts {
    let mut facts = CertificateFacts {
        sha256: hex(&Sha256::digest(der)),
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
        problem: None,
    };
    if der.len() > DER_LEN_MAX {
        facts.problem = Some(format!("{} bytes are more than the {DER_LEN_MAX} that are read", der.len()));
        return facts;
    }
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

impl CertificateFacts {
    fn read(&mut self, certificate: &X509Certificate<'_>) {
        let key = certificate.public_key();
        self.spki_sha256 = hex(&Sha256::digest(key.raw));
        self.serial = serial(certificate.raw_serial());
        self.subject = name::text(certificate.subject());
        self.issuer = name::text(certificate.issuer());
        self.not_before = Timestamp::from_seconds(certificate.validity().not_before.timestamp(), 0);
        self.not_after = Timestamp::from_seconds(certificate.validity().not_after.timestamp(), 0);
        self.key_algorithm = key_algorithm(&key.algorithm.algorithm);
        self.key_bits = key_bits(key);
        self.signature_algorithm = signature::algorithm_name(&certificate.signature_algorithm.algorithm);
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    self.san = names.general_names.iter().filter_map(alternative).take(NAMES_MAX).collect();
                }
                ParsedExtension::BasicConstraints(constraints) => self.is_ca = constraints.ca,
                ParsedExtension::ParseError { .. } => {
                    self.problem = Some(format!("extension {} cannot be read", extension.oid));
                }
                _ => {}
            }
        }
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

fn alternative(name: &GeneralName<'_>) -> Option<String> {
    let text = match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => *text,
        GeneralName::IPAddress(bytes) => {
            let v4 = bytes.first_chunk::<4>().filter(|_| bytes.len() == 4).map(|v4| Address::from(*v4));
            let v6 = bytes.first_chunk::<16>().filter(|_| bytes.len() == 16).map(|v6| Address::from(*v6));
            return v4.or(v6).map(|address| address.to_string());
        }
        _ => return None,
    };
    Some(name::clean(text.chars(), NAME_LEN_MAX))
}

fn key_algorithm(oid: &Oid<'_>) -> String {
    let dotted = oid.to_id_string();
    let name = match dotted.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => "RSA",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.1" => "DSA",
        _ => return dotted,
    };
    name.to_owned()
}

fn key_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    match key.parsed().ok()? {
        PublicKey::RSA(rsa) => significant_bits(rsa.modulus),
        PublicKey::EC(point) => curve_bits(key).or_else(|| {
            // Two coordinates after one byte, or one coordinate if the point is compressed.
            let (form, coordinates) = point.data().split_first()?;
            let parts = if *form == 4 { 2 } else { 1 };
            u32::try_from(coordinates.len() / parts * 8).ok()
        }),
        // The public number is as long as the prime, but for a bit or two.
        PublicKey::DSA(public) => significant_bits(public).map(|bits| bits.next_multiple_of(64)),
        _ => match key_algorithm(&key.algorithm.algorithm).as_str() {
            "Ed25519" => Some(256),
            "Ed448" => Some(456),
            _ => None,
        },
    }
}

/// Bits of a number in big-endian bytes, from its highest set bit.
fn significant_bits(number: &[u8]) -> Option<u32> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let (first, rest) = number.get(zeros..)?.split_first()?;
    u32::try_from(rest.len() * 8).ok().map(|bits| bits + 8 - first.leading_zeros())
}

/// The size of a named curve (RFC 5480 §2.1.1.1).
fn curve_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    Some(match curve.to_id_string().as_str() {
        "1.2.840.10045.3.1.1" => 192,
        "1.3.132.0.33" => 224,
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" => 256,
        "1.3.132.0.34" => 384,
        "1.3.132.0.35" => 521,
        _ => return None,
    })
}
