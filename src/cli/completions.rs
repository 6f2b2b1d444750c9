//! `tapmap completions` and `tapmap man`: made from the same definitions as the arguments.

use std::process::ExitCode;

use clap::CommandFactory;

use super::args::Arguments;
use super::failure::{DONE, Failure};
use super::output;

/// Writes completions for a shell.
///
/// # Errors
/// If they cannot be written.
pub fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    // clap_complete stops the program where it cannot write; a list of bytes can always be written.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tapmap", &mut text);
    output::write(|out| out.write_all(&text))?;
    Ok(ExitCode::from(DONE))
}

/// Writes the manual: the page of the program, then one for each command.
///
/// # Errors
/// If it cannot be written.
pub fn man() -> Result<ExitCode, Failure> {
    let mut program = Arguments::command();
    program.build();
    output::write(|mut out| clap_mangen::Man::new(program).render(&mut out))?;
    Ok(ExitCode::from(DONE))
}
