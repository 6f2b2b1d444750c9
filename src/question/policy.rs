//! Firewall rules for an isolation or a cut, rehearsed on what was recorded.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::ask::{Ask, Told};
use super::ground::Ground;
use super::refusal::{Refusal, Why};
use super::rehearsal::Rehearsed;
use super::words::{check, hosts};
use super::{cut, isolate};
use crate::model::Timestamp;
use crate::policy::{Action, PlainRow, Plan, Rendered, from_cut, plain, render, session};
use crate::query::{Atlas, Blindness, Cutter, Isolator, Mode};
use crate::report::{PolicyAnswer, PolicyResult, View, write_policy};

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// The question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the rules are for.
    pub aim: Aim,
    /// What must stay open: `host:port`, or `client>host:port`.
    pub keep: Vec<String>,
    /// Hosts that an intruder holds: their ways on count as attack, not as use.
    pub infected: Vec<String>,
    /// Hours after which the rules stop by themselves.
    pub expires_hours: u16,
    /// Judge by what began at or after this moment, and plan by what came before; none: by the last
    /// third of what was watched.
    pub judge_since: Option<Timestamp>,
    /// What the text is.
    pub text: Text,
}

/// What rules are for.
#[derive(Clone, Debug)]
pub enum Aim {
    /// To cut somebody off.
    Isolate {
        /// Whom: hosts, or single services.
        targets: Vec<String>,
        /// What to block.
        mode: Mode,
    },
    /// To part some hosts from others at the least cost.
    Cut {
        /// Where the intruder is.
        from: Vec<String>,
        /// Where the intruder must not get.
        to: Vec<String>,
    },
}

/// For whom a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The gateway: what nft takes.
    Rules,
    /// The gateway: what undoes the rules.
    Rollback,
    /// People at the switch, NAC or EDR.
    Page,
}

/// The question, as its answer repeats it.
#[derive(Serialize)]
struct Echo<'a> {
    command: &'static str,
    targets: &'a [String],
    mode: Option<&'static str>,
    from: &'a [String],
    to: &'a [String],
    keep: &'a [String],
    infected: &'a [String],
    expires_hours: u16,
}

struct Answer<'a> {
    ground: &'a Ground,
    question: &'a Question,
    rehearsed: Rehearsed,
    kill: Vec<String>,
    plain: Vec<PlainRow>,
    rendered: Rendered,
    blindness: Blindness,
}

impl Ask for Question {
    fn check(&self) -> Result<(), Refusal> {
        check(&self.infected)?;
        match &self.aim {
            Aim::Isolate { targets, mode } => self.isolation(targets, *mode).check(),
            Aim::Cut { from, to } => self.cut(from, to).check(),
        }
    }

    fn answer<'a>(&'a self, ground: &'a Ground) -> Result<Box<dyn Told + 'a>, Refusal> {
        let atlas = ground.atlas();
        let infected: BTreeSet<u32> = hosts(atlas, &self.infected)?.into_iter().collect();
        let (hosts, rehearsed) = match &self.aim {
            Aim::Isolate { targets, mode } => {
                let question = self.isolation(targets, *mode).on(atlas)?;
                let isolation = Isolator::new(atlas, ground.segments(), ground.requires()).isolate(&question);
                let rehearsed =
                    Rehearsed::isolation(ground, &question, &isolation, infected, self.judge_since);
                (hosts(atlas, targets)?, rehearsed)
            }
            Aim::Cut { from, to } => {
                let question = self.cut(from, to).on(atlas)?;
                let answer = Cutter::new(atlas, ground.segments(), ground.requires()).cut(&question);
                if answer.cost.is_none() {
                    let sentence = "there is no such cut: what must stay open is a way through; `tapmap cut` \
                                    shows it";
                    return Err(Refusal { why: Why::Infeasible, sentence: sentence.to_owned() });
                }
                let plan = from_cut(atlas, ground.segments(), &answer);
                (question.from, Rehearsed::cut(ground, plan, infected))
            }
        };
        let kill = kill(atlas, &rehearsed.plan);
        Ok(Box::new(Answer {
            rendered: self.render(ground, &rehearsed, &kill),
            plain: plain(atlas, ground.segments(), &hosts),
            blindness: Blindness::of(atlas, &hosts),
            ground,
            question: self,
            rehearsed,
            kill,
        }))
    }
}

impl Question {
    fn isolation(&self, targets: &[String], mode: Mode) -> isolate::Question {
        let (targets, keep) = (targets.to_vec(), self.keep.clone());
        isolate::Question { targets, mode, keep, ..isolate::Question::default() }
    }

    fn cut(&self, from: &[String], to: &[String]) -> cut::Question {
        let (from, to, keep) = (from.to_vec(), to.to_vec(), self.keep.clone());
        cut::Question { from, to, keep, ..cut::Question::default() }
    }

    fn echo(&self) -> Echo<'_> {
        let (targets, mode, from, to): (&[String], _, &[String], &[String]) = match &self.aim {
            Aim::Isolate { targets, mode } => (targets, Some(mode.word()), &[], &[]),
            Aim::Cut { from, to } => (&[], None, from, to),
        };
        Echo {
            command: "policy",
            targets,
            mode,
            from,
            to,
            keep: &self.keep,
            infected: &self.infected,
            expires_hours: self.expires_hours,
        }
    }

    fn render(&self, ground: &Ground, rehearsed: &Rehearsed, kill: &[String]) -> Rendered {
        let id = ground.asker().answer_id(&self.echo());
        let name = id.get(..12).unwrap_or(&id);
        let digest = ground.asker().digest().to_string();
        let heading = self.heading(&id, &digest, &rehearsed.sentences(), kill);
        render(&rehearsed.plan.policy, name, &heading, u64::from(self.expires_hours) * HOUR)
    }

    /// What the file says of itself before the rules.
    fn heading(&self, id: &str, digest: &str, told: &[String], kill: &[String]) -> Vec<String> {
        let mut lines = vec![
            self.title(),
            format!("answer {id}"),
            format!("snapshot {digest}"),
            format!("It stops by itself {} h after it is loaded. Load: nft -f FILE", self.expires_hours),
            format!("Undo: tapmap policy {} -r ... --rollback | nft -f -", self.command()),
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

    fn title(&self) -> String {
        match &self.aim {
            Aim::Isolate { targets, mode } => format!("{mode} of {}", targets.join(", ")),
            Aim::Cut { from, to } => format!("cut from {} to {}", from.join(", "), to.join(", ")),
        }
    }

    /// The words that ask for the same plan again.
    fn command(&self) -> String {
        let mut words: Vec<String> = match &self.aim {
            Aim::Isolate { targets, mode } => {
                targets.iter().cloned().chain([format!("--mode {mode}")]).collect()
            }
            Aim::Cut { from, to } => {
                let from = from.iter().map(|from| format!("--from {from}"));
                from.chain(to.iter().map(|to| format!("--to {to}"))).collect()
            }
        };
        words.extend(self.keep.iter().map(|keep| format!("--keep '{keep}'")));
        words.join(" ")
    }
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

impl Answer<'_> {
    fn told(&self) -> PolicyAnswer<'_> {
        PolicyAnswer {
            snapshot: &self.ground.atlas().observed.snapshot,
            plan: &self.rehearsed.plan,
            rendered: &self.rendered,
            plain: &self.plain,
            replay: &self.rehearsed.replay,
            holdout: self.rehearsed.holdout(),
            kill: &self.kill,
        }
    }
}

impl Told for Answer<'_> {
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let result = PolicyResult::of(&self.told());
        self.ground.asker().answer(self.question.echo(), &self.blindness, result).write_json(out)
    }

    fn text(&self, view: &View<'_>) -> String {
        match self.question.text {
            Text::Rules => return self.rendered.text.clone(),
            Text::Rollback => return self.rendered.rollback.clone(),
            Text::Page => {}
        }
        let words = self.question.command();
        let next = [
            format!("tapmap policy {words} {} > plan.nft", view.again),
            format!("tapmap policy {words} {} --rollback > rollback.nft", view.again),
        ];
        let id = self.ground.asker().answer_id(&self.question.echo());
        write_policy(view, &self.question.title(), &self.told(), &self.blindness, &next, &id)
    }
}
