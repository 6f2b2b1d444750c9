//! `tapmap hosts | services | deps | certs | findings | flows`: one table each.

use std::process::ExitCode;

use super::analyze::{again, checked, status};
use super::args::{ListArguments, Output};
use super::failure::Failure;
use super::output;
use super::reading::{Read, Wanted};
use super::setup::Setup;
use crate::report::{Format, List, View, write_list, write_table};

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
    let wanted = Wanted { records: list == List::Flows, as_of: telling.as_of, quiet: telling.quiet };
    let read = Read::new(&arguments.captures(), &setup, wanted)?;
    let report = read.report();
    output::write(|mut out| {
        let format = match telling.output {
            Output::Json => Format::Json,
            Output::Jsonl => Format::JsonLines,
            Output::Csv => Format::Csv,
            Output::Table => {
                let view = View {
                    report: &report,
                    paint: output::paint(telling.color),
                    width: output::width(),
                    names: !telling.no_names,
                    again: again(&arguments.captures(), &arguments.reading, telling.as_of),
                };
                return out.write_all(write_table(&view, list).as_bytes());
            }
        };
        write_list(&report, list, format, &mut out)
    })?;
    Ok(status(&read, telling))
}
