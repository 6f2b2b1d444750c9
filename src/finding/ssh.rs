//! SSH by what both sides agreed on.

use super::rule::{Grade, Rule};
use crate::model::SshPractice;

/// Protocol 1.
pub const VERSION_1: Rule = Rule {
    id: "ADM-04",
    title: "SSH protocol 1",
    severity_base: 9,
    attack: &["T1021.004", "T1557"],
    references: &["RFC 4253 §5", "CVE-2001-0361"],
    replacement: "SSH protocol 2 only",
    why: "Somebody on the path can find the session's key, read the password and type commands of their own.",
};

/// Weak key exchange.
pub const KEY_EXCHANGE: Rule = Rule {
    id: "ADM-05",
    title: "SSH with a weak key exchange",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 9142"],
    replacement: "mlkem768x25519-sha256 or curve25519-sha256",
    why: "Its group or hash is too small, so that recorded sessions can be opened later.",
};

/// Weak cipher or MAC.
pub const CIPHER: Rule = Rule {
    id: "ADM-06",
    title: "SSH with a weak cipher or MAC",
    severity_base: 5,
    attack: &["T1040"],
    references: &["RFC 8758", "RFC 9142"],
    replacement: "AES-GCM, or AES-CTR with an encrypt-then-MAC",
    why: "What passes can be guessed in part or changed unnoticed by somebody who sees enough of it.",
};

/// Weak host key.
pub const HOST_KEY: Rule = Rule {
    id: "ADM-07",
    title: "SSH with a weak host key",
    severity_base: 4,
    attack: &["T1557"],
    references: &["RFC 8332", "RFC 9142"],
    replacement: "an Ed25519 host key, or RSA of 3,072 bits signed with SHA-2",
    why: "Who can forge the key poses as the server and takes the passwords of all who log in.",
};

/// Terrapin.
pub const TERRAPIN: Rule = Rule {
    id: "ADM-08",
    title: "SSH open to cut messages (Terrapin)",
    severity_base: 3,
    attack: &["T1557"],
    references: &["CVE-2023-48795"],
    replacement: "a version with strict key exchange on both sides",
    why: "Somebody on the path can drop the first encrypted messages unnoticed, and with them protections \
          that they would have switched on.",
};

/// What is wrong with a handshake.
pub const fn grade(practice: SshPractice) -> Grade {
    match practice {
        SshPractice::Version1 => Grade::of(&VERSION_1).granting_access(),
        // Being capable costs two, and the catalogue gives it six.
        SshPractice::BothVersions => Grade::with(&VERSION_1, 8).noting(Some("kept beside protocol 2")),
        SshPractice::KeyExchange => Grade::of(&KEY_EXCHANGE),
        SshPractice::Cipher => Grade::of(&CIPHER),
        SshPractice::NoCipher => {
            Grade::with(&CIPHER, 9).granting_access().noting(Some("nothing is encrypted"))
        }
        SshPractice::Mac => Grade::of(&CIPHER).noting(Some("weak MAC")),
        SshPractice::HostKey => Grade::of(&HOST_KEY),
        SshPractice::SmallHostKey { .. } => {
            Grade::with(&HOST_KEY, 6).noting(Some("an RSA key of fewer than 2,048 bits"))
        }
        SshPractice::Terrapin => Grade::of(&TERRAPIN),
    }
}
