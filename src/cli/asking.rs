//! What all questions have in common: where the map comes from, and how the answer is told.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;

use super::analyze::{again, checked};
use super::args::{AskArguments, Output};
use super::failure::{DONE, Failure, NOTHING};
use super::output;
use super::reading::{Wanted, read};
use super::remote::Server;
use super::setup::Setup;
use crate::api::Sent;
use crate::question::{Ground, Refusal, Told, Why};
use crate::report::{Report, View};

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        match refusal.why {
            Why::Words => Failure::usage(refusal),
            Why::NeverSeen | Why::Ambiguous | Why::Infeasible => Failure::failed(refusal),
        }
    }
}

/// Asks what the arguments name, and tells the answer; or checks the arguments, where that is all that
/// is wanted.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or there is no answer.
pub fn ask<Q: Sent>(arguments: &AskArguments, question: &Q) -> Result<ExitCode, Failure> {
    ask_and(arguments, question, |_| Ok(()))
}

/// The same, and does something with the answer before it is told.
///
/// # Errors
/// Also if that fails.
pub fn ask_and<Q: Sent>(
    arguments: &AskArguments,
    question: &Q,
    before: impl FnOnce(&dyn Told) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    // What is asked wrongly is said before hours of packets are read.
    question.check()?;
    if !Q::ROWS && matches!(arguments.output, Output::Jsonl | Output::Csv) {
        return Err(Failure::usage(anyhow!("an answer is one document; use `-o json` or `-o table`")));
    }
    if let Some(server) = &arguments.server {
        return Server::new(server)?.ask(question, arguments);
    }
    let ground = ground(arguments, setup)?;
    let told = question.answer(&ground)?;
    before(&*told)?;
    let report = ground.report();
    let view = view(arguments, &report);
    output::write(|out| match arguments.output {
        Output::Json => told.json(out),
        Output::Jsonl | Output::Csv => told.rows(arguments.output == Output::Csv, out),
        Output::Table => out.write_all(told.text(&view).as_bytes()),
    })?;
    Ok(ExitCode::from(if told.is_empty() { NOTHING } else { DONE }))
}

/// Reads the captures that a question is about.
fn ground(arguments: &AskArguments, setup: Setup) -> Result<Ground, Failure> {
    let wanted = Wanted { records: true, as_of: arguments.as_of, quiet: arguments.quiet };
    let material = read(&arguments.read, &setup, wanted)?;
    Ok(Ground::new(material, Arc::new(setup.knowledge)))
}

/// How an answer is shown.
fn view<'a>(arguments: &AskArguments, report: &'a Report<'a>) -> View<'a> {
    View {
        report,
        paint: output::paint(arguments.color),
        width: output::width(),
        names: !arguments.no_names,
        again: again(&arguments.read, &arguments.reading, arguments.as_of),
    }
}
