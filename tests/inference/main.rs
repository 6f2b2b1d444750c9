//! Which service needs which, inferred from captures, against what their topologies declare.
//!
//! `cargo test --test inference -- --nocapture` prints the figures; with `SHOW=1` also what is wrong.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "what a test helper cannot read, the test cannot judge; its figures are for people"
)]

mod chains;
mod shuffle;
mod toy;

use std::collections::{BTreeMap, BTreeSet};

use tapmap::graph::inference::{Inferences, Verdict, infer};

use chains::{Chain, Need, Read, Score, chains};
use toy::{Random, toys};

/// F1 where every request has connections of its own, and where connections stay.
const UNPOOLED_MIN: f64 = 0.95;
const POOLED_MIN: f64 = 0.85;

/// The most that F1 may differ between the loads of a topology and variant.
const SPREAD_MAX: f64 = 0.05;

/// Of pairs whose times mean nothing, at most this share may be found.
const FOUND_BY_CHANCE_MAX: f64 = 0.01;

/// Times that a capture is shuffled.
const SHUFFLES: u64 = 6;

fn pairs_that(inferences: &Inferences, verdict: Verdict) -> BTreeSet<Need> {
    let links = inferences.links.iter().filter(|link| link.verdict == verdict);
    links.map(|link| (link.service.to_string(), link.needs.to_string())).collect()
}

/// Links found. Names are looked up for whoever asks, and three-tier does not declare it.
fn found(chain: &Chain, inferences: &Inferences) -> BTreeSet<Need> {
    let declares_names = chain.topology != "three-tier";
    let all = pairs_that(inferences, Verdict::Needed).into_iter();
    all.filter(|(_, needs)| declares_names || !needs.ends_with(":53/udp")).collect()
}

fn show(chain: &Chain, inferences: &Inferences) {
    if std::env::var_os("SHOW").is_none() {
        return;
    }
    for link in &inferences.links {
        let pair = (link.service.to_string(), link.needs.to_string());
        let mark = match (chain.needs.contains(&pair), link.verdict == Verdict::Needed) {
            (true, true) => "  ",
            (false, true) => "!!",
            (true, false) => "--",
            (false, false) => continue,
        };
        println!(
            "  {mark} {} > {} {:?} s={:.2} n1={} n12={} u={:.2} p={:.1e} pool={:?}",
            pair.0,
            pair.1,
            link.verdict,
            link.strength,
            link.requests,
            link.nested,
            link.uplift,
            link.p_value,
            link.pool
        );
    }
}

#[test]
fn what_is_declared_is_found_at_every_load() {
    let mut by_variant: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for chain in chains() {
        let Read { snapshot, records, tokens } = chain.read();
        let inferences = infer(&snapshot, &records, &tokens);
        let score = Score::new(&found(&chain, &inferences), &chain.needs);
        println!("{:30} {score}", chain.name());
        show(&chain, &inferences);
        let rejected = pairs_that(&inferences, Verdict::Rejected);
        let denied: Vec<&Need> = rejected.intersection(&chain.needs).collect();
        assert!(denied.is_empty(), "{} rejects {denied:?}", chain.name());
        let least = if chain.variant == "unpooled" { UNPOOLED_MIN } else { POOLED_MIN };
        assert!(score.f1() >= least, "{} has F1 {score}", chain.name());
        by_variant.entry((chain.topology, chain.variant)).or_default().push(score.f1());
    }
    for (variant, scores) in by_variant {
        let best = scores.iter().copied().fold(0.0, f64::max);
        let worst = scores.iter().copied().fold(1.0, f64::min);
        assert!(best - worst <= SPREAD_MAX, "{variant:?} ranges from {worst} to {best}");
    }
}

#[test]
fn pools_are_those_declared_and_no_others() {
    let mut seen = 0;
    for chain in chains() {
        let Read { snapshot, records, tokens } = chain.read();
        for pool in infer(&snapshot, &records, &tokens).pools {
            let members: Vec<String> = pool.members.iter().map(ToString::to_string).collect();
            assert!(
                chain.pools.contains(&(members.clone(), pool.needed)),
                "{} has no pool {members:?}",
                chain.name()
            );
            seen += 1;
        }
    }
    let declared = chains().iter().map(|chain| chain.pools.len()).sum::<usize>();
    println!("{seen} of {declared} pools are seen");
    assert!(seen * 2 >= declared, "{seen} of {declared} pools are seen");
}

#[test]
fn shuffled_captures_show_next_to_nothing() {
    let (mut tested, mut wrong) = (0, 0);
    for chain in chains() {
        let Read { snapshot, records, .. } = chain.read();
        for seed in 0..SHUFFLES {
            let mut random = Random(seed);
            for shuffled in [shuffle::flows(&records, &mut random), shuffle::exchanges(&records, &mut random)]
            {
                let inferences = infer(&snapshot, &shuffled, &[]);
                tested += inferences.tested;
                let found = pairs_that(&inferences, Verdict::Needed);
                wrong += found.len();
                if std::env::var_os("SHOW").is_some() && !found.is_empty() {
                    println!("{} {found:?}", chain.name());
                }
            }
        }
    }
    println!("{wrong} of {tested} pairs of shuffled captures were found");
    assert!(tested >= 5000, "only {tested} pairs were tested");
    assert!(wrong as f64 <= FOUND_BY_CHANCE_MAX * tested as f64, "{wrong} of {tested}");
}

#[test]
fn statistics_tell_needs_from_what_only_comes_along() {
    let mut all = Score::default();
    for toy in toys() {
        let mut score = Score::default();
        for seed in 0..5 {
            let Read { snapshot, records, tokens } = toy.play(seed);
            let inferences = infer(&snapshot, &records, &tokens);
            score += Score::new(&pairs_that(&inferences, Verdict::Needed), &toy::needs());
        }
        let connections = if toy.pooled { "pooled" } else { "unpooled" };
        println!("{:24} {:>5}/s {connections:8} {score}", toy.name, toy.rate);
        assert!(score.f1() >= UNPOOLED_MIN, "{toy:?} has F1 {score}");
        all += score;
    }
    println!("{:40} {all}", "all");
    assert!(all.wrong * 100 <= all.right + all.wrong, "more than 1 % of what is found is wrong: {all}");
}
