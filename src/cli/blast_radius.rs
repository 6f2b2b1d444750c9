//! `tapmap blast-radius`: who stops with a target, and what it can reach.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::args::AskArguments;
use super::asking::ask_and;
use super::failure::Failure;
use crate::question::blast_radius::Question;
use crate::report::{Picture, write_dot_picture, write_svg};

/// `blast-radius`.
#[derive(Debug, Args)]
pub struct BlastRadiusArguments {
    /// Address, address@TIME, host:port, name, network, label:NAME or role:NAME; several hosts fail at once
    #[arg(value_name = "TARGET", required_unless_present = "check")]
    target: Option<String>,
    /// List everything, also what may fall only because shared infrastructure may
    #[arg(long)]
    expand: bool,
    /// Also draw it: FILE.svg for a browser, FILE.dot for Graphviz
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    picture: Option<PathBuf>,
    /// How to ask.
    #[command(flatten)]
    asking: AskArguments,
}

/// Tells who stops.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &BlastRadiusArguments) -> Result<ExitCode, Failure> {
    let drawing = arguments.picture.as_deref().map(Drawing::new).transpose()?;
    let target = arguments.target.clone().unwrap_or_default();
    ask_and(&arguments.asking, &Question { target, expand: arguments.expand }, |told| {
        drawing.zip(told.picture()).map_or(Ok(()), |(drawing, picture)| drawing.write(&picture))
    })
}

/// A file that something is to be drawn into.
#[derive(Clone, Copy)]
struct Drawing<'a> {
    path: &'a Path,
    write: fn(&Picture, &mut dyn Write) -> io::Result<()>,
}

impl<'a> Drawing<'a> {
    /// The file's ending tells what it is to be.
    fn new(path: &'a Path) -> Result<Drawing<'a>, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Ok(Drawing { path, write: write_svg }),
            Some("dot" | "gv") => Ok(Drawing { path, write: write_dot_picture }),
            _ => Err(Failure::usage(anyhow!("`{}`: a picture ends in .svg or .dot", path.display()))),
        }
    }

    fn write(&self, picture: &Picture) -> Result<(), Failure> {
        let failed = |why: io::Error| Failure::failed(anyhow!("`{}`: {why}", self.path.display()));
        let mut file = BufWriter::new(File::create(self.path).map_err(failed)?);
        let drawn = (self.write)(picture, &mut file);
        drawn.and_then(|()| file.flush()).map_err(failed)
    }
}
