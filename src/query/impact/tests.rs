//! What falls: the worked example, and against a fixpoint that asks every node again and again.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::requires::{Parts, Requires};
use super::super::testing::{Worked, random_failure, random_parts};
use super::*;

/// The names of what falls with hosts of the worked example.
fn falls(hosts: &[&str], threshold: Threshold) -> BTreeSet<&'static str> {
    let worked = Worked::new();
    impact(&worked.requires, &Worked::failure(hosts), threshold)
        .iter()
        .map(|fallen| Worked::name(fallen.node))
        .collect()
}

#[test]
fn the_worked_example_falls_as_computed() {
    let check = |hosts: &[&str], expected: &[&str]| {
        assert_eq!(falls(hosts, Threshold::MUST), expected.iter().copied().collect(), "{hosts:?}");
    };
    check(&["web1"], &[]);
    check(&["web1", "web2"], &["lb:443", "ws1", "ws2"]);
    check(&["lb"], &["ws1", "ws2"]);
    check(&["app1"], &["web1:8443", "web2:8443", "lb:443", "ws1", "ws2"]);
    check(&["db1"], &["app1:8080", "web1:8443", "web2:8443", "lb:443", "ws1", "ws2"]);
    check(&["dc1"], &["ws1", "ws2"]);
    check(&["fin1"], &[]);
    let may = falls(&["dc1"], Threshold::MAY);
    assert_eq!(
        may,
        ["app1:8080", "fin1:445", "web1:8443", "web2:8443", "lb:443", "ws1", "ws2"].into_iter().collect()
    );
}

#[test]
fn hops_and_groups_lead_back_to_what_failed() {
    let worked = Worked::new();
    let requires = &worked.requires;
    let fallen = must(requires, &Worked::failure(&["db1"]));
    let told: Vec<(&str, u32)> = fallen.iter().map(|at| (Worked::name(at.node), at.hop)).collect();
    let expected =
        [("app1:8080", 1), ("web1:8443", 2), ("web2:8443", 2), ("lb:443", 3), ("ws1", 4), ("ws2", 4)];
    assert_eq!(told, expected);
    let group = requires.group(fallen[3].group).unwrap();
    assert_eq!((group.dependent, group.needed), (Worked::service("lb:443"), 1));
    assert_eq!(requires.members(fallen[3].group).len(), 2);
}

#[test]
fn a_cut_edge_is_a_provider_that_is_gone_for_one() {
    let worked = Worked::new();
    let cut = |cut: &[u32]| -> Vec<&str> {
        let failure = Failure { cut: cut.to_vec(), ..Failure::default() };
        must(&worked.requires, &failure).iter().map(|at| Worked::name(at.node)).collect()
    };
    // The dependencies are numbered as the example lists them: 0 is that of the first user.
    assert_eq!(cut(&[0]), ["ws1"]);
    assert_eq!(cut(&[5]), ["web1:8443"], "the load balancer has another web server");
    assert_eq!(cut(&[7]), ["app1:8080", "web1:8443", "web2:8443", "lb:443", "ws1", "ws2"]);
}

/// What falls by asking all nodes again and again.
fn naive(parts: &Parts, failure: &Failure, threshold: Threshold) -> BTreeSet<u32> {
    let services = parts.host_of.len() as u32;
    let mut down: BTreeSet<u32> = failure.services.iter().copied().collect();
    for host in &failure.hosts {
        down.insert(services + host);
        down.extend((0u32..).zip(&parts.host_of).filter(|(_, of)| *of == host).map(|(place, _)| place));
    }
    let failed = down.clone();
    loop {
        let before = down.len();
        for (group, members) in &parts.groups {
            if group.strength < threshold.strength || group.confidence < threshold.confidence {
                continue;
            }
            let all: BTreeSet<u32> = members.iter().map(|member| member.provider).collect();
            let alive = all.iter().filter(|provider| {
                // A provider that several dependencies carry counts by the first of them.
                let carrier =
                    members.iter().filter(|m| m.provider == **provider).map(|m| m.dependency).min().unwrap();
                !down.contains(provider) && !failure.cut.contains(&carrier)
            });
            if alive.count() < (group.needed as usize).min(all.len()) {
                down.insert(group.dependent);
            }
        }
        if down.len() == before {
            return &down - &failed;
        }
    }
}

fn nodes(fallen: &[Fallen]) -> BTreeSet<u32> {
    fallen.iter().map(|fallen| fallen.node).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equals_asking_all_nodes_again_and_again(parts in random_parts(), failure in random_failure()) {
        let requires = Requires::from_parts(parts.clone());
        for threshold in [Threshold::MUST, Threshold::MAY, Threshold::ALL] {
            let fallen = impact(&requires, &failure, threshold);
            prop_assert_eq!(nodes(&fallen).len(), fallen.len(), "each falls once");
            prop_assert_eq!(nodes(&fallen), naive(&parts, &failure, threshold));
        }
    }

    #[test]
    fn to_fail_more_never_saves_anything(
        parts in random_parts(), failure in random_failure(), more in random_failure()
    ) {
        let requires = Requires::from_parts(parts);
        let both = Failure {
            services: [failure.services.clone(), more.services].concat(),
            hosts: [failure.hosts.clone(), more.hosts].concat(),
            cut: [failure.cut.clone(), more.cut].concat(),
        };
        let few: BTreeSet<u32> = requires.failing(&failure).into_iter().chain(nodes(&must(&requires, &failure))).collect();
        let many: BTreeSet<u32> = requires.failing(&both).into_iter().chain(nodes(&must(&requires, &both))).collect();
        prop_assert!(few.is_subset(&many));
        prop_assert!(nodes(&must(&requires, &failure)).is_subset(&nodes(&may(&requires, &failure))));
    }

    #[test]
    fn what_fell_takes_nothing_more_with_it(parts in random_parts(), failure in random_failure()) {
        let requires = Requires::from_parts(parts);
        let mut fixpoint = Fixpoint::new(&requires);
        let mut down = requires.failing(&failure);
        down.extend(fixpoint.run(&down.clone(), &failure.cut, Threshold::MAY).iter().map(|at| at.node));
        prop_assert_eq!(fixpoint.run(&down, &failure.cut, Threshold::MAY), []);
    }

    #[test]
    fn hops_rise_and_each_group_lost_more_than_it_can_spare(
        parts in random_parts(), failure in random_failure()
    ) {
        let requires = Requires::from_parts(parts);
        let fallen = impact(&requires, &failure, Threshold::MAY);
        prop_assert!(fallen.is_sorted_by_key(|at| at.hop));
        let failed = requires.failing(&failure);
        for at in &fallen {
            let group = requires.group(at.group).unwrap();
            prop_assert_eq!(group.dependent, at.node);
            let before = |node: u32| {
                failed.contains(&node) || fallen.iter().any(|other| other.node == node && other.hop < at.hop)
            };
            let lost = requires.members(at.group).iter().filter(|member| {
                before(member.provider) || failure.cut.contains(&member.dependency)
            });
            prop_assert!(lost.count() as u32 + group.needed > requires.members(at.group).len() as u32);
        }
    }

    #[test]
    fn room_that_was_used_before_answers_the_same(
        parts in random_parts(), one in random_failure(), other in random_failure()
    ) {
        let requires = Requires::from_parts(parts);
        let mut fixpoint = Fixpoint::new(&requires);
        fixpoint.run(&requires.failing(&one), &one.cut, Threshold::ALL);
        let again = fixpoint.run(&requires.failing(&other), &other.cut, Threshold::MAY).to_vec();
        prop_assert_eq!(again, may(&requires, &other));
    }
}
