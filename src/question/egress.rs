//! What leaves the local networks, and to whom.

use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::words::{check, find};
use crate::graph::Host;
use crate::query::{Egress, Scope, egress};
use crate::report::{EgressResult, View, egress_page};

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whose traffic.
    pub target: String,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    target: &'a str,
    at: Option<String>,
}

struct Answer<'a> {
    ground: &'a Ground,
    echo: Echo<'a>,
    scope: Scope,
    traffic: Egress,
}

impl Ask for Question {
    const ROWS: bool = true;

    fn check(&self) -> Result<(), Refusal> {
        check([&self.target])
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let target = find(atlas, &self.target)?;
        let at = target.at.map(|at| at.to_string());
        let scope = Scope::of(&[target]);
        Ok(Box::new(Answer {
            ground,
            echo: Echo { command: "egress", target: &self.target, at },
            traffic: egress(atlas, &scope),
            scope,
        }))
    }
}

impl Answer<'_> {
    fn result(&self) -> EgressResult {
        EgressResult::of(&self.traffic, &self.ground.report())
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let blindness = self.ground.blindness(&self.scope);
        self.ground.asker().answer(&self.echo, &blindness, self.result()).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let atlas = self.ground.atlas();
        let places = self.scope.places(atlas);
        let hosts: Vec<&Host> = places.iter().filter_map(|host| atlas.host(*host)).collect();
        let id = self.ground.asker().answer_id(&self.echo);
        let blindness = self.ground.blindness(&self.scope);
        egress_page(view, &self.traffic, (&hosts, self.echo.target), &blindness, &id)
    }

    fn rows(&self, csv: bool, out: &mut dyn Write) -> io::Result<()> {
        self.result().write_rows(csv, out)
    }
}
