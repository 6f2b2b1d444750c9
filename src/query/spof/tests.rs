//! Points of failure: the worked example, and against failing everything in turn.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::impact::must;
use super::super::testing::{Worked, random_parts};
use super::*;

fn worked(top: usize, pairs: bool) -> (Worked, Spofs) {
    let worked = Worked::new();
    let found = spof(&worked.requires, &Worths::new(worked.criticality.clone()), top, pairs);
    (worked, found)
}

fn hosts(found: &Spofs) -> Vec<(String, f64)> {
    let hosts = found.rows.iter().filter(|row| row.kind == Single::Host);
    let name = |host: &u32| Worked::name(8 + host).to_owned();
    hosts.map(|row| (name(&row.failure.hosts[0]), (row.impact * 1000.0).round() / 1000.0)).collect()
}

#[test]
fn the_worked_example_has_four_and_no_web_server_is_one() {
    let (_, found) = worked(usize::MAX, false);
    let expected = [("db1", 0.591), ("dc1", 0.535), ("app1", 0.472), ("lb", 0.2)];
    assert_eq!(hosts(&found), expected.map(|(name, impact)| (name.to_owned(), impact)));
    let pools: Vec<&Spof> = found.rows.iter().filter(|row| row.kind == Single::Pool).collect();
    assert_eq!(pools.len(), 1, "both web servers at once");
    assert_eq!(pools[0].failure.services, ["web1:8443", "web2:8443"].map(Worked::service));
    let services = found.rows.iter().filter(|row| row.kind == Single::Service);
    assert!(services.clone().all(|row| row.with_host), "each does what its host does");
    assert_eq!(services.count(), 4, "of the domain controller's two, only the name server");
    assert_eq!(found.count, 5);
}

#[test]
fn the_worst_few_are_the_same_as_of_all() {
    let (_, all) = worked(usize::MAX, true);
    for top in 1..6 {
        let (_, few) = worked(top, true);
        let of = |found: &Spofs| -> Vec<Spof> {
            found.rows.iter().filter(|row| !row.with_host).take(top).cloned().collect()
        };
        assert_eq!(of(&few), of(&all));
        assert_eq!(few.count, all.count);
    }
}

#[test]
fn a_pair_does_what_neither_does_alone() {
    let (_, found) = worked(usize::MAX, true);
    let pairs: Vec<&Spof> = found.rows.iter().filter(|row| row.kind == Single::Pair).collect();
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs[0].failure.hosts, ["web1", "web2"].map(Worked::host));
    let fallen: Vec<&str> = pairs[0].must.iter().map(|node| Worked::name(*node)).collect();
    assert_eq!(fallen, ["lb:443", "ws1", "ws2"]);
}

proptest! {
    #[test]
    fn equals_failing_everything_in_turn(parts in random_parts()) {
        let requires = Requires::from_parts(parts);
        let worths = Worths::new(vec![1.0; requires.nodes() as usize]);
        let found = spof(&requires, &worths, usize::MAX, false);
        let expected = |failure: Failure| {
            let fallen: Vec<u32> = must(&requires, &failure).iter().map(|at| at.node).collect();
            (!fallen.is_empty()).then_some((failure, fallen))
        };
        let hosts = (0..4).filter(|host| !requires.offered(*host).is_empty());
        let hosts = hosts.filter_map(|host| expected(Failure { hosts: vec![host], ..Failure::default() }));
        let services = (0..8).filter_map(|at| expected(Failure { services: vec![at], ..Failure::default() }));
        let expected: BTreeSet<(Vec<u32>, Vec<u32>, Vec<u32>)> =
            hosts.chain(services).map(|(failure, fallen)| (failure.hosts, failure.services, fallen)).collect();
        let rows = found.rows.iter().filter(|row| row.kind != Single::Pool);
        let rows: BTreeSet<_> = rows
            .map(|row| (row.failure.hosts.clone(), row.failure.services.clone(), row.must.clone()))
            .collect();
        prop_assert_eq!(rows, expected);
        prop_assert!(found.rows.is_sorted_by(|one, next| one.impact >= next.impact));
    }
}
