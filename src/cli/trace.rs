//! `tapmap trace`: whom an infected host can have reached, or who can have infected the victims.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::analyze::{again, checked};
use super::args::{AskArguments, moment};
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::output;
use super::setup::Setup;
use crate::model::{Nanos, Timestamp};
use crate::query::contact::{Contacts, Ways};
use crate::query::trace::{Candidate, Classes, Oddities, Root, Rules, causes, rank, trace};
use crate::query::{Atlas, Blindness, Target};
use crate::report::{Asker, Backward, ForwardPage, Judged, Report, Teller, TraceQuestion, TraceResult, View};

/// Hosts whose blindness is told: those that were asked about, and the first that were found.
const BLINDNESS_HOSTS_MAX: usize = 64;

/// The longest dwell that makes sense: a year.
const DWELL_SECONDS_MAX: u32 = 366 * 86_400;

/// `trace`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("direction").required(true).args(["forward", "back"]))]
pub struct TraceArguments {
    /// Who is infected: an address, address@TIME, name, network, label:NAME or role:NAME; --back takes several
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub targets: Vec<String>,
    /// From the target on: whom can it have reached since?
    #[arg(long)]
    pub forward: bool,
    /// Back from the targets: who can have infected them by then?
    #[arg(long)]
    pub back: bool,
    /// When the target was infected (--forward), or known to be (--back); a zone is required
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// How to move.
    #[command(flatten)]
    pub moving: MovingArguments,
    /// Tell every host that a drawing without time would accuse, and why time says no
    #[arg(long = "static")]
    pub with_static: bool,
    /// How to ask.
    #[command(flatten)]
    pub asking: AskArguments,
}

/// How an intruder moves.
#[derive(Debug, Args)]
pub struct MovingArguments {
    /// By which contacts an intruder moves on
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Moves::Exec)]
    pub classes: Moves,
    /// Seconds that it takes to move on from a host
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(DWELL_SECONDS_MAX)))]
    pub dwell: u32,
    /// Servers can also act on clients that come to them (a page that attacks browsers, a bad update)
    #[arg(long)]
    pub client_side: bool,
}

/// By which contacts an intruder moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Moves {
    /// Those that run commands: shells, desktops, service managers
    Exec,
    /// All, as if every service could be taken over
    All,
}

impl MovingArguments {
    /// The rules that this means.
    pub fn rules(&self) -> Rules {
        let classes = match self.classes {
            Moves::Exec => Classes::Exec,
            Moves::All => Classes::All,
        };
        Rules { classes, dwell: Nanos::from(self.dwell) * 1_000_000_000, until: None }
    }
}

/// Who is asked about: as they were named, and as they were found, each with a moment.
struct Who {
    named: Vec<(String, Timestamp)>,
    hosts: Vec<(u32, Timestamp)>,
}

impl Who {
    /// In the order in which they were named, as one text.
    fn text(&self) -> String {
        let names: Vec<&str> = self.named.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }
}

/// Reads captures and traces.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or a target was never seen.
pub fn run(arguments: &TraceArguments) -> Result<ExitCode, Failure> {
    let setup = Setup::new(&arguments.asking.reading)?;
    if arguments.asking.reading.check {
        return checked(&setup);
    }
    let moments = moments(arguments)?;
    let asked = Asked::new(&arguments.asking, setup)?;
    let atlas = Atlas::new(asked.observed());
    let who = who(&atlas, moments)?;
    let insecure = asked.insecure(&atlas);
    let wanted = Ways { client_side: arguments.moving.client_side, insecure: Some(&insecure) };
    let contacts = Contacts::of(&atlas, wanted);
    let report = asked.report();
    let asking = Asking {
        arguments,
        teller: Teller { report: &report, atlas: &atlas, contacts: &contacts },
        asker: Asker::new(asked.observed(), asked.as_of()),
        who,
    };
    match arguments.forward {
        true => asking.forward(),
        false => asking.back(&insecure),
    }
}

/// The moment of each target, before anything is read: a question without one is refused at once.
fn moments(arguments: &TraceArguments) -> Result<Vec<(String, Timestamp)>, Failure> {
    let each = arguments.targets.iter().map(|text| {
        let target: Target = text.parse().map_err(Failure::usage)?;
        let own = match target {
            Target::AddressAt(_, at) => Some(at),
            _ => arguments.at,
        };
        let at = own.ok_or_else(|| {
            let what = if arguments.forward { "was infected" } else { "was known to be infected" };
            Failure::usage(anyhow!(
                "when {text} {what} is missing; add `--at 2026-03-14T10:04:00Z`, or write an address as \
                 `10.2.0.17@2026-03-14T10:04:00Z`"
            ))
        })?;
        Ok((text.clone(), at))
    });
    each.collect()
}

fn who(atlas: &Atlas, named: Vec<(String, Timestamp)>) -> Result<Who, Failure> {
    let mut hosts: Vec<(u32, Timestamp)> = Vec::new();
    for (text, at) in &named {
        for host in find(atlas, text)?.hosts {
            // Named twice, the earlier moment is the narrower question.
            match hosts.iter_mut().find(|(known, _)| *known == host) {
                Some((_, known)) => *known = (*known).min(*at),
                None => hosts.push((host, *at)),
            }
        }
    }
    Ok(Who { named, hosts })
}

struct Asking<'a> {
    arguments: &'a TraceArguments,
    teller: Teller<'a>,
    asker: Asker,
    who: Who,
}

impl Asking<'_> {
    fn forward(&self) -> Result<ExitCode, Failure> {
        let rules = self.arguments.moving.rules();
        let found = trace(self.teller.contacts, &self.who.hosts, &rules);
        let controlled = found.reached.iter().filter(|row| row.controlled).map(|row| row.host);
        let blindness = self.blindness(controlled);
        let question = self.question("forward", &rules);
        let result = TraceResult::of(&self.teller, &self.who.hosts, &found, &rules);
        let answer = self.asker.answer(question, &blindness, result);
        let page = ForwardPage {
            teller: self.teller,
            named: &self.who.text(),
            zero: &self.who.hosts,
            trace: &found,
            rules: &rules,
            with_static: self.arguments.with_static,
        };
        tell(
            &self.arguments.asking,
            |out| answer.write_json(out),
            || page.write(&view(&self.arguments.asking, self.teller.report), &blindness, &answer.answer_id),
        )
    }

    fn back(&self, insecure: &BTreeSet<u32>) -> Result<ExitCode, Failure> {
        let rules = self.arguments.moving.rules();
        let contacts = self.teller.contacts;
        let root = Root::of(contacts, &self.who.hosts, &rules);
        let candidates = self.judged(&root, insecure);
        let best = candidates.first().map(|(row, _)| row.host);
        let causes =
            best.map(|host| causes(contacts, host, Timestamp::MIN, &root, &rules)).unwrap_or_default();
        let blindness = self.blindness(best.into_iter());
        let question = self.question("back", &rules);
        let named = self.who.text();
        let back = Backward {
            teller: self.teller,
            named: &named,
            root: &root,
            candidates: &candidates,
            causes: &causes,
        };
        let answer = self.asker.answer(question, &blindness, back.result());
        tell(
            &self.arguments.asking,
            |out| answer.write_json(out),
            || back.write(&view(&self.arguments.asking, self.teller.report), &blindness, &answer.answer_id),
        )
    }

    fn judged(&self, root: &Root, insecure: &BTreeSet<u32>) -> Vec<Judged> {
        let oddities = Oddities { atlas: self.teller.atlas, contacts: self.teller.contacts, insecure };
        let mut candidates = root.candidates(self.teller.contacts);
        for candidate in &mut candidates {
            candidate.oddities = u8::try_from(oddities.of(root, candidate).len()).unwrap_or(u8::MAX);
        }
        rank(&mut candidates);
        let judged = |candidate: Candidate| {
            let odd = oddities.of(root, &candidate);
            (candidate, odd)
        };
        candidates.into_iter().map(judged).collect()
    }

    fn question(&self, direction: &'static str, rules: &Rules) -> TraceQuestion {
        TraceQuestion::new(direction, &self.who.named, rules, self.arguments.moving.client_side)
    }

    fn blindness(&self, found: impl Iterator<Item = u32>) -> Blindness {
        let own = self.who.hosts.iter().map(|(host, _)| *host);
        let hosts: Vec<u32> = own.chain(found).take(BLINDNESS_HOSTS_MAX).collect();
        Blindness::of(self.teller.atlas, &hosts)
    }
}

/// How an answer is shown.
pub fn view<'a>(asking: &AskArguments, report: &'a Report<'a>) -> View<'a> {
    View {
        report,
        paint: output::paint(asking.color),
        width: Some(output::width().unwrap_or(output::PAGE_WIDTH)),
        names: !asking.no_names,
        again: again(&asking.read, &asking.reading, asking.as_of),
    }
}
