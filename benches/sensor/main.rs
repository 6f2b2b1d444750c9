//! The whole sensor on a cable: what it loses, how long it takes to tell, what it costs, whether it stays
//! small.
//!
//! `cargo bench --bench sensor` makes a network namespace of its own with one cable, watches one end and
//! replays traffic into the other. No packet leaves it. `--soak MINUTES` watches one long run instead.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark that is wrong shall stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks to whoever started it")]
#![expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]

mod cable;
mod delay;
#[path = "../measurement/figure.rs"]
mod figure;
mod load;
mod questions;
mod running;
mod soak;
#[path = "../traffic/mod.rs"]
mod traffic;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Parser;

use cable::Cable;
use figure::table;

/// Says that this process runs in the namespaces already.
const INSIDE: &str = "BENCH_INSIDE_NAMESPACE";

/// Programs that must be there.
const TOOLS: [(&str, &str); 4] =
    [("unshare", "util-linux"), ("ip", "iproute2"), ("tcpreplay", "tcpreplay"), ("tcpdump", "tcpdump")];

/// Measures `tapmap sensor`.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench sensor --")]
struct Options {
    /// Packets of the capture that is replayed, about.
    #[arg(long, default_value_t = 1_000_000)]
    packets: usize,
    /// Its flows.
    #[arg(long, default_value_t = 30_000)]
    flows: usize,
    /// Replays at top speed.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Instead of all else: watch one run of so many minutes.
    #[arg(long, value_name = "MINUTES")]
    soak: Option<u64>,
    /// Packets per second of the soak, and while questions are asked.
    #[arg(long, default_value_t = 50_000)]
    rate: u64,
    /// Only this: load, delay or questions.
    #[arg(long)]
    only: Option<String>,
    /// Fail if a target is missed.
    #[arg(long)]
    strict: bool,
    /// Measure this program instead of the one just built.
    #[arg(long, value_name = "PROGRAM", default_value = env!("CARGO_BIN_EXE_tapmap"))]
    tapmap: PathBuf,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benchmarks too, without optimisation.
        eprintln!("nothing is measured without `cargo bench`");
        return Ok(ExitCode::SUCCESS);
    }
    if std::env::var_os(INSIDE).is_none() {
        return enter();
    }
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let cable = Cable::new()?;
    let file = directory.path().join("mixture.pcap");
    let written = traffic::mixture(&file, options.packets, options.flows)?;
    eprintln!("{} packets of {} flows", written.packets, written.flows);
    let asked = |what: &str| options.only.as_deref().is_none_or(|only| only == what);
    let figures = match options.soak {
        Some(minutes) => soak::measure(&options, &cable, &file, directory.path(), minutes)?,
        None => {
            let mut figures = Vec::new();
            if asked("load") {
                figures.extend(load::measure(&options, &cable, &file, written.packets)?);
                figures.push(load::flood(&options, &cable, directory.path())?);
            }
            if asked("delay") {
                figures.extend(delay::measure(&options, &cable, directory.path())?);
            }
            if asked("questions") {
                figures.extend(questions::measure(&options, &cable, &file, directory.path())?);
            }
            figures
        }
    };
    println!("{}", table(&figures));
    let missed = figures.iter().filter(|figure| figure.is_missed()).count();
    Ok(if options.strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs this program again in a network namespace of its own.
fn enter() -> Result<ExitCode> {
    for (tool, package) in TOOLS {
        let places = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let found = places.iter().any(|place| Path::new(place).join(tool).exists());
        ensure!(found, "`{tool}` is missing; on Debian: sudo apt-get install {package}");
    }
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--fork", "--kill-child"])
        .arg(std::env::current_exe()?)
        .args(std::env::args().skip(1))
        .env(INSIDE, "1")
        .status()
        .context("cannot run `unshare`")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
