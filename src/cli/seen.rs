//! `tapmap seen`: who asked for and who touched an address, name, fingerprint, certificate or user.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::args::AskArguments;
use super::asking::tell;
use super::failure::Failure;
use super::scoping::ask;
use crate::query::{Indicators, Scope, seek};
use crate::report::{SeenResult, seen_page};

/// `seen`.
#[derive(Debug, Args)]
pub struct SeenArguments {
    /// An address or network, a name (and all below it), a JA4, a certificate (SHA-256 from 8 digits on,
    /// or serial), a user; name:, ja4:, cert: or user: before it says which
    #[arg(value_name = "INDICATOR", required_unless_present = "check")]
    pub indicator: Option<String>,
    /// How it is asked.
    #[command(flatten)]
    pub asking: AskArguments,
}

#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    indicator: &'a str,
}

/// Looks for an indicator. That it was never seen is an answer, not a failure.
///
/// # Errors
/// If it is written wrongly, or nothing can be read.
pub fn run(arguments: &SeenArguments) -> Result<ExitCode, Failure> {
    let text = arguments.indicator.as_deref().unwrap_or_default();
    let Indicators(meant) = match arguments.indicator.is_some() {
        true => text.parse().map_err(Failure::usage)?,
        false => Indicators(Vec::new()),
    };
    ask(&arguments.asking, &[], |scene| {
        let sought = seek(scene.atlas, &meant);
        let blindness = scene.blindness(&Scope::default());
        let question = Question { command: "seen", indicator: text };
        let result = SeenResult::of(&sought, &meant, scene.report);
        let answer = scene.asker.answer(question, &blindness, result);
        let page = || seen_page(scene.view, &sought, (text, &meant), &blindness, &answer.answer_id);
        tell(scene.arguments, |out| answer.write_json(out), page)
    })
}
