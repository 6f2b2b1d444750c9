//! Contacts as ways that an intruder could take: from one host to another, from when to when, by
//! what, and how likely. Laid out so that a trace walks through memory in order.

use std::collections::BTreeSet;

use super::atlas::Atlas;
use super::rows::Rows;
use crate::graph::{Dependency, Kind};
use crate::model::{Capability, Span};

/// How likely a server acts on a client that comes to it: a page that attacks browsers, a bad update.
const CLIENT_SIDE: f64 = 0.05;

/// How likely somebody gets in who was let in and said nothing, if every service could be taken over.
const KNOCK: f64 = 0.02;

/// No single contact is surer than this.
const PROBABILITY_MAX: f64 = 0.95;

/// What an insecure practice on the dependency adds.
const INSECURE: f64 = 1.3;

/// What a second factor takes away.
const SECOND_FACTOR: f64 = 0.5;

/// Labels of the operator that tell of a second factor before a host.
const SECOND_FACTOR_LABELS: [&str; 2] = ["mfa", "jump-host"];

/// How somebody acts by a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// The server accepted, and nobody said anything: a scan, a test of whether it is up.
    Knock,
    /// The server acts on the client that came to it.
    ClientSide,
    /// The client acts on the server.
    Contact(Capability),
}

impl Means {
    /// The word of its class in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Means::Knock => "knock",
            Means::ClientSide => "client-side",
            Means::Contact(capability) => capability.word(),
        }
    }

    /// Commands can be run on the target by it.
    pub const fn is_exec(self) -> bool {
        match self {
            Means::Knock => false,
            Means::ClientSide => true,
            Means::Contact(capability) => capability.is_exec(),
        }
    }

    /// How likely it carries an intruder, before anything else is known.
    pub const fn prior(self) -> f64 {
        match self {
            Means::Knock => KNOCK,
            Means::ClientSide => CLIENT_SIDE,
            Means::Contact(capability) => capability.prior(),
        }
    }
}

/// One contact as a way to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// The place of the host that acts.
    pub actor: u32,
    /// The place of the host that is acted on.
    pub target: u32,
    /// From the first packet to the last: it can be used at any moment between.
    pub span: Span,
    /// By what.
    pub means: Means,
    /// How likely it carries an intruder, 0 to 1.
    pub probability: f64,
    /// The place of its dependency. All contacts of one are the same chance: who cannot get in by a
    /// service today cannot get in by it tomorrow.
    pub edge: u32,
    /// The place of its contact in the history's list.
    pub contact: u32,
}

/// What is taken for a way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways<'a> {
    /// Also from servers to the clients that came to them.
    pub client_side: bool,
    /// Places of dependencies with an insecure practice: somebody on the wire can join in.
    pub insecure: Option<&'a BTreeSet<u32>>,
}

/// All ways, in the order of actors; of one actor, in the order of dependencies and times.
#[derive(Debug, Default)]
pub struct Contacts {
    ways: Rows<Way>,
    by_target: Rows<u32>,
}

impl Contacts {
    /// From any ways between hosts `0..hosts`; those that name another host, or go nowhere, are left out.
    pub fn new(hosts: usize, mut ways: Vec<Way>) -> Contacts {
        let inside = |host: u32| (host as usize) < hosts;
        ways.retain(|way| inside(way.actor) && inside(way.target) && way.actor != way.target);
        let order = |way: &Way| (way.actor, way.edge, way.target, way.means, way.span, way.contact);
        // Those of an atlas are in order already, unless ways back were added.
        if !ways.is_sorted_by_key(order) {
            ways.sort_unstable_by_key(order);
        }
        let targets: Vec<u32> = ways.iter().map(|way| way.target).collect();
        Contacts {
            by_target: Rows::by_owner(hosts, &targets),
            ways: Rows::sorted(hosts, ways, |way| way.actor),
        }
    }

    /// Every answered contact of an atlas that is no scan and whose direction is not in dispute.
    pub fn of(atlas: &Atlas, wanted: Ways<'_>) -> Contacts {
        let history = &atlas.observed.history;
        let mut ways = Vec::with_capacity(history.contacts().len());
        let mut edge = None;
        for (place, contact) in (0u32..).zip(history.contacts()).filter(|(_, contact)| contact.answered) {
            // Contacts come in the order of dependencies: one look-up serves all contacts of one.
            if edge.is_none_or(|(known, _)| known != contact.dependency) {
                edge = Some((contact.dependency, ends(atlas, contact.dependency)));
            }
            let Some((_, Some((client, server, guarded)))) = edge else { continue };
            let insecure = wanted.insecure.is_some_and(|insecure| insecure.contains(&contact.dependency));
            let way = |actor, target, means: Means, guarded: bool| Way {
                actor,
                target,
                span: contact.span,
                means,
                probability: probability(means, insecure, guarded),
                edge: contact.dependency,
                contact: place,
            };
            let means = if contact.payload { Means::Contact(contact.capability) } else { Means::Knock };
            ways.push(way(client, server, means, guarded));
            if wanted.client_side && contact.payload {
                ways.push(way(server, client, Means::ClientSide, false));
            }
        }
        Contacts::new(atlas.observed.snapshot.hosts.len(), ways)
    }

    /// How many hosts there are.
    pub const fn hosts(&self) -> usize {
        self.ways.owners()
    }

    /// All ways. A way is named by its place here.
    pub fn ways(&self) -> &[Way] {
        self.ways.items()
    }

    /// The way at a place.
    pub fn way(&self, place: u32) -> Option<&Way> {
        self.ways().get(place as usize)
    }

    /// The ways that lead from a host, each with its place.
    pub fn from(&self, host: u32) -> impl Iterator<Item = (u32, &Way)> {
        (self.ways.places(host).start..).zip(self.ways.of(host))
    }

    /// The ways that lead to a host, each with its place.
    pub fn to(&self, host: u32) -> impl Iterator<Item = (u32, &Way)> {
        self.by_target.of(host).iter().filter_map(|place| Some((*place, self.way(*place)?)))
    }
}

/// Client, server, and whether the server stands behind a second factor; none for what is no way.
fn ends(atlas: &Atlas, dependency: u32) -> Option<(u32, u32, bool)> {
    atlas.dependency(dependency).filter(|row| carries(row))?;
    let server = atlas.server_of(dependency)?;
    Some((atlas.client_of(dependency)?, server, has_second_factor(atlas, server)))
}

/// The operator says that a second factor is asked for there.
pub(super) fn has_second_factor(atlas: &Atlas, host: u32) -> bool {
    let labels = atlas.host(host).map(|host| host.labels.as_slice()).unwrap_or_default();
    labels.iter().any(|label| SECOND_FACTOR_LABELS.contains(&label.as_str()))
}

/// True for a dependency that somebody answered and whose arrow means something.
pub(super) fn carries(dependency: &Dependency) -> bool {
    dependency.totals.answered > 0 && !matches!(dependency.kind, Kind::Scan | Kind::Conflict)
}

/// How likely a contact carries an intruder (`blast_radius.md` §3.1).
pub(super) fn probability(means: Means, insecure: bool, guarded: bool) -> f64 {
    let mut probability = means.prior();
    if insecure {
        probability *= INSECURE;
    }
    if guarded {
        probability *= SECOND_FACTOR;
    }
    probability.min(PROBABILITY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn ways_are_found_from_both_ends_whatever_their_order() {
        let way = |actor, target, contact: u32| Way {
            actor,
            target,
            span: Span::at(Timestamp::from_seconds(contact.into(), 0)),
            means: Means::Contact(Capability::ExecShell),
            probability: 0.6,
            edge: 0,
            contact,
        };
        let ways = vec![way(2, 0, 1), way(0, 1, 2), way(1, 1, 3), way(0, 2, 4), way(7, 0, 5)];
        let contacts = Contacts::new(3, ways);
        let numbers = |found: Vec<(u32, &Way)>| found.iter().map(|(_, way)| way.contact).collect::<Vec<_>>();
        assert_eq!(contacts.hosts(), 3);
        assert_eq!(numbers(contacts.from(0).collect()), [2, 4]);
        assert_eq!(numbers(contacts.to(0).collect()), [1]);
        assert_eq!(numbers(contacts.from(1).collect()), [0u32; 0], "a host is no way to itself");
        assert!(contacts.from(2).all(|(place, way)| contacts.way(place) == Some(way)));
    }

    #[test]
    fn modifiers_multiply_and_nothing_is_sure() {
        let chance = |means, insecure, guarded| (probability(means, insecure, guarded) * 1000.0).round();
        let shell = Means::Contact(Capability::ExecShell);
        assert_eq!(chance(shell, false, false), 600.0);
        assert_eq!(chance(shell, true, false), 780.0);
        assert_eq!(chance(shell, true, true), 390.0);
        assert_eq!(chance(Means::Contact(Capability::ExecApi), true, false), 950.0);
        assert_eq!(chance(Means::ClientSide, false, false), 50.0);
    }
}
