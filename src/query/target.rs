//! What a question is about: the words of the command line become hosts and services of a snapshot.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::atlas::Atlas;
use super::machine::Machines;
use super::tenure::{Turn, holder, turns};
use crate::graph::Host;
use crate::model::{Address, Timestamp};

/// Neighbours named where a target was never seen.
const NEAREST_MAX: usize = 3;

/// Candidates named where a name is ambiguous.
const CANDIDATES_MAX: usize = 8;

/// What may be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address, in whatever realms it was seen.
    Address(Address),
    /// Whoever held an address at a moment.
    AddressAt(Address, Timestamp),
    /// A port of an address or name.
    Port(Box<Target>, u16),
    /// A name seen on the wire, or given by the operator.
    Name(String),
    /// All hosts of a network.
    Network(IpNet),
    /// All hosts with a label of the operator.
    Label(String),
    /// All hosts with a role.
    Role(String),
    /// A host's or service's id as reports write it (`vxlan:5/10.0.0.1`, `10.0.0.1:80/tcp`).
    Id(String),
}

/// Why a text is no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// The moment has no zone, or is none.
    #[error("{0}")]
    Moment(#[from] crate::model::TimestampError),
    /// The network names a host.
    #[error("`{0}` names a host inside a network; write `{1}` for the network, or the address alone")]
    HostBits(String, IpNet),
    /// It looks like a network and is none.
    #[error("`{0}` is no network; write one such as 10.3.0.0/24")]
    Network(String),
    /// A time for something that is no address.
    #[error("`{0}`: only an address can be asked for at a time, such as 10.2.0.17@2026-03-14T10:04:00Z")]
    TimeOfWhat(String),
    /// Nothing was said.
    #[error("the target is empty; name an address, host:port, name, network, label:NAME or role:NAME")]
    Empty,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some(label) = text.strip_prefix("label:") {
            return Ok(Target::Label(label.to_owned()));
        }
        if let Some(role) = text.strip_prefix("role:") {
            return Ok(Target::Role(role.to_owned()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Target::Address(ip.into()));
        }
        if let Some((address, moment)) = text.split_once('@') {
            let ip: IpAddr = address.parse().map_err(|_| TargetError::TimeOfWhat(text.to_owned()))?;
            return Ok(Target::AddressAt(ip.into(), moment.parse()?));
        }
        if let Some((host, _)) = text.split_once('/')
            && host.parse::<IpAddr>().is_ok()
        {
            let network: IpNet = text.parse().map_err(|_| TargetError::Network(text.to_owned()))?;
            return match network.trunc() == network {
                true => Ok(Target::Network(network)),
                false => Err(TargetError::HostBits(text.to_owned(), network.trunc())),
            };
        }
        if text.contains('/') {
            return Ok(Target::Id(text.to_owned()));
        }
        if let Some((host, port)) = text.rsplit_once(':')
            && let Ok(port) = port.parse()
        {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            return Ok(Target::Port(Box::new(bare.parse()?), port));
        }
        Ok(Target::Name(text.trim_end_matches('.').to_lowercase()))
    }
}

/// What a target turned out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Places of its hosts, ascending. Of a service: its host's.
    pub hosts: Vec<u32>,
    /// Places of its services, where a port was named; else none: the hosts as a whole are meant.
    pub services: Vec<u32>,
    /// The moment that was named.
    pub at: Option<Timestamp>,
    /// Whose turn at the address it was at that moment, where the link layer told.
    pub turn: Option<Turn>,
}

/// Why a target is not on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Never seen. With the hosts that come nearest to it, and whether hosts of its /24 (/64) were seen.
    NeverSeen {
        /// Places of the nearest hosts.
        nearest: Vec<u32>,
        /// Hosts seen in its own /24 or /64; none where it has no address.
        neighbours: Option<usize>,
    },
    /// Seen, but not at the moment that was asked for.
    NotThen {
        /// The host.
        host: u32,
    },
    /// The host is known and does not offer that port.
    NoSuchPort {
        /// The host.
        host: u32,
    },
    /// Several hosts answer to it.
    Ambiguous {
        /// Places of some of them.
        candidates: Vec<u32>,
        /// How many there are.
        count: usize,
    },
    /// No host has this label or role, or is in this network.
    Nobody,
}

/// Looks up a target.
///
/// # Errors
/// If it is not on the map, or is several things.
pub fn resolve(atlas: &Atlas, target: &Target) -> Result<Resolved, Unknown> {
    let all = |wanted: &dyn Fn(&Host) -> bool| -> Vec<u32> {
        let hosts = (0u32..).zip(&atlas.observed.snapshot.hosts);
        hosts.filter(|(_, host)| wanted(host)).map(|(place, _)| place).collect()
    };
    match target {
        Target::Address(address) => {
            let found = all(&|host| host.key.address == *address);
            one(atlas, found, |_| never_seen(atlas, Some(*address)))
        }
        Target::AddressAt(address, at) => {
            let found = all(&|host| host.key.address == *address);
            let resolved = one(atlas, found, |_| never_seen(atlas, Some(*address)))?;
            let Some(host) = resolved.hosts.first().copied() else { return Err(Unknown::Nobody) };
            let first = atlas.host(host).and_then(|host| host.span).map(|span| span.first);
            if first.is_some_and(|first| first > *at) {
                return Err(Unknown::NotThen { host });
            }
            let turn = holder(&turns(atlas, host), *at).cloned();
            Ok(Resolved { at: Some(*at), turn, ..resolved })
        }
        Target::Name(name) => {
            let found = all(&|host| host.names.iter().any(|known| known.name.eq_ignore_ascii_case(name)));
            let short = || {
                let first_label = |known: &str| known.split('.').next().unwrap_or_default().to_lowercase();
                all(&|host| host.names.iter().any(|known| first_label(&known.name) == *name))
            };
            let found = if found.is_empty() { short() } else { found };
            // One machine with several addresses is not ambiguous.
            if Machines::new(atlas).is_one(&found) {
                return many(found);
            }
            one(atlas, found, |_| never_seen(atlas, None))
        }
        Target::Port(inner, port) => {
            let resolved = resolve(atlas, inner)?;
            let Some(host) = resolved.hosts.first().copied() else { return Err(Unknown::Nobody) };
            let offers = resolved.hosts.iter().flat_map(|host| atlas.offers(*host)).copied();
            let services: Vec<u32> = offers
                .filter(|service| atlas.service(*service).is_some_and(|service| service.key.port == *port))
                .collect();
            match services.is_empty() {
                true => Err(Unknown::NoSuchPort { host }),
                false => Ok(Resolved { services, ..resolved }),
            }
        }
        Target::Id(id) => by_id(atlas, id).ok_or_else(|| never_seen(atlas, None)),
        Target::Network(network) => many(all(&|host| network.contains(&host.key.address.ip()))),
        Target::Label(label) => many(all(&|host| host.labels.contains(label))),
        Target::Role(role) => many(all(&|host| host.roles.contains(role.as_str()))),
    }
}

fn one(atlas: &Atlas, found: Vec<u32>, none: impl FnOnce(&Atlas) -> Unknown) -> Result<Resolved, Unknown> {
    match found.as_slice() {
        [] => Err(none(atlas)),
        [_] => Ok(Resolved { hosts: found, ..Resolved::default() }),
        several => Err(Unknown::Ambiguous {
            candidates: several.iter().copied().take(CANDIDATES_MAX).collect(),
            count: several.len(),
        }),
    }
}

fn many(found: Vec<u32>) -> Result<Resolved, Unknown> {
    match found.is_empty() {
        true => Err(Unknown::Nobody),
        false => Ok(Resolved { hosts: found, ..Resolved::default() }),
    }
}

fn by_id(atlas: &Atlas, id: &str) -> Option<Resolved> {
    let snapshot = &atlas.observed.snapshot;
    if let Some(host) = (0u32..).zip(&snapshot.hosts).find(|(_, host)| host.key.to_string() == id) {
        return Some(Resolved { hosts: vec![host.0], ..Resolved::default() });
    }
    let (service, _) = (0u32..).zip(&snapshot.services).find(|(_, service)| service.key.to_string() == id)?;
    Some(Resolved { hosts: vec![atlas.host_of(service)?], services: vec![service], ..Resolved::default() })
}

fn never_seen(atlas: &Atlas, address: Option<Address>) -> Unknown {
    let Some(address) = address else {
        return Unknown::NeverSeen { nearest: Vec::new(), neighbours: None };
    };
    let hosts = &atlas.observed.snapshot.hosts;
    let same_family = (0u32..).zip(hosts).filter(|(_, host)| host.key.address.is_v4() == address.is_v4());
    let mut near: Vec<(u128, u32)> =
        same_family.map(|(place, host)| (host.key.address.bits().abs_diff(address.bits()), place)).collect();
    near.sort_unstable();
    let own = if address.is_v4() { 8 } else { 64 };
    let neighbours =
        hosts.iter().filter(|host| host.key.address.bits() >> own == address.bits() >> own).count();
    let nearest = near.into_iter().take(NEAREST_MAX).map(|(_, place)| place).collect();
    Unknown::NeverSeen { nearest, neighbours: Some(neighbours) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn words_become_targets() {
        let address = Address::from([10, 2, 0, 17]);
        let at = "2026-03-14T10:04:00Z".parse().unwrap();
        assert_eq!(target("10.2.0.17"), Target::Address(address));
        assert_eq!(target("10.2.0.17@2026-03-14T10:04:00Z"), Target::AddressAt(address, at));
        assert_eq!(target("10.2.0.17:443"), Target::Port(Box::new(Target::Address(address)), 443));
        let v6: IpAddr = "fd00::1".parse().unwrap();
        assert_eq!(target("[fd00::1]:443"), Target::Port(Box::new(Target::Address(v6.into())), 443));
        assert_eq!(target("fd00::1"), Target::Address(v6.into()));
        assert_eq!(target("10.3.0.0/24"), Target::Network("10.3.0.0/24".parse().unwrap()));
        assert_eq!(target("label:crown"), Target::Label("crown".to_owned()));
        assert_eq!(target("role:database"), Target::Role("database".to_owned()));
        assert_eq!(target("ERP-App01."), Target::Name("erp-app01".to_owned()));
        assert_eq!(target("erp:8080"), Target::Port(Box::new(Target::Name("erp".to_owned())), 8080));
        assert_eq!(target("vxlan:5/10.0.0.1"), Target::Id("vxlan:5/10.0.0.1".to_owned()));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (text, says) in [
            ("", "is empty"),
            ("10.3.0.7/24", "write `10.3.0.0/24` for the network"),
            ("10.3.0.0/99", "is no network"),
            ("10.2.0.17@2026-03-14T10:04:00", "has no time zone"),
            ("erp@2026-03-14T10:04:00Z", "only an address"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
