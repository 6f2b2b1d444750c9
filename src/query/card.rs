//! Everything known of one host.

use super::atlas::Atlas;
use super::knowledge::Criticality;
use super::scope::Scope;
use super::target::Resolved;
use super::tenure::{Turn, elsewhere, turns};
use crate::graph::{Contact, DependencyState, Volume};
use crate::model::{Indication, IndicatorKind, Span, Transport};

/// A host's card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Its place.
    pub host: u32,
    /// The machines that held its address.
    pub turns: Vec<Turn>,
    /// The turn that is meant, where a moment was named. What follows is of that time only.
    pub turn: Option<Turn>,
    /// Other addresses that the machine held, where one machine is meant or known.
    pub elsewhere: Vec<(u32, Turn)>,
    /// What the operator says it means.
    pub criticality: Option<Criticality>,
    /// What it offers, in the order of ports.
    pub offers: Vec<Offer>,
    /// What it uses, by what that is about and then by service.
    pub uses: Vec<Use>,
    /// TCP connections that nobody has ended, the latest first.
    pub sessions: Vec<Session>,
    /// As whom its clients log in, and as whom it does.
    pub users: Vec<Indication>,
    /// From the first to the last time that it was heard.
    pub span: Option<Span>,
}

/// A service that it offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The service's place.
    pub service: u32,
    /// Clients that were answered: places of hosts, those with most bytes first.
    pub clients: Vec<u32>,
    /// What the service sent.
    pub bytes: u64,
    /// Flows that it answered.
    pub flows: u64,
}

/// A service that it uses, or tried to.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The dependency's place.
    pub dependency: u32,
    /// From the first flow to the last.
    pub span: Span,
    /// Flows.
    pub flows: u64,
    /// What it sent.
    pub sent: Volume,
    /// What it got.
    pub got: Volume,
}

/// A connection that goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// The flow.
    pub contact: Contact,
    /// The host is its client.
    pub outgoing: bool,
}

impl Card {
    /// The card of the first host of a target.
    pub fn of(atlas: &Atlas, target: &Resolved) -> Option<Card> {
        let place = *target.hosts.first()?;
        let host = atlas.host(place)?;
        let scope = Scope::of(std::slice::from_ref(target));
        let turns = turns(atlas, place);
        let meant = target.turn.clone().or_else(|| turns.last().filter(|_| turns.len() == 1).cloned());
        let mut uses: Vec<Use> =
            atlas.uses(place).iter().filter_map(|row| usage(atlas, &scope, *row)).collect();
        uses.sort_by_key(|row| (atlas.dependency(row.dependency).map(|it| it.kind), row.dependency));
        let history = &atlas.observed.history;
        let users = history.indications.iter().filter(|row| {
            let ends = row.client == host.key || row.service.host == host.key;
            row.indicator.kind == IndicatorKind::User && ends && scope.has_span(row.span)
        });
        Some(Card {
            host: place,
            elsewhere: meant.map(|turn| elsewhere(atlas, turn.mac, place)).unwrap_or_default(),
            turns,
            turn: target.turn.clone(),
            criticality: atlas.observed.knowledge.criticality_of(host.key.address, &host.labels),
            offers: atlas.offers(place).iter().filter_map(|row| offer(atlas, &scope, *row)).collect(),
            uses,
            sessions: sessions(atlas, &scope, place),
            users: users.cloned().collect(),
            span: host.span,
        })
    }
}

fn offer(atlas: &Atlas, scope: &Scope, service: u32) -> Option<Offer> {
    let mut clients: Vec<(u64, u32)> = Vec::new();
    let (mut bytes, mut flows) = (0, 0);
    for dependency in atlas.used_by(service) {
        let answered = scope.contacts(atlas, *dependency).filter(|contact| contact.answered);
        let (mut own, mut count) = (0, 0);
        for contact in answered {
            own += contact.to_server.bytes + contact.to_client.bytes;
            bytes += contact.to_client.bytes;
            count += 1;
        }
        flows += count;
        if count > 0 {
            clients.extend(atlas.client_of(*dependency).map(|client| (own, client)));
        }
    }
    clients.sort_by_key(|(bytes, client)| (u64::MAX - bytes, *client));
    let clients: Vec<u32> = clients.into_iter().map(|(_, client)| client).collect();
    // A lease that was given by broadcast has no flow; the service is one all the same.
    let known = !clients.is_empty() || scope.from.is_none() && scope.until.is_none();
    known.then_some(Offer { service, clients, bytes, flows })
}

fn usage(atlas: &Atlas, scope: &Scope, dependency: u32) -> Option<Use> {
    let row = atlas.dependency(dependency)?;
    let mut sum: Option<Use> = None;
    for contact in scope.contacts(atlas, dependency) {
        let usage = sum.get_or_insert(Use {
            dependency,
            span: contact.span,
            flows: 0,
            sent: Volume::default(),
            got: Volume::default(),
        });
        usage.span.join(contact.span);
        usage.flows += 1;
        for (all, one) in [(&mut usage.sent, contact.to_server), (&mut usage.got, contact.to_client)] {
            all.packets += one.packets;
            all.bytes += one.bytes;
        }
    }
    let totals = &row.totals;
    let whole = || Use {
        dependency,
        span: totals.span,
        flows: totals.flows.into(),
        sent: totals.to_server,
        got: totals.to_client,
    };
    sum.or_else(|| scope.has_span(totals.span).then(whole))
}

fn sessions(atlas: &Atlas, scope: &Scope, host: u32) -> Vec<Session> {
    let served = atlas.offers(host).iter().flat_map(|service| atlas.used_by(*service));
    let ends = atlas.uses(host).iter().map(|row| (*row, true)).chain(served.map(|row| (*row, false)));
    let mut sessions: Vec<Session> = Vec::new();
    for (dependency, outgoing) in ends {
        let Some(row) = atlas.dependency(dependency) else { continue };
        if row.transport() != Transport::Tcp || row.state < DependencyState::Answered {
            continue;
        }
        let open = scope.contacts(atlas, dependency).filter(|contact| contact.open);
        sessions.extend(open.map(|contact| Session { contact: *contact, outgoing }));
    }
    sessions.sort_by(|one, other| {
        let key = |it: &Session| (it.contact.span.first, it.contact.dependency, it.contact.client_port);
        key(other).cmp(&key(one))
    });
    sessions
}
