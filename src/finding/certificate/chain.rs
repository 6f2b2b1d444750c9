//! Who vouches for a certificate, and whether it was sent with what clients need to see that.

use super::reputation::{distrusted, vendor_default};
use super::shown::{Fault, Judge, Shown};
use super::words::{looks_public, short};
use crate::finding::rule::Rule;
use crate::graph::{Certificate, CertificateSeen};
use crate::query::{Anchor, Doubt};

/// A certificate signed by nobody else.
pub const SELF_SIGNED: Rule = Rule {
    id: "CERT-04",
    title: "Self-signed certificate",
    severity_base: 5,
    attack: &["T1557"],
    references: &["RFC 5280 §6.1", "NIST SP 1800-16"],
    replacement: "a certificate of your own or a public authority",
    why: "Anybody can make one with the same names, so clients that accept it cannot tell an impostor on the \
          path from the server.",
};

/// A chain that does not reach a root.
pub const INCOMPLETE: Rule = Rule {
    id: "CERT-13",
    title: "Incomplete certificate chain",
    severity_base: 4,
    attack: &[],
    references: &["RFC 5246 §7.4.2", "RFC 8446 §4.4.2"],
    replacement: "the server's full chain: its certificate and every intermediate authority's",
    why: "Browsers fill the gap from memory, but programs, agents and devices refuse the server, now and then \
          and hard to explain.",
};

/// A chain with something missing its place.
pub const DISORDER: Rule = Rule {
    id: "CERT-14",
    title: "Certificate chain out of order, or too long",
    severity_base: 2,
    attack: &[],
    references: &["RFC 5246 §7.4.2", "RFC 8446 §4.4.2"],
    replacement: "the server's certificate first, then each authority's behind the one that it signed, no root",
    why: "Strict clients refuse it, and every handshake carries bytes that nobody needs.",
};

/// A maker's certificate.
pub const VENDOR_DEFAULT: Rule = Rule {
    id: "CERT-22",
    title: "Certificate as the maker shipped it",
    severity_base: 6,
    attack: &["T1557", "T1078.001"],
    references: &["NIST SP 800-52r2 §3.2", "CWE-321"],
    replacement: "a certificate of your own authority",
    why: "Many devices of one kind have the same key, which is in their public firmware; and where the \
          certificate was left as it was, the password often was too.",
};

/// An authority that the operator has not named.
pub const UNKNOWN_AUTHORITY: Rule = Rule {
    id: "CERT-28",
    title: "Certificate of an unknown private authority",
    severity_base: 3,
    attack: &[],
    references: &["RFC 5280 §6.1", "NIST SP 1800-16"],
    replacement: "a certificate of an authority that you run, or that authority in the bundle of known ones",
    why: "Somebody runs an authority that nobody has named: a service beside the rules, or an interception.",
};

/// An authority that browsers have thrown out.
pub const DISTRUSTED: Rule = Rule {
    id: "CERT-29",
    title: "Certificate of a distrusted authority",
    severity_base: 6,
    attack: &["T1557"],
    references: &["Mozilla CA distrust notices", "Chrome Root Program"],
    replacement: "a certificate of another public authority",
    why: "The authority gave certificates to those who should not have had them, or could not show that it did \
          not; browsers refuse what it issued since.",
};

/// Severity of a certificate that the operator has named one by one.
const PINNED: u8 = 2;

/// Places that the map keeps of one certificate: where there are so many, some may be missing.
const PLACES_MAX: usize = 64;

/// What is wrong with a chain, told of the leaf that it was sent for.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !shown.is_leaf() {
        return faults;
    }
    let facts = shown.facts();
    if facts.self_signed == Some(true) {
        let pinned = shown.certificate.imported || judge.chains.authorities().is_named(&facts.sha256);
        let severity = if pinned { PINNED } else { SELF_SIGNED.severity_base };
        let words =
            if facts.is_ca { "self-signed, and may issue certificates itself" } else { "self-signed" };
        faults.push(shown.fault(&SELF_SIGNED, severity, words.to_owned()));
    }
    if let Some(maker) = vendor_default(facts).filter(|_| !of_browsers(shown)) {
        let words = format!("as shipped with {maker}");
        faults.push(shown.fault(&VENDOR_DEFAULT, VENDOR_DEFAULT.severity_base, words));
    }
    if let Some((authority, since)) = distrusted(facts, shown.moments.shown) {
        let words = format!("issued by {authority}, which browsers distrust since {since}");
        faults.push(shown.fault(&DISTRUSTED, DISTRUSTED.severity_base, words));
    }
    faults.extend(unknown(shown, judge));
    if shown.is_server() && shown.ours {
        faults.extend(incomplete(shown, judge));
        faults.extend(disorder(shown, judge));
    }
    faults
}

/// Makers have public certificates too, for what they run themselves.
fn of_browsers(shown: &Shown<'_>) -> bool {
    shown.verdict.anchor == Some(Anchor::Public) || looks_public(shown.facts())
}

/// Nobody is unknown where nobody was named, nor elsewhere: others trust whom they like.
fn unknown(shown: &Shown<'_>, judge: &Judge<'_>) -> Option<Fault> {
    let stranger = matches!(shown.verdict.why, Some(Doubt::UnknownAuthority | Doubt::Incomplete));
    let named = judge.chains.authorities().are_named();
    let words = || format!("issued by {}", short(&shown.facts().issuer));
    (shown.ours && named && stranger && !looks_public(shown.facts()))
        .then(|| shown.fault(&UNKNOWN_AUTHORITY, UNKNOWN_AUTHORITY.severity_base, words()))
}

/// Servers leave the root out, so that a chain that ends at an unseen name may well be whole. Something is
/// missing where the certificate is a public one and no root has that name, or where its issuer was seen
/// elsewhere and is no root.
fn incomplete(shown: &Shown<'_>, judge: &Judge<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let party = (shown.seen.place.service, shown.seen.place.role);
    let here = |issuer: &&Certificate| {
        issuer.seen.len() >= PLACES_MAX
            || issuer.seen.iter().any(|seen| (seen.place.service, seen.place.role) == party)
    };
    let issuers: Vec<&Certificate> = judge.chains.issuers(facts).collect();
    if facts.self_issued
        || judge.chains.authorities().is_known_name(&facts.issuer_der)
        || issuers.iter().any(here)
    {
        return None;
    }
    let elsewhere = issuers
        .iter()
        .any(|issuer| !issuer.facts.self_issued && facts.is_signed_by(&issuer.facts) == Some(true));
    let missing = elsewhere || looks_public(facts) && issuers.is_empty();
    let words = || format!("sent without its issuer, {}", short(&facts.issuer));
    missing.then(|| shown.fault(&INCOMPLETE, INCOMPLETE.severity_base, words()))
}

/// The order of what was sent, where only one chain can have been.
fn disorder(shown: &Shown<'_>, judge: &Judge<'_>) -> Option<Fault> {
    let chain = sent(shown, judge.beside(shown.seen))?;
    let facts = |place: usize| chain.get(place).map(|certificate| &certificate.facts);
    let issued = |of: usize, by: usize| {
        facts(of).zip(facts(by)).is_some_and(|(of, by)| of.issuer_der == by.subject_der)
    };
    for place in 1..chain.len() {
        if issued(place - 1, place) {
            continue;
        }
        let name = facts(place).map(|facts| short(&facts.subject)).unwrap_or_default();
        let elsewhere = (0..chain.len()).any(|of| of != place && issued(of, place));
        let how = if elsewhere { "out of order" } else { "of no use" };
        let words = format!("sent with {name}, {how}");
        return Some(shown.fault(&DISORDER, DISORDER.severity_base, words));
    }
    let (last, root) = (chain.len().checked_sub(1)?, facts(chain.len().checked_sub(1)?)?);
    let words = || format!("sent with its root, {}", short(&root.subject));
    (last > 0 && root.self_issued && root.is_ca).then(|| shown.fault(&DISORDER, 1, words()))
}

/// The chain that was sent with a leaf; none where it cannot be told which it was.
fn sent<'a>(
    shown: &Shown<'_>,
    beside: &[(&'a Certificate, &'a CertificateSeen)],
) -> Option<Vec<&'a Certificate>> {
    let sni = &shown.seen.place.sni;
    let here = beside.iter().filter(|(_, seen)| seen.place.sni == *sni);
    let mut chain: Vec<(u8, &Certificate)> =
        here.map(|(certificate, seen)| (seen.place.position, *certificate)).collect();
    chain.sort_by_key(|(position, _)| *position);
    let whole = chain.iter().zip(0..).all(|((position, _), place)| *position == place);
    whole.then(|| chain.into_iter().map(|(_, certificate)| certificate).collect())
}
