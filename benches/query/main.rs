//! How fast questions are answered, on random graphs of services.
//!
//! `cargo bench --bench query` prints one table. Speed is given as a ratio to petgraph's breadth-first
//! search over a graph of the same size, which takes turns with it, so that it can be compared between
//! machines; milliseconds stand beside it. With `--strict` the exit status tells whether every target
//! was met. Each question has a file of its own.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a benchmark that is wrong shall stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks to whoever started it")]

mod cut;
#[expect(dead_code, reason = "another benchmark uses the rest of it")]
#[path = "../measurement/figure.rs"]
mod figure;
mod impact;
mod isolate;
mod map;
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
use map::Map;
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
    /// Only this question: impact, spof, trace, isolate or cut.
    #[arg(long)]
    only: Option<String>,
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
    let asked = |question: &str| options.only.as_deref().is_none_or(|only| only == question);
    let mut figures = Vec::new();
    for hosts in [options.small, options.large] {
        if asked("impact") || asked("spof") {
            let network = Network::random(hosts, 10);
            if asked("impact") {
                figures.extend(impact::measure(&network, options.rounds));
            }
            if asked("spof") && hosts == options.small {
                figures.push(spof::measure(&network));
            }
        }
        if asked("isolate") || asked("cut") {
            let map = Map::random(hosts as usize, 10);
            if asked("isolate") {
                figures.extend(isolate::measure(&map, options.rounds));
            }
            if asked("cut") {
                figures.extend(cut::measure(&map, options.rounds));
            }
        }
    }
    if asked("trace") {
        figures.extend(trace::measure([options.small, options.large], options.rounds));
    }
    println!("{}", table(&figures));
    let missed = figures.iter().filter(|figure| figure.is_missed()).count();
    if options.strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
