//! Whom a question is about, and when: some hosts or services, or everybody; always, or while one
//! machine held their address.

use std::collections::BTreeSet;

use super::atlas::Atlas;
use super::target::Resolved;
use crate::graph::Contact;
use crate::model::{Span, Timestamp};

/// Whom a question is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Places of hosts; none: everybody.
    pub hosts: Option<BTreeSet<u32>>,
    /// Places of services; empty: all that the hosts offer and use.
    pub services: BTreeSet<u32>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until before when.
    pub until: Option<Timestamp>,
}

impl Scope {
    /// What targets turned out to be. Where one of them names a moment, only the time counts in which
    /// whoever held the address then did hold it.
    pub fn of(targets: &[Resolved]) -> Scope {
        if targets.is_empty() {
            return Scope::default();
        }
        let turn = match targets {
            [target] => target.turn.as_ref(),
            _ => None,
        };
        Scope {
            hosts: Some(targets.iter().flat_map(|target| target.hosts.iter().copied()).collect()),
            services: targets.iter().flat_map(|target| target.services.iter().copied()).collect(),
            from: turn.map(|turn| turn.from),
            until: turn.and_then(|turn| turn.until),
        }
    }

    /// A host is meant.
    pub fn has(&self, host: u32) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| hosts.contains(&host))
    }

    /// A dependency is about who is meant: one end of it is, and the service is, where some were named.
    pub fn has_dependency(&self, atlas: &Atlas, dependency: u32) -> bool {
        if !self.services.is_empty() {
            return atlas.service_of(dependency).is_some_and(|service| self.services.contains(&service));
        }
        let ends = [atlas.client_of(dependency), atlas.server_of(dependency)];
        self.hosts.is_none() || ends.iter().flatten().any(|host| self.has(*host))
    }

    /// A moment is in the time that is meant.
    pub fn has_time(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }

    /// A span reaches into the time that is meant.
    pub fn has_span(&self, span: Span) -> bool {
        self.from.is_none_or(|from| span.last >= from) && self.until.is_none_or(|until| span.first < until)
    }

    /// The contacts of a dependency in the time that is meant.
    pub fn contacts<'a>(
        &'a self,
        atlas: &'a Atlas,
        dependency: u32,
    ) -> impl Iterator<Item = &'a Contact> + 'a {
        let contacts = atlas.observed.history.of(dependency as usize).iter();
        contacts.filter(|contact| self.has_span(contact.span))
    }

    /// Places of the hosts that are meant, ascending.
    pub fn places(&self, atlas: &Atlas) -> Vec<u32> {
        match &self.hosts {
            Some(hosts) => hosts.iter().copied().collect(),
            None => (0..).take(atlas.observed.snapshot.hosts.len()).collect(),
        }
    }
}
