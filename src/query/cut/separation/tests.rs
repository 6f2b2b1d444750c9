//! The worked example, and the equality with looking at every cut there is.

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 8] = ["ws1", "jump", "lb", "web1", "web2", "app1", "db1", "bk1"];

/// The worked example's ways: from, to, port, cost.
const EXAMPLE: [(&str, &str, u16, i64); 10] = [
    ("ws1", "jump", 3389, 6),
    ("ws1", "lb", 443, 5),
    ("lb", "web1", 8443, 12),
    ("lb", "web2", 8443, 12),
    ("web1", "app1", 8080, 10),
    ("web2", "app1", 8080, 10),
    ("jump", "app1", 22, 3),
    ("jump", "db1", 22, 2),
    ("app1", "db1", 5432, 1_000),
    ("bk1", "db1", 22, 4),
];

fn node(name: &str) -> u32 {
    (0u32..).zip(NAMES).find(|(_, known)| *known == name).unwrap().0
}

/// The ways of the example whose port is wanted, some of them protected.
fn example(wanted: fn(u16) -> bool, protected: &[(&str, &str)]) -> Vec<Way> {
    let way = |(from, to, _, cost): &(&str, &str, u16, i64)| Way {
        from: node(from),
        to: node(to),
        cost: cost * 100,
        hold: if protected.contains(&(from, to)) { Hold::Protected } else { Hold::Free },
    };
    EXAMPLE.iter().filter(|(.., port, _)| wanted(*port)).map(way).collect()
}

fn named(ways: &[Way], places: &[u32]) -> Vec<String> {
    let name = |node: u32| NAMES[node as usize];
    let way = |place: &u32| ways[*place as usize];
    places.iter().map(way).map(|way| format!("{}>{}", name(way.from), name(way.to))).collect()
}

fn part(ways: &[Way], to: &[&str]) -> Parted {
    let to: Vec<u32> = to.iter().map(|name| node(name)).collect();
    let nodes = [Some(1); NAMES.len()];
    Separation { ways, nodes: &nodes, from: &[node("ws1")], to: &to, means: Means::Ways }.part()
}

/// The cost and the near cut that the example must have.
fn check(wanted: fn(u16) -> bool, protected: &[(&str, &str)], to: &[&str], cost: i64, near: &[&str]) {
    let ways = example(wanted, protected);
    let Parted::Cut { cost: found, near: cut, .. } = part(&ways, to) else {
        unreachable!("{protected:?} can be parted")
    };
    assert_eq!(
        (found, named(&ways, &cut.ways)),
        (cost * 100, near.iter().map(ToString::to_string).collect())
    );
}

#[test]
fn the_worked_example_with_the_database_link_kept() {
    check(|_| true, &[("app1", "db1")], &["db1"], 10, &["ws1>lb", "jump>app1", "jump>db1"]);
}

#[test]
fn the_worked_example_with_the_entrance_kept_too() {
    let near = ["web1>app1", "web2>app1", "jump>app1", "jump>db1"];
    check(|_| true, &[("app1", "db1"), ("ws1", "lb")], &["db1"], 25, &near);
}

#[test]
fn the_worked_example_of_ways_that_run_commands() {
    check(|port| matches!(port, 22 | 3389), &[], &["db1", "app1"], 5, &["jump>app1", "jump>db1"]);
}

#[test]
fn the_worked_example_cannot_be_parted_when_the_whole_chain_stays() {
    let chain =
        [("app1", "db1"), ("ws1", "lb"), ("lb", "web1"), ("lb", "web2"), ("web1", "app1"), ("web2", "app1")];
    let ways = example(|_| true, &chain);
    let Parted::Impossible { witness, concession } = part(&ways, &["db1"]) else {
        unreachable!("everything stays")
    };
    assert_eq!(named(&ways, &witness), ["ws1>lb", "lb>web1", "web1>app1", "app1>db1"]);
    let concession = concession.unwrap();
    assert_eq!(concession.cost, 1_000, "the entrance is the cheapest to give up: the first row");
    assert_eq!(named(&ways, &concession.given_up), ["ws1>lb"]);
}

#[test]
fn one_host_may_be_cheaper_than_its_ways() {
    let ways = example(|port| matches!(port, 22 | 3389), &[]);
    let of = |cost: i64, means| {
        let mut nodes = [None; NAMES.len()];
        nodes[node("jump") as usize] = Some(cost);
        let to = [node("db1"), node("app1")];
        Separation { ways: &ways, nodes: &nodes, from: &[node("ws1")], to: &to, means }.part()
    };
    let cut = |cost, ways: &[u32], nodes: &[u32]| {
        let near = CutSet { ways: ways.to_vec(), nodes: nodes.to_vec() };
        Parted::Cut { cost, far: near.clone(), near }
    };
    assert_eq!(of(900, Means::Hosts), cut(900, &[], &[node("jump")]));
    assert_eq!(of(900, Means::Both), cut(500, &[1, 2], &[]));
    assert_eq!(of(400, Means::Both), cut(400, &[], &[node("jump")]));
}

const NODES: u32 = 12;

fn ways() -> impl Strategy<Value = Vec<Way>> {
    let hold = prop_oneof![8 => Just(Hold::Free), 1 => Just(Hold::Protected), 1 => Just(Hold::Structure)];
    let way = (0..NODES, 0..NODES, 10..900i64, hold).prop_map(|(from, to, cost, hold)| Way {
        from,
        to,
        cost,
        hold,
    });
    proptest::collection::vec(way, 0..14)
}

/// Nothing is left between the sets once these are gone.
fn parted(
    ways: &[Way],
    gone: impl Fn(usize) -> bool,
    dead: impl Fn(u32) -> bool,
    from: u32,
    to: u32,
) -> bool {
    let mut seen = [false; NODES as usize];
    let mut stack = if dead(from) { vec![] } else { vec![from] };
    while let Some(node) = stack.pop() {
        seen[node as usize] = true;
        for (place, way) in ways.iter().enumerate() {
            if way.from == node && !gone(place) && !dead(way.to) && !seen[way.to as usize] {
                stack.push(way.to);
            }
        }
    }
    !seen[to as usize]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_set_of_ways_is_cheaper(ways in ways()) {
        let (from, to) = (0, NODES - 1);
        let sets = 0u32..1 << ways.len();
        let allowed = |set: &u32| ways.iter().enumerate()
            .all(|(place, way)| set >> place & 1 == 0 || way.hold == Hold::Free);
        let cost = |set: u32| -> i64 {
            ways.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1).map(|(_, way)| way.cost).sum()
        };
        let best = sets.filter(allowed)
            .filter(|set| parted(&ways, |place| set >> place & 1 == 1, |_| false, from, to))
            .map(cost).min();
        let nodes = [None; NODES as usize];
        let question = Separation { ways: &ways, nodes: &nodes, from: &[from], to: &[to], means: Means::Ways };
        match (question.part(), best) {
            (Parted::Cut { cost, near, far }, Some(best)) => {
                prop_assert_eq!(cost, best);
                for cut in [near, far] {
                    let gone = |place: usize| cut.ways.contains(&u32::try_from(place).unwrap());
                    prop_assert!(parted(&ways, gone, |_| false, from, to));
                    let sum: i64 = cut.ways.iter().map(|way| ways[*way as usize].cost).sum();
                    prop_assert_eq!(sum, best);
                }
            }
            (Parted::Impossible { witness, .. }, None) => {
                let mut node = from;
                for place in witness {
                    let way = ways[place as usize];
                    prop_assert!(way.from == node && way.hold != Hold::Free);
                    node = way.to;
                }
                prop_assert_eq!(node, to, "the witness arrives");
            }
            (found, best) => prop_assert!(false, "{found:?} {best:?}"),
        }
    }

    #[test]
    fn no_set_of_hosts_is_cheaper(
        ways in ways(),
        costs in proptest::collection::vec(proptest::option::weighted(0.8, 10..900i64), NODES as usize),
    ) {
        let (from, to) = (0, NODES - 1);
        let mut costs = costs;
        costs[to as usize] = None;
        let cost = |set: u32| -> Option<i64> {
            let members = (0..NODES).filter(|node| set >> node & 1 == 1);
            members.map(|node| costs[node as usize]).sum()
        };
        let best = (0u32..1 << NODES)
            .filter_map(|set| Some((set, cost(set)?)))
            .filter(|(set, _)| parted(&ways, |_| false, |node| set >> node & 1 == 1, from, to))
            .map(|(_, cost)| cost).min();
        let question = Separation { ways: &ways, nodes: &costs, from: &[from], to: &[to], means: Means::Hosts };
        match question.part() {
            Parted::Cut { cost, .. } => prop_assert_eq!(Some(cost), best),
            Parted::Impossible { .. } => prop_assert_eq!(best, None),
        }
    }

    #[test]
    fn protecting_more_never_makes_it_cheaper(ways in ways(), kept in 0..14usize) {
        let nodes = [None; NODES as usize];
        let cost = |ways: &[Way]| {
            let question = Separation { ways, nodes: &nodes, from: &[0], to: &[NODES - 1], means: Means::Ways };
            match question.part() {
                Parted::Cut { cost, .. } => cost,
                Parted::Impossible { .. } => i64::MAX,
            }
        };
        let before = cost(&ways);
        let mut more = ways.clone();
        if let Some(way) = more.get_mut(kept) {
            way.hold = Hold::Protected;
        }
        prop_assert!(cost(&more) >= before);
        prop_assert!(cost(&more[..more.len().min(kept)]) <= cost(&more), "a way less is no dearer");
    }
}
