//! Who stops with a target, and what it can reach.

use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::words::{check, find};
use crate::query::exposure::{self, Exposure};
use crate::query::{Blindness, Outage, Resolved};
use crate::report::{BlastRadius, ExposureResult, Picture, Radius, View, picture, write_blast_radius};

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who fails: several hosts fail at once.
    pub target: String,
    /// List everything, also what may fall only because shared infrastructure may.
    pub expand: bool,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    target: &'a str,
    expand: bool,
}

struct Answer<'a> {
    ground: &'a Ground,
    question: &'a Question,
    resolved: Resolved,
    outage: Outage,
    exposure: Exposure,
    blindness: Blindness,
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check([&self.target])
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let resolved = find(atlas, &self.target)?;
        Ok(Box::new(Answer {
            outage: Outage::of(atlas, ground.requires(), &resolved, self.expand),
            exposure: exposure::of(atlas, &resolved.hosts, Some(ground.insecure())),
            blindness: Blindness::of(atlas, &resolved.hosts),
            resolved,
            ground,
            question: self,
        }))
    }
}

impl Answer<'_> {
    fn radius(&self) -> Radius<'_> {
        Radius {
            atlas: self.ground.atlas(),
            requires: self.ground.requires(),
            target: &self.question.target,
            resolved: &self.resolved,
            outage: &self.outage,
            expand: self.question.expand,
        }
    }

    fn echo(&self) -> Echo<'_> {
        let Question { target, expand } = self.question;
        Echo { command: "blast-radius", target, expand: *expand }
    }

    fn id(&self) -> String {
        self.ground.asker().answer_id(&self.echo())
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let exposure = ExposureResult::of(&self.ground.report(), self.ground.atlas(), &self.exposure);
        let result = BlastRadius::of(&self.radius(), Some(exposure));
        self.ground.asker().answer(self.echo(), &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        write_blast_radius(view, &self.radius(), Some(&self.exposure), &self.blindness, &self.id())
    }

    fn picture(&self) -> Option<Picture> {
        Some(picture(&self.radius(), &self.id()))
    }
}
