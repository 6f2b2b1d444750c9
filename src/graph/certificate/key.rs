//! The key that a certificate is about.

use x509_parser::oid_registry::Oid;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Bytes of the largest RSA modulus that is kept: 16,384 bits.
const MODULUS_LEN_MAX: usize = 2048;

/// `RSA`, `EC`, `Ed25519`, `Ed448`, `DSA`, `ML-DSA-65`, else the dotted object identifier.
pub(super) fn algorithm(oid: &Oid<'_>) -> String {
    let dotted = oid.to_id_string();
    let name = match dotted.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => "RSA",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.10040.4.1" => "DSA",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        _ => return dotted,
    };
    name.to_owned()
}

/// The size of a key, where its algorithm has one that is known here.
pub(super) fn bits(key: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
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
        _ => match algorithm(&key.algorithm.algorithm).as_str() {
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

/// The modulus of an RSA key in big-endian bytes without leading zeros, and its exponent.
pub(super) fn rsa(key: &SubjectPublicKeyInfo<'_>) -> Option<(Box<[u8]>, Option<u64>)> {
    let PublicKey::RSA(rsa) = key.parsed().ok()? else { return None };
    let zeros = rsa.modulus.iter().take_while(|byte| **byte == 0).count();
    let modulus = rsa.modulus.get(zeros..).filter(|modulus| modulus.len() <= MODULUS_LEN_MAX)?;
    Some((modulus.into(), rsa.try_exponent().ok()))
}

/// An elliptic curve that is described by its numbers instead of a name (RFC 5480 §2.1.1 forbids it).
pub(super) fn is_unnamed_curve(key: &SubjectPublicKeyInfo<'_>) -> bool {
    let named = key.algorithm.parameters.as_ref().is_some_and(|parameters| parameters.as_oid().is_ok());
    algorithm(&key.algorithm.algorithm) == "EC" && !named
}
