//! `tapmap seen`: who asked for and who touched an address, name, fingerprint, certificate or user.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::question::seen::Question;

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

/// Looks for an indicator; status 1 says that it was never seen.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &SeenArguments) -> Result<ExitCode, Failure> {
    ask(&arguments.asking, &Question { indicator: arguments.indicator.clone().unwrap_or_default() })
}
