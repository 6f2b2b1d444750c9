//! One ordered story of some hosts, or of everybody.

use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::words::{check, find};
use crate::graph::Host;
use crate::query::{Resolved, Scope, timeline};
use crate::report::{TimelineResult, View, timeline_page};

/// The question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Whom it is about; nobody: everybody.
    pub targets: Vec<String>,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    targets: &'a [String],
    at: Option<String>,
}

struct Answer<'a> {
    ground: &'a Ground,
    echo: Echo<'a>,
    scope: Scope,
    result: TimelineResult,
}

impl Ask for Question {
    const ROWS: bool = true;

    fn check(&self) -> Result<(), Refusal> {
        check(&self.targets)
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let targets = self.targets.iter().map(|text| find(atlas, text));
        let targets: Vec<Resolved> = targets.collect::<Result<_, _>>()?;
        let scope = Scope::of(&targets);
        let at = targets.iter().find_map(|target| target.at).map(|at| at.to_string());
        Ok(Box::new(Answer {
            result: TimelineResult::of(&timeline(atlas, &scope), &scope, &ground.report()),
            echo: Echo { command: "timeline", targets: &self.targets, at },
            scope,
            ground,
        }))
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let blindness = self.ground.blindness(&self.scope);
        self.ground.asker().answer(&self.echo, &blindness, &self.result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let atlas = self.ground.atlas();
        let meant = self.scope.hosts.as_ref();
        let hosts: Option<Vec<&Host>> =
            meant.map(|hosts| hosts.iter().filter_map(|host| atlas.host(*host)).collect());
        let what = self.echo.targets.join(", ");
        let id = self.ground.asker().answer_id(&self.echo);
        let blindness = self.ground.blindness(&self.scope);
        timeline_page(view, &self.result, (hosts.as_deref(), &what), &blindness, &id)
    }

    fn rows(&self, csv: bool, out: &mut dyn Write) -> io::Result<()> {
        self.result.write_rows(csv, out)
    }
}
