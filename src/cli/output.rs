//! Standard output: its width, its colours, and what happens when nobody reads it.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::anyhow;

use super::args::Colour;
use super::failure::{DONE, Failure};
use crate::report::Paint;

/// Bytes gathered before a write.
const BUFFER_BYTES: usize = 64 * 1024;

/// Columns of a story where nobody says how wide the page is.
pub const PAGE_WIDTH: usize = 110;

/// Columns: what `COLUMNS` says, else the terminal's; none where the output is a file or pipe.
pub fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || {
        let (columns, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(columns.0))
    };
    said.or_else(terminal).filter(|columns| *columns > 0)
}

/// Colours: as told, else on a terminal unless the environment speaks against it (`NO_COLOR`,
/// `CLICOLOR`, `TERM=dumb`).
pub fn paint(colour: Colour) -> Paint {
    let colours = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            io::stdout().is_terminal()
                && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
        }
    };
    Paint { colours }
}

/// Writes what clap has to say on standard output: help, or the version.
///
/// # Errors
/// If it cannot be written.
pub fn write_clap(said: &clap::Error) -> Result<ExitCode, Failure> {
    let text = match paint(Colour::Auto).colours {
        true => said.render().ansi().to_string(),
        false => said.render().to_string(),
    };
    write(|out| out.write_all(text.as_bytes()))?;
    Ok(ExitCode::from(DONE))
}

/// Says what is wrong on standard error, where there is more to say than a failure.
pub fn complain(message: &str) {
    // If nobody listens there is nobody to tell.
    let _ = writeln!(io::stderr(), "tapmap: {}", crate::report::clean(message));
}

/// Writes to standard output. A reader that has gone away (`| head`) has had enough: that is no
/// failure.
///
/// # Errors
/// If it cannot be written for any other reason.
pub fn write(tell: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    let written = tell(&mut out).and_then(|()| out.flush());
    // What is still in the buffer cannot be written either, and must not be tried again.
    drop(out.into_parts());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(anyhow!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
