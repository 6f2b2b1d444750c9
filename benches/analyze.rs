//! How fast and how frugal `tapmap analyze` is, on captures made for the purpose.
//!
//! `cargo bench` builds two captures in `target/tmp`, measures and prints one table. Speed is given as
//! ratios of runs that took turns on the same machine, so that it can be compared between machines.
//! `cargo bench -- --help` lists what can be changed. The exit status tells whether the measurement
//! worked; with `--strict` also whether every target was met.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark that is wrong shall stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks to whoever started it")]

mod measurement;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use measurement::baseline::{self, BASELINE};
use measurement::figure::{Figure, table};
use measurement::process::{self, Cost, MEASURE, measure, median};
use measurement::report::Report;
use traffic::Written;

/// Honest flows in the flood.
const HONEST: usize = 100;

/// Processor time of one worker, compared with a bare read loop.
const CPU_RATIO_MAX: f64 = 6.0;

/// Time with two workers, compared with one.
const WALL_RATIO_MAX: f64 = 0.7;

/// Peak memory for each flow of the capture, bytes.
const FLOW_BYTES_MAX: f64 = 700.0;

/// Peak memory in the flood, megabytes.
const FLOOD_MEGABYTES_MAX: f64 = 250.0;

/// Measures `tapmap analyze`.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --")]
struct Options {
    /// Packets of the mixed capture, about.
    #[arg(long, default_value_t = 1_000_000)]
    packets: usize,
    /// Flows of the mixed capture.
    #[arg(long, default_value_t = 30_000)]
    flows: usize,
    /// SYNs of the flood.
    #[arg(long, default_value_t = 5_000_000)]
    syns: usize,
    /// Runs of each command; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Fail if a target is missed.
    #[arg(long)]
    strict: bool,
    /// Measure this program instead of the one just built.
    #[arg(long, value_name = "PROGRAM", default_value = env!("CARGO_BIN_EXE_tapmap"))]
    tapmap: PathBuf,
    /// Only write the captures to this directory.
    #[arg(long, value_name = "DIRECTORY")]
    generate: Option<PathBuf>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(MEASURE) => return process::measure_here(arguments),
        Some(BASELINE) => return baseline::read_all(arguments),
        _ => {}
    }
    let options = Options::parse();
    if let Some(directory) = &options.generate {
        std::fs::create_dir_all(directory)?;
        generate_mixture(directory, options.packets, options.flows)?;
        generate_flood(directory, options.syns)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !options.bench {
        // `cargo test --all-targets` starts benchmarks too, without optimisation.
        eprintln!("nothing is measured without `cargo bench`");
        return Ok(ExitCode::SUCCESS);
    }
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut figures = measure_mixture(&options, directory.path())?;
    figures.extend(measure_flood(&options, directory.path())?);
    println!("{}", table(&figures));
    let missed = figures.iter().filter(|figure| figure.is_missed()).count();
    Ok(if options.strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn generate_mixture(directory: &Path, packets: usize, flows: usize) -> Result<(PathBuf, Written)> {
    let path = directory.join(format!("mixture-{flows}.pcap"));
    let written = traffic::mixture(&path, packets, flows)?;
    announce(&path, &written);
    Ok((path, written))
}

fn generate_flood(directory: &Path, syns: usize) -> Result<(PathBuf, Written)> {
    let path = directory.join("flood.pcap");
    let written = traffic::flood(&path, syns, HONEST)?;
    announce(&path, &written);
    Ok((path, written))
}

fn announce(path: &Path, written: &Written) {
    let Written { packets, bytes, flows, open_max, .. } = written;
    let (mean, path) = (bytes / packets.max(&1), path.display());
    eprintln!(
        "{path}: {packets} packets of {mean} bytes on average, {flows} flows, at most {open_max} at once"
    );
}

/// Runs `tapmap analyze` once.
fn analyze(options: &Options, workers: &str, file: &Path, output: &Path) -> Result<Cost> {
    let file = file.to_str().context("path is not UTF-8")?;
    measure(output, &options.tapmap, &["analyze", "--workers", workers, "-o", "json", file])
}

/// Speed, memory and correctness on everyday traffic.
fn measure_mixture(options: &Options, directory: &Path) -> Result<Vec<Figure>> {
    let (file, written) = generate_mixture(directory, options.packets, options.flows)?;
    // The first runs warm the page cache, are not counted, and must give the same report.
    let (one_report, two_report) = (directory.join("one.json"), directory.join("two.json"));
    analyze(options, "1", &file, &one_report)?;
    analyze(options, "2", &file, &two_report)?;
    let same = std::fs::read(&one_report)? == std::fs::read(&two_report)?;
    ensure!(same, "the reports of one and two workers differ");
    let report = Report::read(&one_report)?;
    let read = report.packets_read();
    ensure!(read == written.packets, "{} packets were written and {read} read", written.packets);
    let runs = take_turns(options, &file)?;
    let (tiny, _) = generate_mixture(directory, 200, 10)?;
    let least = analyze(options, "1", &tiny, Path::new("/dev/null"))?;

    let ratio = |over: Duration, under: Duration| over.as_secs_f64() / under.as_secs_f64();
    let flows = written.flows as f64;
    let peak = runs.peak_bytes as f64;
    let marginal = runs.peak_bytes.saturating_sub(least.peak_bytes) as f64;
    let agreement = report.compare(&written.dependencies);
    let expected = written.dependencies.len();
    Ok(vec![
        Figure::only("bare read loop, CPU", format!("{:.2} s", runs.baseline.as_secs_f64())),
        Figure::only("one worker, CPU", format!("{:.2} s", runs.one_cpu.as_secs_f64())),
        Figure::only("one worker, packets per second", rate(written.packets, runs.one_wall)),
        Figure::only("two workers, packets per second", rate(written.packets, runs.two_wall)),
        Figure::at_most(
            "CPU, one worker / bare read loop",
            ratio(runs.one_cpu, runs.baseline),
            CPU_RATIO_MAX,
            "",
        ),
        Figure::at_most("time, two workers / one", ratio(runs.two_wall, runs.one_wall), WALL_RATIO_MAX, ""),
        Figure::only("peak memory, one worker", format!("{:.1} MB", peak / 1e6)),
        Figure::at_most("peak memory / flow", peak / flows, FLOW_BYTES_MAX, " B"),
        Figure::at_most("peak memory above a tiny capture's / flow", marginal / flows, FLOW_BYTES_MAX, " B"),
        Figure::only("dependencies found", format!("{} of {expected}", agreement.found)),
        Figure::only("  with the right number of flows", agreement.flows_right.to_string()),
        Figure::only("  with the right protocol", agreement.protocol_right.to_string()),
        Figure::only("dependencies invented", agreement.invented.to_string()),
    ])
}

/// Medians over all rounds, and the highest peak.
struct Runs {
    baseline: Duration,
    one_cpu: Duration,
    one_wall: Duration,
    two_wall: Duration,
    peak_bytes: u64,
}

/// Runs the three commands in turn, so that whatever else the machine does hits all alike.
fn take_turns(options: &Options, file: &Path) -> Result<Runs> {
    let null = Path::new("/dev/null");
    let own = std::env::current_exe()?;
    let read_loop = [BASELINE, file.to_str().context("path is not UTF-8")?];
    let (mut baseline, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        baseline.push(measure(null, &own, &read_loop)?);
        one.push(analyze(options, "1", file, null)?);
        two.push(analyze(options, "2", file, null)?);
    }
    let middle = |costs: &[Cost], of: fn(&Cost) -> Duration| {
        median(costs.iter().map(of).collect()).context("no rounds were asked for")
    };
    Ok(Runs {
        baseline: middle(&baseline, |cost| cost.cpu)?,
        one_cpu: middle(&one, |cost| cost.cpu)?,
        one_wall: middle(&one, |cost| cost.wall)?,
        two_wall: middle(&two, |cost| cost.wall)?,
        peak_bytes: one.iter().map(|cost| cost.peak_bytes).max().unwrap_or(0),
    })
}

/// Memory under a flood, and whether the honest flows survive it.
fn measure_flood(options: &Options, directory: &Path) -> Result<Vec<Figure>> {
    let (file, written) = generate_flood(directory, options.syns)?;
    let output = directory.join("flood.json");
    let cost = analyze(options, "2", &file, &output)?;
    let agreement = Report::read(&output)?.compare(&written.dependencies);
    let megabytes = cost.peak_bytes as f64 / 1e6;
    Ok(vec![
        Figure::only("flood, packets per second", rate(written.packets, cost.wall)),
        Figure::at_most("flood, peak memory, two workers", megabytes, FLOOD_MEGABYTES_MAX, " MB"),
        Figure::all_of("flood, honest flows found, each once", agreement.flows_right, HONEST),
        Figure::all_of("flood, dependencies invented", agreement.invented, 0),
    ])
}

fn rate(packets: u64, wall: Duration) -> String {
    format!("{:.0}", packets as f64 / wall.as_secs_f64())
}
