//! Deltas become one: those of all shards, or what one shard gained from tick to tick.

use super::super::inventory::HostSeen;
use super::super::sighting::Sighting;
use super::super::transport_security::add_place;
use super::{
    CERTIFICATES_MAX, Delta, Dropped, EDGES_MAX, HOSTS_MAX, IDLE_HOSTS_MAX, NAMES_MAX, PINGS_MAX, PingSeen,
    SERVICES_MAX, SIGHTINGS_MAX, ServiceSeen, UNDECIDED_MAX, Undecided,
};
use crate::model::Span;

/// How many rows of each kind there is room for.
struct Room {
    hosts: usize,
    idle_hosts: usize,
    edges: usize,
    undecided: usize,
    services: usize,
    names: usize,
    bindings: usize,
    certificates: usize,
    sightings: usize,
    pings: usize,
}

/// As much as one shard may remember.
const SHARD: Room = Room {
    hosts: HOSTS_MAX,
    idle_hosts: IDLE_HOSTS_MAX,
    edges: EDGES_MAX,
    undecided: UNDECIDED_MAX,
    services: SERVICES_MAX,
    names: NAMES_MAX,
    bindings: HOSTS_MAX,
    certificates: CERTIFICATES_MAX,
    sightings: SIGHTINGS_MAX,
    pings: PINGS_MAX,
};

/// Whatever comes: each part was bounded before.
const ENDLESS: Room = Room {
    hosts: usize::MAX,
    idle_hosts: usize::MAX,
    edges: usize::MAX,
    undecided: usize::MAX,
    services: usize::MAX,
    names: usize::MAX,
    bindings: usize::MAX,
    certificates: usize::MAX,
    sightings: usize::MAX,
    pings: usize::MAX,
};

impl Delta {
    /// Adds everything another shard saw. The order of shards is theirs, not that of threads.
    pub fn join(&mut self, mut other: Delta) {
        self.attempts.join(std::mem::take(&mut other.attempts));
        for (key, value) in std::mem::take(&mut other.edges) {
            self.edges.add(ENDLESS.edges, key, value, |known, new| known.join(&new));
        }
        self.join_rest(other, &ENDLESS);
    }

    /// Adds what the same shard saw later. The whole is bounded as if the shard had never handed
    /// anything over: rows come in the order in which they were first seen, and so the same rows find
    /// room. What finds none is counted row by row here, and packet by packet in a shard.
    pub fn absorb(&mut self, mut later: Delta) {
        // Attempts first: those that were made before their edge was answered did not know of it.
        let (rows, summaries) = std::mem::take(&mut later.attempts).into_parts();
        for (key, totals) in rows {
            self.edge(key, totals);
        }
        self.attempts.join(summaries);
        for (key, totals) in std::mem::take(&mut later.edges) {
            self.edge(key, totals);
        }
        self.join_rest(later, &SHARD);
    }

    /// Adds all but edges and attempts.
    fn join_rest(&mut self, other: Delta, room: &Room) {
        let mut facts = 0;
        for (key, value) in other.hosts {
            let max = if !value.active && self.idle_hosts >= room.idle_hosts { 0 } else { room.hosts };
            let (known, active, mut woke) = (self.hosts.len(), value.active, false);
            let fits = self.hosts.add(max, key, value, |known, new| {
                woke = !known.active && new.active;
                HostSeen::join(known, new);
            });
            self.dropped.hosts += u64::from(!fits);
            self.idle_hosts -= usize::from(woke).min(self.idle_hosts);
            self.idle_hosts += usize::from(!active && self.hosts.len() > known);
        }
        for (key, value) in other.undecided {
            let flows = u64::from(value.totals.flows);
            let fits = self.undecided.add(room.undecided, key, value, Undecided::join);
            self.dropped.flows += if fits { 0 } else { flows };
        }
        for (key, value) in other.services {
            facts += u64::from(!self.services.add(room.services, key, value, ServiceSeen::join));
        }
        for (key, value) in other.names {
            self.dropped.names += u64::from(!self.names.add(room.names, key, value, Span::join));
        }
        for (key, value) in other.leases {
            facts += u64::from(!self.leases.add(room.bindings, key, value, Span::join));
        }
        for (key, value) in other.bindings {
            facts += u64::from(!self.bindings.add(room.bindings, key, value, Span::join));
        }
        for (key, value) in other.certificates {
            let fits = self.certificates.add(room.certificates, key, value, |known, new| {
                for (place, seen) in new.places {
                    add_place(&mut known.places, place, seen);
                }
            });
            facts += u64::from(!fits);
        }
        for (key, value) in other.sightings {
            facts += u64::from(!self.sightings.add(room.sightings, key, value, Sighting::join));
        }
        for (key, value) in other.pings {
            facts += u64::from(!self.pings.add(room.pings, key, value, PingSeen::join));
        }
        for (key, value) in other.anomalies {
            *self.anomalies.entry(key).or_default() += value;
        }
        self.roles.extend(other.roles);
        self.last = self.last.max(other.last);
        self.flows += other.flows;
        self.dropped.facts += facts;
        self.dropped.add(&other.dropped);
    }
}

impl Dropped {
    /// Adds what did not fit elsewhere.
    const fn add(&mut self, other: &Dropped) {
        self.hosts += other.hosts;
        self.flows += other.flows;
        self.names += other.names;
        self.facts += other.facts;
    }
}
