//! `tapmap policy`: firewall rules for an isolation or a cut, rehearsed on what was recorded.

use std::process::ExitCode;

use super::args::{PolicyArguments, PolicyFormat};
use super::asking::ask;
use super::failure::Failure;
use crate::question::policy::{Aim, Question, Text};

/// Writes rules.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or there is no such cut.
pub fn run(arguments: &PolicyArguments) -> Result<ExitCode, Failure> {
    let aim = match arguments.from.is_empty() {
        true => Aim::Isolate { targets: arguments.targets.clone(), mode: arguments.mode },
        false => Aim::Cut { from: arguments.from.clone(), to: arguments.to.clone() },
    };
    let question = Question {
        aim,
        keep: arguments.keep.clone(),
        infected: arguments.infected.clone(),
        expires_hours: arguments.expires,
        judge_since: arguments.judge_since,
        text: match arguments.format {
            PolicyFormat::Nftables if arguments.rollback => Text::Rollback,
            PolicyFormat::Nftables => Text::Rules,
            PolicyFormat::Plain => Text::Page,
        },
    };
    ask(&arguments.ask, &question)
}
