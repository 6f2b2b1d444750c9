//! `tapmap blast-radius`: who stops with a target, and what it can reach.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::output;
use super::setup::Setup;
use crate::query::{Atlas, Blindness, Outage, Requires};
use crate::report::{Asker, BlastRadius, Told, View, write_blast_radius};

/// `blast-radius`.
#[derive(Debug, Args)]
pub struct BlastRadiusArguments {
    /// Address, address@TIME, host:port, name, network, label:NAME or role:NAME; several hosts fail at once
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    target: Option<String>,
    /// List everything, also what may fall only because shared infrastructure may
    #[arg(long)]
    expand: bool,
    /// How to ask.
    #[command(flatten)]
    asking: AskArguments,
}

/// The question, for its id.
#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    target: &'a str,
    expand: bool,
}

/// Answers.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &BlastRadiusArguments) -> Result<ExitCode, Failure> {
    let asking = &arguments.asking;
    let setup = Setup::new(&asking.reading)?;
    let Some(target) = arguments.target.as_deref().filter(|_| !asking.reading.check) else {
        return checked(&setup);
    };
    let asked = Asked::new(asking, setup)?;
    let atlas = Atlas::new(asked.observed());
    let resolved = find(&atlas, target)?;
    let requires = Requires::from_atlas(&atlas);
    let outage = Outage::of(&atlas, &requires, &resolved, arguments.expand);
    let blindness = Blindness::of(&atlas, &resolved.hosts);
    let told = Told {
        atlas: &atlas,
        requires: &requires,
        target,
        resolved: &resolved,
        outage: &outage,
        expand: arguments.expand,
    };
    let question = Question { command: "blast-radius", target, expand: arguments.expand };
    // What the target can reach is another question, whose answer goes here and into the page.
    let result = BlastRadius::of(&told, None::<()>);
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
        || write_blast_radius(&view, &told, None, &blindness, &answer.answer_id),
    )
}
