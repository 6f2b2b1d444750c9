//! Back in time: who can have infected the victims. For programs, and for people.

use std::collections::BTreeSet;

use serde::Serialize;

use super::hop::{HopRow, Teller};
use super::page::Page;
use crate::graph::Host;
use crate::query::Blindness;
use crate::query::trace::{Candidate, Cause, Oddity, Root};
use crate::report::text::{Column, Table, Tone, View, count, moment, some};
use crate::report::time;

/// Candidates told to people.
const CANDIDATES_MAX: usize = 10;

/// Victims named in the first line.
const VICTIMS_MAX: usize = 8;

/// Causes told to people.
const CAUSES_MAX: usize = 30;

/// A candidate and what is odd about it.
pub type Judged = (Candidate, BTreeSet<Oddity>);

/// The `result` of a trace back.
#[derive(Serialize)]
pub struct RootResult {
    victims: Vec<String>,
    at: String,
    candidates: Vec<CandidateRow>,
    causes: Vec<CauseRow>,
}

#[derive(Serialize)]
struct CandidateRow {
    host: String,
    address: String,
    at: String,
    path: Vec<String>,
    probability: f64,
    class: &'static str,
    explains: usize,
    score: f64,
    victim: bool,
    anomalies: Vec<&'static str>,
    victims: Vec<ExplainedRow>,
}

#[derive(Serialize)]
struct ExplainedRow {
    victim: String,
    at: String,
    probability: f64,
    path: Vec<String>,
    likely_path: Vec<String>,
    hops: Vec<HopRow>,
}

#[derive(Serialize)]
struct CauseRow {
    dependency: String,
    first: String,
    last: String,
    contacts: usize,
    contact: Option<HopRow>,
}

/// Everything that the answer of a trace back is made from.
pub struct Backward<'a> {
    /// What ways are told from.
    pub teller: Teller<'a>,
    /// As the targets were named.
    pub named: &'a str,
    /// Who was searched from.
    pub root: &'a Root,
    /// Candidates, the best first.
    pub candidates: &'a [Judged],
    /// What lies between the best candidate and the victims.
    pub causes: &'a [Cause],
}

impl Backward<'_> {
    /// For programs.
    pub fn result(&self) -> RootResult {
        let teller = &self.teller;
        RootResult {
            victims: self.root.victims.iter().map(|(host, _)| teller.id(*host)).collect(),
            at: self.root.victims.iter().map(|(_, at)| *at).max().map(time).unwrap_or_default(),
            candidates: self.candidates.iter().map(|judged| self.candidate(judged)).collect(),
            causes: self
                .causes
                .iter()
                .map(|cause| CauseRow {
                    dependency: teller.atlas.dependency(cause.edge).map(|row| row.id()).unwrap_or_default(),
                    first: time(cause.span.first),
                    last: time(cause.span.last),
                    contacts: cause.ways,
                    contact: teller.row(cause.way, None),
                })
                .collect(),
        }
    }

    fn candidate(&self, (row, odd): &Judged) -> CandidateRow {
        let teller = &self.teller;
        // The path that forces the moment of the row.
        let binding = row.explains.iter().min_by_key(|explained| explained.at);
        let path = binding.map(|explained| self.root.path(teller.contacts, row.host, explained.victim));
        let path = path.unwrap_or_default();
        let victims = row.explains.iter().map(|explained| {
            let path = self.root.path(teller.contacts, row.host, explained.victim);
            let (victim, _) = self.root.victims.get(explained.victim).copied().unwrap_or_default();
            ExplainedRow {
                victim: teller.id(victim),
                at: time(explained.at),
                probability: explained.probability,
                path: teller.ids(&path),
                likely_path: teller.ids(&self.root.likely_path(row.host, explained.victim)),
                hops: teller.hops(&path),
            }
        });
        CandidateRow {
            host: teller.id(row.host),
            address: teller.address(row.host),
            at: time(row.at),
            class: teller.class(&path),
            path: teller.ids(&path),
            probability: row.probability,
            explains: row.explains.len(),
            score: row.score(),
            victim: row.victim,
            anomalies: odd.iter().map(|oddity| oddity.word()).collect(),
            victims: victims.collect(),
        }
    }

    /// For people.
    pub fn write(&self, view: &View<'_>, blindness: &Blindness, answer_id: &str) -> String {
        let mut page = Page::wide(view);
        let hosts: Vec<&Host> =
            self.root.victims.iter().filter_map(|(host, _)| self.teller.atlas.host(*host)).collect();
        match hosts.as_slice() {
            [_] => page.named(&hosts, self.named),
            several => {
                let names = several.iter().map(|host| page.host(&host.key)).collect();
                let many = count(several.len(), "victim", "victims");
                page.line(0, Tone::Heading, &format!("{many}: {}", some(names, VICTIMS_MAX)));
            }
        }
        page.time();
        self.told(&mut page);
        if let Some((best, _)) = self.candidates.first() {
            self.how(&mut page, best);
            self.between(&mut page, best);
        }
        page.end(blindness, &self.next(&view.again), answer_id)
    }

    fn told(&self, page: &mut Page<'_>) {
        let victims = self.root.victims.len();
        let at = self.root.victims.iter().map(|(_, at)| *at).max().map(moment).unwrap_or_default();
        let heading = match self.candidates.first() {
            None => format!("NOBODY SEEN can have infected {} by {at}", count(victims, "victim", "victims")),
            Some((best, _)) => format!(
                "FIRST MAY HAVE BEEN {}: explains {} of {}, infected by {} at the latest",
                self.teller.called(page, best.host),
                best.explains.len(),
                count(victims, "victim", "victims"),
                moment(best.at)
            ),
        };
        page.headed(if self.candidates.is_empty() { Tone::Heading } else { Tone::Alarm }, &heading);
        if self.candidates.is_empty() {
            page.say("No contact to them began before they were known to be infected; look at what this tap cannot see.");
            return;
        }
        let mut table = Table::new(&[
            Column::word("INFECTED BY"),
            Column::text("CANDIDATE", 15),
            Column::word("EXPLAINS"),
            Column::number("P"),
            Column::text("ODD", 10).spare(1),
        ]);
        for (row, odd) in self.candidates.iter().take(CANDIDATES_MAX) {
            let odd: Vec<String> = odd.iter().map(|oddity| oddity.word().replace('_', " ")).collect();
            table.row(vec![
                self.teller.stamp(row.at).into(),
                self.teller.called(page, row.host).into(),
                format!("{} of {victims}", row.explains.len()).into(),
                format!("{:.2}", row.probability).into(),
                odd.join(", ").into(),
            ]);
        }
        page.table(&table);
        if self.candidates.len() > CANDIDATES_MAX {
            let more = self.candidates.len() - CANDIDATES_MAX;
            page.say(&format!("and {more} more; `-o json` has all of them"));
        }
    }

    fn how(&self, page: &mut Page<'_>, best: &Candidate) {
        for explained in &best.explains {
            let Some((victim, _)) = self.root.victims.get(explained.victim) else { continue };
            let path = self.root.path(self.teller.contacts, best.host, explained.victim);
            let (from, to) = (self.teller.called(page, best.host), self.teller.called(page, *victim));
            page.heading(&format!("FROM {from} TO {to}"));
            let table = self.teller.table(page, "ACTS BY", &path);
            page.table(&table);
        }
    }

    fn between(&self, page: &mut Page<'_>, best: &Candidate) {
        page.heading(&format!(
            "WHAT CAN BE PART OF IT, FROM {}: {}",
            self.teller.called(page, best.host),
            count(self.causes.len(), "dependency", "dependencies")
        ));
        let mut table = Table::new(&[
            Column::word("FROM THE MOMENT"),
            Column::word("TO"),
            Column::text("CLIENT", 15),
            Column::text("SERVER", 15),
            Column::word("BY"),
            Column::number("CONTACTS"),
            Column::text("FRAME", 8).spare(1),
        ]);
        for cause in self.causes.iter().take(CAUSES_MAX) {
            let Some(way) = self.teller.way(cause.way) else { continue };
            table.row(vec![
                self.teller.stamp(cause.span.first).into(),
                self.teller.stamp(cause.span.last).into(),
                self.teller.called(page, way.actor).into(),
                self.teller.called(page, way.target).into(),
                self.teller.spoken(way).into(),
                cause.ways.into(),
                self.teller.frame(way).into(),
            ]);
        }
        page.table(&table);
        if self.causes.len() > CAUSES_MAX {
            page.say(&format!("and {} more; `-o json` has all of them", self.causes.len() - CAUSES_MAX));
        }
    }

    fn next(&self, again: &str) -> Vec<String> {
        let best = self.candidates.first();
        let forward = best.map(|(row, _)| {
            let address = self.teller.address(row.host);
            format!("tapmap trace {address} --forward --at {} {again}", time(row.at))
        });
        forward.into_iter().collect()
    }
}
