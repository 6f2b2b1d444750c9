//! Certificates that say they are for something else, or that say it wrongly.

use super::shown::{Fault, Judge, Shown};
use super::words::date;
use crate::finding::rule::Rule;
use crate::model::{Role, Timestamp};
use crate::query::Anchor;

/// Remote Desktop Authentication: what Windows' own authority issues for terminal servers.
const REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";

/// An authority's certificate, or another purpose.
pub const BAD_USAGE: Rule = Rule {
    id: "CERT-16",
    title: "Certificate used for what it is not for",
    severity_base: 7,
    attack: &["T1557"],
    references: &["RFC 5280 §4.2.1.3", "RFC 5280 §4.2.1.9", "RFC 5280 §4.2.1.12"],
    replacement: "a server certificate with CA=FALSE, digitalSignature and serverAuth",
    why: "Whoever takes the key of an authority's certificate from a server can make certificates for every \
          name; strict clients refuse the others.",
};

/// A client that proves itself by a public certificate.
pub const PUBLIC_CLIENT: Rule = Rule {
    id: "CERT-17",
    title: "Client certificate of a public authority",
    severity_base: 3,
    attack: &[],
    references: &["Chrome Root Program Policy 1.6", "CA/Browser Forum Baseline Requirements 7.1.2.7.10"],
    replacement: "client certificates of your own authority",
    why: "Public authorities stop issuing certificates for clients, so that the next renewal fails; and \
          anybody can buy one of the same authority.",
};

/// A serial number that breaks the rules.
pub const BAD_SERIAL: Rule = Rule {
    id: "CERT-19",
    title: "Bad serial number",
    severity_base: 3,
    attack: &[],
    references: &["RFC 5280 §4.1.2.2", "CA/Browser Forum Baseline Requirements 7.1.2.7"],
    replacement: "a certificate of an authority that gives random serial numbers of 64 bits or more",
    why: "Without a serial number of its own a certificate cannot be revoked, and one that can be guessed helps \
          to forge signatures.",
};

/// A public certificate that no log knows.
pub const NOT_LOGGED: Rule = Rule {
    id: "CERT-25",
    title: "Public certificate without transparency",
    severity_base: 3,
    attack: &["T1557"],
    references: &["RFC 6962", "Chrome Certificate Transparency Policy"],
    replacement: "a certificate with signed timestamps of two logs",
    why: "Browsers refuse it, and nobody would notice that an authority issued it to somebody else.",
};

/// A certificate that cannot be read to its end.
pub const UNREADABLE: Rule = Rule {
    id: "CERT-31",
    title: "Certificate that cannot be read",
    severity_base: 2,
    attack: &[],
    references: &["RFC 5280 §4.1", "X.690"],
    replacement: "a certificate in strict DER with known algorithms",
    why: "What clients and inspection cannot read they either refuse or wave through.",
};

/// Since when browsers ask public certificates for signed timestamps.
const LOGGED_SINCE: &str = "2018-04-30T00:00:00Z";

/// Bytes of the longest serial number, and of the shortest that a public authority may give: 64 bits.
const SERIAL_LEN_MAX: usize = 20;
const SERIAL_LEN_MIN: usize = 8;

/// What is wrong with what a certificate says it is for, and with how it says it.
pub(super) fn faults(shown: &Shown<'_>, _: &Judge<'_>) -> Vec<Fault> {
    let found =
        [unreadable(shown), bad_usage(shown), public_client(shown), bad_serial(shown), not_logged(shown)];
    found.into_iter().flatten().collect()
}

fn unreadable(shown: &Shown<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let unknown = |algorithm: &str| algorithm.starts_with(|first: char| first.is_ascii_digit());
    let words = match &facts.problem {
        Some(problem) => problem.clone(),
        None if unknown(&facts.key_algorithm) => format!("key of an unknown kind ({})", facts.key_algorithm),
        None if unknown(&facts.signature_algorithm) => {
            format!("signed by an unknown algorithm ({})", facts.signature_algorithm)
        }
        None => return None,
    };
    Some(shown.fault(&UNREADABLE, UNREADABLE.severity_base, words))
}

fn bad_usage(shown: &Shown<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let extensions = &facts.extensions;
    if !shown.is_server() {
        return None;
    }
    // OpenSSL marks what it signs with its own key as an authority: CERT-04 says all there is to say.
    let (severity, words) = if facts.is_ca && facts.self_signed == Some(false) {
        (BAD_USAGE.severity_base, "an authority's own certificate".to_owned())
    } else if !extensions.allows("serverAuth") && !extensions.allows(REMOTE_DESKTOP) {
        let purposes = extensions.purposes.as_deref().unwrap_or_default().join(", ");
        (4, format!("not for servers, but for {purposes}"))
    } else if extensions
        .usage
        .is_some_and(|usage| !usage.signature && !usage.encipherment && !usage.agreement)
    {
        (3, "its key may neither sign nor agree on keys".to_owned())
    } else {
        return None;
    };
    Some(shown.fault(&BAD_USAGE, severity, words))
}

fn public_client(shown: &Shown<'_>) -> Option<Fault> {
    let purposes = shown.facts().extensions.purposes.as_ref()?;
    let client = shown.is_leaf() && shown.seen.place.role == Role::Client;
    let public = shown.verdict.anchor == Some(Anchor::Public);
    let listed = purposes.iter().any(|purpose| purpose == "clientAuth");
    let words = || "of a public authority, for clients".to_owned();
    (client && public && listed).then(|| shown.fault(&PUBLIC_CLIENT, PUBLIC_CLIENT.severity_base, words()))
}

fn bad_serial(shown: &Shown<'_>) -> Option<Fault> {
    let facts = shown.facts();
    if !shown.is_leaf() || !shown.ours || facts.serial_len == 0 {
        return None;
    }
    let words = if !facts.serial_positive {
        "serial number not above zero".to_owned()
    } else if facts.serial_len > SERIAL_LEN_MAX {
        format!("serial number of {} bytes", facts.serial_len)
    } else if shown.verdict.anchor == Some(Anchor::Public) && facts.serial_len < SERIAL_LEN_MIN {
        format!("serial number of {} bytes from a public authority", facts.serial_len)
    } else {
        return None;
    };
    Some(shown.fault(&BAD_SERIAL, BAD_SERIAL.severity_base, words))
}

/// Timestamps could also come in the handshake, which hardly any server does.
fn not_logged(shown: &Shown<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let since = LOGGED_SINCE.parse().unwrap_or(Timestamp::MAX);
    let public = shown.is_server() && shown.verdict.anchor == Some(Anchor::Public);
    let missing = public && !facts.extensions.logged && facts.not_before >= since;
    let words =
        || format!("issued {} by a public authority, without signed timestamps", date(facts.not_before));
    missing.then(|| shown.fault(&NOT_LOGGED, NOT_LOGGED.severity_base, words()))
}
