//! An answer becomes rules: an isolation with its exceptions, or a cut.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{Action, Evidence, Policy, Rule, Selector};
use crate::graph::{DependencyState, Initiator};
use crate::model::{Address, Capability, Transport};
use crate::query::Atlas;

/// T.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "t")]
pub enum Mode {
    Full,
    Egress,
    Ingress,
    Lateral,
    Quarantine,
    Edge,
}

/// Ports of protocols that run things, where nothing was seen on the wire to say what is spoken:
/// FTP and telnet's kin, SSH, MS-RPC, SMB, RDP, VNC, WinRM, rexec and rlogin, Docker.
const LATERAL_PORTS: [u16; 15] =
    [21, 22, 23, 135, 139, 445, 512, 513, 514, 2375, 2376, 3389, 5900, 5985, 5986];

/// A policy and what it was made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The rules.
    pub policy: Policy,
    /// Dependencies that it is meant to cut, by place.
    pub cut: BTreeSet<u32>,
    /// Dependencies that it is meant to keep, by place.
    pub kept: BTreeSet<u32>,
}

/// The rules of an isolation: what is kept first, then what is cut.
pub fn from_isolation(atlas: &Atlas<'_>, hosts: &[u32], mode: Mode, cut: &[u32], keep: &[u32]) -> Plan {
    let isolated = hosts.iter().filter_map(|host| Some(atlas.host(*host)?.key.address)).collect();
    let mut policy = Policy { isolated, rules: Vec::new() };
    let kept: BTreeSet<u32> = keep.iter().copied().collect();
    let cut: BTreeSet<u32> = cut.iter().copied().filter(|dependency| !kept.contains(dependency)).collect();
    policy.rules.extend(kept.iter().filter_map(|dependency| edge(atlas, *dependency, Action::Allow, "keep")));
    if mode == Mode::Quarantine {
        policy.rules.extend(responders(atlas));
    }
    let deny = |from, to, reason: &str| Rule {
        action: Action::Deny,
        from,
        to,
        port: None,
        reason: reason.to_owned(),
        evidence: evidence(atlas, cut.iter().copied()),
    };
    let out = || deny(Selector::Isolated, Selector::Any, "out of the isolated hosts");
    let into = || deny(Selector::Any, Selector::Isolated, "into the isolated hosts");
    match mode {
        Mode::Full | Mode::Quarantine => policy.rules.extend([out(), into()]),
        Mode::Egress => policy.rules.push(out()),
        Mode::Ingress => policy.rules.push(into()),
        Mode::Lateral => policy.rules.append(&mut lateral(atlas, &policy.isolated, &cut)),
        Mode::Edge => {
            policy.rules.extend(cut.iter().filter_map(|place| edge(atlas, *place, Action::Deny, "cut")));
        }
    }
    Plan { policy, cut, kept }
}

/// The rules of a cut: each edge by itself, and nobody isolated.
pub fn from_cut(atlas: &Atlas<'_>, cut: &[u32]) -> Plan {
    let cut: BTreeSet<u32> = cut.iter().copied().collect();
    let rules = cut.iter().filter_map(|dependency| edge(atlas, *dependency, Action::Deny, "cut")).collect();
    Plan { policy: Policy { isolated: BTreeSet::new(), rules }, cut, kept: BTreeSet::new() }
}

/// The rule for one dependency, seen from whoever opens its sessions.
fn edge(atlas: &Atlas<'_>, place: u32, action: Action, verb: &str) -> Option<Rule> {
    let dependency = atlas.dependency(place)?;
    let (client, service) = (dependency.key.client.address, dependency.key.service);
    let server = service.host.address;
    let (from, to, port) = match dependency.initiator {
        // The client's port is another one each time.
        Initiator::Server => (server, client, None),
        _ => (client, server, Some((service.transport, service.port))),
    };
    Some(Rule {
        action,
        from: Selector::host(from),
        to: Selector::host(to),
        port,
        reason: format!("{verb} {}", dependency.id()),
        evidence: evidence(atlas, [place]),
    })
}

/// Responders reach the isolated hosts, and are reached by them: an agent reports by itself.
fn responders(atlas: &Atlas<'_>) -> Vec<Rule> {
    let networks = &atlas.observed.knowledge.responders;
    if networks.is_empty() {
        return Vec::new();
    }
    let responders = || Selector::Networks(networks.clone());
    let allow = |from, to, reason: &str| Rule {
        action: Action::Allow,
        from,
        to,
        port: None,
        reason: reason.to_owned(),
        evidence: Evidence::default(),
    };
    vec![
        allow(responders(), Selector::Isolated, "responders reach the isolated hosts"),
        allow(Selector::Isolated, responders(), "the isolated hosts reach responders"),
    ]
}

/// What runs things, across the boundary: services that were seen to, wherever they listen, and the
/// usual ports of the rest.
fn lateral(atlas: &Atlas<'_>, isolated: &BTreeSet<Address>, cut: &BTreeSet<u32>) -> Vec<Rule> {
    let mut identified: BTreeMap<(Address, Transport, u16), BTreeSet<u32>> = BTreeMap::new();
    for place in cut {
        let Some(dependency) = atlas.dependency(*place) else { continue };
        let service = dependency.key.service;
        let usual = service.transport == Transport::Tcp && LATERAL_PORTS.contains(&service.port);
        if !usual && dependency.state >= DependencyState::Answered {
            let key = (service.host.address, service.transport, service.port);
            identified.entry(key).or_default().insert(*place);
        }
    }
    let mut rules = Vec::new();
    for ((address, transport, port), dependencies) in identified {
        let word = dependencies
            .iter()
            .filter_map(|place| atlas.dependency(*place))
            .map(|dependency| dependency.capability().word())
            .next()
            .unwrap_or("exec");
        let inside = isolated.contains(&address);
        rules.push(Rule {
            action: Action::Deny,
            from: if inside { Selector::Any } else { Selector::Isolated },
            to: Selector::host(address),
            port: Some((transport, port)),
            reason: format!("{word} on an unusual port"),
            evidence: evidence(atlas, dependencies),
        });
    }
    for port in LATERAL_PORTS {
        let through = cut.iter().copied().filter(|place| {
            let key = atlas.dependency(*place).map(|dependency| dependency.key.service);
            key.is_some_and(|key| key.transport == Transport::Tcp && key.port == port)
        });
        let evidence = evidence(atlas, through);
        for (from, to) in [(Selector::Isolated, Selector::Any), (Selector::Any, Selector::Isolated)] {
            rules.push(Rule {
                action: Action::Deny,
                from,
                to,
                port: Some((Transport::Tcp, port)),
                reason: format!("runs things on port {port}"),
                evidence: evidence.clone(),
            });
        }
    }
    rules
}

/// What a rule about some dependencies is made from.
fn evidence(atlas: &Atlas<'_>, dependencies: impl IntoIterator<Item = u32>) -> Evidence {
    let mut evidence = Evidence::default();
    for place in dependencies {
        let Some(dependency) = atlas.dependency(place) else { continue };
        evidence.flows += u64::from(dependency.totals.flows);
        evidence.last = evidence.last.max(Some(dependency.totals.span.last));
        evidence.dependencies.push(place);
    }
    evidence
}
