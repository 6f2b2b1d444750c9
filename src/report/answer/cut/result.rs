//! The `result` of the contract, and more.

use serde::Serialize;

use super::super::isolate::cost;
use super::{CutReport, Hop};
use crate::query::{Enforcement, Goal, Passage, Plan, Rule, Severed, Sources};

/// `result`.
#[derive(Serialize)]
pub struct CutResult {
    feasible: bool,
    cost: Option<f64>,
    edges: Vec<EdgeRow>,
    other_extreme: Vec<EdgeRow>,
    witness: Option<Vec<HopRow>>,
    // What the contract does not ask for.
    hosts: Vec<HostRow>,
    other_hosts: Vec<HostRow>,
    give_up: Option<GiveUp>,
    rules: Vec<RuleRow>,
    residual: ResidualRow,
    protected: Vec<String>,
    considered: usize,
}

#[derive(Serialize)]
struct EdgeRow {
    client_address: String,
    server_address: String,
    server_port: u16,
    transport: &'static str,
    cost: f64,
    dependency: Option<String>,
    segment: Option<String>,
    class: &'static str,
    terms: Terms,
    enforcement: &'static str,
    gateway: Option<String>,
}

/// Why it costs what it costs: 1 + criticality · strength · log2(1 + sessions a day) + 10 if a critical
/// service cannot do without it − 0.5 if it is insecure; at least 0.1.
#[derive(Serialize)]
struct Terms {
    criticality: f64,
    criticality_inferred: bool,
    strength: f64,
    sessions_per_day: f64,
    must_path: bool,
    insecure: bool,
}

#[derive(Serialize)]
struct HostRow {
    host: String,
    cost: f64,
}

#[derive(Serialize)]
struct HopRow {
    client_address: String,
    server_address: String,
    server_port: u16,
    transport: &'static str,
    dependency: Option<String>,
    class: &'static str,
}

#[derive(Serialize)]
struct GiveUp {
    cost: f64,
    flows: Vec<EdgeRow>,
    edges: Vec<EdgeRow>,
    hosts: Vec<HostRow>,
}

#[derive(Serialize)]
struct RuleRow {
    action: &'static str,
    from: Vec<String>,
    to: Vec<String>,
    port: u16,
    transport: &'static str,
    except: Vec<String>,
}

#[derive(Serialize)]
struct ResidualRow {
    exec: u64,
    all: u64,
    paths: Vec<Vec<HopRow>>,
}

impl CutReport<'_> {
    /// The `result` of the contract.
    pub(super) fn result(&self) -> CutResult {
        let answer = self.answer;
        CutResult {
            feasible: answer.cost.is_some(),
            cost: answer.cost.map(cost),
            edges: self.edges(&answer.near.ways),
            other_extreme: self.edges(&answer.far.ways),
            witness: answer.witness.as_ref().map(|steps| self.hop_rows(&Self::hops(steps))),
            hosts: self.hosts(&answer.near),
            other_hosts: self.hosts(&answer.far),
            give_up: answer.given_up.as_ref().map(|given| GiveUp {
                cost: cost(given.cost),
                flows: self.edges(&given.flows),
                edges: self.edges(&given.plan.ways),
                hosts: self.hosts(&given.plan),
            }),
            rules: answer.rules.iter().filter_map(|rule| self.rule(rule)).collect(),
            residual: ResidualRow {
                exec: answer.residual.exec,
                all: answer.residual.all,
                paths: answer.residual.paths.iter().map(|steps| self.hop_rows(&Self::hops(steps))).collect(),
            },
            protected: answer.protected.iter().filter_map(|place| self.id(*place)).collect(),
            considered: answer.considered,
        }
    }

    fn id(&self, dependency: u32) -> Option<String> {
        Some(self.atlas.dependency(dependency)?.id())
    }

    fn edges(&self, ways: &[Severed]) -> Vec<EdgeRow> {
        ways.iter().filter_map(|severed| self.edge(severed)).collect()
    }

    fn edge(&self, severed: &Severed) -> Option<EdgeRow> {
        let key = self.service(&severed.step)?.key;
        let weight = &severed.weight;
        let (client_address, dependency, segment) = match severed.step.passage {
            Passage::Open { segment, .. } | Passage::Enter { segment } => {
                let row = self.segments.get(segment)?;
                (row.networks.first()?.to_string(), None, Some(row.name.clone()))
            }
            Passage::Used { dependency, .. } => {
                let client = self.host(severed.step.from)?.key.address.to_string();
                (client, self.id(dependency), None)
            }
        };
        let round = |number: f64| (number * 1e4).round() / 1e4;
        Some(EdgeRow {
            client_address,
            server_address: key.host.address.to_string(),
            server_port: key.port,
            transport: key.transport.name(),
            cost: cost(weight.hundredths()),
            dependency,
            segment,
            class: severed.step.capability.word(),
            terms: Terms {
                criticality: round(weight.criticality.level),
                criticality_inferred: weight.criticality.inferred,
                strength: round(weight.strength),
                sessions_per_day: round(weight.sessions_per_day),
                must_path: weight.must_path,
                insecure: weight.insecure,
            },
            enforcement: severed.enforcement.word(),
            gateway: match severed.enforcement {
                Enforcement::Gateway(gateway) => gateway.map(|gateway| gateway.to_string()),
                Enforcement::Switch | Enforcement::Unseen => None,
            },
        })
    }

    fn hosts(&self, plan: &Plan) -> Vec<HostRow> {
        let row = |(host, hundredths): &(u32, i64)| {
            Some(HostRow { host: self.host(*host)?.key.to_string(), cost: cost(*hundredths) })
        };
        plan.hosts.iter().filter_map(row).collect()
    }

    fn hop_rows(&self, hops: &[Hop]) -> Vec<HopRow> {
        let row = |hop: &Hop| {
            let key = self.atlas.service(hop.service)?.key;
            Some(HopRow {
                client_address: self.host(hop.client)?.key.address.to_string(),
                server_address: key.host.address.to_string(),
                server_port: key.port,
                transport: key.transport.name(),
                dependency: hop.dependency.and_then(|place| self.id(place)),
                class: hop.class,
            })
        };
        hops.iter().filter_map(row).collect()
    }

    fn rule(&self, rule: &Rule) -> Option<RuleRow> {
        let networks = |segment: u32| -> Option<Vec<String>> {
            Some(self.segments.get(segment)?.networks.iter().map(ToString::to_string).collect())
        };
        let address = |host: u32| Some(self.host(host)?.key.address.to_string());
        Some(RuleRow {
            action: "deny",
            from: match &rule.from {
                Sources::Segment(segment) => networks(*segment)?,
                Sources::Hosts(hosts) => hosts.iter().filter_map(|host| address(*host)).collect(),
            },
            to: match rule.to {
                Goal::Segment(segment) => networks(segment)?,
                Goal::Host(host) => vec![address(host)?],
            },
            port: rule.port,
            transport: rule.transport.name(),
            except: rule.except.iter().filter_map(|place| self.id(*place)).collect(),
        })
    }
}
