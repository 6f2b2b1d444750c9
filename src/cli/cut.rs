//! `tapmap cut`: the least disruptive cut between where an intruder is and what must be kept safe.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::args::AskArguments;
use super::asking::ask;
use super::failure::Failure;
use crate::query::{Classes, Means, Tier};
use crate::question::cut::Question;

/// `cut`.
#[derive(Debug, Args)]
pub struct CutArguments {
    /// Where the intruder is: an address, network, name, label:NAME or role:NAME; may be given several times
    #[arg(long, value_name = "SET", required_unless_present = "check")]
    pub from: Vec<String>,
    /// Where the intruder must not get
    #[arg(long, value_name = "SET", required_unless_present = "check")]
    pub to: Vec<String>,
    /// Flows that must stay: host:port, or client>host:port
    #[arg(long, value_name = "DEPENDENCY")]
    pub keep: Vec<String>,
    /// What counts as a way
    #[arg(long, value_enum, default_value_t = TierWord::Potential)]
    pub tier: TierWord,
    /// Which ways count
    #[arg(long, value_enum, default_value_t = ClassesWord::Exec)]
    pub classes: ClassesWord,
    /// What may be cut
    #[arg(long, value_enum, default_value_t = ByWord::Edges)]
    pub by: ByWord,
    /// How to ask.
    #[command(flatten)]
    pub ask: AskArguments,
}

/// What counts as a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TierWord {
    /// What was used
    Observed,
    /// What stands open to a host's segment, too
    Potential,
}

/// Which ways count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassesWord {
    /// Those on which commands can be run
    Exec,
    /// All
    All,
}

/// What may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ByWord {
    /// Single dependencies
    Edges,
    /// Whole hosts
    Hosts,
    /// Whatever is cheaper
    Mixed,
}

/// Tells the least disruptive cut.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &CutArguments) -> Result<ExitCode, Failure> {
    let question = Question {
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        keep: arguments.keep.clone(),
        tier: match arguments.tier {
            TierWord::Observed => Tier::Observed,
            TierWord::Potential => Tier::Potential,
        },
        classes: match arguments.classes {
            ClassesWord::Exec => Classes::Exec,
            ClassesWord::All => Classes::All,
        },
        means: match arguments.by {
            ByWord::Edges => Means::Ways,
            ByWord::Hosts => Means::Hosts,
            ByWord::Mixed => Means::Both,
        },
    };
    ask(&arguments.ask, &question)
}
