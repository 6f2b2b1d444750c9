//! `tapmap timeline`: one ordered story.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{AskArguments, Output};
use super::asking::{find, tell};
use super::failure::{DONE, Failure};
use super::output;
use super::scoping::ask;
use crate::query::{Resolved, Scope, timeline};
use crate::report::{TimelineResult, timeline_page};

/// `timeline`.
#[derive(Debug, Args)]
pub struct TimelineArguments {
    /// Whom it is about: addresses, ADDRESS@TIME, names, networks, label:NAME, role:NAME [default: everybody]
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// How it is asked.
    #[command(flatten)]
    pub asking: AskArguments,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    targets: &'a [String],
    at: Option<String>,
}

/// Writes the story.
///
/// # Errors
/// If a target is not on the map, or nothing can be read.
pub fn run(arguments: &TimelineArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &arguments.targets, |scene| {
        let targets = arguments.targets.iter().map(|text| find(scene.atlas, text));
        let targets: Vec<Resolved> = targets.collect::<Result<_, _>>()?;
        let scope = Scope::of(&targets);
        let result = TimelineResult::of(&timeline(scene.atlas, &scope), &scope, scene.report);
        if let Output::Jsonl | Output::Csv = scene.arguments.output {
            output::write(|out| result.write_rows(scene.arguments.output == Output::Csv, out))?;
            return Ok(ExitCode::from(DONE));
        }
        let blindness = scene.blindness(&scope);
        let at = targets.iter().find_map(|target| target.at).map(|at| at.to_string());
        let question = Question { command: "timeline", targets: &arguments.targets, at };
        let hosts = (!targets.is_empty()).then(|| scene.hosts(&scope));
        let what = arguments.targets.join(", ");
        let answer = scene.asker.answer(question, &blindness, &result);
        let page = || {
            let about = (hosts.as_deref(), what.as_str());
            timeline_page(scene.view, &result, about, &blindness, &answer.answer_id)
        };
        tell(scene.arguments, |out| answer.write_json(out), page)
    })
}
