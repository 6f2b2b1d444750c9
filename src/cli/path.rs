//! `tapmap path`: how somebody can have come from one host to another.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::analyze::checked;
use super::args::{AskArguments, moment};
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::setup::Setup;
use super::trace::{MovingArguments, view};
use crate::model::Timestamp;
use crate::query::contact::{Contacts, Ways};
use crate::query::trace::{Goal, paths};
use crate::query::{Atlas, Blindness};
use crate::report::{Asker, Between, PathQuestion, Teller};

/// `path`.
#[derive(Debug, Args)]
pub struct PathArguments {
    /// Where it begins: an address, address@TIME, name, network, label:NAME or role:NAME
    #[arg(value_name = "FROM", required_unless_present = "check")]
    pub from: Option<String>,
    /// Where it ends; host:port for a path that ends at that service
    #[arg(value_name = "TO", required_unless_present = "check")]
    pub to: Option<String>,
    /// Only contacts that can be used at or after this time [default: all of them]; a zone is required
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// How to move.
    #[command(flatten)]
    pub moving: MovingArguments,
    /// How to ask.
    #[command(flatten)]
    pub asking: AskArguments,
}

/// Reads captures and looks for paths.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or a target was never seen.
pub fn run(arguments: &PathArguments) -> Result<ExitCode, Failure> {
    let asking = &arguments.asking;
    let setup = Setup::new(&asking.reading)?;
    if asking.reading.check {
        return checked(&setup);
    }
    let name = |end: &Option<String>| end.clone().unwrap_or_default();
    let names = (name(&arguments.from), name(&arguments.to));
    let asked = Asked::new(asking, setup)?;
    let atlas = Atlas::new(asked.observed());
    let (from, to) = (find(&atlas, &names.0)?, find(&atlas, &names.1)?);
    if from.hosts.iter().any(|host| to.hosts.contains(host)) {
        return Err(Failure::usage(anyhow!(
            "`{}` and `{}` have a host in common: nothing is between",
            names.0,
            names.1
        )));
    }
    let insecure = asked.insecure(&atlas);
    let wanted = Ways { client_side: arguments.moving.client_side, insecure: Some(&insecure) };
    let contacts = Contacts::of(&atlas, wanted);
    let at = from.at.or(arguments.at);
    let starts: Vec<(u32, Timestamp)> =
        from.hosts.iter().map(|host| (*host, at.unwrap_or(Timestamp::MIN))).collect();
    let edges: BTreeSet<u32> =
        to.services.iter().flat_map(|service| atlas.used_by(*service)).copied().collect();
    let goal = Goal { hosts: to.hosts, edges: (!to.services.is_empty()).then_some(edges) };
    let rules = arguments.moving.rules();
    let found = paths(&contacts, &starts, &goal, &rules);
    let on_the_way = found.found.iter().flatten().filter_map(|hop| Some(contacts.way(hop.way)?.actor));
    let mut about: Vec<u32> = from.hosts.iter().chain(&goal.hosts).copied().chain(on_the_way).collect();
    about.sort_unstable();
    about.dedup();
    let blindness = Blindness::of(&atlas, &about);
    let report = asked.report();
    let between = Between {
        teller: Teller { report: &report, atlas: &atlas, contacts: &contacts },
        named: (&names.0, &names.1),
        from: &starts,
        to: &goal.hosts,
        paths: &found,
    };
    let question = PathQuestion::new(&names.0, &names.1, at, &rules);
    let answer = Asker::new(asked.observed(), asked.as_of()).answer(question, &blindness, between.result());
    tell(
        asking,
        |out| answer.write_json(out),
        || between.write(&view(asking, &report), &blindness, &answer.answer_id),
    )
}
