//! A plan with what the record says of it: what it would have done to sessions that were seen.

use std::collections::BTreeSet;

use super::ground::Ground;
use crate::model::Timestamp;
use crate::policy::{Order, Plan, Rehearsal, from_isolation, rehearse};
use crate::query::{Atlas, IsolateQuestion, Isolation};
use crate::report::verdict;

/// A plan and its rehearsal.
pub struct Rehearsed {
    /// The plan.
    pub plan: Plan,
    /// What it would have done to all that was recorded.
    pub replay: Rehearsal,
    /// What a plan that knows only the time before a moment would have done to what came after it.
    holdout: Option<(Timestamp, Rehearsal)>,
}

impl Rehearsed {
    /// Rehearses an isolation: by all that was recorded, and by what began at `judge_since` or later
    /// (none: in the last third of what was watched), planned without it.
    pub fn isolation(
        ground: &Ground,
        question: &IsolateQuestion,
        isolation: &Isolation,
        infected: BTreeSet<u32>,
        judge_since: Option<Timestamp>,
    ) -> Rehearsed {
        let atlas = ground.atlas();
        let mut order = Order { infected, ..Order::default() };
        let holdout = judge_since.or_else(|| last_third(ground)).map(|since| {
            let before = from_isolation(atlas, question, &before(atlas, isolation, since));
            order.since = Some(since);
            (since, judge(atlas, &before, &mut order))
        });
        let plan = from_isolation(atlas, question, isolation);
        order.since = None;
        Rehearsed { replay: judge(atlas, &plan, &mut order), plan, holdout }
    }

    /// Rehearses a cut. It weighs everything that was recorded, so that no part is left to judge it by.
    pub fn cut(ground: &Ground, plan: Plan, infected: BTreeSet<u32>) -> Rehearsed {
        let mut order = Order { infected, ..Order::default() };
        Rehearsed { replay: judge(ground.atlas(), &plan, &mut order), plan, holdout: None }
    }

    /// The part that the plan was not made from: where it begins, and what came of it.
    pub fn holdout(&self) -> Option<(Timestamp, &Rehearsal)> {
        self.holdout.as_ref().map(|(since, rehearsal)| (*since, rehearsal))
    }

    /// What it says, in sentences; the gravest first.
    pub fn sentences(&self) -> Vec<String> {
        verdict(&self.replay, self.holdout())
    }
}

fn judge(atlas: &Atlas, plan: &Plan, order: &mut Order) -> Rehearsal {
    order.foreseen.clone_from(&plan.cut);
    rehearse(atlas, &plan.policy, order)
}

/// The isolation as far as it was known before a moment.
fn before(atlas: &Atlas, isolation: &Isolation, moment: Timestamp) -> Isolation {
    let known =
        |dependency: u32| atlas.dependency(dependency).is_some_and(|row| row.totals.span.first < moment);
    let cut = isolation.cut.iter().filter(|edge| known(edge.crossing.dependency));
    let spared = isolation.spared.iter().filter(|(crossing, _)| known(crossing.dependency));
    let untouched = isolation.untouched.iter().filter(|crossing| known(crossing.dependency));
    Isolation {
        cut: cut.copied().collect(),
        spared: spared.copied().collect(),
        untouched: untouched.copied().collect(),
        ..Isolation::default()
    }
}

/// Where the last third of the time that was watched begins.
fn last_third(ground: &Ground) -> Option<Timestamp> {
    let watched = ground.watched();
    let first = watched.iter().map(|span| span.first).min()?;
    let last = watched.iter().map(|span| span.last).max()?;
    Some(Timestamp::from_nanos(last.nanos() - (last - first) / 3))
}
