//! One ordered story of what a map shows: who appeared, what began, what was new.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::atlas::Atlas;
use super::scope::Scope;
use super::tenure::turns;
use crate::graph::{Contact, DependencyState, Kind};
use crate::model::{FrameId, HostKey, IndicatorKind, Mac, NameSource, Nanos, Role, Timestamp};

/// Nothing is called new in the first tenth of what was watched: everything is, there.
const WARM_UP: Nanos = 10;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A host was heard for the first time.
    Host {
        /// Its place.
        host: u32,
    },
    /// A name of a host was learnt.
    Name {
        /// Its place.
        host: u32,
        /// The name.
        name: CompactString,
        /// Where it was learnt.
        source: NameSource,
        /// It had another name from the same source before.
        changed: bool,
    },
    /// Another machine holds an address.
    Hands {
        /// The host's place.
        host: u32,
        /// The machine now.
        mac: Mac,
        /// The machine before.
        before: Mac,
    },
    /// A client asked for a name for the first time.
    Asked {
        /// The client.
        client: HostKey,
        /// The name.
        name: CompactString,
    },
    /// Somebody logged in for the first time.
    User {
        /// Whose machine.
        client: HostKey,
        /// The dependency's place, where it is known.
        dependency: Option<u32>,
        /// As whom.
        user: CompactString,
    },
    /// The first flow of a dependency.
    Flow {
        /// The dependency's place.
        dependency: u32,
        /// What is new about it, in words.
        new: Vec<New>,
    },
    /// A session by which the client can run commands began.
    SessionBegins {
        /// The flow.
        contact: Contact,
    },
    /// Such a session ended.
    SessionEnds {
        /// The flow.
        contact: Contact,
    },
    /// A certificate was presented for the first time.
    Certificate {
        /// Its place.
        certificate: u32,
        /// The host that presented it.
        by: HostKey,
    },
    /// Somebody began to try many addresses or ports.
    Scan {
        /// Its place.
        scan: u32,
    },
}

/// What is new about a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum New {
    /// Nobody had spoken the protocol before.
    Protocol,
    /// Nobody had used the service before.
    Service,
    /// The client had not run commands anywhere before.
    Commands,
}

impl New {
    /// The word of answers.
    pub const fn word(self) -> &'static str {
        match self {
            New::Protocol => "new_protocol",
            New::Service => "new_service",
            New::Commands => "first_commands",
        }
    }
}

/// Something that happened, when, and the frame that shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// The frame, where one is known.
    pub frame: Option<FrameId>,
    /// What.
    pub what: Happening,
}

/// The story of whom a scope is about, in order of time; of one moment, in the order of
/// [`Happening`].
pub fn timeline(atlas: &Atlas, scope: &Scope) -> Vec<Event> {
    let mut events = Vec::new();
    hosts(atlas, scope, &mut events);
    indications(atlas, scope, &mut events);
    flows(atlas, scope, &mut events);
    sessions(atlas, scope, &mut events);
    certificates(atlas, scope, &mut events);
    for (place, scan) in (0u32..).zip(&atlas.observed.snapshot.scans) {
        let ends = [scan.source, scan.target];
        let meant = scope.hosts.is_none()
            || ends.iter().flatten().filter_map(|host| atlas.host_place(host)).any(|host| scope.has(host));
        if meant {
            events.push(event(scan.span.first, None, Happening::Scan { scan: place }));
        }
    }
    events.retain(|event| scope.has_time(event.time));
    // Stable: what happened at one moment stays in the order in which it was found.
    events.sort_by_key(|event| (event.time, event.what.rank(), event.frame));
    events
}

const fn event(time: Timestamp, frame: Option<FrameId>, what: Happening) -> Event {
    Event { time, frame, what }
}

impl Happening {
    const fn rank(&self) -> u8 {
        match self {
            Happening::SessionEnds { .. } => 0,
            Happening::Host { .. } => 1,
            Happening::Hands { .. } => 2,
            Happening::Name { .. } => 3,
            Happening::Asked { .. } => 4,
            Happening::Flow { .. } => 5,
            Happening::User { .. } => 6,
            Happening::SessionBegins { .. } => 7,
            Happening::Certificate { .. } => 8,
            Happening::Scan { .. } => 9,
        }
    }

    /// The word of answers.
    pub const fn word(&self) -> &'static str {
        match self {
            Happening::Host { .. } => "host",
            Happening::Name { changed: false, .. } => "name",
            Happening::Name { changed: true, .. } => "name_changed",
            Happening::Hands { .. } => "address_changed_hands",
            Happening::Asked { .. } => "asked",
            Happening::User { .. } => "user",
            Happening::Flow { .. } => "flow",
            Happening::SessionBegins { .. } => "session_begins",
            Happening::SessionEnds { .. } => "session_ends",
            Happening::Certificate { .. } => "certificate",
            Happening::Scan { .. } => "scan",
        }
    }
}

/// Hosts of the local networks as they appear, their names, and who holds their addresses.
fn hosts(atlas: &Atlas, scope: &Scope, events: &mut Vec<Event>) {
    for host in scope.places(atlas) {
        let Some(row) = atlas.host(host) else { continue };
        // Addresses that were only ever tried are none.
        let spoke = !row.macs.is_empty() || !atlas.uses(host).is_empty() || !atlas.offers(host).is_empty();
        if let Some(span) = row.span.filter(|_| row.internal && spoke) {
            events.push(event(span.first, None, Happening::Host { host }));
        }
        let mut learnt: BTreeMap<&str, (Timestamp, NameSource)> = BTreeMap::new();
        for name in &row.names {
            let (Some(source), Some(span)) = (name.source, name.span) else { continue };
            let first = learnt.entry(&name.name).or_insert((span.first, source));
            *first = (*first).min((span.first, source));
        }
        let mut by_time: Vec<(Timestamp, &str, NameSource)> =
            learnt.into_iter().map(|(name, (first, source))| (first, name, source)).collect();
        by_time.sort_unstable();
        let mut sources = BTreeSet::new();
        for (first, name, source) in by_time {
            // A machine has one name of its own at a time; an address may have many in DNS and TLS.
            let own = matches!(source, NameSource::Dhcp | NameSource::Ntlm | NameSource::Kerberos);
            let changed = !sources.insert(source) && own;
            events.push(event(first, None, Happening::Name { host, name: name.into(), source, changed }));
        }
        let mut before = None;
        for turn in turns(atlas, host) {
            if let Some(before) = before {
                events.push(event(turn.from, None, Happening::Hands { host, mac: turn.mac, before }));
            }
            before = Some(turn.mac);
        }
    }
}

fn indications(atlas: &Atlas, scope: &Scope, events: &mut Vec<Event>) {
    // Of one name that a client asks several servers for, the first question counts.
    let mut asked: BTreeMap<(HostKey, &CompactString), (Timestamp, FrameId)> = BTreeMap::new();
    for row in &atlas.observed.history.indications {
        if !atlas.host_place(&row.client).is_some_and(|client| scope.has(client)) {
            continue;
        }
        match row.indicator.kind {
            IndicatorKind::Asked | IndicatorKind::Resolved => {
                let at = (row.span.first, row.frame);
                asked
                    .entry((row.client, &row.indicator.text))
                    .and_modify(|first| *first = (*first).min(at))
                    .or_insert(at);
            }
            IndicatorKind::User => {
                let key = crate::graph::EdgeKey { client: row.client, service: row.service };
                let dependency = atlas.observed.snapshot.dependency_place(&key);
                let what = Happening::User {
                    client: row.client,
                    dependency: dependency.and_then(|place| u32::try_from(place).ok()),
                    user: row.indicator.text.clone(),
                };
                events.push(event(row.span.first, Some(row.frame), what));
            }
            IndicatorKind::Sni | IndicatorKind::HttpHost | IndicatorKind::Ja4 => {}
        }
    }
    let rows = asked.into_iter().map(|((client, name), (time, frame))| {
        event(time, Some(frame), Happening::Asked { client, name: name.clone() })
    });
    events.extend(rows);
}

/// The first flow of each dependency, with what is new about it on the whole map.
fn flows(atlas: &Atlas, scope: &Scope, events: &mut Vec<Event>) {
    let snapshot = &atlas.observed.snapshot;
    let mut firsts: Vec<(Timestamp, Option<FrameId>, u32)> = Vec::with_capacity(snapshot.dependencies.len());
    for (place, row) in (0u32..).zip(&snapshot.dependencies) {
        let contact = atlas.observed.history.of(place as usize).first();
        let (first, frame) =
            contact.map_or((row.totals.span.first, None), |it| (it.span.first, Some(it.frame)));
        firsts.push((first, frame, place));
    }
    firsts.sort_unstable();
    let warm = warm_up(atlas);
    let (mut protocols, mut services, mut commanders) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (first, frame, dependency) in firsts {
        let Some(row) = atlas.dependency(dependency) else { continue };
        if row.kind == Kind::Scan && row.state == DependencyState::Attempt {
            continue;
        }
        let mut new = Vec::new();
        if row.state >= DependencyState::Answered {
            let protocol = row.protocol();
            if protocol.is_some_and(|protocol| protocols.insert(protocol)) {
                new.push(New::Protocol);
            }
            if services.insert(row.key.service) {
                new.push(New::Service);
            }
            if row.capability().is_exec() && commanders.insert(row.key.client) {
                new.push(New::Commands);
            }
        }
        if warm.is_none_or(|warm| first < warm) {
            new.clear();
        }
        if scope.has_dependency(atlas, dependency) {
            events.push(event(first, frame, Happening::Flow { dependency, new }));
        }
    }
}

/// The moment from which on something can be called new.
fn warm_up(atlas: &Atlas) -> Option<Timestamp> {
    let watched = &atlas.observed.watched;
    let first = watched.iter().map(|span| span.first).min()?;
    let last = watched.iter().map(|span| span.last).max()?;
    Some(first + (last - first) / WARM_UP)
}

fn sessions(atlas: &Atlas, scope: &Scope, events: &mut Vec<Event>) {
    for contact in atlas.observed.history.contacts() {
        let running = contact.observed && contact.capability.is_exec();
        if !running || !scope.has_dependency(atlas, contact.dependency) {
            continue;
        }
        let (first, last) = (contact.span.first, contact.span.last);
        events.push(event(first, Some(contact.frame), Happening::SessionBegins { contact: *contact }));
        if !contact.open {
            events.push(event(last, None, Happening::SessionEnds { contact: *contact }));
        }
    }
}

fn certificates(atlas: &Atlas, scope: &Scope, events: &mut Vec<Event>) {
    for (place, row) in (0u32..).zip(&atlas.observed.snapshot.certificates) {
        let meant = row.seen.iter().filter(|at| {
            let ends = at.place.client.iter().chain(at.seen.clients.iter()).chain([&at.place.service.host]);
            let service = atlas.service_place(&at.place.service);
            match scope.services.is_empty() {
                true => ends.filter_map(|host| atlas.host_place(host)).any(|host| scope.has(host)),
                false => service.is_some_and(|service| scope.services.contains(&service)),
            }
        });
        // The issuers' own certificates come with every leaf.
        let leaf = meant.filter(|at| at.place.position == 0);
        let first = leaf.min_by_key(|at| (at.seen.at.time, at.seen.at.frame, at.place.service));
        if let Some(at) = first {
            let by = match at.place.role {
                Role::Client => at.place.client.unwrap_or(at.place.service.host),
                Role::Server => at.place.service.host,
            };
            let what = Happening::Certificate { certificate: place, by };
            events.push(event(at.seen.at.time, Some(at.seen.at.frame), what));
        }
    }
}
