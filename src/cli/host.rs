//! `tapmap host`: everything known of one host.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::question::host::Question;

/// `host`.
#[derive(Debug, Args)]
pub struct HostArguments {
    /// An address, ADDRESS@TIME (whoever held it then), a name, or host:port
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub target: Option<String>,
    /// How it is asked.
    #[command(flatten)]
    pub asking: AskArguments,
}

/// Writes a host's card.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &HostArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &Question { target: arguments.target.clone().unwrap_or_default() })
}
