//! `tapmap spof`: single points of failure, ranked.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::{Asked, tell};
use super::failure::Failure;
use super::output;
use super::setup::Setup;
use crate::query::{Atlas, Blindness, Requires, Spofs, Worths, spof};
use crate::report::{Asker, Naming, SpofResult, View, write_spof};

/// `spof`.
#[derive(Debug, Args)]
pub struct SpofArguments {
    /// How many to show, the worst first
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Also two hosts that stand in for each other, and fail at once
    #[arg(long)]
    pairs: bool,
    /// How to ask.
    #[command(flatten)]
    asking: AskArguments,
}

/// The question, for its id.
#[derive(Serialize)]
struct Question {
    command: &'static str,
    top: usize,
    pairs: bool,
}

/// Answers.
///
/// # Errors
/// If something was asked wrongly, or nothing can be read.
pub fn run(arguments: &SpofArguments) -> Result<ExitCode, Failure> {
    let asking = &arguments.asking;
    let setup = Setup::new(&asking.reading)?;
    if asking.reading.check {
        return checked(&setup);
    }
    let asked = Asked::new(asking, setup)?;
    let atlas = Atlas::new(asked.observed());
    let requires = Requires::from_atlas(&atlas);
    let worths = Worths::from_atlas(&atlas, &requires);
    let spofs = spof(&requires, &worths, arguments.top, arguments.pairs);
    let naming = Naming { atlas: &atlas, requires: &requires };
    let blindness = Blindness::of(&atlas, &hosts(&requires, &spofs));
    let question = Question { command: "spof", top: arguments.top, pairs: arguments.pairs };
    let result = SpofResult::of(naming, &spofs);
    let answer = Asker::new(asked.observed(), asked.as_of()).answer(question, &blindness, result);
    let report = asked.report();
    let view = View {
        report: &report,
        paint: output::paint(asking.color),
        width: output::width(),
        names: !asking.no_names,
        again: again(&asking.read, &asking.reading, asking.as_of),
    };
    tell(
        asking,
        |out| answer.write_json(out),
        || write_spof(&view, naming, &spofs, &blindness, &answer.answer_id),
    )
}

/// The hosts that the answer is about.
fn hosts(requires: &Requires, spofs: &Spofs) -> Vec<u32> {
    let failures = spofs.rows.iter().map(|row| &row.failure);
    let hosts = failures.flat_map(|failure| {
        let of_services = failure.services.iter().filter_map(|service| requires.host_of(*service));
        failure.hosts.iter().copied().chain(of_services)
    });
    hosts.collect::<BTreeSet<u32>>().into_iter().collect()
}
