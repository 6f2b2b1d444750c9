//! `tapmap policy`: firewall rules for an isolation or a cut, rehearsed on what was recorded.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::anyhow;
use serde::Serialize;

use super::analyze::{again, checked};
use super::args::{PolicyArguments, PolicyFormat};
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::keeping::{dependencies, kept};
use super::output;
use super::setup::Setup;
use crate::model::Timestamp;
use crate::policy::{
    Action, Order, PlainRow, Plan, Rehearsal, Rendered, from_cut, from_isolation, plain, rehearse, render,
    session,
};
use crate::query::{Atlas, Blindness, CutQuestion, Cutter, IsolateQuestion, Isolator, Requires, Segments};
use crate::report::{Asker, PolicyAnswer, PolicyResult, View, verdict, write_policy};

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// What was asked, as the answer repeats it.
#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    targets: &'a [String],
    mode: Option<&'static str>,
    from: &'a [String],
    to: &'a [String],
    keep: &'a [String],
    infected: &'a [String],
    expires_hours: u16,
}

/// Writes rules.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or there is no such cut.
pub fn run(arguments: &PolicyArguments) -> Result<ExitCode, Failure> {
    let ask = &arguments.ask;
    let setup = Setup::new(&ask.reading)?;
    if ask.reading.check {
        return checked(&setup);
    }
    let asked = Asked::new(ask, setup)?;
    let atlas = Atlas::new(asked.observed());
    let made = Made::new(&atlas, &asked, arguments)?;
    let asker = Asker::new(atlas.observed.clone(), ask.as_of);
    let question = Question::of(arguments);
    let id = asker.answer_id(&question);
    let name = id.get(..12).unwrap_or(&id);
    let lifetime = u64::from(arguments.expires) * HOUR;
    let told = verdict(&made.replay, made.holdout());
    let heading = heading(arguments, &id, &asker.digest().to_string(), &told, &made.kill);
    let rendered = render(&made.plan.policy, name, &heading, lifetime);
    let answer = made.answer(&atlas, &rendered);
    let blindness = Blindness::of(&atlas, &made.hosts);
    tell(
        ask,
        |out| asker.answer(question, &blindness, PolicyResult::of(&answer)).write_json(out),
        || match arguments.format {
            PolicyFormat::Nftables if arguments.rollback => rendered.rollback.clone(),
            PolicyFormat::Nftables => rendered.text.clone(),
            PolicyFormat::Plain => {
                let report = asked.report();
                let view = View {
                    report: &report,
                    paint: output::paint(ask.color),
                    width: output::width(),
                    names: !ask.no_names,
                    again: again(&ask.read, &ask.reading, ask.as_of),
                };
                let next = [
                    format!("tapmap policy {} {} > plan.nft", words(arguments), view.again),
                    format!("tapmap policy {} {} --rollback > rollback.nft", words(arguments), view.again),
                ];
                write_policy(&view, &title(arguments), &answer, &blindness, &next, &id)
            }
        },
    )
}

/// A plan with what the record says of it.
struct Made {
    hosts: Vec<u32>,
    plan: Plan,
    replay: Rehearsal,
    holdout: Option<(Timestamp, Rehearsal)>,
    kill: Vec<String>,
    plain: Vec<PlainRow>,
}

impl Made {
    fn new(atlas: &Atlas, asked: &Asked, arguments: &PolicyArguments) -> Result<Made, Failure> {
        let planner = Planner::new(atlas);
        let (hosts, plan) = planner.plan(arguments, None)?;
        let infected = hosts_of(atlas, &arguments.infected)?;
        let judge = |plan: &Plan, since| {
            let order = Order { since, infected: infected.clone(), foreseen: plan.cut.clone() };
            rehearse(atlas, &plan.policy, &order)
        };
        let holdout = match arguments.judge_since.or_else(|| last_third(asked)) {
            None => None,
            Some(since) => {
                let (_, before) = planner.plan(arguments, Some(since))?;
                Some((since, judge(&before, Some(since))))
            }
        };
        let (kill, plain) = (kill(atlas, &plan), plain(atlas, &hosts));
        Ok(Made { replay: judge(&plan, None), hosts, plan, holdout, kill, plain })
    }

    fn answer<'a>(&'a self, atlas: &'a Atlas, rendered: &'a Rendered) -> PolicyAnswer<'a> {
        PolicyAnswer {
            snapshot: &atlas.observed.snapshot,
            plan: &self.plan,
            rendered,
            plain: &self.plain,
            replay: &self.replay,
            holdout: self.holdout(),
            kill: &self.kill,
        }
    }

    fn holdout(&self) -> Option<(Timestamp, &Rehearsal)> {
        self.holdout.as_ref().map(|(since, rehearsal)| (*since, rehearsal))
    }
}

impl<'a> Question<'a> {
    fn of(arguments: &'a PolicyArguments) -> Question<'a> {
        Question {
            command: "policy",
            targets: &arguments.targets,
            mode: arguments.from.is_empty().then(|| arguments.mode.word()),
            from: &arguments.from,
            to: &arguments.to,
            keep: &arguments.keep,
            infected: &arguments.infected,
            expires_hours: arguments.expires,
        }
    }
}

/// Makes plans on one map.
struct Planner<'a> {
    atlas: &'a Atlas,
    segments: Segments,
    requires: Requires,
}

impl<'a> Planner<'a> {
    fn new(atlas: &'a Atlas) -> Planner<'a> {
        Planner { segments: Segments::new(atlas), requires: Requires::from_atlas(atlas), atlas }
    }

    /// The hosts that a plan is about, and the plan; made from what had begun before a moment, if one
    /// is given.
    fn plan(
        &self,
        arguments: &PolicyArguments,
        before: Option<Timestamp>,
    ) -> Result<(Vec<u32>, Plan), Failure> {
        let known = |dependency: &u32| {
            let began = self.atlas.dependency(*dependency).map(|row| row.totals.span.first);
            before.is_none_or(|before| began.is_some_and(|began| began < before))
        };
        if !arguments.from.is_empty() {
            return self.cut(arguments);
        }
        let mut question = IsolateQuestion { mode: arguments.mode, ..IsolateQuestion::default() };
        let mut about = BTreeSet::new();
        for target in &arguments.targets {
            let resolved = find(self.atlas, target)?;
            about.extend(&resolved.hosts);
            match resolved.services.is_empty() {
                true => question.hosts.extend(resolved.hosts),
                false => question.services.extend(resolved.services),
            }
        }
        question.kept = dependencies(self.atlas, &arguments.keep)?;
        let mut isolator = Isolator::new(self.atlas, &self.segments, &self.requires);
        let mut isolation = isolator.isolate(&question);
        isolation.cut.retain(|edge| known(&edge.crossing.dependency));
        isolation.spared.retain(|(crossing, _)| known(&crossing.dependency));
        Ok((about.into_iter().collect(), from_isolation(self.atlas, &question, &isolation)))
    }

    fn cut(&self, arguments: &PolicyArguments) -> Result<(Vec<u32>, Plan), Failure> {
        let from: Vec<u32> = hosts_of(self.atlas, &arguments.from)?.into_iter().collect();
        let to: Vec<u32> = hosts_of(self.atlas, &arguments.to)?.into_iter().collect();
        let kept = arguments.keep.iter().map(|text| kept(self.atlas, text)).collect::<Result<_, _>>()?;
        let question = CutQuestion { from: from.clone(), to, kept, ..CutQuestion::default() };
        let answer = Cutter::new(self.atlas, &self.segments, &self.requires).cut(&question);
        if answer.cost.is_none() {
            return Err(Failure::failed(anyhow!(
                "there is no such cut: what must stay open is a way through; `tapmap cut` shows it"
            )));
        }
        Ok((from, from_cut(self.atlas, &self.segments, &answer)))
    }
}

/// The hosts of several targets.
fn hosts_of(atlas: &Atlas, targets: &[String]) -> Result<BTreeSet<u32>, Failure> {
    let mut hosts = BTreeSet::new();
    for target in targets {
        hosts.extend(find(atlas, target)?.hosts);
    }
    Ok(hosts)
}

/// Where the last third of the time that was watched begins.
pub fn last_third(asked: &Asked) -> Option<Timestamp> {
    let watched = asked.observed().watched;
    let first = watched.iter().map(|span| span.first).min()?;
    let last = watched.iter().map(|span| span.last).max()?;
    Some(Timestamp::from_nanos(last.nanos() - (last - first) / 3))
}

/// Commands for the gateway that end what is open now and denied: rules alone leave sessions that a
/// flow offload carries.
fn kill(atlas: &Atlas, plan: &Plan) -> Vec<String> {
    let open = atlas.observed.history.contacts().iter().filter(|contact| contact.open);
    let lines = open.filter_map(|contact| {
        let dependency = atlas.dependency(contact.dependency)?;
        let denied = plan.policy.decide(&session(contact, dependency)).0 == Action::Deny;
        let (client, service) = (dependency.key.client.address, dependency.key.service);
        denied.then(|| {
            format!(
                "conntrack -D -p {} -s {client} -d {} --sport {} --dport {}",
                service.transport.name(),
                service.host.address,
                contact.client_port,
                service.port
            )
        })
    });
    lines.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the file says of itself before the rules.
fn heading(
    arguments: &PolicyArguments,
    id: &str,
    digest: &str,
    told: &[String],
    kill: &[String],
) -> Vec<String> {
    let mut lines = vec![
        title(arguments),
        format!("answer {id}"),
        format!("snapshot {digest}"),
        format!("It stops by itself {} h after it is loaded. Load: nft -f FILE", arguments.expires),
        format!("Undo: tapmap policy {} -r ... --rollback | nft -f -", words(arguments)),
        "For the gateway between the isolated hosts and the rest: what stays inside one segment, and what"
            .into(),
        "the gateway itself sends and receives, does not pass here.".into(),
        String::new(),
    ];
    lines.extend(told.iter().cloned());
    if !kill.is_empty() {
        lines.push(String::new());
        lines.push("Sessions that are open now; what a flow offload carries ends by these:".to_owned());
        lines.extend(kill.iter().map(|line| format!("  {line}")));
    }
    lines
}

fn title(arguments: &PolicyArguments) -> String {
    match arguments.from.is_empty() {
        true => format!("{} of {}", arguments.mode, arguments.targets.join(", ")),
        false => format!("cut from {} to {}", arguments.from.join(", "), arguments.to.join(", ")),
    }
}

/// The words that ask for the same plan again.
fn words(arguments: &PolicyArguments) -> String {
    let mut words: Vec<String> = arguments.targets.clone();
    match arguments.from.is_empty() {
        true => words.push(format!("--mode {}", arguments.mode)),
        false => {
            words.extend(arguments.from.iter().map(|from| format!("--from {from}")));
            words.extend(arguments.to.iter().map(|to| format!("--to {to}")));
        }
    }
    words.extend(arguments.keep.iter().map(|keep| format!("--keep '{keep}'")));
    words.join(" ")
}
