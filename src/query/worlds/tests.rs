//! How likely things fall: the worked example, and against looking at every world by itself.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::requires::{Failure, Parts, Requires};
use super::super::testing::{Worked, random_failure, random_parts};
use super::super::worth::Worths;
use super::*;

/// What `failure` brings down, by the nodes' names, to three digits, without what failed itself.
fn likely(hosts: &[&str]) -> BTreeMap<&'static str, f64> {
    let worked = Worked::new();
    let failed = worked.requires.failing(&Worked::failure(hosts));
    let found = worlds(&mut Fixpoint::new(&worked.requires), &failed, &[]);
    assert_eq!(found.sampled, None);
    let round = |probability: f64| (probability * 1000.0).round() / 1000.0;
    found.rows.iter().map(|(fallen, probability)| (Worked::name(fallen.node), round(*probability))).collect()
}

#[test]
fn the_worked_example_is_as_likely_as_computed() {
    let check = |hosts: &[&str], expected: &[(&'static str, f64)]| {
        assert_eq!(likely(hosts), expected.iter().copied().collect(), "{hosts:?}");
    };
    check(
        &["db1"],
        &[
            ("app1:8080", 0.95),
            ("web1:8443", 0.931),
            ("web2:8443", 0.922),
            ("lb:443", 0.903),
            ("ws1", 0.903),
            ("ws2", 0.903),
        ],
    );
    check(
        &["app1"],
        &[("web1:8443", 0.98), ("web2:8443", 0.97), ("lb:443", 0.951), ("ws1", 0.951), ("ws2", 0.951)],
    );
    // The load balancer's share is the common cause: products of probabilities would say 0.152.
    check(
        &["dc1"],
        &[
            ("app1:8080", 0.4),
            ("fin1:445", 0.6),
            ("web1:8443", 0.392),
            ("web2:8443", 0.388),
            ("lb:443", 0.38),
            ("ws1", 0.938),
            ("ws2", 0.938),
        ],
    );
    check(&["lb"], &[("ws1", 1.0), ("ws2", 1.0)]);
    check(&["web1"], &[]);
}

/// Every world by itself, and in each of them all nodes again and again.
fn by_hand(parts: &Parts, failure: &Failure) -> BTreeMap<u32, f64> {
    let services = parts.host_of.len() as u32;
    let groups: Vec<_> = parts.groups.iter().filter(|(group, _)| group.confidence >= 0.6).collect();
    let uncertain: Vec<usize> = (0..groups.len()).filter(|place| groups[*place].0.strength < 1.0).collect();
    let mut likely: BTreeMap<u32, f64> = BTreeMap::new();
    for world in 0..1u32 << uncertain.len() {
        let hard = |place: usize| match uncertain.iter().position(|group| *group == place) {
            Some(bit) => world >> bit & 1 == 1,
            None => true,
        };
        let weight: f64 = uncertain
            .iter()
            .map(|place| {
                let strength = f64::from(groups[*place].0.strength);
                if hard(*place) { strength } else { 1.0 - strength }
            })
            .product();
        let mut down: BTreeSet<u32> = failure.services.iter().copied().collect();
        for host in &failure.hosts {
            down.insert(services + host);
            down.extend((0u32..).zip(&parts.host_of).filter(|(_, of)| *of == host).map(|(place, _)| place));
        }
        let failed = down.clone();
        loop {
            let before = down.len();
            for (place, (group, members)) in groups.iter().enumerate().filter(|(place, _)| hard(*place)) {
                let _ = place;
                let mut carrier: BTreeMap<u32, u32> = BTreeMap::new();
                for member in members {
                    let least = carrier.entry(member.provider).or_insert(member.dependency);
                    *least = member.dependency.min(*least);
                }
                let alive = carrier.iter().filter(|(provider, dependency)| {
                    !down.contains(*provider) && !failure.cut.contains(*dependency)
                });
                if alive.count() < (group.needed as usize).min(carrier.len()) {
                    down.insert(group.dependent);
                }
            }
            if down.len() == before {
                break;
            }
        }
        for node in down.difference(&failed) {
            *likely.entry(*node).or_default() += weight;
        }
    }
    likely.retain(|_, probability| *probability > 0.0);
    likely
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn equals_looking_at_every_world_by_itself(
        mut parts in random_parts(), failure in random_failure()
    ) {
        parts.groups.truncate(9);
        let requires = Requires::from_parts(parts.clone());
        let found = worlds(&mut Fixpoint::new(&requires), &requires.failing(&failure), &failure.cut);
        let expected = by_hand(&parts, &failure);
        prop_assert_eq!(found.rows.len(), expected.len());
        for (fallen, probability) in &found.rows {
            let expected = expected.get(&fallen.node).copied().unwrap_or_default();
            prop_assert!((probability - expected).abs() < 1e-9, "{} {} {}", fallen.node, probability, expected);
        }
    }

    #[test]
    fn drawn_worlds_come_near_to_all_worlds(parts in random_parts(), failure in random_failure()) {
        let requires = Requires::from_parts(parts);
        let failed = requires.failing(&failure);
        let found = worlds(&mut Fixpoint::new(&requires), &failed, &failure.cut);
        let may = Fixpoint::new(&requires).run(&failed, &failure.cut, Threshold::MAY).to_vec();
        let scene = Scene::new(&requires, &failed, &failure.cut, &may);
        let drawn = sample(&scene);
        for (place, (_, probability)) in found.rows.iter().enumerate() {
            let drawn = scene.share(&drawn, place);
            // Five deviations at the worst place; one case in a million.
            prop_assert!((drawn - probability).abs() < 5.0 * 0.5 / 64.0, "{} {}", drawn, probability);
        }
    }

    #[test]
    fn failures_weighed_together_are_the_same_as_each_alone(
        parts in random_parts(), failures in prop::collection::vec(random_failure(), 1..6)
    ) {
        let requires = Requires::from_parts(parts);
        let worths = Worths::new((0..requires.nodes()).map(|node| 1.0 + f64::from(node % 3)).collect());
        let failures: Vec<Vec<u32>> = failures.iter().map(|failure| requires.failing(failure)).collect();
        let together = weigh_together(&requires, &worths, &failures);
        for (failed, together) in failures.iter().zip(together) {
            let may = Fixpoint::new(&requires).run(failed, &[], Threshold::MAY).to_vec();
            let scene = Scene::new(&requires, failed, &[], &may);
            let drawn = sample(&scene);
            let likely = (0..may.len()).map(|place| (may[place].node, scene.share(&drawn, place)));
            let alone = worths.impact(failed.iter().map(|node| (*node, 1.0)).chain(likely));
            prop_assert!((together - alone).abs() < 1e-9, "{} {}", together, alone);
        }
    }
}

#[test]
fn whether_worlds_are_drawn_is_known_beforehand() {
    for uncertain in [EXACT_GROUPS_MAX, EXACT_GROUPS_MAX + 1] {
        let requires = Requires::from_parts(tree(uncertain as u32));
        let mut fixpoint = Fixpoint::new(&requires);
        let found = worlds(&mut fixpoint, &[0], &[]);
        let may = fixpoint.run(&[0], &[], Threshold::MAY);
        assert_eq!(is_sampled(&requires, &[0], may), found.sampled.is_some());
        assert_eq!((found.uncertain, found.sampled.is_some()), (uncertain, uncertain > EXACT_GROUPS_MAX));
    }
}

/// Services that each need the one of half their number, half of the time.
fn tree(groups: u32) -> Parts {
    let needs = (0..groups).map(|row| {
        let group = super::super::requires::Group {
            dependent: row + 1,
            needed: 1,
            strength: 0.5,
            confidence: 1.0,
            why: super::super::requires::Why::Inferred,
        };
        let member = super::super::requires::Member { provider: row / 2, dependency: row };
        (group, [member].into_iter().collect())
    });
    Parts { host_of: vec![0; groups as usize + 1], hosts: 1, groups: needs.collect() }
}

#[test]
fn many_uncertain_groups_are_drawn_and_the_error_is_told() {
    let requires = Requires::from_parts(tree(40));
    let found = worlds(&mut Fixpoint::new(&requires), &[0], &[]);
    assert_eq!((found.sampled, found.uncertain, found.rows.len()), (Some(SAMPLED_WORLDS), 40, 40));
    for (fallen, probability) in &found.rows {
        let expected = 0.5f64.powi(fallen.hop as i32);
        let bound = 2.0 * found.error(*probability) + 1e-3;
        assert!((probability - expected).abs() < bound, "{} {probability} {expected}", fallen.hop);
    }
    assert_eq!(worlds(&mut Fixpoint::new(&requires), &[0], &[]), found, "the same worlds every time");
}

#[test]
fn a_draw_has_the_probability_that_was_asked_for() {
    for strength in [0.0, 0.1, 0.5, 0.95, 1.0] {
        let hard: u32 = (0..10_000).map(|block| draw(7, block, strength).count_ones()).sum();
        let share = f64::from(hard) / 640_000.0;
        assert!((share - f64::from(strength)).abs() < 3e-3, "{share} {strength}");
    }
    assert_ne!(draw(1, 0, 0.5), draw(2, 0, 0.5));
}
