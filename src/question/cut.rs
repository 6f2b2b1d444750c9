//! The least disruptive cut between where an intruder is and what must be kept safe.

use std::io::{self, Write};

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::Refusal;
use super::words::{check, check_flows, hosts, kept};
use crate::query::{Atlas, Classes, CutAnswer, CutQuestion, Cutter, Means, Tier};
use crate::report::{CutAsked, CutReport, View};

/// The question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Where the intruder is.
    pub from: Vec<String>,
    /// Where the intruder must not get.
    pub to: Vec<String>,
    /// Flows that must stay: `host:port`, or `client>host:port`.
    pub keep: Vec<String>,
    /// What counts as a way.
    pub tier: Tier,
    /// Which ways count.
    pub classes: Classes,
    /// What may be cut.
    pub means: Means,
}

struct Answer<'a> {
    ground: &'a Ground,
    asked: CutAsked<'a>,
    question: CutQuestion,
    answer: CutAnswer,
}

impl Question {
    /// What it means on a map.
    ///
    /// # Errors
    /// If a word means nothing there, or somebody is on both sides.
    pub(super) fn on(&self, atlas: &Atlas) -> Result<CutQuestion, Refusal> {
        let (from, to) = (hosts(atlas, &self.from)?, hosts(atlas, &self.to)?);
        if let Some(both) = from.iter().find(|host| to.contains(host)).and_then(|host| atlas.host(*host)) {
            let both = both.key;
            return Err(Refusal::words(&format!(
                "{both} is in both sets: nothing cuts a host off from itself"
            )));
        }
        Ok(CutQuestion {
            from,
            to,
            kept: self.keep.iter().map(|text| kept(atlas, text)).collect::<Result<_, _>>()?,
            unprotected: false,
            tier: self.tier,
            classes: self.classes,
            means: self.means,
        })
    }
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check(self.from.iter().chain(&self.to))?;
        check_flows(&self.keep)
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let question = self.on(ground.atlas())?;
        let cutter = Cutter::new(ground.atlas(), ground.segments(), ground.requires());
        let asked = CutAsked {
            command: "cut",
            from: &self.from,
            to: &self.to,
            keep: &self.keep,
            tier: self.tier.word(),
            classes: self.classes.word(),
            by: match self.means {
                Means::Ways => "edges",
                Means::Hosts => "hosts",
                Means::Both => "mixed",
            },
        };
        Ok(Box::new(Answer { ground, asked, answer: cutter.cut(&question), question }))
    }
}

impl Answer<'_> {
    fn told(&self) -> CutReport<'_> {
        CutReport {
            atlas: self.ground.atlas(),
            segments: self.ground.segments(),
            question: &self.question,
            answer: &self.answer,
        }
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        self.told().envelope(self.ground.asker(), &self.asked).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        self.told().page(view, &self.asked, &self.ground.asker().answer_id(&self.asked))
    }
}
