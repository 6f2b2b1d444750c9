//! What breaks if something is cut off, what that leaves open, and where it can be enforced.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::rehearsal::Rehearsed;
use super::words::{check, check_flows, dependencies, find};
use crate::query::{Atlas, Cutter, IsolateQuestion, Isolator, Mode};
use crate::report::{IsolateAnswer, IsolateAsked, View};

/// The question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Whom to cut off: hosts, or single services.
    pub targets: Vec<String>,
    /// What to block.
    pub mode: Mode,
    /// The dependencies that mode `edge` blocks: `client>host:port`.
    pub edges: Vec<String>,
    /// Flows to leave open: `host:port`, or `client>host:port`.
    pub keep: Vec<String>,
    /// The page lists the open sessions that would be reset.
    pub sessions: bool,
}

struct Answer<'a> {
    ground: &'a Ground,
    asked: IsolateAsked<'a>,
    answer: IsolateAnswer<'a>,
    sessions: bool,
}

impl Question {
    /// What it means on a map.
    ///
    /// # Errors
    /// If a word means nothing there.
    pub(super) fn on(&self, atlas: &Atlas) -> Result<IsolateQuestion, Refusal> {
        let mut question = IsolateQuestion { mode: self.mode, ..IsolateQuestion::default() };
        for text in &self.targets {
            let found = find(atlas, text)?;
            match found.services.is_empty() {
                true => question.hosts.extend(found.hosts),
                false => question.services.extend(found.services),
            }
        }
        question.edges = dependencies(atlas, &self.edges)?;
        question.kept = dependencies(atlas, &self.keep)?;
        for places in [&mut question.hosts, &mut question.services] {
            places.sort_unstable();
            places.dedup();
        }
        Ok(question)
    }
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        if self.edges.is_empty() == (self.mode == Mode::Edge) {
            return Err(Refusal::words(&"`--mode edge` and `--edge client>host:port` belong together"));
        }
        check(&self.targets)?;
        check_flows(&self.edges)?;
        check_flows(&self.keep)
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let (atlas, segments, requires) = (ground.atlas(), ground.segments(), ground.requires());
        let question = self.on(atlas)?;
        let mut isolator = Isolator::new(atlas, segments, requires);
        let cutter = Cutter::new(atlas, segments, requires);
        let asked = IsolateAsked {
            command: "isolate",
            targets: &self.targets,
            mode: self.mode.word(),
            edges: &self.edges,
            keep: &self.keep,
        };
        let answer = IsolateAnswer::new(&mut isolator, &cutter, question);
        let (question, isolation) = (answer.question(), answer.isolation());
        let rehearsed = Rehearsed::isolation(ground, question, isolation, BTreeSet::new(), None);
        let answer = answer.rehearsed(rehearsed.sentences());
        Ok(Box::new(Answer { ground, asked, answer, sessions: self.sessions }))
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        self.answer.envelope(self.ground.asker(), &self.asked).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        let id = self.ground.asker().answer_id(&self.asked);
        self.answer.page(view, &self.asked, &id, self.sessions)
    }
}
