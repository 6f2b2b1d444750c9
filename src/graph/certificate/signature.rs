//! Whether a certificate is signed with its own key, or with that of another.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::num_bigint::BigUint;
use x509_parser::oid_registry::Oid;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

/// Bits of the largest RSA key that is calculated with. One verification takes some twenty
/// multiplications of such numbers; keys in use have 4096 at most.
const RSA_BITS_MAX: u64 = 8192;

const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// The usual name of a signature algorithm, else its dotted identifier.
pub(super) fn algorithm_name(oid: &Oid<'_>) -> String {
    let dotted = oid.to_id_string();
    let name = match dotted.as_str() {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.3.14.3.2.29" => "sha1WithRSA",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        RSASSA_PSS => "RSASSA-PSS",
        "1.2.840.10040.4.3" => "dsa-with-SHA1",
        "2.16.840.1.101.3.4.3.1" => "dsa-with-SHA224",
        "2.16.840.1.101.3.4.3.2" => "dsa-with-SHA256",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return dotted,
    };
    name.to_owned()
}

/// Verifies a certificate with its own key; `None` if its kind of signature cannot be verified here.
pub(super) fn is_own(certificate: &X509Certificate<'_>) -> Option<bool> {
    is_by(certificate, certificate.public_key())
}

/// Verifies a certificate with a key; `None` if its kind of signature cannot be verified here.
///
/// RSA is verified here because ring refuses keys below 2048 bits and MD5, and old certificates are
/// just what has to be found. The rest is left to ring: ECDSA on P-256 and P-384, Ed25519, PSS.
pub(super) fn is_by(certificate: &X509Certificate<'_>, key: &SubjectPublicKeyInfo<'_>) -> Option<bool> {
    let signed = certificate.tbs_certificate.as_ref();
    let signature = &certificate.signature_value.data;
    let algorithm = &certificate.signature_algorithm.algorithm;
    if let Some(expected) = digest_info(algorithm, signed) {
        let PublicKey::RSA(key) = key.parsed().ok()? else { return Some(false) };
        return rsa_matches(&key, signature, &expected);
    }
    match certificate.verify_signature(Some(key)) {
        Ok(()) => Some(true),
        // ring takes PSS only with 2048 bits or more and a salt as long as the hash, and does not say
        // which of these, or the signature, was wrong.
        Err(X509Error::SignatureVerificationError) if algorithm.to_id_string() != RSASSA_PSS => Some(false),
        Err(_) => None,
    }
}

/// What RSA with PKCS #1 v1.5 signs: the name of the hash and the hash (RFC 8017 §9.2, note 1).
fn digest_info(algorithm: &Oid<'_>, signed: &[u8]) -> Option<Vec<u8>> {
    const MD5: &[u8] = b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10";
    const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
    const SHA224: &[u8] = b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c";
    const SHA256: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    const SHA384: &[u8] = b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
    const SHA512: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";
    let (name, hash) = match algorithm_name(algorithm).as_str() {
        "md5WithRSAEncryption" => (MD5, Md5::digest(signed).to_vec()),
        "sha1WithRSAEncryption" | "sha1WithRSA" => (SHA1, Sha1::digest(signed).to_vec()),
        "sha224WithRSAEncryption" => (SHA224, Sha224::digest(signed).to_vec()),
        "sha256WithRSAEncryption" => (SHA256, Sha256::digest(signed).to_vec()),
        "sha384WithRSAEncryption" => (SHA384, Sha384::digest(signed).to_vec()),
        "sha512WithRSAEncryption" => (SHA512, Sha512::digest(signed).to_vec()),
        _ => return None,
    };
    Some([name, &hash].concat())
}

/// RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2): what the signature opens to must be exactly
/// the padding and the hash that belong there.
fn rsa_matches(key: &RSAPublicKey<'_>, signature: &[u8], expected: &[u8]) -> Option<bool> {
    let modulus = BigUint::from_bytes_be(key.modulus);
    let exponent = u32::try_from(key.try_exponent().ok()?).ok()?;
    if modulus.bits() > RSA_BITS_MAX || !modulus.bit(0) || exponent < 3 {
        return None;
    }
    let len = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    // 00 01, at least eight ff, 00.
    let filling = len.checked_sub(expected.len() + 3).filter(|filling| *filling >= 8)?;
    let mut padded = vec![1];
    padded.resize(1 + filling, 0xff);
    padded.push(0);
    padded.extend_from_slice(expected);
    let signature = BigUint::from_bytes_be(signature);
    Some(signature < modulus && signature.modpow(&exponent.into(), &modulus).to_bytes_be() == padded)
}
