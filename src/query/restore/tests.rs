//! In which order things come back.

use super::super::requires::{Member, Parts};
use super::super::testing::Worked;
use super::*;

fn told(order: &[Restored]) -> Vec<(u32, Vec<&'static str>)> {
    let names = |row: &Restored| row.services.iter().map(|node| Worked::name(*node)).collect();
    order.iter().map(|row| (row.step, names(row))).collect()
}

#[test]
fn the_worked_example_comes_back_from_the_bottom() {
    let worked = Worked::new();
    let down: Vec<u32> = ["lb:443", "web1:8443", "web2:8443", "app1:8080", "db1:5432", "dc1:53", "dc1:389"]
        .map(Worked::service)
        .to_vec();
    assert_eq!(
        told(&restore_order(&worked.requires, &down)),
        [
            (1, vec!["dc1:53"]),
            (1, vec!["dc1:389"]),
            (1, vec!["db1:5432"]),
            (2, vec!["app1:8080"]),
            (3, vec!["web1:8443"]),
            (3, vec!["web2:8443"]),
            (4, vec!["lb:443"]),
        ]
    );
}

/// The order of services that need each other so.
fn order(needs: &[(u32, u32, f32, Why)]) -> Vec<(u32, Vec<u32>)> {
    let groups = needs.iter().map(|(dependent, provider, strength, why)| {
        let (dependent, strength, why) = (*dependent, *strength, *why);
        let member = Member { provider: *provider, dependency: 0 };
        (Group { dependent, needed: 1, strength, confidence: 1.0, why }, [member].into_iter().collect())
    });
    let requires = Requires::from_parts(Parts { host_of: vec![0; 5], hosts: 1, groups: groups.collect() });
    let rows = restore_order(&requires, &[0, 1, 2, 3, 4]);
    rows.into_iter().map(|row| (row.step, row.services)).collect()
}

#[test]
fn circles_are_one_step_and_named() {
    use Why::Inferred;
    let found =
        order(&[(0, 1, 0.9, Inferred), (1, 2, 0.9, Inferred), (2, 1, 0.9, Inferred), (2, 3, 1.0, Inferred)]);
    assert_eq!(found, [(1, vec![3]), (1, vec![4]), (2, vec![1, 2]), (3, vec![0])]);
}

#[test]
fn guesses_and_rare_needs_give_way_where_they_make_a_circle() {
    use Why::{CoLocated, Inferred};
    let guess = [(0, 1, 0.9, Inferred), (1, 0, 0.5, CoLocated)];
    assert_eq!(order(&guess)[4], (2, vec![0]));
    let rare = [(0, 1, 0.9, Inferred), (1, 0, 0.3, Inferred)];
    assert_eq!(order(&rare)[4], (2, vec![0]));
    let lone_guess = [(0, 1, 0.5, CoLocated)];
    assert_eq!(order(&lone_guess)[4], (2, vec![0]), "a guess is better than nothing");
}
