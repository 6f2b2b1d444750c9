//! `tapmap store`: what a store holds, whether it is sound, and copies of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::args::ReadingArguments;
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{self, Wanted, counted, repeated, tell_problems};
use super::setup::Setup;
use super::stored;
use crate::question::Ground;
use crate::report::write_json;
use crate::store::{Retention, Store, StoreOptions, Writer, backup, check, restore};

/// `store`.
#[derive(Debug, Args)]
pub struct StoreArguments {
    /// What to do.
    #[command(subcommand)]
    command: StoreCommand,
}

/// Which store.
#[derive(Debug, Args)]
struct Place {
    /// The directory of the store
    #[arg(long, value_name = "DIR", env = "TAPMAP_DATA_DIR")]
    data_dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Add captures to a store, as if a sensor had watched them
    Add(AddArguments),
    /// Tell whether a store is sound, and how much room it takes by table
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Write all of a store as one JSON document
    Export {
        #[command(flatten)]
        place: Place,
        /// Your own networks and what else you know (see `tapmap explain site`)
        #[arg(long, value_name = "FILE")]
        site: Option<PathBuf>,
    },
    /// Give back the room of what was forgotten; nobody may write meanwhile
    Compact {
        #[command(flatten)]
        place: Place,
    },
    /// Copy a store into a file while it is written
    Backup {
        #[command(flatten)]
        place: Place,
        /// The file
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
    /// Put a copy in the place of a store; what was there is kept beside it
    Restore {
        #[command(flatten)]
        place: Place,
        /// The copy
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
}

#[derive(Debug, Args)]
struct AddArguments {
    #[command(flatten)]
    place: Place,
    /// Capture, directory of captures, or - for standard input; may be given several times
    #[arg(short, long = "read", value_name = "FILE", required = true)]
    read: Vec<PathBuf>,
    /// Threads that follow flows [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<u16>,
    /// Say nothing on standard error but why it failed
    #[arg(short, long)]
    quiet: bool,
}

/// Does what is asked.
///
/// # Errors
/// If the store or a capture cannot be used.
pub fn run(arguments: &StoreArguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        StoreCommand::Add(arguments) => add(arguments),
        StoreCommand::Check { place } => checked(&place.data_dir),
        StoreCommand::Export { place, site } => export(place, site.as_ref()),
        StoreCommand::Compact { place } => compact(&place.data_dir),
        StoreCommand::Backup { place, to } => {
            backup(&place.data_dir, to).map_err(Failure::failed)?;
            told(&format!("copied to `{}`", to.display()))
        }
        StoreCommand::Restore { place, from } => {
            let aside = restore(&place.data_dir, from, "tapmap store restore").map_err(Failure::failed)?;
            let kept = aside.map(|aside| format!("; what was there is now `{}`", aside.display()));
            told(&format!("`{}` is the store now{}", from.display(), kept.unwrap_or_default()))
        }
    }
}

fn told(sentence: &str) -> Result<ExitCode, Failure> {
    output::write(|out| writeln!(out, "{sentence}"))?;
    Ok(ExitCode::from(DONE))
}

fn writer(dir: &Path, name: &str) -> Result<Writer, Failure> {
    let options = StoreOptions { writer: name.to_owned(), ..StoreOptions::default() };
    Store::open(dir, &options).writer().map_err(Failure::failed)
}

fn add(arguments: &AddArguments) -> Result<ExitCode, Failure> {
    let asked = ReadingArguments { workers: arguments.workers, ..ReadingArguments::default() };
    let setup = Setup::new(&asked)?;
    let dir = &arguments.place.data_dir;
    let mut writer = writer(dir, "tapmap store add")?;
    let wanted = Wanted { records: true, as_of: None, quiet: arguments.quiet };
    let (outcome, sources) = reading::run(&arguments.read, &setup, wanted, &mut |_| {})?;
    if !arguments.quiet {
        tell_problems(&sources, &repeated(&sources));
    }
    for (name, times) in stored::totals(counted(&outcome.totals, &setup.options)) {
        writer.count(&name, times);
    }
    writer.sources(sources.into_iter().map(stored::row).collect());
    let gained = stored::gained(outcome);
    writer.write(&gained).map_err(Failure::failed)?;
    let last = gained.delta.rows().last.unwrap_or_default();
    while writer.keep_house(last, &Retention::default()).map_err(Failure::failed)? {}
    let notes: String = writer.health().notes.iter().map(|note| format!("{note}\n")).collect();
    writer.close().map_err(Failure::failed)?;
    told(&format!("{notes}{} flows added to the store in `{}`", gained.ended.len(), dir.display()))
}

fn checked(dir: &Path) -> Result<ExitCode, Failure> {
    let problems = check(dir).map_err(Failure::failed)?;
    if !problems.is_empty() {
        return Err(Failure::failed(anyhow!(
            "the store in `{}` is broken: {}",
            dir.display(),
            problems.join("; ")
        )));
    }
    let size = Store::open(dir, &StoreOptions::default()).size().map_err(Failure::failed)?;
    output::write(|out| {
        writeln!(
            out,
            "the store in `{}` is sound: {} bytes, {} of them free",
            dir.display(),
            size.bytes,
            size.free
        )?;
        for room in size.rows.iter().filter(|room| room.rows > 0) {
            writeln!(out, "{:>12} {}", room.rows, room.table)?;
        }
        Ok(())
    })?;
    Ok(ExitCode::from(DONE))
}

fn compact(dir: &Path) -> Result<ExitCode, Failure> {
    let size = || Store::open(dir, &StoreOptions::default()).size().map_err(Failure::failed);
    let before = size()?;
    let mut writer = writer(dir, "tapmap store compact")?;
    writer.compact().map_err(Failure::failed)?;
    writer.close().map_err(Failure::failed)?;
    told(&format!("{} bytes before, {} now", before.bytes, size()?.bytes))
}

fn export(place: &Place, site: Option<&PathBuf>) -> Result<ExitCode, Failure> {
    let asked = ReadingArguments {
        data_dir: Some(place.data_dir.clone()),
        site: site.cloned(),
        ..ReadingArguments::default()
    };
    let setup = Setup::new(&asked)?;
    let material = reading::read(&[], &setup, Wanted { records: false, as_of: None, quiet: true })?;
    let ground = Ground::of_map(material, Arc::new(setup.knowledge));
    output::write(|mut out| write_json(&ground.report(), &mut out))?;
    Ok(ExitCode::from(DONE))
}
