//! What somebody who is compromised can reach, apart from time: one part of the answer of
//! `blast-radius`. For programs, and for people.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::Page;
use crate::graph::Contact;
use crate::model::{Capability, HostKey, Span};
use crate::query::Atlas;
use crate::query::exposure::{Direct, Exposure};
use crate::report::text::{Tone, bytes, clean, count, moment, some};
use crate::report::{Report, time};

/// Hosts of one class that are told to people, one in a line; of data, all in one line.
const HOSTS_MAX: usize = 8;

/// Ports that are told to people.
const PORTS_MAX: usize = 8;

/// The `exposure` of a blast radius.
#[derive(Clone, Debug, Serialize)]
pub struct ExposureResult {
    observed: Vec<DirectRow>,
    potential: usize,
    theoretical: usize,
    onward: Vec<OnwardRow>,
    potential_services: usize,
    potential_onward: usize,
    unused: Vec<UnusedRow>,
}

#[derive(Clone, Debug, Serialize)]
struct DirectRow {
    host: String,
    address: String,
    at: String,
    path: Vec<String>,
    probability: f64,
    class: &'static str,
    dependencies: Vec<String>,
    first: String,
    external: bool,
    bytes_up: u64,
    open_sessions: Vec<SessionRow>,
}

#[derive(Clone, Debug, Serialize)]
struct SessionRow {
    dependency: String,
    client_port: u16,
    first: String,
    last: String,
    source: String,
    frame: u64,
}

#[derive(Clone, Debug, Serialize)]
struct OnwardRow {
    host: String,
    address: String,
    hop: u32,
    dependency: String,
}

#[derive(Clone, Debug, Serialize)]
struct UnusedRow {
    service: String,
    port: u16,
    protocol: Option<&'static str>,
}

impl ExposureResult {
    /// What was found.
    pub fn of(report: &Report<'_>, atlas: &Atlas, exposure: &Exposure) -> ExposureResult {
        let key = |host: u32| atlas.host(host).map(|host| host.key);
        let id = |place: u32| atlas.dependency(place).map(|row| row.id()).unwrap_or_default();
        let session = |contact: &Contact| SessionRow {
            dependency: id(contact.dependency),
            client_port: contact.client_port,
            first: time(contact.span.first),
            last: time(contact.span.last),
            source: report.source_path(contact.frame.source).to_owned(),
            frame: contact.frame.number,
        };
        let direct = |row: &Direct| {
            Some(DirectRow {
                host: key(row.host)?.to_string(),
                address: key(row.host)?.address.to_string(),
                at: time(row.span.last),
                path: row.dependencies.first().map(|place| id(*place)).into_iter().collect(),
                probability: row.probability,
                class: row.capability.word(),
                dependencies: row.dependencies.iter().map(|place| id(*place)).collect(),
                first: time(row.span.first),
                external: row.external,
                bytes_up: row.bytes_up,
                open_sessions: row.open.iter().map(session).collect(),
            })
        };
        let onward = exposure.onward.iter().filter_map(|row| {
            let key = key(row.host)?;
            let (host, address) = (key.to_string(), key.address.to_string());
            Some(OnwardRow { host, address, hop: row.hop, dependency: id(row.dependency) })
        });
        let unused = exposure.potential.unused.iter().filter_map(|open| {
            let service = atlas.service(open.service)?;
            let (id, port) = (service.key.to_string(), service.key.port);
            Some(UnusedRow { service: id, port, protocol: service.protocol })
        });
        ExposureResult {
            observed: exposure.direct.iter().filter_map(direct).collect(),
            potential: exposure.potential.hosts,
            theoretical: exposure.theoretical,
            onward: onward.collect(),
            potential_services: exposure.potential.services,
            potential_onward: exposure.potential.onward,
            unused: unused.collect(),
        }
    }
}

/// The groups in which what is reached is told to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Admin,
    Plant,
    Data,
    Out,
    Infra,
}

impl Group {
    fn of(row: &Direct) -> Group {
        match row.capability {
            _ if row.external => Group::Out,
            Capability::OtWrite => Group::Plant,
            Capability::Infra => Group::Infra,
            capability if capability.is_exec() => Group::Admin,
            _ => Group::Data,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Group::Admin => "ADMIN",
            Group::Plant => "PLANT",
            Group::Data => "DATA",
            Group::Out => "OUT",
            Group::Infra => "INFRA",
        }
    }
}

/// Writes the section: what it can reach, by what it could do there.
pub(super) fn section(page: &mut Page<'_>, atlas: &Atlas, exposure: &Exposure) {
    let writer = Section { atlas, exposure };
    let since = exposure.direct.iter().map(|row| row.span.first).min();
    let since = since.map_or_else(String::new, |since| format!(" (contacts since {})", moment(since)));
    let admin = exposure.direct.iter().any(|row| Group::of(row) == Group::Admin);
    page.headed(if admin { Tone::Alarm } else { Tone::Heading }, &format!("IF IT IS COMPROMISED{since}"));
    if exposure.direct.is_empty() {
        page.say("It was not seen to be answered by anybody.");
    }
    for group in [Group::Admin, Group::Plant, Group::Data, Group::Out, Group::Infra] {
        writer.group(page, group);
    }
    writer.further(page);
}

struct Section<'a> {
    atlas: &'a Atlas,
    exposure: &'a Exposure,
}

impl Section<'_> {
    fn group(&self, page: &mut Page<'_>, group: Group) {
        let rows: Vec<&Direct> = self.exposure.direct.iter().filter(|row| Group::of(row) == group).collect();
        let lines = match group {
            Group::Out => self.outside(page, &rows),
            Group::Admin | Group::Plant => rows.iter().map(|row| self.session(page, row)).collect(),
            Group::Data | Group::Infra => {
                let hosts =
                    rows.iter().map(|row| format!("{} {}", self.called(page, row.host), self.ports(row)));
                vec![some(hosts.collect(), HOSTS_MAX)]
            }
        };
        if rows.is_empty() {
            return;
        }
        let many = match group {
            Group::Out => count(lines.len(), "name", "names"),
            _ => count(rows.len(), "host", "hosts"),
        };
        let mut lead = format!("{:<6} {many:<10} ", group.word());
        for line in lines.iter().take(HOSTS_MAX) {
            let tone = if line.contains("OPEN NOW") { Tone::Alarm } else { Tone::Plain };
            page.behind(&lead, tone, line);
            lead = " ".repeat(lead.chars().count());
        }
        if lines.len() > HOSTS_MAX {
            page.behind(&lead, Tone::Plain, &format!("and {} more", lines.len() - HOSTS_MAX));
        }
    }

    fn called(&self, page: &Page<'_>, host: u32) -> String {
        let key: Option<HostKey> = self.atlas.host(host).map(|host| host.key);
        key.map_or_else(String::new, |key| page.host(&key))
    }

    /// `SSH 22`, of the strongest dependency.
    fn spoken(&self, row: &Direct) -> String {
        let strongest = row.dependencies.first().and_then(|place| self.atlas.dependency(*place));
        strongest.map_or_else(String::new, |row| {
            let protocol = row.protocol().map(str::to_uppercase);
            format!(
                "{} {}",
                protocol.unwrap_or_else(|| row.transport().name().to_owned()),
                row.key.service.port
            )
        })
    }

    fn ports(&self, row: &Direct) -> String {
        let ports = row.dependencies.iter().filter_map(|place| self.atlas.dependency(*place));
        let mut ports: Vec<u16> = ports.map(|row| row.key.service.port).collect();
        ports.sort_unstable();
        ports.dedup();
        some(ports.iter().map(ToString::to_string).collect(), PORTS_MAX)
    }

    /// `10.3.0.9 SSH 22, OPEN NOW, since 09:52:10Z`.
    fn session(&self, page: &Page<'_>, row: &Direct) -> String {
        let who = format!("{} {}", self.called(page, row.host), self.spoken(row));
        match row.open.as_slice() {
            [] => format!("{who}, last {}", moment(row.span.last)),
            [one] => {
                format!("{who}, OPEN NOW, since {} from port {}", moment(one.span.first), one.client_port)
            }
            [first, ..] => {
                format!("{who}, OPEN NOW, {} sessions, since {}", row.open.len(), moment(first.span.first))
            }
        }
    }

    /// Names outside, each with when it was first seen and how much went there, the most first.
    fn outside(&self, page: &Page<'_>, rows: &[&Direct]) -> Vec<String> {
        struct Sum {
            bytes: u64,
            span: Span,
            open: bool,
            class: Capability,
        }
        let mut names: BTreeMap<String, Sum> = BTreeMap::new();
        for row in rows {
            let host = self.atlas.host(row.host);
            let name = host.filter(|_| page.view().names).and_then(|host| host.names.first());
            let name = name.map(|name| clean(&name.name)).unwrap_or_else(|| self.called(page, row.host));
            let sum = names.entry(name).or_insert(Sum {
                bytes: 0,
                span: row.span,
                open: false,
                class: row.capability,
            });
            sum.bytes += row.bytes_up;
            sum.span.join(row.span);
            sum.open |= !row.open.is_empty();
            sum.class = sum.class.max(row.capability);
        }
        let mut names: Vec<(String, Sum)> = names.into_iter().collect();
        names.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.bytes));
        let told = names.into_iter().map(|(name, sum)| {
            let open = if sum.open { ", OPEN NOW" } else { "" };
            let class = if sum.class.is_exec() { format!(", {}", sum.class.word()) } else { String::new() };
            format!("{name}, first seen {}, {} up{class}{open}", moment(sum.span.first), bytes(sum.bytes))
        });
        told.collect()
    }

    fn further(&self, page: &mut Page<'_>) {
        let exposure = self.exposure;
        if !exposure.onward.is_empty() {
            let farthest = exposure.onward.iter().map(|row| row.hop).max().unwrap_or_default();
            page.say(&format!(
                "From those on, by sessions like those seen: {} (within {farthest} steps); not before `tapmap \
                 trace` says so",
                count(exposure.onward.len(), "more host", "more hosts")
            ));
        }
        let potential = &exposure.potential;
        if !potential.unused.is_empty() {
            let unused = potential.unused.iter().filter_map(|open| self.atlas.service(open.service));
            let mut ports: Vec<u16> = unused.map(|service| service.key.port).collect();
            ports.sort_unstable();
            ports.dedup();
            page.say(&format!(
                "Open to its subnet, never used by it: {} more ({})",
                potential.unused.len(),
                some(ports.iter().map(ToString::to_string).collect(), PORTS_MAX)
            ));
        }
        page.say(&format!(
            "Hosts: {} observed, {} open to its subnet, {} routable",
            exposure.direct.len(),
            potential.hosts,
            exposure.theoretical
        ));
    }
}
