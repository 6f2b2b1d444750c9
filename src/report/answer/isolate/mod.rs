//! What breaks if something is cut off: for programs, and for people.

mod page;
mod result;

pub(super) use result::cost;

use std::collections::BTreeMap;

use serde::Serialize;

use super::envelope::{Answer, Asker};
use crate::query::{
    Atlas, Blindness, Causes, Costs, Cutter, Fallen, IsolateQuestion, Isolation, Isolator, Options, Remains,
    Requires,
};
use result::IsolateResult;

use super::broken::Affected;

/// The question, as it was asked.
#[derive(Clone, Copy, Serialize)]
pub struct IsolateAsked<'a> {
    /// `isolate`.
    pub command: &'static str,
    /// The targets as they were written.
    pub targets: &'a [String],
    /// The mode.
    pub mode: &'static str,
    /// Dependencies that mode `edge` blocks, as they were written.
    pub edges: &'a [String],
    /// Flows to keep, as they were written.
    pub keep: &'a [String],
}

/// Everything that is told of an isolation.
pub struct IsolateAnswer<'a> {
    atlas: &'a Atlas,
    requires: &'a Requires,
    question: IsolateQuestion,
    isolation: Isolation,
    options: Options,
    remains: Remains,
    costs: Costs,
    blindness: Blindness,
    /// Other addresses of the same machines that were not named.
    same_machines: Vec<u32>,
    /// How likely each node falls.
    likely: BTreeMap<u32, f64>,
    /// What a probability may be wrong by at most, at 95 %.
    error: f64,
    /// What the plan would have done to recorded sessions, in sentences; none: it was not rehearsed.
    rehearsal: Option<Vec<String>>,
}

impl<'a> IsolateAnswer<'a> {
    /// Finds everything out.
    pub fn new(isolator: &mut Isolator<'a>, cutter: &Cutter<'_>, question: IsolateQuestion) -> Self {
        let isolation = isolator.isolate(&question);
        let worlds = isolator.likelihood(&isolation.cut_places());
        let alone = question.services.iter().filter_map(|service| isolator.atlas.host_of(*service));
        let hosts: Vec<u32> = question.hosts.iter().copied().chain(alone).collect();
        IsolateAnswer {
            options: isolator.options(&question),
            remains: isolator.remains(&question, &isolation),
            costs: isolator.costs(cutter, &question),
            same_machines: isolator.same_machines(&question),
            blindness: Blindness::of(isolator.atlas, &hosts),
            error: worlds.error(0.5),
            likely: worlds.rows.iter().map(|(fallen, likely)| (fallen.node, *likely)).collect(),
            rehearsal: None,
            atlas: isolator.atlas,
            requires: isolator.requires,
            isolation,
            question,
        }
    }

    /// What was asked of the map.
    pub const fn question(&self) -> &IsolateQuestion {
        &self.question
    }

    /// What is cut, and what that breaks.
    pub const fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// The same, with what a rehearsal of the plan says.
    pub fn rehearsed(self, sentences: Vec<String>) -> Self {
        IsolateAnswer { rehearsal: Some(sentences), ..self }
    }

    /// The answer for programs.
    pub fn envelope<'q>(
        &self,
        asker: &Asker,
        asked: &'q IsolateAsked<'q>,
    ) -> Answer<&'q IsolateAsked<'q>, IsolateResult> {
        asker.answer(asked, &self.blindness, self.result())
    }

    /// Nodes that fell, as they are told; `all` is everything that fell with them.
    fn affected(&self, some: &[Fallen], all: &[Fallen]) -> Vec<Affected> {
        let cut = self.isolation.cut_places();
        let causes = Causes::new(self.requires, all, &cut);
        let told = some.iter().filter_map(|fallen| {
            let likely = self.likely.get(&fallen.node).copied().unwrap_or_default();
            Affected::of(self.atlas, self.requires, fallen, likely, causes.of(*fallen))
        });
        told.collect()
    }

    /// Everything that falls, certainly or not, on both sides.
    fn all_fallen(&self) -> Vec<Fallen> {
        let (outside, inside) = (&self.isolation.outside, &self.isolation.inside);
        [&outside.must, &inside.must, &outside.may, &inside.may].into_iter().flatten().copied().collect()
    }
}
