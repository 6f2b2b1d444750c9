//! How well services' needs are inferred, beside NSDMiner on the same captures, and how fast.
//!
//! `cargo bench --bench inference`.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a benchmark that is wrong shall stop"
)]
#![expect(clippy::print_stdout, reason = "a benchmark talks to whoever started it")]

#[expect(dead_code, reason = "shared with a test that uses all of it")]
#[path = "../../tests/inference/chains.rs"]
mod chains;
mod nsdminer;
#[expect(dead_code, reason = "shared with a test that uses all of it")]
#[path = "../../tests/inference/toy.rs"]
mod toy;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tapmap::graph::inference::{Verdict, infer};

use chains::{Need, Read, Score, chains};
use nsdminer::{Mode, Rank, dependencies};
use toy::Toy;

/// Exchanges in the measurement of speed.
const EXCHANGES: usize = 1_000_000;

/// NSDMiner's two modes with its two ranks.
const METHODS: [(Mode, Rank); 4] = [
    (Mode::Exclusive, Rank::Ratio),
    (Mode::Shared, Rank::Ratio),
    (Mode::Exclusive, Rank::Logarithm),
    (Mode::Shared, Rank::Logarithm),
];

fn main() {
    accuracy();
    speed();
}

/// F1 on the captures, as a table of Markdown.
fn accuracy() {
    println!("| capture | tapmap | exclusive, ratio | shared, ratio | exclusive, log | shared, log |");
    println!("|---|--:|--:|--:|--:|--:|");
    let mut sums = [Score::default(); METHODS.len() + 1];
    for chain in chains() {
        let Read { snapshot, records, tokens } = chain.read();
        let declares_names = chain.topology != "three-tier";
        let counts = |need: &Need| declares_names || !need.1.ends_with(":53/udp");
        let needed = infer(&snapshot, &records, &tokens)
            .links
            .into_iter()
            .filter(|link| link.verdict == Verdict::Needed);
        let found: BTreeSet<Need> =
            needed.map(|link| (link.service.to_string(), link.needs.to_string())).collect();
        let mut scores = vec![Score::new(&found.into_iter().filter(counts).collect(), &chain.needs)];
        for (mode, rank) in METHODS {
            // Every service counts: with fewer than fifty flows all that is pooled would drop out at once.
            let pairs = dependencies(&records, mode, rank, true).into_iter();
            let found = pairs.map(|(service, needs)| (service.to_string(), needs.to_string())).filter(counts);
            scores.push(Score::new(&found.collect(), &chain.needs));
        }
        let cells: Vec<String> = scores.iter().map(|score| format!("{:.2}", score.f1())).collect();
        println!("| {} | {} |", chain.name(), cells.join(" | "));
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
    }
    let cells: Vec<String> = sums.iter().map(|score| format!("{:.2}", score.f1())).collect();
    println!("| all together | {} |\n", cells.join(" | "));
}

/// A million exchanges of one host, on one core.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
fn speed() {
    for pooled in [true, false] {
        let toy = Toy { name: "steady", rate: 50.0, bursty: false, correlated: 0.5, pooled };
        // Each request of the toy asks one or two backends, and jobs ask as many again.
        let Read { snapshot, records, tokens } = toy.play_for(EXCHANGES / 7, 1);
        let exchanges: usize = records.iter().map(|record| record.turns.len() / 2).sum();
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(infer(&snapshot, &records, &tokens));
                start.elapsed()
            })
            .collect();
        times.sort();
        let connections = if pooled { "connections that stay" } else { "a connection each" };
        println!(
            "{exchanges} exchanges, {connections}, {} flows: {:.0} ms",
            records.len(),
            times[2].as_secs_f64() * 1e3
        );
    }
}
