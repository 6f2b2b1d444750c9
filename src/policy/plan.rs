//! An answer becomes rules: an isolation with its exceptions, or a cut.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{Action, Evidence, Policy, Ports, Rule, Selector};
use crate::graph::{DependencyState, Initiator};
use crate::model::{Address, Transport};
use crate::query::{
    Atlas, CutAnswer, Exception, Goal, IsolateQuestion, Isolation, Mode, Passage, Segments, Sources,
    is_lateral_port, lateral_ports,
};

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

/// The rules of an isolation: what stays open first, then what is cut.
pub fn from_isolation(atlas: &Atlas, question: &IsolateQuestion, isolation: &Isolation) -> Plan {
    let address = |host: &u32| Some(atlas.host(*host)?.key.address);
    let mut policy = Policy { isolated: question.hosts.iter().filter_map(address).collect(), rules: vec![] };
    let cut: BTreeSet<u32> = isolation.cut_places().into_iter().collect();
    let mut kept = BTreeSet::new();
    for (crossing, exception) in &isolation.spared {
        // Responders have rules of their own: they may need what they have not needed so far.
        if *exception != Exception::Responder {
            policy.rules.extend(edge(atlas, crossing.dependency, Action::Allow, exception.word()));
        }
        kept.insert(crossing.dependency);
    }
    if question.mode == Mode::Quarantine {
        policy.rules.extend(responders(atlas));
    }
    let deny = |from, to, ports, reason: &str| Rule {
        action: Action::Deny,
        from,
        to,
        ports,
        reason: reason.to_owned(),
        evidence: evidence(atlas, cut.iter().copied()),
    };
    let out = || deny(Selector::Isolated, Selector::Any, None, "out of the isolated hosts");
    let into = || deny(Selector::Any, Selector::Isolated, None, "into the isolated hosts");
    match question.mode {
        Mode::Full | Mode::Quarantine => policy.rules.extend([out(), into()]),
        Mode::Egress => policy.rules.push(out()),
        Mode::Ingress => policy.rules.push(into()),
        Mode::Lateral => {
            policy.rules.extend(harmless(atlas, isolation));
            policy.rules.append(&mut lateral(atlas, &policy.isolated, &cut));
        }
        Mode::Edge => {
            policy.rules.extend(cut.iter().filter_map(|place| edge(atlas, *place, Action::Deny, "cut")));
        }
    }
    // Without an isolated host the rules above speak of nobody.
    if policy.isolated.is_empty() {
        policy.rules.retain(|rule| rule.from != Selector::Isolated && rule.to != Selector::Isolated);
    }
    for service in question.services.iter().filter_map(|service| atlas.service(*service)) {
        let port = Some(Ports::one(service.key.transport, service.key.port));
        let to = Selector::host(service.key.host.address);
        policy.rules.push(deny(Selector::Any, to, port, &format!("to {}", service.key)));
    }
    Plan { policy, cut, kept }
}

/// The rules of a cut: nobody is isolated, each way is closed for those who must not pass.
pub fn from_cut(atlas: &Atlas, segments: &Segments, answer: &CutAnswer) -> Plan {
    let passages = answer.near.ways.iter().map(|way| way.step.passage);
    let used = passages.filter_map(|passage| match passage {
        Passage::Used { dependency, .. } => Some(dependency),
        _ => None,
    });
    let cut: BTreeSet<u32> = used.collect();
    let mut rules: Vec<Rule> = Vec::new();
    for rule in &answer.rules {
        rules.extend(rule.except.iter().filter_map(|place| edge(atlas, *place, Action::Allow, "not cut")));
    }
    for rule in &answer.rules {
        let from = match &rule.from {
            Sources::Segment(segment) => of_segment(segments, *segment),
            Sources::Hosts(hosts) => of_hosts(atlas, hosts),
        };
        let to = match rule.to {
            Goal::Segment(segment) => of_segment(segments, segment),
            Goal::Host(host) => of_hosts(atlas, &[host]),
        };
        let port = (rule.transport, rule.port);
        let through = cut.iter().copied().filter(|place| {
            atlas.dependency(*place).is_some_and(|row| {
                selects(&from, row.key.client.address)
                    && selects(&to, row.key.service.host.address)
                    && (row.key.service.transport, row.key.service.port) == port
            })
        });
        let evidence = evidence(atlas, through);
        rules.push(Rule {
            action: Action::Deny,
            from,
            to,
            ports: Some(Ports::one(rule.transport, rule.port)),
            reason: "cut".to_owned(),
            evidence,
        });
    }
    for (host, _) in &answer.near.hosts {
        for (from, to) in
            [(of_hosts(atlas, &[*host]), Selector::Any), (Selector::Any, of_hosts(atlas, &[*host]))]
        {
            let (reason, evidence) = ("cut off".to_owned(), Evidence::default());
            rules.push(Rule { action: Action::Deny, from, to, ports: None, reason, evidence });
        }
    }
    Plan {
        policy: Policy { isolated: BTreeSet::new(), rules },
        cut,
        kept: answer.protected.iter().copied().collect(),
    }
}

fn of_segment(segments: &Segments, segment: u32) -> Selector {
    Selector::Networks(segments.get(segment).map(|segment| segment.networks.clone()).unwrap_or_default())
}

fn of_hosts(atlas: &Atlas, hosts: &[u32]) -> Selector {
    let address = |host: &u32| Some(ipnet::IpNet::from(atlas.host(*host)?.key.address.ip()));
    Selector::Networks(hosts.iter().filter_map(address).collect())
}

fn selects(selector: &Selector, address: Address) -> bool {
    match selector {
        Selector::Networks(networks) => networks.iter().any(|network| network.contains(&address.ip())),
        Selector::Any | Selector::Isolated => true,
    }
}

/// The rule for one dependency, seen from whoever opens its sessions.
fn edge(atlas: &Atlas, place: u32, action: Action, verb: &str) -> Option<Rule> {
    let dependency = atlas.dependency(place)?;
    let (client, service) = (dependency.key.client.address, dependency.key.service);
    let server = service.host.address;
    let (from, to, ports) = match dependency.initiator {
        // The client's port is another one each time.
        Initiator::Server => (server, client, None),
        _ => (client, server, Some(Ports::one(service.transport, service.port))),
    };
    Some(Rule {
        action,
        from: Selector::host(from),
        to: Selector::host(to),
        ports,
        reason: format!("{verb} {}", dependency.id()),
        evidence: evidence(atlas, [place]),
    })
}

/// Responders reach the isolated hosts, and are reached by them: an agent reports by itself.
fn responders(atlas: &Atlas) -> Vec<Rule> {
    let networks = &atlas.observed.knowledge.responders;
    if networks.is_empty() {
        return Vec::new();
    }
    let responders = || Selector::Networks(networks.clone());
    let allow = |from, to, reason: &str| Rule {
        action: Action::Allow,
        from,
        to,
        ports: None,
        reason: reason.to_owned(),
        evidence: Evidence::default(),
    };
    vec![
        allow(responders(), Selector::Isolated, "responders reach the isolated hosts"),
        allow(Selector::Isolated, responders(), "the isolated hosts reach responders"),
    ]
}

/// What crosses the boundary on a port that usually runs things, and was seen to be something else: a
/// rule for the port alone would break it.
fn harmless(atlas: &Atlas, isolation: &Isolation) -> Vec<Rule> {
    let places = isolation.untouched.iter().map(|crossing| crossing.dependency);
    let usual = places.filter(|place| {
        let key = atlas.dependency(*place).map(|row| row.key.service);
        key.is_some_and(|key| is_lateral_port(key.transport, key.port))
    });
    usual.filter_map(|place| edge(atlas, place, Action::Allow, "runs nothing")).collect()
}

/// What runs things, across the boundary: services that were seen to, wherever they listen, and the
/// usual ports of the rest.
fn lateral(atlas: &Atlas, isolated: &BTreeSet<Address>, cut: &BTreeSet<u32>) -> Vec<Rule> {
    let mut identified: BTreeMap<(Address, Transport, u16), BTreeSet<u32>> = BTreeMap::new();
    for place in cut {
        let Some(dependency) = atlas.dependency(*place) else { continue };
        let service = dependency.key.service;
        if !is_lateral_port(service.transport, service.port) && dependency.state >= DependencyState::Answered
        {
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
            ports: Some(Ports::one(transport, port)),
            reason: format!("{word} on an unusual port"),
            evidence: evidence(atlas, dependencies),
        });
    }
    for (transport, range) in lateral_ports() {
        let ports = Ports { transport, range };
        let through = cut.iter().copied().filter(|place| {
            let key = atlas.dependency(*place).map(|dependency| dependency.key.service);
            key.is_some_and(|key| ports.has(key.transport, key.port))
        });
        let evidence = evidence(atlas, through);
        for (from, to) in [(Selector::Isolated, Selector::Any), (Selector::Any, Selector::Isolated)] {
            rules.push(Rule {
                action: Action::Deny,
                from,
                to,
                ports: Some(ports.clone()),
                reason: format!("runs things on port {ports}"),
                evidence: evidence.clone(),
            });
        }
    }
    rules
}

/// What a rule about some dependencies is made from.
fn evidence(atlas: &Atlas, dependencies: impl IntoIterator<Item = u32>) -> Evidence {
    let mut evidence = Evidence::default();
    for place in dependencies {
        let Some(dependency) = atlas.dependency(place) else { continue };
        evidence.flows += u64::from(dependency.totals.flows);
        evidence.last = evidence.last.max(Some(dependency.totals.span.last));
        evidence.dependencies.push(place);
    }
    evidence
}
