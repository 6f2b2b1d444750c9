//! A delta as rows, both ways: what a store keeps, and what it gives back.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::attempt::{AttemptTable, Summary};
use super::certificate::CertificateFacts;
use super::delta::{CertificateSeenAt, Delta, Dropped, Named, PingSeen, ServiceSeen, Undecided};
use super::edge::{EdgeKey, EdgeTotals};
use super::inventory::HostSeen;
use super::map::Map;
use super::sighting::{Sighting, SightingKey};
use super::table::Table;
use super::transport_security::{Places, add_place};
use crate::model::{FlowKey, FlowRecord, HostKey, Mac, NameSource, ServiceKey, Span, Timestamp};

/// Everything that a delta holds, to be read.
pub struct Rows<'a> {
    /// Hosts.
    pub hosts: &'a Table<HostKey, HostSeen>,
    /// Edges of which a flow was answered.
    pub edges: &'a Table<EdgeKey, EdgeTotals>,
    /// Edges of which none was.
    pub attempts: &'a Table<EdgeKey, EdgeTotals>,
    /// Attempts that were only summarised: by whom, upon whom, how many.
    pub summaries: Summaries<'a>,
    /// Flows whose direction other flows decide.
    pub undecided: &'a Table<FlowKey, Undecided>,
    /// Software and TLS.
    pub services: &'a Table<ServiceKey, ServiceSeen>,
    /// Names.
    pub names: &'a Table<(Named, NameSource, CompactString), Span>,
    /// Addresses that a DHCP server leased to machines.
    pub leases: &'a Table<(Mac, HostKey), Span>,
    /// Addresses that machines said they hold.
    pub bindings: &'a Table<(Mac, HostKey), Span>,
    /// Certificates by SHA-256.
    pub certificates: &'a Table<[u8; 32], CertificateSeenAt>,
    /// Insecure practices.
    pub sightings: &'a Table<SightingKey, Sighting>,
    /// Echo requests and answers.
    pub pings: &'a Table<(HostKey, HostKey), PingSeen>,
    /// Malformed things by name.
    pub anomalies: &'a BTreeMap<&'static str, u64>,
    /// Roles that no service shows.
    pub roles: &'a BTreeSet<(HostKey, &'static str)>,
    /// The time of the newest packet.
    pub last: Option<Timestamp>,
    /// What did not fit.
    pub dropped: Dropped,
    /// Flows counted.
    pub flows: u64,
}

/// Attempts that were only summarised.
#[derive(Clone, Copy)]
pub struct Summaries<'a> {
    /// By who made them.
    pub sources: &'a BTreeMap<HostKey, Summary>,
    /// By upon whom they were made.
    pub targets: &'a BTreeMap<HostKey, Summary>,
    /// How many flows.
    pub flows: u64,
}

/// Everything that a map is made of, as it comes back out of rows.
#[derive(Default)]
pub struct Facts {
    /// Hosts.
    pub hosts: Vec<(HostKey, HostSeen)>,
    /// Edges, each once; those of which no flow was answered are attempts.
    pub edges: Vec<(EdgeKey, EdgeTotals)>,
    /// Flows whose direction other flows decide.
    pub undecided: Vec<(FlowKey, Undecided)>,
    /// Summarised attempts by who made them.
    pub sources: Vec<(HostKey, Summary)>,
    /// Summarised attempts by upon whom they were made.
    pub targets: Vec<(HostKey, Summary)>,
    /// Flows that were only summarised.
    pub summarised: u64,
    /// Software and TLS.
    pub services: Vec<(ServiceKey, ServiceSeen)>,
    /// Names.
    pub names: Vec<((Named, NameSource, CompactString), Span)>,
    /// Addresses that a DHCP server leased to machines.
    pub leases: Vec<((Mac, HostKey), Span)>,
    /// Addresses that machines said they hold.
    pub bindings: Vec<((Mac, HostKey), Span)>,
    /// Certificates by SHA-256, and where they were seen.
    pub certificates: Vec<([u8; 32], CertificateFacts, Places)>,
    /// Insecure practices.
    pub sightings: Vec<(SightingKey, Sighting)>,
    /// Echo requests and answers.
    pub pings: Vec<((HostKey, HostKey), PingSeen)>,
    /// Malformed things by name.
    pub anomalies: BTreeMap<&'static str, u64>,
    /// Roles that no service shows.
    pub roles: BTreeSet<(HostKey, &'static str)>,
    /// The time of the newest packet.
    pub last: Option<Timestamp>,
    /// What did not fit.
    pub dropped: Dropped,
    /// Flows counted, those that go on left aside.
    pub flows: u64,
}

impl Delta {
    /// Everything in it, to be read.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            hosts: &self.hosts,
            edges: &self.edges,
            attempts: self.attempts.edges(),
            summaries: self.attempts.summaries(),
            undecided: &self.undecided,
            services: &self.services,
            names: &self.names,
            leases: &self.leases,
            bindings: &self.bindings,
            certificates: &self.certificates,
            sightings: &self.sightings,
            pings: &self.pings,
            anomalies: &self.anomalies,
            roles: &self.roles,
            last: self.last,
            dropped: self.dropped,
            flows: self.flows,
        }
    }

    /// The same facts of a map that was joined already, as those of one shard.
    pub fn of_map(map: Map) -> Delta {
        let Map { edges, rest: mut delta } = map;
        for (key, totals) in edges {
            delta.edges.add(usize::MAX, key, totals, |known, new| known.join(&new));
        }
        delta
    }
}

impl Facts {
    /// The map of these facts, with the flows that go on as they stand.
    pub fn into_map(self, open: &[FlowRecord]) -> Map {
        let (edges, tried): (Vec<_>, Vec<_>) =
            self.edges.into_iter().partition(|(_, totals)| totals.answered > 0);
        let mut rest = Delta {
            hosts: filled(self.hosts),
            undecided: filled(self.undecided),
            attempts: AttemptTable::of(filled(tried), self.sources, self.targets, self.summarised),
            services: filled(self.services),
            names: filled(self.names),
            leases: filled(self.leases),
            bindings: filled(self.bindings),
            sightings: filled(self.sightings),
            pings: filled(self.pings),
            anomalies: self.anomalies,
            roles: self.roles,
            last: self.last,
            dropped: self.dropped,
            flows: self.flows,
            ..Delta::default()
        };
        for (sha256, facts, found) in self.certificates {
            let mut places = Places::new();
            for (place, seen) in found {
                add_place(&mut places, place, seen);
            }
            rest.certificates.add(usize::MAX, sha256, CertificateSeenAt { facts, places }, |_, _| {});
        }
        for record in open {
            rest.flow(record.clone());
        }
        let mut map = Map { edges, rest: Delta::default() };
        map.add(vec![rest]);
        map
    }
}

fn filled<K: std::hash::Hash + Eq, V>(rows: Vec<(K, V)>) -> Table<K, V> {
    let mut table = Table::default();
    for (key, value) in rows {
        // Each key comes once; should it not, the first one stays.
        table.add(usize::MAX, key, value, |_, _| {});
    }
    table
}
