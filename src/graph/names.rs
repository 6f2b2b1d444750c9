//! Which names are whose, and which of them tell most.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::delta::{Delta, Named};
use super::snapshot::Name;
use crate::model::{HostKey, Mac, NameSource, Span};

/// Names told of one host. Where there are more, those of the most telling sources stay, and of one
/// source those seen earliest.
const NAMES_OF_A_HOST_MAX: usize = 64;

/// Which source's name tells a person most.
pub fn rank(name: &Name) -> u8 {
    match name.source {
        None => 0,
        Some(NameSource::Dhcp) => 1,
        Some(NameSource::Ntlm | NameSource::Kerberos) => 2,
        Some(NameSource::Dns) => 3,
        Some(NameSource::Mdns | NameSource::Lldp | NameSource::Cdp) => 4,
        Some(NameSource::Llmnr | NameSource::Nbns | NameSource::Smb) => 5,
        Some(NameSource::Sni | NameSource::HttpHost) => 6,
        Some(NameSource::Certificate) => 7,
    }
}

/// Names by host. Names of a machine without an address go to the addresses it leased.
pub fn names(delta: &mut Delta, hosts: &BTreeSet<HostKey>) -> (BTreeMap<HostKey, Vec<Name>>, usize) {
    let mut leased: BTreeMap<Mac, BTreeSet<HostKey>> = BTreeMap::new();
    for (mac, host) in delta.leases.keys().chain(delta.bindings.keys()) {
        leased.entry(*mac).or_default().insert(*host);
    }
    let mut spans: BTreeMap<HostKey, BTreeMap<(NameSource, CompactString), Span>> = BTreeMap::new();
    let mut mentioned: BTreeSet<HostKey> = BTreeSet::new();
    for ((named, source, name), span) in std::mem::take(&mut delta.names) {
        let one;
        let of = match named {
            Named::Host(host) => {
                one = BTreeSet::from([host]);
                &one
            }
            Named::Mac(mac) => match leased.get(&mac) {
                Some(hosts) => hosts,
                None => continue,
            },
        };
        for host in of {
            if hosts.contains(host) {
                let known = spans.entry(*host).or_default();
                known.entry((source, name.clone())).and_modify(|known| known.join(span)).or_insert(span);
            } else {
                mentioned.insert(*host);
            }
        }
    }
    let mut dropped = 0;
    let names = spans.into_iter().map(|(host, spans)| {
        let mut names: Vec<Name> = spans
            .into_iter()
            .map(|((source, name), span)| Name { name, source: Some(source), span: Some(span) })
            .collect();
        dropped += names.len().saturating_sub(NAMES_OF_A_HOST_MAX);
        names.sort_by(|one, other| (rank(one), one.span, one).cmp(&(rank(other), other.span, other)));
        names.truncate(NAMES_OF_A_HOST_MAX);
        (host, names)
    });
    let names = names.collect();
    delta.dropped.names += dropped as u64;
    (names, mentioned.len())
}
