//! Who asked for and who touched an address, name, fingerprint, certificate or user.

use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use crate::query::{Blindness, Indicated, IndicatorError, Indicators, Scope, Sought, seek};
use crate::report::{SeenResult, View, seen_page};

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is looked for.
    pub indicator: String,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    indicator: &'a str,
}

struct Answer<'a> {
    ground: &'a Ground,
    echo: Echo<'a>,
    meant: Vec<Indicated>,
    sought: Sought,
    blindness: Blindness,
}

impl Question {
    fn meant(&self) -> Result<Vec<Indicated>, Refusal> {
        let Indicators(meant) =
            self.indicator.parse().map_err(|error: IndicatorError| Refusal::words(&error))?;
        Ok(meant)
    }
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        self.meant().map(drop)
    }

    /// That it was never seen is an answer.
    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let meant = self.meant()?;
        Ok(Box::new(Answer {
            ground,
            echo: Echo { command: "seen", indicator: &self.indicator },
            sought: seek(ground.atlas(), &meant),
            meant,
            blindness: ground.blindness(&Scope::default()),
        }))
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let result = SeenResult::of(&self.sought, &self.meant, &self.ground.report());
        self.ground.asker().answer(&self.echo, &self.blindness, result).write_json(out)
    }

    fn is_empty(&self) -> bool {
        self.sought.is_empty()
    }

    fn text(&self, view: &View<'_>) -> String {
        let id = self.ground.asker().answer_id(&self.echo);
        seen_page(view, &self.sought, (self.echo.indicator, &self.meant), &self.blindness, &id)
    }
}
