//! `tapmap egress`: what leaves the local networks, and to whom.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::question::egress::Question;

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

/// Writes bytes by destination.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &EgressArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &Question { target: arguments.target.clone().unwrap_or_default() })
}
