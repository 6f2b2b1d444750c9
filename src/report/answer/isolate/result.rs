//! The `result` of the contract, and more.

use serde::Serialize;

use super::super::broken::Affected;
use super::IsolateAnswer;
use crate::query::{Broken, Choice, Crossing, Enforcement, Remains, Worth};
use crate::report::time;

/// `result`.
#[derive(Serialize)]
pub struct IsolateResult {
    targets: Vec<String>,
    mode: &'static str,
    cut: Vec<String>,
    outside: Side,
    inside: Side,
    exceptions: Vec<Spared>,
    open_flows: Vec<OpenFlow>,
    cost: Cost,
    // What the contract does not ask for.
    edges: Vec<Edge>,
    enforcement: Enforced,
    infrastructure: Vec<LostRow>,
    same_machines: Vec<String>,
    remains: RemainsRow,
    options: Vec<OptionRow>,
    suggested: Option<usize>,
    confidence: f64,
    probability_error: f64,
    rehearsal: Option<Vec<String>>,
}

#[derive(Serialize)]
struct Side {
    must: Vec<Affected>,
    may: Vec<Affected>,
    services: usize,
    critical: usize,
    clients: usize,
}

#[derive(Serialize)]
struct Spared {
    dependency: String,
    why: &'static str,
}

#[derive(Serialize)]
struct OpenFlow {
    dependency: String,
    client_port: u16,
    since: String,
    last: String,
    class: &'static str,
    admin: bool,
    bytes_to_server: u64,
    bytes_to_client: u64,
}

#[derive(Serialize)]
struct Cost {
    host: f64,
    segment: f64,
    minimum_cut: Option<f64>,
    minimum_cut_keeps_safe: &'static str,
}

#[derive(Serialize)]
struct Edge {
    dependency: String,
    outward: bool,
    enforcement: &'static str,
    gateway: Option<String>,
    sessions: u32,
    last: String,
    state: &'static str,
    confidence: f64,
}

#[derive(Serialize)]
struct Enforced {
    gateway: usize,
    switch: usize,
    unseen: usize,
}

#[derive(Serialize)]
struct LostRow {
    what: &'static str,
    provider: String,
    hosts: usize,
    dependencies: Vec<String>,
}

#[derive(Serialize)]
struct RemainsRow {
    neighbours: usize,
    neighbours_exec: usize,
    services: usize,
    services_exec: usize,
    protocols: Vec<&'static str>,
    exceptions: Vec<String>,
    inward: bool,
}

#[derive(Serialize)]
struct OptionRow {
    mode: &'static str,
    keep: Vec<String>,
    keep_protected: bool,
    breaks: usize,
    critical: usize,
    clients: usize,
    still_open: RemainsRow,
}

/// Hundredths as the number that people read.
#[expect(clippy::cast_precision_loss, reason = "costs are small")]
pub fn cost(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}

impl IsolateAnswer<'_> {
    /// The `result` of the contract.
    pub(super) fn result(&self) -> IsolateResult {
        let isolation = &self.isolation;
        let [gateway, switch, unseen] = isolation.enforced();
        let host = |place: &u32| self.atlas.host(*place).map(|row| row.key.to_string());
        let service = |place: &u32| self.atlas.service(*place).map(|row| row.key.to_string());
        let targets = self.question.hosts.iter().filter_map(host);
        IsolateResult {
            targets: targets.chain(self.question.services.iter().filter_map(service)).collect(),
            mode: self.question.mode.word(),
            cut: self.ids(isolation.cut_places()),
            outside: self.side(&isolation.outside),
            inside: self.side(&isolation.inside),
            exceptions: isolation
                .spared
                .iter()
                .filter_map(|(crossing, why)| {
                    Some(Spared { dependency: self.id(crossing)?, why: why.word() })
                })
                .collect(),
            open_flows: self.open_flows(),
            cost: Cost {
                host: cost(self.costs.host),
                segment: cost(self.costs.segment),
                minimum_cut: self.costs.minimum_cut.map(cost),
                minimum_cut_keeps_safe: match self.costs.critical {
                    true => "critical hosts outside",
                    false => "all servers outside",
                },
            },
            edges: self.edges(),
            enforcement: Enforced { gateway, switch, unseen },
            infrastructure: isolation
                .lost
                .iter()
                .filter_map(|lost| {
                    Some(LostRow {
                        what: lost.what.word(),
                        provider: host(&lost.provider)?,
                        hosts: lost.hosts.len(),
                        dependencies: self.ids(lost.dependencies.iter().copied()),
                    })
                })
                .collect(),
            same_machines: self.same_machines.iter().filter_map(host).collect(),
            remains: self.remains_row(&self.remains),
            options: self.options.choices.iter().map(|choice| self.option(choice)).collect(),
            suggested: self.options.suggested,
            confidence: isolation.confidence(self.atlas),
            probability_error: self.error,
            rehearsal: self.rehearsal.clone(),
        }
    }

    fn id(&self, crossing: &Crossing) -> Option<String> {
        Some(self.atlas.dependency(crossing.dependency)?.id())
    }

    /// Dependencies by their ids.
    pub(super) fn ids(&self, places: impl IntoIterator<Item = u32>) -> Vec<String> {
        places.into_iter().filter_map(|place| Some(self.atlas.dependency(place)?.id())).collect()
    }

    fn side(&self, broken: &Broken) -> Side {
        let all = self.all_fallen();
        let services = || broken.services(self.requires);
        let critical = |service| Worth::of_service(self.atlas, service).is_critical();
        Side {
            must: self.affected(&broken.must, &all),
            may: self.affected(&broken.may, &all),
            services: services().count(),
            critical: services().filter(|(service, _)| critical(*service)).count(),
            clients: broken.clients(self.requires).count(),
        }
    }

    fn open_flows(&self) -> Vec<OpenFlow> {
        let flows = self.isolation.open.iter().filter_map(|open| {
            let contacts = self.atlas.observed.history.of(open.dependency as usize);
            let contact = contacts.get(open.contact as usize)?;
            Some(OpenFlow {
                dependency: self.atlas.dependency(open.dependency)?.id(),
                client_port: contact.client_port,
                since: time(contact.span.first),
                last: time(contact.span.last),
                class: contact.capability.word(),
                admin: open.admin,
                bytes_to_server: contact.to_server.bytes,
                bytes_to_client: contact.to_client.bytes,
            })
        });
        flows.collect()
    }

    fn edges(&self) -> Vec<Edge> {
        let edges = self.isolation.cut.iter().filter_map(|edge| {
            let row = self.atlas.dependency(edge.crossing.dependency)?;
            Some(Edge {
                dependency: row.id(),
                outward: edge.crossing.outward,
                enforcement: edge.enforcement.word(),
                gateway: match edge.enforcement {
                    Enforcement::Gateway(gateway) => gateway.map(|gateway| gateway.to_string()),
                    Enforcement::Switch | Enforcement::Unseen => None,
                },
                sessions: row.totals.answered,
                last: time(row.totals.span.last),
                state: row.state.word(),
                confidence: (f64::from(row.totals.confidence) * 1e4).round() / 1e4,
            })
        });
        edges.collect()
    }

    fn remains_row(&self, remains: &Remains) -> RemainsRow {
        RemainsRow {
            neighbours: remains.neighbours,
            neighbours_exec: remains.neighbours_exec,
            services: remains.services,
            services_exec: remains.services_exec,
            protocols: remains.protocols.clone(),
            exceptions: self.ids(remains.exceptions.iter().copied()),
            inward: remains.inward,
        }
    }

    fn option(&self, choice: &Choice) -> OptionRow {
        OptionRow {
            mode: choice.mode.word(),
            keep: self.ids(choice.kept.iter().copied()),
            keep_protected: choice.protected,
            breaks: choice.breaks,
            critical: choice.critical,
            clients: choice.clients,
            still_open: self.remains_row(&choice.remains),
        }
    }
}
