//! `tapmap export`: the map for other programs.

use std::process::ExitCode;
use std::sync::Arc;

use super::analyze::checked;
use super::args::{ExportArguments, ExportFormat};
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Wanted, read};
use super::setup::Setup;
use crate::question::Ground;
use crate::report::{Format, List, write_dot, write_graphml, write_json, write_list};

/// Reads captures and writes the map in another program's format.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or the map cannot be written.
pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    let wanted = Wanted { records: false, as_of: arguments.as_of, quiet: arguments.quiet };
    let ground = Ground::of_map(read(&arguments.captures(), &setup, wanted)?, Arc::new(setup.knowledge));
    let report = ground.report();
    output::write(|mut out| match arguments.format {
        ExportFormat::Graphml => write_graphml(&report, &mut out),
        ExportFormat::Dot => write_dot(&report, &mut out),
        ExportFormat::Csv => write_list(&report, List::Dependencies, Format::Csv, &mut out),
        ExportFormat::Json => write_json(&report, &mut out),
    })?;
    Ok(ExitCode::from(DONE))
}
