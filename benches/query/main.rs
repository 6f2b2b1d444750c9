//! How fast questions are answered, on random graphs of services.
//!
//! `cargo bench --bench query` prints one table. Speed is given as a ratio to petgraph's breadth-first
//! search over a graph of the same size, which takes turns with it, so that it can be compared between
//! machines; milliseconds stand beside it. With `--strict` the exit status tells whether every target
//! was met. Each question has a file of its own.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark that is wrong shall stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks to whoever started it")]

#[expect(dead_code, reason = "another benchmark uses the rest of it")]
#[path = "../measurement/figure.rs"]
mod figure;
mod impact;
mod network;
#[expect(dead_code, reason = "another benchmark uses the rest of it")]
#[path = "../traffic/random.rs"]
mod random;
mod spof;
mod timing;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use figure::table;
use network::Network;

/// Measures questions.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench query --")]
struct Options {
    /// Hosts of the smaller network; it has ten times as many edges.
    #[arg(long, default_value_t = 10_000)]
    small: u32,
    /// Hosts of the larger network.
    #[arg(long, default_value_t = 100_000)]
    large: u32,
    /// Runs of each question; the median counts.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Fail if a target is missed.
    #[arg(long)]
    strict: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        // `cargo test --all-targets` starts benchmarks too, without optimisation.
        eprintln!("nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let small = Network::random(options.small, 10);
    let mut figures = impact::measure(&small, options.rounds);
    figures.push(spof::measure(&small));
    let large = Network::random(options.large, 10);
    figures.extend(impact::measure(&large, options.rounds));
    figures.extend(trace::measure([options.small, options.large], options.rounds));
    println!("{}", table(&figures));
    let missed = figures.iter().filter(|figure| figure.is_missed()).count();
    if options.strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
