//! `tapmap sizing`: how much a store would grow and a sensor could carry, measured on a capture.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::Args;

use super::args::ReadingArguments;
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{self, Wanted};
use super::setup::Setup;
use super::stored;
use crate::store::{Retention, Store, StoreOptions};

const DAY: f64 = 86_400.0;

/// `sizing`.
#[derive(Debug, Args)]
pub struct SizingArguments {
    /// Capture of the traffic to be watched: the longer, the better the estimate
    #[arg(short, long = "read", value_name = "FILE", required = true)]
    read: Vec<PathBuf>,
    /// Threads that follow flows [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<u16>,
}

/// Measures.
///
/// # Errors
/// If a capture cannot be read, or there is no room for a store to measure.
pub fn run(arguments: &SizingArguments) -> Result<ExitCode, Failure> {
    let asked = ReadingArguments { workers: arguments.workers, ..ReadingArguments::default() };
    let setup = Setup::new(&asked)?;
    let wanted = Wanted { records: true, as_of: None, quiet: true };
    let began = now();
    let (outcome, sources) = reading::run(&arguments.read, &setup, wanted, &mut |_| {})?;
    let followed = now() - began;
    let packets = outcome.totals.packets.read;
    let first = sources.iter().filter_map(|source| source.first).min();
    let last = sources.iter().filter_map(|source| source.last).max();
    let seconds = match first.zip(last) {
        Some((first, last)) if last > first => (last - first) as f64 / 1e9,
        _ => return Err(Failure::failed(anyhow!("the capture has no length to reckon with"))),
    };
    let gained = stored::gained(outcome);
    let flows = gained.ended.len() as f64;
    let dir = std::env::temp_dir().join(format!("tapmap-sizing-{}", std::process::id()));
    let store =
        Store::open(&dir, &StoreOptions { writer: "tapmap sizing".to_owned(), ..StoreOptions::default() });
    let measure = || -> Result<(u64, Duration), anyhow::Error> {
        let mut writer = store.writer()?;
        let empty = store.size()?.bytes;
        let began = now();
        writer.write(&gained)?;
        let took = now() - began;
        writer.compact()?;
        writer.close()?;
        Ok((store.size()?.bytes.saturating_sub(empty), took))
    };
    let measured = measure().context("a store to measure could not be written");
    // Whatever came of it, nothing of it stays.
    let _ = std::fs::remove_dir_all(&dir);
    let (bytes, wrote) = measured.map_err(Failure::failed)?;
    let keep = Retention::default();
    let per_day = bytes as f64 / seconds * DAY;
    let days = keep.flows.as_secs_f64() / DAY;
    output::write(|out| {
        writeln!(out, "{packets} packets and {flows} flows in {seconds:.0} s")?;
        writeln!(
            out,
            "store: {:.3} GB a day ({:.0} bytes a flow)",
            per_day / 1e9,
            bytes as f64 / flows.max(1.0)
        )?;
        writeln!(out, "       {:.1} GB for the {days:.0} days that flows are kept", per_day * days / 1e9)?;
        let rate = packets as f64 / seconds;
        let carried = packets as f64 / followed.as_secs_f64().max(1e-9);
        writeln!(
            out,
            "sensor: {rate:.0} packets/s here, {carried:.0} packets/s could be followed: {:.0} times as many",
            carried / rate.max(1e-9)
        )?;
        let written = flows / wrote.as_secs_f64().max(1e-9);
        writeln!(out, "        {:.0} flows/s here, {written:.0} flows/s could be written", flows / seconds)
    })?;
    Ok(ExitCode::from(DONE))
}

#[expect(clippy::disallowed_methods, reason = "what is measured is how long this machine takes")]
fn now() -> Instant {
    Instant::now()
}
