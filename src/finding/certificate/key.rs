//! Keys and signatures that are too weak.

use super::prime::is_roca;
use super::shown::{Fault, Judge, Shown};
use crate::finding::rule::Rule;
use crate::graph::CertificateFacts;
use crate::model::Timestamp;

/// A key that is too short.
pub const WEAK_KEY: Rule = Rule {
    id: "CERT-05",
    title: "Weak RSA key",
    severity_base: 7,
    attack: &["T1557"],
    references: &["CA/Browser Forum Baseline Requirements 6.1.5", "NIST SP 800-131A"],
    replacement: "RSA with 2048 bits or more and exponent 65537, or ECDSA P-256",
    why: "Whoever factors the key can pose as its owner and read recorded sessions without forward secrecy.",
};

/// A key whose primes are known or nearly so.
pub const BROKEN_KEY: Rule = Rule {
    id: "CERT-06",
    title: "RSA key made by a broken generator",
    severity_base: 9,
    attack: &["T1557"],
    references: &["CVE-2017-15361", "Heninger et al., Mining your Ps and Qs (2012)"],
    replacement: "a new key from a sound generator, and updated firmware where the key was made",
    why: "Its primes can be computed from the public key alone, so anybody can pose as its owner and read \
          recorded sessions without forward secrecy.",
};

/// A curve that is too small, or a kind of key that is out of use.
pub const WEAK_CURVE: Rule = Rule {
    id: "CERT-07",
    title: "Weak elliptic curve or DSA key",
    severity_base: 6,
    attack: &["T1557"],
    references: &["CA/Browser Forum Baseline Requirements 6.1.5", "RFC 5480 §2.1.1", "FIPS 186-5"],
    replacement: "ECDSA P-256 or P-384",
    why: "Small curves can be broken, curves given by numbers have let forged keys pass, and DSA leaks its key \
          with one bad random number.",
};

/// A hash that can be forged.
pub const WEAK_HASH: Rule = Rule {
    id: "CERT-08",
    title: "Weak certificate signature",
    severity_base: 6,
    attack: &["T1557"],
    references: &["RFC 9155", "RFC 6151", "CA/Browser Forum Baseline Requirements 7.1.3.2"],
    replacement: "a certificate signed with SHA-256",
    why: "Collisions of the hash let an attacker obtain a certificate with other names and the same \
          signature.",
};

/// A key that a quantum computer breaks, in a certificate that outlives the date set for it.
pub const QUANTUM: Rule = Rule {
    id: "CERT-30",
    title: "Certificate outlives its kind of key",
    severity_base: 1,
    attack: &[],
    references: &["NIST IR 8547"],
    replacement: "a shorter life now; a certificate with ML-DSA once clients take it",
    why: "RSA and elliptic curves are to be out of use by 2035, those of 112 bits of strength by 2030, because \
          a quantum computer would forge their signatures.",
};

/// The end of what keys of 112 bits of strength may be used for, and of all that a quantum computer breaks.
const DEPRECATED: &str = "2030-12-31T23:59:59Z";
const DISALLOWED: &str = "2035-12-31T23:59:59Z";

/// What is wrong with the key and the signature of a certificate.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let facts = shown.facts();
    let mut faults = Vec::new();
    faults.extend(rsa(facts).map(|(severity, words)| shown.fault(&WEAK_KEY, severity, words)));
    faults
        .extend(broken(facts, judge).map(|words| shown.fault(&BROKEN_KEY, BROKEN_KEY.severity_base, words)));
    faults.extend(curve(facts).map(|words| shown.fault(&WEAK_CURVE, WEAK_CURVE.severity_base, words)));
    if let Some(severity) = hash_severity(&facts.signature_algorithm)
        && !is_anchor(shown)
    {
        faults.push(shown.fault(&WEAK_HASH, severity, format!("signed with {}", facts.signature_algorithm)));
    }
    if shown.is_leaf() && shown.ours {
        faults.extend(quantum(facts).map(|words| shown.fault(&QUANTUM, QUANTUM.severity_base, words)));
    }
    faults
}

fn rsa(facts: &CertificateFacts) -> Option<(u8, String)> {
    if facts.key_algorithm != "RSA" {
        return None;
    }
    let exponent = |severity, exponent| Some((severity, format!("RSA key with exponent {exponent}")));
    match facts.rsa_exponent {
        // 1 encrypts nothing, and an even one cannot be undone.
        Some(bad) if bad % 2 == 0 || bad == 1 => return exponent(9, bad),
        _ => {}
    }
    match facts.key_bits {
        Some(bits) if bits < 1024 => return Some((9, format!("RSA key of {bits} bits"))),
        Some(bits) if bits < 2048 => {
            return Some((WEAK_KEY.severity_base, format!("RSA key of {bits} bits")));
        }
        _ => {}
    }
    facts.rsa_exponent.filter(|small| *small < 65_537).and_then(|small| exponent(3, small))
}

fn broken(facts: &CertificateFacts, judge: &Judge<'_>) -> Option<String> {
    let modulus = facts.rsa_modulus.as_ref()?;
    if is_roca(modulus) {
        return Some("RSA key with the mark of Infineon's broken generator (ROCA)".to_owned());
    }
    judge
        .primes
        .contains(modulus)
        .then(|| "RSA key that shares a prime with another key seen here".to_owned())
}

fn curve(facts: &CertificateFacts) -> Option<String> {
    match (facts.key_algorithm.as_str(), facts.key_bits) {
        ("EC", _) if facts.unnamed_curve => Some("elliptic curve without a name".to_owned()),
        ("EC", Some(bits)) if bits < 256 => Some(format!("elliptic curve of {bits} bits")),
        ("DSA", _) => Some("DSA key".to_owned()),
        _ => None,
    }
}

fn quantum(facts: &CertificateFacts) -> Option<String> {
    let ends = |date: &str| facts.not_after > date.parse().unwrap_or(Timestamp::MAX);
    let breaks = matches!(facts.key_algorithm.as_str(), "RSA" | "EC" | "DSA" | "Ed25519" | "Ed448");
    // Without an end is a fault of its own.
    if !breaks || facts.not_after == Timestamp::MAX {
        return None;
    }
    let key = facts.key_algorithm.as_str();
    if ends(DISALLOWED) {
        return Some(format!("{key} key, valid beyond 2035"));
    }
    let of_112_bits = facts.key_bits.is_some_and(|bits| match key {
        "RSA" | "DSA" => bits < 3072,
        _ => bits < 256,
    });
    (of_112_bits && ends(DEPRECATED)).then(|| format!("{key} key of 112 bits of strength, valid beyond 2030"))
}

pub(super) fn hash_severity(algorithm: &str) -> Option<u8> {
    let algorithm = algorithm.to_ascii_lowercase();
    let signed_with = |hash: &str| algorithm.starts_with(hash) || algorithm.ends_with(hash);
    if signed_with("md5") || signed_with("md2") {
        Some(9)
    } else if signed_with("sha1") {
        Some(WEAK_HASH.severity_base)
    } else {
        None
    }
}

/// A root is trusted for being known, not for its signature. Old hashes cannot always be verified,
/// so that only a signature that was found wrong speaks against it.
fn is_anchor(shown: &Shown<'_>) -> bool {
    let facts = shown.facts();
    !shown.is_leaf() && facts.is_ca && facts.self_issued && facts.self_signed != Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes() {
        for (algorithm, severity) in [
            ("md2WithRSAEncryption", Some(9)),
            ("md5WithRSAEncryption", Some(9)),
            ("sha1WithRSAEncryption", Some(6)),
            ("sha1WithRSA", Some(6)),
            ("ecdsa-with-SHA1", Some(6)),
            ("dsa-with-SHA1", Some(6)),
            ("sha256WithRSAEncryption", None),
            ("ecdsa-with-SHA512", None),
            ("Ed25519", None),
            ("1.2.3.4", None),
        ] {
            assert_eq!(hash_severity(algorithm), severity, "{algorithm}");
        }
    }
}
