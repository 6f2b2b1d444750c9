//! Certificates for the TLS servers: valid signatures, and the same bytes on every run.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SerialNumber,
    SignatureAlgorithm, date_time_ymd,
};

use super::encode::{der, integer, prefixed};
use super::random::Random;

/// A server's public key. Only its authority signs what a passive observer can read, so nobody
/// needs the private half, and drawing the public one is what makes every run equal.
struct LeafKey {
    algorithm: &'static SignatureAlgorithm,
    der: Vec<u8>,
}

impl LeafKey {
    fn draw(random: &mut Random) -> Self {
        if random.chance(1, 3) {
            let der = [&[0x04], random.bytes(64).as_slice()].concat();
            return LeafKey { algorithm: &PKCS_ECDSA_P256_SHA256, der };
        }
        let mut modulus = [&[0], random.bytes(256).as_slice()].concat();
        modulus[1] |= 0x80;
        modulus[256] |= 1;
        let der = der(0x30, &[der(0x02, &modulus), integer(65_537)].concat());
        LeafKey { algorithm: &PKCS_RSA_SHA256, der }
    }
}

impl PublicKeyData for LeafKey {
    fn der_bytes(&self) -> &[u8] {
        &self.der
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// The TLS Certificate message bodies (RFC 5246 §7.4.2) for these names: one chain of a leaf and an
/// intermediate for each.
pub fn chains(names: &[String], random: &mut Random) -> Result<Vec<Vec<u8>>, rcgen::Error> {
    let root = authority("Example Root", random);
    let root_key = ed25519_key(random)?;
    let root = Issuer::new(root, root_key);
    let intermediate = authority("Example Issuing CA 1", random);
    let intermediate_key = ed25519_key(random)?;
    let intermediate_certificate = intermediate.signed_by(&intermediate_key, &root)?;
    let issuer = Issuer::new(intermediate, intermediate_key);
    let mut chains = Vec::new();
    for name in names {
        let leaf = leaf(name, random)?.signed_by(&LeafKey::draw(random), &issuer)?;
        let list = [leaf.der(), intermediate_certificate.der()].map(|one| prefixed::<3>(one)).concat();
        chains.push(prefixed::<3>(&list));
    }
    Ok(chains)
}

/// An Ed25519 key from drawn bytes: its signatures need no chance, unlike those of ECDSA.
fn ed25519_key(random: &mut Random) -> Result<KeyPair, rcgen::Error> {
    // PKCS#8 with algorithm 1.3.101.112 (RFC 8410 §7).
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    KeyPair::try_from([&prefix, random.bytes(32).as_slice()].concat())
}

fn authority(name: &str, random: &mut Random) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2035, 1, 1);
    params.serial_number = Some(serial(random));
    params.distinguished_name.push(DnType::OrganizationName, "Example Corporation");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(name: &str, random: &mut Random) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![name.to_owned(), format!("www.{name}")])?;
    params.not_before = date_time_ymd(2025, random.between(6, 12) as u8, 1);
    params.not_after = date_time_ymd(2026, random.between(4, 12) as u8, 1);
    params.serial_number = Some(serial(random));
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Sixteen bytes that make a positive number.
fn serial(random: &mut Random) -> SerialNumber {
    let mut bytes = random.bytes(16);
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from(bytes)
}
