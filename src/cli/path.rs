//! `tapmap path`: how somebody can have come from one host to another.

use std::process::ExitCode;

use clap::Args;

use super::args::{AskArguments, moment};
use super::asking::ask;
use super::failure::Failure;
use super::trace::MovingArguments;
use crate::model::Timestamp;
use crate::question::path::Question;

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

/// Looks for paths.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &PathArguments) -> Result<ExitCode, Failure> {
    let end = |end: &Option<String>| end.clone().unwrap_or_default();
    let question = Question {
        from: end(&arguments.from),
        to: end(&arguments.to),
        at: arguments.at,
        moving: arguments.moving.moving(),
    };
    ask(&arguments.asking, &question)
}
