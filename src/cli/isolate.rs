//! `tapmap isolate`: what breaks if something is cut off.

use std::process::ExitCode;

use clap::Args;

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::query::Mode;
use crate::question::isolate::Question;

/// `isolate`.
#[derive(Debug, Args)]
pub struct IsolateArguments {
    /// What to cut off: addresses, networks, names, label:NAME, role:NAME, or single services (host:port)
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub targets: Vec<String>,
    /// What to block: full, egress, ingress, lateral, quarantine or edge
    #[arg(long, value_name = "MODE", default_value_t = Mode::Full)]
    pub mode: Mode,
    /// With --mode edge: the dependencies to block, as reports name them (client>host:port/tcp)
    #[arg(long = "edge", value_name = "DEPENDENCY")]
    pub edges: Vec<String>,
    /// Flows to leave open: host:port, or client>host:port
    #[arg(long, value_name = "DEPENDENCY")]
    pub keep: Vec<String>,
    /// List the open sessions that would be reset
    #[arg(long)]
    pub sessions: bool,
    /// How to ask.
    #[command(flatten)]
    pub ask: AskArguments,
}

/// Tells what breaks.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &IsolateArguments) -> Result<ExitCode, Failure> {
    let question = Question {
        targets: arguments.targets.clone(),
        mode: arguments.mode,
        edges: arguments.edges.clone(),
        keep: arguments.keep.clone(),
        sessions: arguments.sessions,
    };
    ask(&arguments.ask, &question)
}
