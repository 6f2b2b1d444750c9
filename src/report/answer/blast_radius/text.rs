//! `blast-radius` for people.

use std::collections::{BTreeMap, BTreeSet};

use super::Radius;
use crate::graph::DependencyState;
use crate::model::{ServiceKey, Transport};
use crate::query::exposure::Exposure;
use crate::query::{Blindness, Extent, ImpactNode, Loss, Machines, Outage, Why, commonly_spared};
use crate::report::answer::affected::Naming;
use crate::report::answer::exposure::section;
use crate::report::answer::page::Page;
use crate::report::text::{self, Tone, View, count, moment, share, some, verb};

/// Rows of a kind that are shown unless everything was asked for.
const ROWS_MAX: usize = 12;

/// Names in one line.
const NAMES_MAX: usize = 4;

/// Columns of a name; longer ones are not cut, they only stand out.
const NAME_WIDTH_MAX: usize = 24;

/// The answer as a page.
pub fn write_blast_radius(
    view: &View<'_>,
    told: &Radius<'_>,
    exposure: Option<&Exposure>,
    blindness: &Blindness,
    answer_id: &str,
) -> String {
    let mut page = Page::new(view);
    let hosts: Vec<_> = told.resolved.hosts.iter().filter_map(|host| told.atlas.host(*host)).collect();
    let one = match Machines::new(told.atlas).is_one(&told.resolved.hosts) {
        true => hosts.get(..1).unwrap_or_default(),
        false => hosts.as_slice(),
    };
    page.about(one, &text::clean(told.target));
    Writing { told, naming: Naming { atlas: told.atlas, requires: told.requires } }.impact(&mut page);
    if let Some(exposure) = exposure {
        section(&mut page, told.atlas, exposure);
    }
    let target = text::clean(told.target);
    let next = [
        format!("tapmap trace {target} --forward {}", view.again),
        format!("tapmap isolate {target} --mode quarantine {}", view.again),
    ];
    page.end(blindness, &next, answer_id)
}

struct Writing<'a> {
    told: &'a Radius<'a>,
    naming: Naming<'a>,
}

/// A row before its columns are aligned.
struct Row {
    word: &'static str,
    tone: Tone,
    name: String,
    address: String,
    facts: String,
    detail: Option<String>,
}

impl Writing<'_> {
    fn impact(&self, page: &mut Page<'_>) {
        let outage = self.told.outage;
        let tone = if outage.must.is_empty() { Tone::Heading } else { Tone::Alarm };
        page.headed(tone, &self.headline());
        let mut rows = self.services("FAILS", Tone::Alarm, &outage.must);
        rows.extend(self.losers());
        rows.extend(self.services("MAY", Tone::Warning, &outage.may));
        rows.extend(self.shared());
        rows.extend(self.once());
        if !page.view().names {
            rows.iter_mut().filter(|row| row.word != "LOSES").for_each(|row| row.name.clear());
        }
        let name_width = widest(rows.iter().map(|row| row.name.as_str())).min(NAME_WIDTH_MAX);
        let address_width = widest(rows.iter().map(|row| row.address.as_str()));
        for row in rows {
            let name = if name_width > 0 { format!("{:name_width$}  ", row.name) } else { String::new() };
            let lead = format!("{:6} {name}{:address_width$}  ", row.word, row.address);
            page.behind(&lead, row.tone, &row.facts);
            if let Some(detail) = row.detail {
                page.behind(&" ".repeat(7), Tone::Faint, &detail);
            }
        }
        self.rest(page);
    }

    fn headline(&self) -> String {
        let outage = self.told.outage;
        let subject = if self.several() { "IF THEY STOP" } else { "IF IT STOPS" };
        let services = |losses: &[Loss]| losses.iter().filter(|loss| self.is_service(loss.node)).count();
        let (must, may) = (services(&outage.must), services(&outage.may));
        let clients = outage.clients.len();
        if must + may + clients + outage.clients_may.len() == 0 {
            return format!("{subject}: nothing that was seen fails with {}", self.pronoun());
        }
        let lost = match self.business_lost() {
            Some(names) => names,
            None if must > 0 || may > 0 && clients == 0 => "a service".to_owned(),
            None => self.pronoun().to_owned(),
        };
        let mut parts = vec![match must {
            0 => "no other service fails".to_owned(),
            _ => format!("{} {}", count(must, "service", "services"), verb(must, "fails", "fail")),
        }];
        if may > 0 {
            parts.push(format!("{} may", text::number(may as u64)));
        }
        match (clients, outage.clients_may.len()) {
            (0, 0) => {}
            (0, some) => parts.push(format!("{} may lose {lost}", count(some, "client", "clients"))),
            (sure, _) => parts.push(format!(
                "{} {} {lost}",
                count(sure, "client", "clients"),
                verb(sure, "loses", "lose")
            )),
        }
        format!("{subject}: {}", parts.join(", "))
    }

    /// What the business calls what is lost.
    fn business_lost(&self) -> Option<String> {
        let hits = self.told.outage.business.iter().filter(|hit| hit.lost != Extent::Maybe);
        let names: Vec<String> = hits.map(|hit| text::clean(&hit.name)).collect();
        (!names.is_empty()).then(|| some(names, NAMES_MAX))
    }

    /// A row for each service that falls, with the clients that it takes with it.
    fn services(&self, word: &'static str, tone: Tone, losses: &[Loss]) -> Vec<Row> {
        let falling: BTreeSet<u32> = self.clients_of(losses);
        let mut before: BTreeSet<u32> = BTreeSet::new();
        let all: Vec<&Loss> = losses.iter().filter(|loss| self.is_service(loss.node)).collect();
        let shown = self.limit(all.len());
        let mut rows: Vec<Row> = all
            .iter()
            .take(shown)
            .map(|loss| {
                let clients: BTreeSet<u32> = self.clients(loss.node, &falling);
                let facts = [
                    client_words(&clients, &before),
                    self.via(loss).map(|via| format!("via {via}")),
                    Some(self.worth(loss.node)),
                ];
                before.extend(clients);
                Row {
                    word,
                    tone,
                    name: self.name(loss.node),
                    address: self.address(loss.node),
                    facts: facts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
                    detail: self.evidence(loss),
                }
            })
            .collect();
        if all.len() > shown {
            rows.push(Row {
                word,
                tone,
                name: String::new(),
                address: format!("{} more", text::number((all.len() - shown) as u64)),
                facts: "--expand lists them".to_owned(),
                detail: None,
            });
        }
        rows
    }

    /// Clients that use what failed themselves, by what they use.
    fn losers(&self) -> Vec<Row> {
        let outage = self.told.outage;
        let requires = self.told.requires;
        let clients: BTreeSet<u32> = outage.clients.iter().copied().collect();
        let mut losing: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for loss in outage.must.iter().filter(|loss| loss.hop == 1) {
            let ImpactNode::Host(host) = requires.node(loss.node) else { continue };
            let failed = requires.members(loss.group).iter();
            let mut failed = failed.filter(|member| outage.failed.binary_search(&member.provider).is_ok());
            if let Some(member) = failed.next().filter(|_| clients.contains(&host)) {
                losing.entry(member.provider).or_default().push(host);
            }
        }
        let mut rows: Vec<(u32, Vec<u32>)> = losing.into_iter().collect();
        rows.sort_by_key(|(service, hosts)| (std::cmp::Reverse(hosts.len()), *service));
        let row = |(service, hosts): (u32, Vec<u32>)| Row {
            word: "LOSES",
            tone: Tone::Plain,
            name: count(hosts.len(), "client", "clients"),
            address: self.address(service),
            facts: some(hosts.iter().map(|host| self.called(*host)).collect(), NAMES_MAX),
            detail: None,
        };
        let shown = self.limit(rows.len());
        rows.into_iter().take(shown).map(row).collect()
    }

    fn shared(&self) -> Vec<Row> {
        let doubtful = self.told.outage.shared.iter().filter(|loss| !loss.certain && !self.told.expand);
        let row = |loss: &crate::query::SharedLoss| Row {
            word: "MAY",
            tone: Tone::Warning,
            name: self.name(loss.service),
            address: self.address(loss.service),
            facts: format!("shared infrastructure: {} it", used(loss.clients)),
            detail: None,
        };
        let mut rows: Vec<Row> = doubtful.map(row).collect();
        if let Some(last) = rows.last_mut()
            && self.told.outage.folded > 0
        {
            last.detail = Some(format!(
                "{} may fall with it; --expand lists them",
                count(self.told.outage.folded, "host or service", "hosts and services")
            ));
        }
        rows
    }

    fn once(&self) -> Vec<Row> {
        let all = &self.told.outage.seen_once;
        let row = |loss: &Loss| {
            let dependency = loss.because.first().and_then(|place| self.told.atlas.dependency(*place))?;
            let totals = &dependency.totals;
            let times = match totals.observed {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            let stale = if dependency.state >= DependencyState::Stale { ", long ago" } else { "" };
            Some(Row {
                word: "ONCE",
                tone: Tone::Faint,
                name: self.name(loss.node),
                address: self.address(loss.node),
                facts: format!(
                    "used {} only {times}, last {}{stale}; too little to count",
                    short(&dependency.key.service),
                    moment(totals.span.last)
                ),
                detail: None,
            })
        };
        all.iter().take(self.limit(all.len())).filter_map(row).collect()
    }

    /// What lives on, whom it concerns outside, and how to bring it back.
    fn rest(&self, page: &mut Page<'_>) {
        let outage = self.told.outage;
        if !outage.safe.is_empty() {
            let names = outage.safe.iter().map(|service| self.called_service(*service, page.view().names));
            let (it, needs, they) = match self.several() {
                false => ("it", "needs", "it"),
                true => ("they", "need", "them"),
            };
            let safe = match outage.safe.len() {
                1 => format!("({it} {needs} it; it does not need {they})"),
                _ => format!("({it} {needs} them; they do not need {they})"),
            };
            page.behind(
                &format!("{:6} ", "SAFE"),
                Tone::Plain,
                &format!("{} {safe}", some(names.collect(), NAMES_MAX)),
            );
        }
        if outage.external > 0 {
            page.say(&format!(
                "{} of the clients {} outside the local networks.",
                text::number(outage.external as u64),
                verb(outage.external, "is", "are")
            ));
        }
        for hit in &outage.business {
            let name = text::clean(&hit.name);
            match hit.lost {
                Extent::All => {}
                Extent::Part => page.say(&format!("{name}: some of its services fail, others live.")),
                Extent::Maybe => page.say(&format!("{name}: some of its services may fail.")),
            }
        }
        self.restore(page, outage);
    }

    fn restore(&self, page: &mut Page<'_>, outage: &Outage) {
        if outage.restore.len() < 2 {
            return;
        }
        let mut steps: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for row in &outage.restore {
            let mut names: Vec<String> = row.services.iter().map(|service| self.machine(*service)).collect();
            names.dedup();
            let said = match names.len() {
                1 => names.concat(),
                _ => format!("{} together (they need each other)", some(names, NAMES_MAX)),
            };
            let step = steps.entry(row.step).or_default();
            if !step.contains(&said) {
                step.push(said);
            }
        }
        let steps: Vec<String> = steps.into_values().map(|names| some(names, NAMES_MAX)).collect();
        if steps.len() > 1 {
            page.say(&format!("Bring back {}.", steps.join(", then ")));
        }
    }

    /// The host of a service, by its name or address.
    fn machine(&self, service: u32) -> String {
        let name = self.naming.name(service).map(|name| text::clean(&name));
        let id = || self.naming.host(service).and_then(|host| self.told.atlas.host(host));
        name.unwrap_or_else(|| id().map(|host| host.key.to_string()).unwrap_or_default())
    }

    /// Several machines were asked about.
    fn several(&self) -> bool {
        let hosts = &self.told.resolved.hosts;
        hosts.len() > 1 && !Machines::new(self.told.atlas).is_one(hosts)
    }

    fn pronoun(&self) -> &'static str {
        if self.several() { "them" } else { "it" }
    }

    fn is_service(&self, node: u32) -> bool {
        node < self.told.requires.services()
    }

    const fn limit(&self, all: usize) -> usize {
        // One left out would take as much room as saying so.
        if self.told.expand || all <= ROWS_MAX + 1 { all } else { ROWS_MAX }
    }

    /// Hosts among losses.
    fn clients_of(&self, losses: &[Loss]) -> BTreeSet<u32> {
        let hosts = losses.iter().filter_map(|loss| match self.told.requires.node(loss.node) {
            ImpactNode::Host(host) => Some(host),
            ImpactNode::Service(_) => None,
        });
        hosts.collect()
    }

    /// Hosts that use a service and are among those that fall.
    fn clients(&self, service: u32, falling: &BTreeSet<u32>) -> BTreeSet<u32> {
        let atlas = self.told.atlas;
        let clients = atlas.used_by(service).iter().filter_map(|place| atlas.client_of(*place));
        clients.filter(|client| falling.contains(client)).collect()
    }

    /// What a loss that comes over others comes over.
    fn via(&self, loss: &Loss) -> Option<String> {
        let place = loss.because.first().filter(|_| loss.hop > 1)?;
        let service = self.told.atlas.service_of(*place)?;
        Some(self.naming.name(service).map_or_else(|| self.address(service), |name| text::clean(&name)))
    }

    /// What tells that it falls.
    fn evidence(&self, loss: &Loss) -> Option<String> {
        let group = self.told.requires.group(loss.group)?;
        let members = self.told.requires.members(loss.group);
        let providers: Vec<String> = members.iter().map(|member| self.address(member.provider)).collect();
        let provider = match providers.as_slice() {
            [one] => one.clone(),
            several => format!("any of {}", some(several.to_vec(), NAMES_MAX)),
        };
        match group.why {
            Why::Direct => None,
            Why::CoLocated => Some(format!(
                "a guess: its host uses {provider}, and nothing tells for which of its services"
            )),
            Why::Exact => Some(format!("the same requests were seen to go on to {provider}")),
            Why::Inferred => self.waited(loss, &provider),
            Why::Soft => {
                let waited = self.waited(loss, &provider).unwrap_or_else(|| format!("it uses {provider}"));
                let service = members.first().and_then(|member| self.told.atlas.service(member.provider));
                let purpose = service.and_then(|service| commonly_spared(service.protocol?))?;
                Some(format!("{waited}; many applications go on without their {purpose}"))
            }
        }
    }

    fn waited(&self, loss: &Loss, provider: &str) -> Option<String> {
        let (requests, waited) = self.naming.waited(loss)?;
        let part = share(waited.into(), requests.into());
        let requests = text::number(requests.into());
        Some(format!("{part} of {requests} requests waited for {provider}"))
    }

    fn worth(&self, node: u32) -> String {
        let worth = self.naming.worth(node);
        let level = format!("{:.1}", worth.level);
        let level = level.strip_suffix(".0").unwrap_or(&level);
        format!("criticality {level} ({})", if worth.inferred { "inferred" } else { "operator" })
    }

    fn name(&self, node: u32) -> String {
        self.naming.name(node).map(|name| text::clean(&name)).unwrap_or_default()
    }

    /// `10.2.0.11:443`, or a host's id.
    fn address(&self, node: u32) -> String {
        match self.told.atlas.service(node).filter(|_| self.is_service(node)) {
            Some(service) => short(&service.key),
            None => self.naming.id(node),
        }
    }

    /// A client by its address and name.
    fn called(&self, host: u32) -> String {
        let node = self.told.requires.host_node(host);
        let name = self.naming.name(node).map(|name| format!(" {}", text::clean(&name))).unwrap_or_default();
        format!("{}{name}", self.naming.id(node))
    }

    fn called_service(&self, service: u32, names: bool) -> String {
        match self.naming.name(service).filter(|_| names) {
            Some(name) => format!("{} {}", text::clean(&name), self.address(service)),
            None => self.address(service),
        }
    }
}

/// A service without the transport that goes without saying.
fn short(service: &ServiceKey) -> String {
    let id = service.to_string();
    match service.transport {
        Transport::Tcp => id.strip_suffix("/tcp").map(ToOwned::to_owned).unwrap_or(id),
        _ => id,
    }
}

fn used(clients: usize) -> String {
    format!("{} {}", count(clients, "host", "hosts"), verb(clients, "uses", "use"))
}

/// `412 clients`; where all of them were counted before, `38 of the same clients`.
fn client_words(clients: &BTreeSet<u32>, before: &BTreeSet<u32>) -> Option<String> {
    match clients.len() {
        0 => None,
        many if clients.is_subset(before) => Some(match many {
            1 => "1 of the same clients".to_owned(),
            _ => format!("{} of the same clients", text::number(many as u64)),
        }),
        many => Some(count(many, "client", "clients")),
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or_default()
}
