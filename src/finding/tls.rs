//! Old versions and weak cipher suites (TLS).

use smallvec::SmallVec;

use super::handshake::NO_FORWARD_SECRECY;
use super::rule::{Grade, Rule};
use crate::model::TlsVersion;
use crate::model::suites::{self, SuiteClasses};

const OLD_VERSION: &str = "Somebody on the path can break the session's protection by attacks known for years, \
                           and then read or change what passes.";

/// SSL 2.0.
pub const SSL2: Rule = Rule {
    id: "TLS-01",
    title: "SSL 2.0 negotiated",
    severity_base: 9,
    attack: &["T1557"],
    references: &["RFC 6176", "CVE-2016-0800", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "TLS 1.3",
    why: "Sessions are easily broken, and a server that still answers SSL 2.0 lets an attacker decrypt newer \
          sessions that use the same key.",
};

/// SSL 3.0.
pub const SSL3: Rule = Rule {
    id: "TLS-02",
    title: "SSL 3.0 negotiated",
    severity_base: 8,
    attack: &["T1557"],
    references: &["RFC 7568", "CVE-2014-3566", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "TLS 1.2 or newer",
    why: "Somebody on the path can guess session cookies and passwords byte by byte.",
};

/// TLS 1.0.
pub const TLS10: Rule = Rule {
    id: "TLS-03",
    title: "TLS 1.0 negotiated",
    severity_base: 6,
    attack: &["T1557"],
    references: &["RFC 8996", "PCI DSS 4.2.1"],
    replacement: "TLS 1.2 or newer",
    why: OLD_VERSION,
};

/// TLS 1.1.
pub const TLS11: Rule = Rule {
    id: "TLS-04",
    title: "TLS 1.1 negotiated",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 8996", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "TLS 1.2 or newer",
    why: OLD_VERSION,
};

/// Suites without encryption.
pub const NULL: Rule = Rule {
    id: "TLS-06",
    title: "TLS without encryption",
    severity_base: 9,
    attack: &["T1040"],
    references: &["RFC 9325 §4.1", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "AEAD suites (AES-GCM, ChaCha20-Poly1305)",
    why: "It looks like TLS, but anybody on the path reads everything.",
};

/// Export suites.
pub const EXPORT: Rule = Rule {
    id: "TLS-07",
    title: "TLS export cipher suite",
    severity_base: 9,
    attack: &["T1557"],
    references: &["CVE-2015-0204", "CVE-2015-4000", "RFC 9325 §4.1"],
    replacement: "AEAD suites with ECDHE",
    why: "The key is so short that anybody who records the session finds it within hours.",
};

/// Anonymous key exchange.
pub const ANONYMOUS: Rule = Rule {
    id: "TLS-08",
    title: "TLS with nobody authenticated",
    severity_base: 8,
    attack: &["T1557"],
    references: &["RFC 9325 §4.1", "RFC 5246 §F.1.1.1"],
    replacement: "suites with an authenticated key exchange",
    why: "The server proves nothing, so somebody on the path can pose as it and read and change everything.",
};

/// RC4.
pub const RC4: Rule = Rule {
    id: "TLS-09",
    title: "TLS with RC4",
    severity_base: 7,
    attack: &["T1040"],
    references: &["RFC 7465", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "AEAD suites (AES-GCM, ChaCha20-Poly1305)",
    why: "RC4's output is biased, so that who records many sessions recovers cookies and passwords.",
};

/// DES, IDEA, RC2.
pub const DES: Rule = Rule {
    id: "TLS-10",
    title: "TLS with DES, IDEA or RC2",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 5469", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "AEAD suites (AES-GCM, ChaCha20-Poly1305)",
    why: "A DES key is found by trying them all for a few dollars; IDEA and RC2 have blocks so short that \
          long sessions leak.",
};

/// Triple DES.
pub const TRIPLE_DES: Rule = Rule {
    id: "TLS-11",
    title: "TLS with Triple DES",
    severity_base: 5,
    attack: &["T1040"],
    references: &["CVE-2016-2183", "NIST SP 800-131A", "NSA Eliminating Obsolete TLS (2021)"],
    replacement: "AEAD suites (AES-GCM, ChaCha20-Poly1305)",
    why: "Its blocks are so short that who records a long session recovers cookies from it.",
};

/// DTLS 1.0.
pub const DTLS10: Rule = Rule {
    id: "TLS-23",
    title: "DTLS 1.0 negotiated",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 8996"],
    replacement: "DTLS 1.2 or 1.3",
    why: OLD_VERSION,
};

/// A client that lists SSL 2.0 ciphers in a hello that asks for something newer only keeps company
/// with very old servers; the catalogue gives it 2, not the usual four less.
const SSL2_OFFERED: u8 = 2;

/// Mail servers encrypt to whomever they meet: without authentication is still better than in clear.
const ANONYMOUS_MAIL: u8 = 4;

/// What is wrong with a version.
pub const fn version(version: TlsVersion) -> Option<Grade> {
    Some(match version {
        TlsVersion::Ssl2 => Grade { offered: Some(SSL2_OFFERED), ..Grade::of(&SSL2) },
        TlsVersion::Ssl3 => Grade::of(&SSL3),
        TlsVersion::Tls10 => Grade::of(&TLS10),
        TlsVersion::Tls11 => Grade::of(&TLS11),
        TlsVersion::Dtls10 => Grade::of(&DTLS10),
        TlsVersion::Tls12 | TlsVersion::Tls13 | TlsVersion::Dtls12 | TlsVersion::Dtls13 => return None,
    })
}

/// What is wrong with a suite (IANA number): several things may be. `protocol` is what the service
/// speaks inside or before TLS.
pub fn suite(code: u16, protocol: Option<&str>) -> SmallVec<[Grade; 2]> {
    let classes = suites::classes(code);
    let anonymous = match protocol {
        Some("smtp") => Grade::with(&ANONYMOUS, ANONYMOUS_MAIL),
        _ => Grade::of(&ANONYMOUS),
    };
    // Export suites with DES or RC2 are worse for being short than for the cipher: one finding.
    let des = classes.contains(SuiteClasses::DES) && !classes.contains(SuiteClasses::EXPORT);
    [
        (classes.contains(SuiteClasses::NULL), Grade::of(&NULL)),
        (classes.contains(SuiteClasses::EXPORT), Grade::of(&EXPORT)),
        (classes.contains(SuiteClasses::ANON), anonymous),
        (classes.contains(SuiteClasses::RC4), Grade::of(&RC4)),
        (des, Grade::of(&DES)),
        (classes.contains(SuiteClasses::TRIPLE_DES), Grade::of(&TRIPLE_DES)),
        // Of a suite that can be broken today, what a key lets read later is no news.
        (classes.contains(SuiteClasses::NO_PFS) && !classes.is_broken(), Grade::of(&NO_FORWARD_SECRECY)),
    ]
    .into_iter()
    .filter(|(holds, _)| *holds)
    .map(|(_, grade)| grade.noting(suites::name(code)))
    .collect()
}
