//! How somebody can have come from one host to another. For programs, and for people.

use serde::Serialize;

use super::hop::{HopRow, Teller};
use super::page::Page;
use super::trace::word;
use crate::graph::Host;
use crate::model::Timestamp;
use crate::query::Blindness;
use crate::query::trace::{Hop, Paths, Rules};
use crate::report::text::{Column, Table, Tone, View, count};
use crate::report::time;

/// The question, as its answer repeats it.
#[derive(Clone, Debug, Serialize)]
pub struct PathQuestion {
    /// `path`.
    pub command: &'static str,
    /// As the one end was named.
    pub from: String,
    /// As the other end was named.
    pub to: String,
    /// The moment from which contacts count; none: from the first packet.
    pub at: Option<String>,
    /// By which contacts somebody moves on.
    pub classes: &'static str,
}

impl PathQuestion {
    /// A question about two targets, as they were named.
    pub fn new(from: &str, to: &str, at: Option<Timestamp>, rules: &Rules) -> PathQuestion {
        PathQuestion {
            command: "path",
            from: from.to_owned(),
            to: to.to_owned(),
            at: at.map(time),
            classes: word(rules.classes),
        }
    }
}

/// The `result` of a path.
#[derive(Serialize)]
pub struct PathResult {
    from: Vec<String>,
    to: Vec<String>,
    paths: Vec<PathRow>,
    complete: bool,
    without_time: Vec<HopRow>,
}

#[derive(Serialize)]
struct PathRow {
    at: String,
    path: Vec<String>,
    probability: f64,
    hops: Vec<HopRow>,
}

/// Everything that the answer of a path is made from.
pub struct Between<'a> {
    /// What ways are told from.
    pub teller: Teller<'a>,
    /// As the ends were named.
    pub named: (&'a str, &'a str),
    /// From which hosts, each from a moment.
    pub from: &'a [(u32, Timestamp)],
    /// To which hosts.
    pub to: &'a [u32],
    /// What was found.
    pub paths: &'a Paths,
}

impl Between<'_> {
    /// For programs.
    pub fn result(&self) -> PathResult {
        let teller = &self.teller;
        PathResult {
            from: self.from.iter().map(|(host, _)| teller.id(*host)).collect(),
            to: self.to.iter().map(|host| teller.id(*host)).collect(),
            paths: self
                .paths
                .found
                .iter()
                .map(|path| PathRow {
                    at: path.last().map(|hop| time(hop.at)).unwrap_or_default(),
                    path: teller.ids(path),
                    probability: self.probability(path),
                    hops: teller.hops(path),
                })
                .collect(),
            complete: self.paths.complete,
            without_time: self.paths.without_time.iter().filter_map(|way| teller.row(*way, None)).collect(),
        }
    }

    fn probability(&self, path: &[Hop]) -> f64 {
        path.iter().filter_map(|hop| self.teller.way(hop.way)).map(|way| way.probability).product()
    }

    /// For people.
    pub fn write(&self, view: &View<'_>, blindness: &Blindness, answer_id: &str) -> String {
        let mut page = Page::wide(view);
        let places: Vec<u32> = self.from.iter().map(|(host, _)| *host).collect();
        for (named, hosts) in [(self.named.0, &places), (self.named.1, &self.to.to_vec())] {
            let hosts: Vec<&Host> = hosts.iter().filter_map(|host| self.teller.atlas.host(*host)).collect();
            page.named(&hosts, named);
        }
        page.time();
        match self.paths.found.is_empty() {
            true => self.none(&mut page),
            false => self.some(&mut page),
        }
        page.end(blindness, &[], answer_id)
    }

    fn some(&self, page: &mut Page<'_>) {
        let found = &self.paths.found;
        page.headed(
            Tone::Heading,
            &format!(
                "{} FROM {} TO {}, THE SHORTEST FIRST",
                count(found.len(), "PATH", "PATHS"),
                self.named.0,
                self.named.1
            ),
        );
        for (number, path) in (1..).zip(found) {
            let text = format!(
                "{number}. {}, likelihood {:.2}",
                count(path.len(), "contact", "contacts"),
                self.probability(path)
            );
            page.heading(&text);
            let table = self.teller.table(page, "NOT BEFORE", path);
            page.table(&table);
        }
        if !self.paths.complete {
            page.warn("There were too many beginnings of paths to try all of them; there may be others.");
        }
    }

    fn none(&self, page: &mut Page<'_>) {
        page.headed(Tone::Heading, &format!("NO PATH IN TIME FROM {} TO {}", self.named.0, self.named.1));
        if self.paths.without_time.is_empty() {
            page.say("Without time there is none either: no chain of contacts was seen (--classes all counts every kind).");
            return;
        }
        page.say("A drawing without time would show this one; each contact has to last until its actor is reached:");
        let mut table = Table::new(&[
            Column::text("FROM", 15),
            Column::text("TO", 15),
            Column::word("BY"),
            Column::text("SESSION", 19),
            Column::text("FRAME", 8).spare(1),
        ]);
        for way in self.paths.without_time.iter().filter_map(|place| self.teller.way(*place)) {
            table.row(vec![
                self.teller.called(page, way.actor).into(),
                self.teller.called(page, way.target).into(),
                self.teller.spoken(way).into(),
                self.teller.dated(way).into(),
                self.teller.frame(way).into(),
            ]);
        }
        page.table(&table);
    }
}
