//! `tapmap isolate`: what breaks if something is cut off.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::keeping::dependencies;
use super::output;
use super::setup::Setup;
use crate::query::{Atlas, Cutter, IsolateQuestion, Isolator, Mode, Requires, Segments};
use crate::report::{Asker, IsolateAnswer, IsolateAsked, View};

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

/// Reads captures and tells what breaks.
///
/// # Errors
/// If something was asked wrongly, a target is not on the map, or nothing can be read.
pub fn run(arguments: &IsolateArguments) -> Result<ExitCode, Failure> {
    let ask = &arguments.ask;
    let setup = Setup::new(&ask.reading)?;
    if ask.reading.check {
        return checked(&setup);
    }
    if arguments.edges.is_empty() == (arguments.mode == Mode::Edge) {
        return Err(Failure::usage(anyhow!("`--mode edge` and `--edge client>host:port` belong together")));
    }
    let asked = Asked::new(ask, setup)?;
    let atlas = Atlas::new(asked.observed());
    let question = question(&atlas, arguments)?;
    let (segments, requires) = (Segments::new(&atlas), Requires::from_atlas(&atlas));
    let mut isolator = Isolator::new(&atlas, &segments, &requires);
    let cutter = Cutter::new(&atlas, &segments, &requires);
    let asker = Asker::new(asked.observed(), ask.as_of);
    let words = IsolateAsked {
        command: "isolate",
        targets: &arguments.targets,
        mode: arguments.mode.word(),
        edges: &arguments.edges,
        keep: &arguments.keep,
    };
    let answer = IsolateAnswer::new(&mut isolator, &cutter, &question);
    let report = asked.report();
    let view = View {
        report: &report,
        paint: output::paint(ask.color),
        width: output::width(),
        names: !ask.no_names,
        again: again(&ask.read, &ask.reading, ask.as_of),
    };
    tell(
        ask,
        |out| answer.envelope(&asker, &words).write_json(out),
        || answer.page(&view, &words, &asker.answer_id(&words), arguments.sessions),
    )
}

fn question(atlas: &Atlas, arguments: &IsolateArguments) -> Result<IsolateQuestion, Failure> {
    let mut question = IsolateQuestion { mode: arguments.mode, ..IsolateQuestion::default() };
    for text in &arguments.targets {
        let found = find(atlas, text)?;
        match found.services.is_empty() {
            true => question.hosts.extend(found.hosts),
            false => question.services.extend(found.services),
        }
    }
    question.edges = dependencies(atlas, &arguments.edges)?;
    question.kept = dependencies(atlas, &arguments.keep)?;
    for places in [&mut question.hosts, &mut question.services] {
        places.sort_unstable();
        places.dedup();
    }
    Ok(question)
}
