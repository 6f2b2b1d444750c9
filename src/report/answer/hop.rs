//! A contact on a path, as answers tell it: who acted on whom, when, by what, and the frame that
//! shows it.

use serde::Serialize;

use super::page::Page;
use crate::graph::Contact;
use crate::model::{HostKey, Span, Timestamp};
use crate::query::Atlas;
use crate::query::contact::{Contacts, Means, Way};
use crate::query::trace::Hop;
use crate::report::text::{Cell, Column, Table, Tone, clean, clock, moment};
use crate::report::{Report, time};

/// What ways and hops are told from.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// What was read.
    pub report: &'a Report<'a>,
    /// The map.
    pub atlas: &'a Atlas,
    /// The contacts that were searched.
    pub contacts: &'a Contacts,
}

/// A contact on a path.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HopRow {
    actor: String,
    target: String,
    at: Option<String>,
    class: &'static str,
    protocol: Option<&'static str>,
    port: u16,
    transport: &'static str,
    dependency: String,
    first: String,
    last: String,
    open: bool,
    client_port: u16,
    source: String,
    frame: u64,
    probability: f64,
    direction_decided: bool,
}

impl<'a> Teller<'a> {
    /// The id of a host.
    pub(super) fn id(&self, host: u32) -> String {
        self.key(host).map_or_else(String::new, |key| key.to_string())
    }

    /// The address of a host.
    pub(super) fn address(&self, host: u32) -> String {
        self.key(host).map_or_else(String::new, |key| key.address.to_string())
    }

    pub(super) fn key(&self, host: u32) -> Option<HostKey> {
        Some(self.atlas.host(host)?.key)
    }

    /// A host for people: its address and name.
    pub(super) fn called(&self, page: &Page<'_>, host: u32) -> String {
        self.key(host).map_or_else(String::new, |key| page.host(&key))
    }

    pub(super) fn way(&self, place: u32) -> Option<&'a Way> {
        self.contacts.way(place)
    }

    pub(super) fn contact(&self, way: &Way) -> Option<&'a Contact> {
        self.atlas.observed.history.contacts().get(way.contact as usize)
    }

    /// The dependencies of a path, as ids.
    pub(super) fn ids(&self, path: &[Hop]) -> Vec<String> {
        let ways = path.iter().filter_map(|hop| self.way(hop.way));
        ways.filter_map(|way| Some(self.atlas.dependency(way.edge)?.id())).collect()
    }

    /// A path for programs.
    pub(super) fn hops(&self, path: &[Hop]) -> Vec<HopRow> {
        path.iter().filter_map(|hop| self.row(hop.way, Some(hop.at))).collect()
    }

    /// A way for programs.
    pub(super) fn row(&self, place: u32, at: Option<Timestamp>) -> Option<HopRow> {
        let way = self.way(place)?;
        let dependency = self.atlas.dependency(way.edge)?;
        let contact = self.contact(way)?;
        Some(HopRow {
            actor: self.id(way.actor),
            target: self.id(way.target),
            at: at.map(time),
            class: way.means.word(),
            protocol: dependency.protocol(),
            port: dependency.key.service.port,
            transport: dependency.transport().name(),
            dependency: dependency.id(),
            first: time(way.span.first),
            last: time(way.span.last),
            open: contact.open,
            client_port: contact.client_port,
            source: self.report.source_path(contact.frame.source).to_owned(),
            frame: contact.frame.number,
            probability: way.probability,
            direction_decided: dependency.totals.decided,
        })
    }

    /// The class of a path: that of its last contact.
    pub(super) fn class(&self, path: &[Hop]) -> &'static str {
        let last = path.last().and_then(|hop| self.way(hop.way));
        last.map_or("none", |way| way.means.word())
    }

    /// What is spoken, and the port: `SSH 22`.
    pub(super) fn spoken(&self, way: &Way) -> String {
        let Some(dependency) = self.atlas.dependency(way.edge) else { return String::new() };
        let port = dependency.key.service.port;
        let spoken = match dependency.protocol() {
            Some(protocol) => format!("{} {port}", protocol.to_uppercase()),
            None => format!("{}/{port}", dependency.transport().name()),
        };
        let guess = if dependency.totals.decided { "" } else { " (direction guessed)" };
        match way.means {
            Means::ClientSide => format!("{spoken} back to its client"),
            Means::Knock | Means::Contact(_) => format!("{spoken}{guess}"),
        }
    }

    /// The session: `10:05:00Z-10:06:00Z`, or `OPEN NOW, since 09:52:10Z from port 50122`.
    pub(super) fn session(&self, way: &Way) -> Cell {
        let open = self.contact(way).filter(|contact| contact.open);
        match open {
            Some(contact) => Cell::from(format!(
                "OPEN NOW, since {} from port {}",
                self.stamp(way.span.first),
                contact.client_port
            ))
            .tone(Tone::Alarm),
            None => Cell::from(self.dated(way)),
        }
    }

    /// The frame that shows it: `office.pcap 1234`.
    pub(super) fn frame(&self, way: &Way) -> String {
        let frame = self.contact(way).map(|contact| contact.frame).unwrap_or_default();
        format!("{} {}", clean(self.report.source_name(frame.source)), frame.number)
    }

    /// A moment: by the clock where it is on the day that the page is about.
    pub(super) fn stamp(&self, time: Timestamp) -> String {
        match self.report.as_of.is_some_and(|as_of| same_day(as_of, time)) {
            true => clock(time),
            false => moment(time),
        }
    }

    /// The session of a way that may be of another day.
    pub(super) fn dated(&self, way: &Way) -> String {
        match (self.report.as_of, same_day(way.span.first, way.span.last)) {
            (Some(as_of), true) if !same_day(as_of, way.span.first) => {
                format!("{} to {}", moment(way.span.first), clock(way.span.last))
            }
            _ => span(way),
        }
    }

    /// A table of hops: each with its moment, both ends, what was spoken, its session and its frame.
    pub(super) fn table(&self, page: &Page<'_>, at: &'static str, hops: &[Hop]) -> Table {
        let mut table = Table::new(&[
            Column::word(at),
            Column::text("FROM", 15),
            Column::text("TO", 15),
            Column::word("BY"),
            Column::text("SESSION", 19),
            Column::text("FRAME", 8).spare(1),
        ]);
        for hop in hops {
            let Some(way) = self.way(hop.way) else { continue };
            table.row(vec![
                self.stamp(hop.at).into(),
                self.called(page, way.actor).into(),
                self.called(page, way.target).into(),
                self.spoken(way).into(),
                self.session(way),
                self.frame(way).into(),
            ]);
        }
        table
    }
}

/// From when to when, by the clock; by day where that is not the same.
fn span(way: &Way) -> String {
    let Span { first, last } = way.span;
    let (from, to) = (clock(first), clock(last));
    match same_day(first, last) {
        true if from == to => from,
        true => format!("{}-{to}", from.trim_end_matches('Z')),
        false => format!("{} to {}", moment(first), moment(last)),
    }
}

fn same_day(one: Timestamp, other: Timestamp) -> bool {
    let day = |time| moment(time).split_once(' ').map(|(day, _)| day.to_owned());
    day(one) == day(other)
}
