//! `tapmap blast-radius`: who stops with a target, and what it can reach.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::analyze::{again, checked};
use super::args::AskArguments;
use super::asking::{Asked, find, tell};
use super::failure::Failure;
use super::output;
use super::setup::Setup;
use crate::query::{Atlas, Blindness, Outage, Requires, exposure};
use crate::report::{
    Asker, BlastRadius, ExposureResult, Picture, Told, View, picture, write_blast_radius, write_dot_picture,
    write_svg,
};

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
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// How to ask.
    #[command(flatten)]
    asking: AskArguments,
}

/// The question, for its id.
#[derive(Serialize)]
struct Question<'a> {
    command: &'static str,
    target: &'a str,
    expand: bool,
}

/// Answers.
///
/// # Errors
/// If something was asked wrongly, the target is not on the map, or nothing can be read.
pub fn run(arguments: &BlastRadiusArguments) -> Result<ExitCode, Failure> {
    let asking = &arguments.asking;
    let setup = Setup::new(&asking.reading)?;
    let Some(target) = arguments.target.as_deref().filter(|_| !asking.reading.check) else {
        return checked(&setup);
    };
    let asked = Asked::new(asking, setup)?;
    let atlas = Atlas::new(asked.observed());
    let resolved = find(&atlas, target)?;
    let requires = Requires::from_atlas(&atlas);
    let outage = Outage::of(&atlas, &requires, &resolved, arguments.expand);
    let blindness = Blindness::of(&atlas, &resolved.hosts);
    let told = Told {
        atlas: &atlas,
        requires: &requires,
        target,
        resolved: &resolved,
        outage: &outage,
        expand: arguments.expand,
    };
    let question = Question { command: "blast-radius", target, expand: arguments.expand };
    let exposure = exposure::of(&atlas, &resolved.hosts, Some(&asked.insecure(&atlas)));
    let report = asked.report();
    let result = BlastRadius::of(&told, Some(ExposureResult::of(&report, &atlas, &exposure)));
    let answer = Asker::new(asked.observed(), asked.as_of()).answer(question, &blindness, result);
    if let Some(path) = &arguments.picture {
        draw(path, &picture(&told, &answer.answer_id))?;
    }
    let view = View {
        report: &report,
        paint: output::paint(asking.color),
        width: output::width(),
        names: !asking.no_names,
        again: again(&asking.read, &asking.reading, asking.as_of),
    };
    tell(
        asking,
        |out| answer.write_json(out),
        || write_blast_radius(&view, &told, Some(&exposure), &blindness, &answer.answer_id),
    )
}

/// Draws into a file; its ending tells what it is to be.
fn draw(path: &Path, picture: &Picture) -> Result<(), Failure> {
    let name = path.display();
    let svg = match path.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => true,
        Some("dot" | "gv") => false,
        _ => {
            return Err(Failure::usage(anyhow!("`{name}`: a picture ends in .svg or .dot")));
        }
    };
    let file = std::fs::File::create(path);
    let mut file = BufWriter::new(file.map_err(|why| Failure::failed(anyhow!("`{name}`: {why}")))?);
    let drawn = if svg { write_svg(picture, &mut file) } else { write_dot_picture(picture, &mut file) };
    drawn
        .and_then(|()| std::io::Write::flush(&mut file))
        .map_err(|why| Failure::failed(anyhow!("`{name}`: {why}")))
}
