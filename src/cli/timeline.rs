//! `tapmap timeline`: one ordered story.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::question::timeline::Question;

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

/// Writes the story.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &TimelineArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &Question { targets: arguments.targets.clone() })
}
