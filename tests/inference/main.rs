//! Which service needs which, inferred from captures, against what their topologies declare.
//!
//! `cargo test --test inference -- --nocapture` prints the figures; with `SHOW=1` also what is wrong.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a test helper cannot read, the test cannot judge; its figures are for people"
)]

mod chains;

use std::collections::BTreeSet;

use tapmap::graph::inference::{Inferences, Verdict, infer};

use chains::{Need, Read, Score, chains};

fn needed(inferences: &Inferences) -> BTreeSet<Need> {
    let needed = inferences.links.iter().filter(|link| link.verdict == Verdict::Needed);
    needed.map(|link| (link.service.to_string(), link.needs.to_string())).collect()
}

#[test]
fn what_is_declared_is_found() {
    for chain in chains() {
        let Read { snapshot, records } = chain.read();
        let inferences = infer(&snapshot, &records);
        // Names are looked up for whoever asks; three-tier does not declare it.
        let found = needed(&inferences)
            .into_iter()
            .filter(|(_, needs)| chain.topology != "three-tier" || !needs.ends_with("/udp"))
            .collect();
        let score = Score::new(&found, &chain.needs);
        println!("{:30} {score}", chain.name());
        if std::env::var_os("SHOW").is_some() {
            for pool in &inferences.pools {
                println!("  pool {pool:?}");
            }
            for link in &inferences.links {
                let pair = (link.service.to_string(), link.needs.to_string());
                let declared = chain.needs.contains(&pair);
                let mark = match (declared, link.verdict) {
                    (true, Verdict::Needed) => "  ",
                    (false, Verdict::Needed) => "!!",
                    (true, _) => "--",
                    _ => continue,
                };
                println!(
                    "  {mark} {} > {} {:?} s={:.2} n1={} n12={} u={:.2} p={:.1e}",
                    pair.0,
                    pair.1,
                    link.verdict,
                    link.strength,
                    link.requests,
                    link.nested,
                    link.uplift,
                    link.p_value
                );
            }
            for pair in &chain.needs {
                if !inferences
                    .links
                    .iter()
                    .any(|link| (link.service.to_string(), link.needs.to_string()) == *pair)
                {
                    println!("  ?? {pair:?} not listed");
                }
            }
        }
    }
}
