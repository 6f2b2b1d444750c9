//! `tapmap egress`: what leaves the local networks, and to whom.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::{AskArguments, Output};
use super::asking::{find, tell};
use super::failure::{DONE, Failure};
use super::output;
use super::scoping::ask;
use crate::query::{Scope, egress};
use crate::report::{EgressResult, egress_page};

/// `egress`.
#[derive(Debug, Args)]
pub struct EgressArguments {
    /// Whose traffic: an address, ADDRESS@TIME, a name, a network, label:NAME or role:NAME
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub target: Option<String>,
    /// How it is asked.
    #[command(flatten)]
    pub asking: AskArguments,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    target: &'a str,
    at: Option<String>,
}

/// Writes bytes by destination.
///
/// # Errors
/// If the target is not on the map, or nothing can be read.
pub fn run(arguments: &EgressArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, arguments.target.as_slice(), |scene| {
        let text = arguments.target.as_deref().unwrap_or_default();
        let target = find(scene.atlas, text)?;
        let at = target.at.map(|at| at.to_string());
        let scope = Scope::of(&[target]);
        let traffic = egress(scene.atlas, &scope);
        let result = EgressResult::of(&traffic, scene.report);
        if let Output::Jsonl | Output::Csv = scene.arguments.output {
            output::write(|out| result.write_rows(scene.arguments.output == Output::Csv, out))?;
            return Ok(ExitCode::from(DONE));
        }
        let blindness = scene.blindness(&scope);
        let question = Question { command: "egress", target: text, at };
        let answer = scene.asker.answer(question, &blindness, result);
        let hosts = scene.hosts(&scope);
        let page = || egress_page(scene.view, &traffic, (&hosts, text), &blindness, &answer.answer_id);
        tell(scene.arguments, |out| answer.write_json(out), page)
    })
}
