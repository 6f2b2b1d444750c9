//! How somebody can have come from one host to another.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::trace::Moving;
use super::words::{check, find};
use crate::model::Timestamp;
use crate::query::Blindness;
use crate::query::contact::Contacts;
use crate::query::trace::{Goal, Paths, paths};
use crate::report::{Between, PathQuestion, Report, Teller, View};

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where it begins.
    pub from: String,
    /// Where it ends; a service: with a use of that.
    pub to: String,
    /// Only contacts that can be used at or after this moment; none: all of them.
    pub at: Option<Timestamp>,
    /// How an intruder moves.
    pub moving: Moving,
}

struct Answer<'a> {
    ground: &'a Ground,
    report: Report<'a>,
    question: &'a Question,
    echo: PathQuestion,
    contacts: Contacts,
    starts: Vec<(u32, Timestamp)>,
    goal: Goal,
    found: Paths,
    blindness: Blindness,
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check([&self.from, &self.to])
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let (from, to) = (find(atlas, &self.from)?, find(atlas, &self.to)?);
        if from.hosts.iter().any(|host| to.hosts.contains(host)) {
            let Question { from, to, .. } = self;
            let sentence = format!("`{from}` and `{to}` have a host in common: nothing is between");
            return Err(Refusal::words(&sentence));
        }
        let contacts = self.moving.contacts(ground);
        let at = from.at.or(self.at);
        let starts: Vec<(u32, Timestamp)> =
            from.hosts.iter().map(|host| (*host, at.unwrap_or(Timestamp::MIN))).collect();
        let edges: BTreeSet<u32> =
            to.services.iter().flat_map(|service| atlas.used_by(*service)).copied().collect();
        let goal = Goal { hosts: to.hosts, edges: (!to.services.is_empty()).then_some(edges) };
        let rules = self.moving.rules();
        let found = paths(&contacts, &starts, &goal, &rules);
        let on_the_way = found.found.iter().flatten().filter_map(|hop| Some(contacts.way(hop.way)?.actor));
        let mut about: Vec<u32> = from.hosts.iter().chain(&goal.hosts).copied().chain(on_the_way).collect();
        about.sort_unstable();
        about.dedup();
        Ok(Box::new(Answer {
            blindness: Blindness::of(atlas, &about),
            echo: PathQuestion::new(&self.from, &self.to, at, &rules),
            report: ground.report(),
            ground,
            question: self,
            contacts,
            starts,
            goal,
            found,
        }))
    }
}

impl Answer<'_> {
    fn between(&self) -> Between<'_> {
        Between {
            teller: Teller { report: &self.report, atlas: self.ground.atlas(), contacts: &self.contacts },
            named: (&self.question.from, &self.question.to),
            from: &self.starts,
            to: &self.goal.hosts,
            paths: &self.found,
        }
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let result = self.between().result();
        self.ground.asker().answer(&self.echo, &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let id = self.ground.asker().answer_id(&self.echo);
        self.between().write(view, &self.blindness, &id)
    }
}
