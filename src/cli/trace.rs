//! `tapmap trace`: whom an infected host can have reached, or who can have infected the victims.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::args::{AskArguments, moment};
use super::asking::ask;
use super::failure::Failure;
use crate::api::{Back, Forward};
use crate::model::{Nanos, Timestamp};
use crate::query::trace::Classes;
use crate::question::trace::{Direction, Moving, Question};

/// The longest dwell that makes sense: a year.
const DWELL_SECONDS_MAX: u32 = 366 * 86_400;

/// `trace`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("direction").required(true).args(["forward", "back"]))]
pub struct TraceArguments {
    /// Who is infected: an address, address@TIME, name, network, label:NAME or role:NAME; --back takes several
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    pub targets: Vec<String>,
    /// From the target on: whom can it have reached since?
    #[arg(long)]
    pub forward: bool,
    /// Back from the targets: who can have infected them by then?
    #[arg(long)]
    pub back: bool,
    /// When the target was infected (--forward), or known to be (--back); a zone is required
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// How to move.
    #[command(flatten)]
    pub moving: MovingArguments,
    /// Tell every host that a drawing without time would accuse, and why time says no
    #[arg(long = "static")]
    pub with_static: bool,
    /// How to ask.
    #[command(flatten)]
    pub asking: AskArguments,
}

/// How an intruder moves.
#[derive(Debug, Args)]
pub struct MovingArguments {
    /// By which contacts an intruder moves on
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Moves::Exec)]
    pub classes: Moves,
    /// Seconds that it takes to move on from a host
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(DWELL_SECONDS_MAX)))]
    pub dwell: u32,
    /// Servers can also act on clients that come to them (a page that attacks browsers, a bad update)
    #[arg(long)]
    pub client_side: bool,
}

/// By which contacts an intruder moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Moves {
    /// Those that run commands: shells, desktops, service managers
    Exec,
    /// All, as if every service could be taken over
    All,
}

impl MovingArguments {
    /// What this means.
    pub fn moving(&self) -> Moving {
        let classes = match self.classes {
            Moves::Exec => Classes::Exec,
            Moves::All => Classes::All,
        };
        let dwell = Nanos::from(self.dwell) * 1_000_000_000;
        Moving { classes, dwell, client_side: self.client_side }
    }
}

/// Traces.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &TraceArguments) -> Result<ExitCode, Failure> {
    let question = Question {
        targets: arguments.targets.clone(),
        direction: if arguments.forward { Direction::Forward } else { Direction::Back },
        at: arguments.at,
        moving: arguments.moving.moving(),
        with_static: arguments.with_static,
    };
    match question.direction {
        Direction::Forward => ask(&arguments.asking, &Forward(question)),
        Direction::Back => ask(&arguments.asking, &Back(question)),
    }
}
