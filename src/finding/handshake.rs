//! What else is wrong with a TLS handshake: keys too short, promises missing, offers lowered.

use super::rule::{Grade, Rule};
use crate::model::TlsPractice;

/// A client that cannot do TLS 1.2.
pub const OLD_CLIENT: Rule = Rule {
    id: "TLS-05",
    title: "TLS client without TLS 1.2",
    severity_base: 4,
    attack: &["T1557"],
    references: &["RFC 9325 §3.1.1", "RFC 8996"],
    replacement: "a client that offers TLS 1.2 or 1.3",
    why: "Servers have to keep old versions open for it, and its own sessions can be broken on the way.",
};

/// Suites without forward secrecy.
pub const NO_FORWARD_SECRECY: Rule = Rule {
    id: "TLS-12",
    title: "TLS without forward secrecy",
    severity_base: 3,
    attack: &["T1040"],
    references: &["RFC 9325 §4.1"],
    replacement: "suites with ECDHE, or TLS 1.3",
    why: "Whoever records sessions and gets the server's key years later reads all of them.",
};

/// CBC suites authenticated before they are encrypted.
pub const MAC_THEN_ENCRYPT: Rule = Rule {
    id: "TLS-13",
    title: "TLS with CBC and without encrypt-then-MAC",
    severity_base: 2,
    attack: &["T1557"],
    references: &["RFC 7366", "CVE-2013-0169"],
    replacement: "AEAD suites (AES-GCM, ChaCha20-Poly1305)",
    why: "Small differences in a server's answers let somebody on the path guess what is inside, unless every \
          implementation is flawless.",
};

/// Small Diffie-Hellman groups.
pub const SMALL_GROUP: Rule = Rule {
    id: "TLS-14",
    title: "TLS with a small Diffie-Hellman group",
    severity_base: 6,
    attack: &["T1557"],
    references: &["RFC 9325 §4.1", "CVE-2015-4000"],
    replacement: "X25519, or ffdhe2048 and larger (RFC 7919)",
    why: "The work to break a group of 1,024 bits is done once for all who use it; smaller ones fall in hours.",
};

/// Weak curves.
pub const WEAK_CURVE: Rule = Rule {
    id: "TLS-15",
    title: "TLS with a weak curve",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 8422 §5.1.1", "NIST SP 800-186"],
    replacement: "X25519 or P-256",
    why: "Its keys are shorter than what is taken for safe, and recorded sessions can be opened later.",
};

/// Compression.
pub const COMPRESSION: Rule = Rule {
    id: "TLS-16",
    title: "TLS compression",
    severity_base: 5,
    attack: &["T1557"],
    references: &["CVE-2012-4929", "RFC 9325 §3.3"],
    replacement: "no compression in TLS",
    why: "The length of what is compressed tells how alike it is, which is enough to guess cookies.",
};

/// No secure renegotiation.
pub const RENEGOTIATION: Rule = Rule {
    id: "TLS-17",
    title: "TLS without secure renegotiation",
    severity_base: 4,
    attack: &["T1557"],
    references: &["RFC 5746", "CVE-2009-3555"],
    replacement: "the renegotiation_info extension, or TLS 1.3",
    why: "Somebody on the path can put words of their own before those of the client.",
};

/// Heartbeat and Heartbleed.
pub const HEARTBEAT: Rule = Rule {
    id: "TLS-18",
    title: "TLS heartbeat",
    severity_base: 3,
    attack: &["T1210"],
    references: &["CVE-2014-0160", "RFC 6520"],
    replacement: "a library without the extension, patched since April 2014",
    why: "Hardly anybody needs it, and in unpatched libraries it hands out the server's memory, keys included.",
};

/// No extended master secret.
pub const MASTER_SECRET: Rule = Rule {
    id: "TLS-19",
    title: "TLS without extended master secret",
    severity_base: 2,
    attack: &["T1557"],
    references: &["RFC 7627", "RFC 9325 §3.5"],
    replacement: "the extended_master_secret extension, or TLS 1.3",
    why: "Two sessions can be made to share one key, which lets somebody in the middle join them.",
};

/// Weak handshake signatures.
pub const WEAK_SIGNATURE: Rule = Rule {
    id: "TLS-20",
    title: "TLS handshake signed with MD5 or SHA-1",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 9155", "CVE-2015-7575"],
    replacement: "SHA-256 or better",
    why: "Two texts with the same hash can be made, so that a signature can be moved to another handshake.",
};

/// A lowered handshake.
pub const DOWNGRADE: Rule = Rule {
    id: "TLS-21",
    title: "TLS agreed on less than both can do",
    severity_base: 7,
    attack: &["T1557"],
    references: &["RFC 8446 §4.1.3", "RFC 7507"],
    replacement: "clients and middleboxes that do not lower the version",
    why: "Somebody on the path, or a broken box, makes both sides use an older version than they would.",
};

/// Early data.
pub const EARLY_DATA: Rule = Rule {
    id: "TLS-22",
    title: "TLS early data",
    severity_base: 2,
    attack: &["T1557"],
    references: &["RFC 8446 §8"],
    replacement: "early data for requests only that may be repeated",
    why: "Whoever recorded the first flight can send it again, and the server may act on it twice.",
};

/// Groups below this many bits can be broken by anybody with a few computers.
const TINY_GROUP_BITS: u16 = 1024;

/// What is wrong with a handshake.
pub const fn grade(practice: TlsPractice) -> Grade {
    match practice {
        TlsPractice::OldClient(_) => of_client(&OLD_CLIENT, OLD_CLIENT.severity_base),
        TlsPractice::Fallback => {
            of_client(&DOWNGRADE, 3).noting(Some("a client tries again with a lower version"))
        }
        TlsPractice::Downgrade => Grade::of(&DOWNGRADE),
        TlsPractice::MacThenEncrypt => Grade::of(&MAC_THEN_ENCRYPT),
        TlsPractice::SmallGroup { bits } if bits < TINY_GROUP_BITS => {
            Grade::with(&SMALL_GROUP, 9).noting(Some("fewer than 1,024 bits"))
        }
        TlsPractice::SmallGroup { .. } => Grade::of(&SMALL_GROUP).noting(Some("fewer than 2,048 bits")),
        TlsPractice::WeakCurve(_) => Grade::of(&WEAK_CURVE),
        TlsPractice::Compression => Grade::of(&COMPRESSION),
        TlsPractice::InsecureRenegotiation => Grade::of(&RENEGOTIATION),
        TlsPractice::Heartbeat => Grade::of(&HEARTBEAT),
        TlsPractice::Heartbleed => Grade::with(&HEARTBEAT, 10)
            .granting_access()
            .noting(Some("an attempt to read memory (Heartbleed)")),
        TlsPractice::NoExtendedMasterSecret => Grade::of(&MASTER_SECRET),
        TlsPractice::WeakSignature { hash: 1 } => Grade::of(&WEAK_SIGNATURE).noting(Some("MD5")),
        TlsPractice::WeakSignature { .. } => Grade::of(&WEAK_SIGNATURE).noting(Some("SHA-1")),
        TlsPractice::EarlyData => Grade::of(&EARLY_DATA),
    }
}

/// What a client offers is the client's fault, and graded as it stands.
const fn of_client(rule: &'static Rule, severity: u8) -> Grade {
    Grade { offered: Some(severity), of_asking_host: true, ..Grade::with(rule, severity) }
}
