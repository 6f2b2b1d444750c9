//! `tapmap spof`: single points of failure, ranked.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::question::spof::Question;

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

/// Lists them.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &SpofArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &Question { top: arguments.top, pairs: arguments.pairs })
}
