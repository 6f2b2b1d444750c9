//! `tapmap completions` and `tapmap man`: made from the same definitions as the arguments.

use std::process::ExitCode;

use anyhow::anyhow;
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

/// Writes the manual page of the program, or of a command.
///
/// # Errors
/// If there is no such command, or the page cannot be written.
pub fn man(command: Option<&str>) -> Result<ExitCode, Failure> {
    let mut program = Arguments::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| Failure::usage(anyhow!("no command `{name}`; see `tapmap --help`")))?
        }
    };
    output::write(|mut out| clap_mangen::Man::new(page).render(&mut out))?;
    Ok(ExitCode::from(DONE))
}
