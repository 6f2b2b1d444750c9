//! What certificates have in common that should have nothing: a key, or a serial number.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::shown::{Fault, Judge, Shown};
use super::words::{count, short};
use crate::finding::rule::Rule;
use crate::graph::{Certificate, CertificateSeen, Snapshot};
use crate::model::{HostKey, Mac, Nanos, Role};

/// Two certificates of one authority with one number.
pub const SAME_SERIAL: Rule = Rule {
    id: "CERT-18",
    title: "Serial number given twice",
    severity_base: 8,
    attack: &["T1557", "T1588.004"],
    references: &["RFC 5280 §4.1.2.2"],
    replacement: "two new certificates, and a look at how the authority gives numbers",
    why: "No authority does that on purpose: it is broken, or its key was used by somebody else; and neither \
          certificate can be revoked alone.",
};

/// One key on several hosts.
pub const SAME_KEY: Rule = Rule {
    id: "CERT-20",
    title: "Key shared by several hosts",
    severity_base: 5,
    attack: &["T1557"],
    references: &["NIST SP 800-57 part 1 §5.2"],
    replacement: "a key for each host, made there",
    why: "Whoever takes the key from one host can pose as all of them; keys that came with a disk image or a \
          device are often public.",
};

/// Severity where the key is in certificates of different subjects, and where it outlives renewals.
const OTHER_SUBJECT: u8 = 6;
const NEVER_CHANGED: u8 = 2;

const TWO_YEARS: Nanos = 730 * 86_400_000_000_000;

/// Certificates that are compared, of those with one key or one number: each with each.
const SHARING_MAX: usize = 256;

/// Hosts that are told by name.
const HOSTS_TOLD_MAX: usize = 3;

/// A server that presented a certificate of its own.
struct Presented<'a> {
    certificate: &'a Certificate,
    seen: &'a CertificateSeen,
    /// The host, or another address of the same machine.
    machine: HostKey,
    ours: bool,
}

/// Servers by key, certificates by number, hosts by certificate.
pub(super) struct Kinship<'a> {
    keys: BTreeMap<&'a str, Vec<Presented<'a>>>,
    numbers: BTreeMap<(&'a [u8], &'a str), Vec<&'a Certificate>>,
    hosts: BTreeMap<&'a str, BTreeSet<HostKey>>,
}

impl<'a> Kinship<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let machines = machines(snapshot);
        let mut found = Kinship { keys: BTreeMap::new(), numbers: BTreeMap::new(), hosts: BTreeMap::new() };
        for certificate in &snapshot.certificates {
            let facts = &certificate.facts;
            // Of self-issued ones the name says nothing of who gave the number.
            if !facts.self_issued && !facts.issuer_der.is_empty() {
                let numbered = found.numbers.entry((&facts.issuer_der, &facts.serial)).or_default();
                if numbered.len() < SHARING_MAX {
                    numbered.push(certificate);
                }
            }
            for seen in &certificate.seen {
                let (host, role) = (seen.place.service.host, seen.place.role);
                if role != Role::Server || seen.place.position != 0 || facts.spki_sha256.is_empty() {
                    continue;
                }
                let machine = machines.get(&host).copied().unwrap_or(host);
                let ours = snapshot.host(&host).is_some_and(|host| host.internal);
                let presented = Presented { certificate, seen, machine, ours };
                let sharing = found.keys.entry(&facts.spki_sha256).or_default();
                if sharing.len() < SHARING_MAX {
                    sharing.push(presented);
                }
                found.hosts.entry(&facts.sha256).or_default().insert(machine);
            }
        }
        found
    }

    /// How many machines serve a certificate.
    pub(super) fn hosts_serving(&self, sha256: &str) -> usize {
        self.hosts.get(sha256).map_or(0, BTreeSet::len)
    }

    fn sharing(&self, shown: &Shown<'_>) -> &[Presented<'a>] {
        self.keys.get(shown.facts().spki_sha256.as_str()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Addresses of one machine, by its network card, as the first of them. A router's card has many addresses
/// behind it and says nothing.
fn machines(snapshot: &Snapshot) -> BTreeMap<HostKey, HostKey> {
    let mut first: BTreeMap<Mac, HostKey> = BTreeMap::new();
    let mut machines = BTreeMap::new();
    for host in snapshot.hosts.iter().filter(|host| !host.roles.contains("router")) {
        let known = host.macs.iter().find_map(|mac| first.get(mac)).copied().unwrap_or(host.key);
        host.macs.iter().for_each(|mac| {
            first.entry(*mac).or_insert(known);
        });
        machines.insert(host.key, known);
    }
    machines
}

/// What a certificate has in common with others.
pub(super) fn faults(shown: &Shown<'_>, judge: &Judge<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(same_serial(shown, &judge.kinship));
    if shown.is_server() && shown.ours {
        faults.extend(same_key(shown, &judge.kinship));
    }
    faults
}

fn same_serial(shown: &Shown<'_>, kinship: &Kinship<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let issued = kinship.numbers.get(&(&*facts.issuer_der, facts.serial.as_str()))?;
    // Two authorities may have one name; then their keys differ.
    let key = &facts.extensions.authority_key;
    let other = issued.iter().find(|other| {
        let same_key = key.as_ref().zip(other.facts.extensions.authority_key.as_ref());
        other.facts.sha256 != facts.sha256 && same_key.is_none_or(|(one, other)| one == other)
    })?;
    let words = format!("serial number {} is also that of {}", facts.serial, short(&other.facts.subject));
    Some(shown.fault(&SAME_SERIAL, SAME_SERIAL.severity_base, words))
}

fn same_key(shown: &Shown<'_>, kinship: &Kinship<'_>) -> Option<Fault> {
    let facts = shown.facts();
    let sharing = kinship.sharing(shown);
    let own = sharing.iter().find(|one| one.seen.place.service == shown.seen.place.service)?.machine;
    let others: Vec<&Presented<'_>> = sharing.iter().filter(|one| one.ours && one.machine != own).collect();
    let strangers: Vec<&&Presented<'_>> = others.iter().filter(|other| !is_pool(shown, other)).collect();
    if strangers.is_empty() {
        return never_changed(shown, sharing);
    }
    let other_subject = strangers.iter().any(|one| one.certificate.facts.subject_der != facts.subject_der);
    // A wildcard certificate is there to be shared, and CERT-21 counts by how many.
    if !other_subject && facts.san.iter().any(|name| name.starts_with("*.")) {
        return None;
    }
    let hosts: BTreeSet<HostKey> = strangers.iter().map(|one| one.seen.place.service.host).collect();
    let mut words = String::from("its key is also that of ");
    let told: Vec<String> = hosts.iter().take(HOSTS_TOLD_MAX).map(ToString::to_string).collect();
    words.push_str(&told.join(", "));
    if let Some(more) = hosts.len().checked_sub(HOSTS_TOLD_MAX).filter(|more| *more > 0) {
        words.push_str(&format!(" and {more} more"));
    }
    let severity = if other_subject { OTHER_SUBJECT } else { SAME_KEY.severity_base };
    Some(shown.fault(&SAME_KEY, severity, words))
}

/// The same certificate, at the same port, asked for by the same name: one service on several hosts.
fn is_pool(shown: &Shown<'_>, other: &Presented<'_>) -> bool {
    let names = |certificate: &Certificate, at: &CertificateSeen| -> BTreeSet<CompactString> {
        let there = certificate.seen.iter().filter(|seen| seen.place.service == at.place.service);
        there.filter_map(|seen| seen.place.sni.clone()).collect()
    };
    shown.facts().sha256 == other.certificate.facts.sha256
        && shown.seen.place.service.port == other.seen.place.service.port
        && !names(shown.certificate, shown.seen).is_disjoint(&names(other.certificate, other.seen))
}

/// One service renewed its certificate, and kept the key.
fn never_changed(shown: &Shown<'_>, sharing: &[Presented<'_>]) -> Option<Fault> {
    let facts = shown.facts();
    let here = sharing.iter().filter(|one| one.seen.place.service == shown.seen.place.service);
    let first = here.map(|one| one.certificate.facts.not_before).min()?;
    let age = facts.not_before - first;
    let words = || format!("renewed with the same key for {}", count(age / (TWO_YEARS / 730), "day"));
    (age > TWO_YEARS).then(|| shown.fault(&SAME_KEY, NEVER_CHANGED, words()))
}
