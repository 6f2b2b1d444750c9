//! `tapmap hosts | services | deps | certs | findings | flows`: one table each.

use std::process::ExitCode;
use std::sync::Arc;

use super::analyze::{again, checked, status};
use super::args::{ListArguments, Output};
use super::failure::Failure;
use super::output;
use super::reading::{Wanted, read};
use super::remote::Server;
use super::setup::Setup;
use crate::question::list::Question;
use crate::question::{Ask, Ground};
use crate::report::{List, View};

/// Reads captures and writes one list.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or the answer cannot be written.
pub fn run(list: List, arguments: &ListArguments) -> Result<ExitCode, Failure> {
    let telling = &arguments.telling;
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    if let Some(server) = &arguments.server {
        return Server::new(server)?.list(list, telling);
    }
    let wanted = Wanted { records: list == List::Flows, as_of: telling.as_of, quiet: telling.quiet };
    let ground = Ground::of_map(read(&arguments.captures(), &setup, wanted)?, Arc::new(setup.knowledge));
    let question = Question { list };
    let told = question.answer(&ground)?;
    let report = ground.report();
    let view = View {
        report: &report,
        paint: output::paint(telling.color),
        width: output::width(),
        names: !telling.no_names,
        again: again(&arguments.captures(), &arguments.reading, telling.as_of),
    };
    output::write(|out| match telling.output {
        Output::Json => told.json(out),
        Output::Jsonl | Output::Csv => told.rows(telling.output == Output::Csv, out),
        Output::Table => out.write_all(told.text(&view).as_bytes()),
    })?;
    Ok(status(ground.findings(), telling))
}
