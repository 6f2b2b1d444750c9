//! The worked example of `blast_radius.md` §3.6, and the laws of traces against plain simulations.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Capability, Span, Timestamp};
use crate::query::contact::{Contacts, Means, Way};

const DATA: Means = Means::Contact(Capability::Data);
const SSH: Means = Means::Contact(Capability::ExecShell);
const RDP: Means = Means::Contact(Capability::ExecDesktop);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_seconds(60 * minute, 0)
}

/// A moment of the day: `clock(10, 5)`.
fn clock(hour: i64, minute: i64) -> Timestamp {
    at(60 * hour + minute)
}

const HOSTS: [&str; 6] = ["ws1", "fin1", "jump", "db1", "app1", "bk1"];

fn host(name: &str) -> u32 {
    HOSTS.iter().position(|known| *known == name).and_then(|place| u32::try_from(place).ok()).unwrap()
}

/// The contacts of the worked example, with the probabilities that its table gives.
fn example() -> Contacts {
    let rows = [
        ("ws1", "fin1", (9, 0), (9, 5), DATA, 0.2),
        ("jump", "db1", (10, 5), (10, 6), SSH, 0.6),
        ("jump", "app1", (10, 0), (11, 0), SSH, 0.6),
        ("ws1", "jump", (10, 10), (10, 12), RDP, 0.5),
        ("app1", "db1", (10, 30), (10, 31), DATA, 0.1),
        ("bk1", "app1", (10, 40), (10, 41), SSH, 0.6),
    ];
    let ways = (0u32..).zip(rows).map(|(place, (actor, target, first, last, means, probability))| Way {
        actor: host(actor),
        target: host(target),
        span: Span { first: clock(first.0, first.1), last: clock(last.0, last.1) },
        means,
        probability,
        edge: place,
        contact: place,
    });
    Contacts::new(HOSTS.len(), ways.collect())
}

fn all() -> Rules {
    Rules { classes: Classes::All, ..Rules::default() }
}

/// The names, moments and probabilities of what was reached.
fn told(trace: &Trace) -> Vec<(&'static str, Timestamp, f64, bool)> {
    let rows = trace.reached.iter();
    rows.map(|row| {
        let probability = (row.probability * 1000.0).round() / 1000.0;
        (HOSTS[row.host as usize], row.at, probability, row.controlled)
    })
    .collect()
}

#[test]
fn the_worked_example_forward() {
    let found = trace(&example(), &[(host("ws1"), clock(10, 0))], &all());
    let expected = [
        ("jump", clock(10, 10), 0.5, true),
        ("app1", clock(10, 10), 0.3, true),
        ("db1", clock(10, 30), 0.03, true),
    ];
    assert_eq!(told(&found), expected, "the session to app1 was open before jump was infected");
    let contacts = example();
    let static_only: Vec<_> = found.static_only.iter().map(|row| HOSTS[row.host as usize]).collect();
    assert_eq!(static_only, ["fin1"]);
    let missed = contacts.way(found.static_only[0].missed.unwrap()).unwrap();
    assert_eq!(missed.span.last, clock(9, 5), "it had ended before");
    let path: Vec<u32> =
        found.reached[2].path.iter().map(|hop| contacts.way(hop.way).unwrap().edge).collect();
    assert_eq!(path, [3, 2, 4], "by way of the database protocol, not by the shell of 10:05");
}

#[test]
fn the_worked_example_by_what_runs_commands_only() {
    let found = trace(&example(), &[(host("ws1"), clock(10, 0))], &Rules::default());
    let expected = [
        ("jump", clock(10, 10), 0.5, true),
        ("app1", clock(10, 10), 0.3, true),
        ("db1", clock(10, 30), 0.03, false),
    ];
    assert_eq!(told(&found), expected, "db1 is touched for data");
    assert_eq!(found.static_control_only, [host("db1")], "without time the shell of 10:05 would count");
}

#[test]
fn the_worked_example_back() {
    let root = Root::of(&example(), &[(host("db1"), clock(10, 35))], &all());
    let latest = |name| root.latest(host(name), 0);
    assert_eq!(latest("app1"), Some(clock(10, 31)));
    assert_eq!(latest("jump"), Some(clock(10, 31)));
    assert_eq!(latest("ws1"), Some(clock(10, 12)));
    assert_eq!(latest("bk1"), None, "10:40 is after 10:31");
    assert_eq!(latest("fin1"), None);
    let by_commands = Root::of(&example(), &[(host("db1"), clock(10, 35))], &Rules::default());
    assert_eq!(by_commands.latest(host("ws1"), 0), Some(clock(10, 12)), "the last contact may be for data");
}

#[test]
fn reach_by_every_path_is_likelier_than_by_the_likeliest() {
    // Two ways to 3, each of 0.6 · 0.6.
    let way = |actor, target, edge| Way {
        actor,
        target,
        span: Span { first: at(0), last: at(9) },
        means: SSH,
        probability: 0.6,
        edge,
        contact: edge,
    };
    let contacts = Contacts::new(4, vec![way(0, 1, 0), way(0, 2, 1), way(1, 3, 2), way(2, 3, 3)]);
    let found = trace(&contacts, &[(0, at(0))], &Rules::default());
    let last = found.reached.iter().find(|row| row.host == 3).unwrap();
    assert!((last.probability - 0.36).abs() < 1e-12);
    let (share, error) = last.reliability;
    assert_eq!(found.worlds, 4096);
    assert!((share - (1.0 - 0.64 * 0.64)).abs() < 2.0 * error, "{share} ± {error}");
    assert_eq!(found.reached, trace(&contacts, &[(0, at(0))], &Rules::default()).reached, "seeded");
}

#[test]
fn a_hundred_sessions_of_one_dependency_are_one_chance() {
    let way = |minute| Way {
        actor: 0,
        target: 1,
        span: Span::at(at(minute)),
        means: SSH,
        probability: 0.6,
        edge: 7,
        contact: 0,
    };
    let contacts = Contacts::new(2, (0..100).map(way).collect());
    let (share, error) = trace(&contacts, &[(0, at(0))], &Rules::default()).reached[0].reliability;
    assert!((share - 0.6).abs() < 2.0 * error, "{share} ± {error}");
}

#[test]
fn the_likeliest_path_may_come_later_than_the_earliest() {
    let way = |actor, target, minute, means: Means, edge| Way {
        actor,
        target,
        span: Span::at(at(minute)),
        means,
        probability: means.prior(),
        edge,
        contact: edge,
    };
    let client = Means::ClientSide;
    let ways =
        vec![way(0, 1, 1, client, 0), way(0, 1, 5, SSH, 1), way(1, 2, 3, SSH, 2), way(1, 2, 4, client, 3)];
    let found = trace(&Contacts::new(3, ways), &[(0, at(0))], &Rules::default());
    assert_eq!((found.reached[0].at, found.reached[0].probability), (at(1), 0.6));
    assert_eq!(found.reached[0].likely_path[0].at, at(5));
    let (two, chance) = (&found.reached[1], 0.05 * 0.6);
    assert!((two.probability - chance).abs() < 1e-12, "at 5 it is too late for 3: {two:?}");
}

#[test]
fn what_explains_all_victims_comes_first() {
    let root = Root::of(&example(), &[(host("db1"), clock(10, 35)), (host("app1"), clock(10, 35))], &all());
    let mut candidates = root.candidates(&example());
    rank(&mut candidates);
    let told: Vec<_> = candidates.iter().map(|row| (HOSTS[row.host as usize], row.explains.len())).collect();
    assert_eq!(told, [("jump", 2), ("ws1", 2), ("app1", 1)]);
    assert_eq!(candidates[1].at, clock(10, 12));
    assert!((candidates[1].probability - (0.3f64 * 0.03).sqrt()).abs() < 1e-9);
    assert!(candidates.windows(2).all(|pair| pair[0].score() >= pair[1].score()));
    let found = causes(&example(), host("ws1"), Timestamp::MIN, &root, &all());
    let told: Vec<_> = found.iter().map(|cause| (cause.edge, cause.span.first, cause.span.last)).collect();
    let expected = [
        (3, clock(10, 10), clock(10, 12)),
        (2, clock(10, 10), clock(10, 35)),
        (4, clock(10, 30), clock(10, 31)),
    ];
    assert_eq!(told, expected, "neither fin1 nor the shell of 10:05 can be part of it");
}

#[test]
fn the_shortest_paths_and_why_there_is_none() {
    let contacts = example();
    let goal = Goal { hosts: vec![host("db1")], edges: None };
    let edges = |ways: Vec<u32>| -> Vec<u32> {
        ways.into_iter().map(|way| contacts.way(way).unwrap().edge).collect()
    };
    let found = paths(&contacts, &[(host("ws1"), clock(10, 0))], &goal, &Rules::default());
    assert_eq!(found.found.len(), 1);
    assert_eq!(edges(found.found[0].iter().map(|hop| hop.way).collect()), [3, 2, 4]);
    assert!(found.without_time.is_empty() && found.complete);
    let by_shell = Goal { edges: Some([1].into()), ..goal };
    let found = paths(&contacts, &[(host("ws1"), clock(10, 0))], &by_shell, &Rules::default());
    assert!(found.found.is_empty());
    assert_eq!(edges(found.without_time), [3, 1], "the shell to db1 ended before jump was reached");
}

/// A contact of a random network; times in minutes.
#[derive(Clone, Debug)]
struct Event {
    actor: u32,
    target: u32,
    first: i64,
    last: i64,
    means: Means,
    edge: u32,
}

const MEANS: [Means; 7] = [
    Means::Knock,
    Means::Contact(Capability::Infra),
    DATA,
    Means::Contact(Capability::OtWrite),
    RDP,
    SSH,
    Means::ClientSide,
];

fn events(hosts: u32, most: usize) -> impl Strategy<Value = Vec<Event>> {
    let one = (0..hosts, 0..hosts, 0i64..20, 0i64..7, 0..MEANS.len()).prop_map(
        |(actor, target, first, length, means)| Event {
            actor,
            target,
            first,
            last: first + length,
            means: MEANS[means],
            // The port stands for what is spoken.
            edge: (actor * 100 + target) * 10 + u32::try_from(means).unwrap(),
        },
    );
    prop::collection::vec(one.prop_filter("somebody else", |event| event.actor != event.target), 0..most)
}

fn contacts(hosts: u32, events: &[Event]) -> Contacts {
    let ways = (0u32..).zip(events).map(|(place, event)| Way {
        actor: event.actor,
        target: event.target,
        span: Span { first: at(event.first), last: at(event.last) },
        means: event.means,
        probability: event.means.prior(),
        edge: event.edge,
        contact: place,
    });
    Contacts::new(hosts as usize, ways.collect())
}

fn controls(classes: Classes, means: Means) -> bool {
    classes == Classes::All || means.is_exec()
}

fn touches(classes: Classes, means: Means) -> bool {
    classes == Classes::Exec && matches!(means, Means::Contact(Capability::Data | Capability::OtWrite))
}

type Moments = BTreeMap<u32, i64>;

/// Minute by minute: whoever is infected acts on everybody it is in contact with.
fn simulated(events: &[Event], zero: u32, start: i64, classes: Classes, dwell: i64) -> (Moments, Moments) {
    let mut infected = Moments::from([(zero, start)]);
    let mut touched = Moments::new();
    for minute in start..40 {
        loop {
            let before = (infected.clone(), touched.clone());
            for event in events.iter().filter(|event| (event.first..=event.last).contains(&minute)) {
                if infected.get(&event.actor).is_none_or(|since| *since > minute) {
                    continue;
                }
                let arrival = minute + dwell;
                let book = if controls(classes, event.means) {
                    &mut infected
                } else if touches(classes, event.means) {
                    &mut touched
                } else {
                    continue;
                };
                let known = book.entry(event.target).or_insert(arrival);
                *known = arrival.min(*known);
            }
            if before == (infected.clone(), touched.clone()) {
                break;
            }
        }
    }
    touched.remove(&zero);
    (infected, touched)
}

/// Every path without a host twice: its product and its end.
fn best_products(events: &[Event], zero: u32, start: i64, classes: Classes) -> [BTreeMap<u32, f64>; 2] {
    fn go_on(
        events: &[Event],
        classes: Classes,
        path: &mut Vec<u32>,
        (minute, product): (i64, f64),
        best: &mut [BTreeMap<u32, f64>; 2],
    ) {
        let here = *path.last().unwrap();
        for event in events.iter().filter(|event| event.actor == here && event.last >= minute) {
            if path.contains(&event.target) {
                continue;
            }
            let product = product * event.means.prior();
            let control = controls(classes, event.means);
            if control || touches(classes, event.means) {
                let known = best[usize::from(!control)].entry(event.target).or_default();
                *known = known.max(product);
            }
            if control {
                path.push(event.target);
                go_on(events, classes, path, (minute.max(event.first), product), best);
                path.pop();
            }
        }
    }
    let mut best = [BTreeMap::new(), BTreeMap::new()];
    go_on(events, classes, &mut vec![zero], (start, 1.0), &mut best);
    best
}

/// Every path without a host twice, as hosts, with the number of contacts and the earliest arrival.
fn every_path(
    events: &[Event],
    (zero, start): (u32, i64),
    goal: u32,
    classes: Classes,
) -> Vec<(usize, i64, Vec<u32>)> {
    fn go_on(
        events: &[Event],
        goal: u32,
        classes: Classes,
        path: &[u32],
        minute: i64,
        found: &mut BTreeMap<Vec<u32>, i64>,
    ) {
        let here = *path.last().unwrap();
        if here == goal {
            let known = found.entry(path.to_vec()).or_insert(minute);
            *known = minute.min(*known);
            return;
        }
        for event in events.iter().filter(|event| event.actor == here && event.last >= minute) {
            let leads =
                controls(classes, event.means) || touches(classes, event.means) && event.target == goal;
            if leads && !path.contains(&event.target) {
                let next = [path, &[event.target]].concat();
                go_on(events, goal, classes, &next, minute.max(event.first), found);
            }
        }
    }
    let mut found = BTreeMap::new();
    go_on(events, goal, classes, &[zero], start, &mut found);
    let mut found: Vec<_> = found.into_iter().map(|(path, at)| (path.len() - 1, at, path)).collect();
    found.sort();
    found
}

fn classes() -> impl Strategy<Value = Classes> {
    prop_oneof![Just(Classes::Exec), Just(Classes::All)]
}

fn rules(classes: Classes, dwell: i64) -> Rules {
    Rules { classes, dwell: dwell * 60_000_000_000, until: None }
}

proptest! {
    #[test]
    fn forward_is_what_a_simulation_of_every_minute_gives(
        events in events(12, 40), start in 0i64..20, dwell in 0i64..4, classes in classes()
    ) {
        let found = trace(&contacts(12, &events), &[(0, at(start))], &rules(classes, dwell));
        let (infected, touched) = simulated(&events, 0, start, classes, dwell);
        for host in 1..12 {
            let row = found.reached.iter().find(|row| row.host == host);
            let control = row.filter(|row| row.controlled).map(|row| row.at);
            prop_assert_eq!(control, infected.get(&host).map(|minute| at(*minute)));
            let touch = row.and_then(|row| if row.controlled { row.touched } else { Some(row.at) });
            let expected = touched.get(&host).map(|minute| at(*minute));
            prop_assert_eq!(touch, expected.filter(|touch| control.is_none_or(|control| *touch < control)));
        }
    }

    #[test]
    fn a_path_leads_where_it_says_and_when(
        events in events(8, 30), start in 0i64..20, dwell in 0i64..4, classes in classes()
    ) {
        let contacts = contacts(8, &events);
        let found = trace(&contacts, &[(0, at(start))], &rules(classes, dwell));
        for row in &found.reached {
            for (path, product) in [(&row.path, None), (&row.likely_path, Some(row.probability))] {
                let (mut here, mut since, mut chance) = (0, at(start), 1.0);
                for hop in path {
                    let way = contacts.way(hop.way).unwrap();
                    prop_assert!(way.actor == here && way.span.last >= since);
                    since = since.max(way.span.first) + dwell * 60_000_000_000;
                    prop_assert_eq!(since, hop.at);
                    chance *= way.probability;
                    here = way.target;
                }
                prop_assert_eq!(here, row.host);
                prop_assert!(product.is_none_or(|product| (product - chance).abs() < 1e-12));
            }
            prop_assert_eq!(row.path.last().unwrap().at, row.at);
        }
    }

    #[test]
    fn products_are_those_of_the_likeliest_of_all_paths(
        events in events(6, 16), start in 0i64..20, classes in classes()
    ) {
        let found = trace(&contacts(6, &events), &[(0, at(start))], &rules(classes, 0));
        let best = best_products(&events, 0, start, classes);
        for row in &found.reached {
            let expected = best[usize::from(!row.controlled)][&row.host];
            prop_assert!((row.probability - expected).abs() < 1e-12, "{row:?} {expected}");
        }
    }

    #[test]
    fn reliability_is_the_share_of_all_worlds(events in events(5, 8), start in 0i64..20) {
        let found = trace(&contacts(5, &events), &[(0, at(start))], &rules(Classes::Exec, 0));
        let mut edges: Vec<(u32, Means)> = events.iter().map(|event| (event.edge, event.means)).collect();
        edges.sort();
        edges.dedup();
        let mut shares: BTreeMap<(u32, bool), f64> = BTreeMap::new();
        for world in 0..1u32 << edges.len() {
            let holds = |edge: u32| world >> edges.iter().position(|(known, _)| *known == edge).unwrap() & 1 == 1;
            let chance: f64 = edges.iter().map(|(edge, means)| {
                if holds(*edge) { means.prior() } else { 1.0 - means.prior() }
            }).product();
            let left: Vec<Event> = events.iter().filter(|event| holds(event.edge)).cloned().collect();
            let (infected, touched) = simulated(&left, 0, start, Classes::Exec, 0);
            infected.keys().for_each(|host| *shares.entry((*host, true)).or_default() += chance);
            touched.keys().for_each(|host| *shares.entry((*host, false)).or_default() += chance);
        }
        for row in &found.reached {
            let expected = shares[&(row.host, row.controlled)];
            // Five standard errors of 4,096 worlds.
            prop_assert!((row.reliability.0 - expected).abs() < 0.04, "{row:?} {expected}");
            prop_assert!(row.probability <= expected + 1e-9);
        }
    }

    #[test]
    fn who_is_found_forward_is_found_back(
        events in events(10, 35), start in 0i64..20, end in 0i64..30, dwell in 0i64..4, classes in classes()
    ) {
        let contacts = contacts(10, &events);
        let rules = rules(classes, dwell);
        for zero in 0..10 {
            let found = arrivals(&contacts, &[(zero, at(start))], &rules);
            for victim in (0..10).filter(|victim| *victim != zero) {
                let (control, touch) = found[victim as usize];
                let forward = control.into_iter().chain(touch).min().is_some_and(|by| by <= at(end));
                let root = Root::of(&contacts, &[(victim, at(end))], &rules);
                let back = root.latest(zero, 0).is_some_and(|latest| latest >= at(start));
                prop_assert_eq!(forward, back, "{} to {}", zero, victim);
            }
        }
    }

    #[test]
    fn one_more_contact_never_takes_anybody_away(
        mut events in events(8, 25), start in 0i64..20, classes in classes()
    ) {
        let Some(last) = events.pop() else { return Ok(()) };
        let rules = rules(classes, 0);
        let before = arrivals(&contacts(8, &events), &[(0, at(start))], &rules);
        events.push(last);
        let after = arrivals(&contacts(8, &events), &[(0, at(start))], &rules);
        for (before, after) in before.iter().zip(&after) {
            for (before, after) in [(before.0, after.0), (before.1, after.1)] {
                prop_assert!(before.is_none() || after.is_some_and(|after| after <= before.unwrap()));
            }
        }
    }

    #[test]
    fn what_time_allows_is_less_than_what_it_does_not_forbid(
        events in events(8, 25), start in 0i64..20, classes in classes()
    ) {
        let found = trace(&contacts(8, &events), &[(0, at(start))], &rules(classes, 0));
        let always: Vec<Event> =
            events.iter().map(|event| Event { first: 0, last: 40, ..event.clone() }).collect();
        let (infected, touched) = simulated(&always, 0, start, classes, 0);
        let mut expected: Vec<u32> = infected.keys().chain(touched.keys()).copied().filter(|host| *host != 0).collect();
        expected.sort_unstable();
        expected.dedup();
        let reached = found.reached.iter().map(|row| row.host);
        let mut told: Vec<u32> = reached.chain(found.static_only.iter().map(|row| row.host)).collect();
        told.sort_unstable();
        prop_assert_eq!(told, expected, "each is told once, as reached or as out of time");
    }

    #[test]
    fn causes_are_the_contacts_that_can_be_part_of_it(
        events in events(7, 20), end in 0i64..30, classes in classes()
    ) {
        let contacts = contacts(7, &events);
        let rules = rules(classes, 0);
        let root = Root::of(&contacts, &[(6, at(end))], &rules);
        let found = causes(&contacts, 0, at(0), &root, &rules);
        let (infected, _) = simulated(&events, 0, 0, classes, 0);
        let mut expected: BTreeMap<u32, usize> = BTreeMap::new();
        for event in events.iter().filter(|event| event.target != 0 && event.actor != 6) {
            let Some(since) = infected.get(&event.actor).filter(|since| **since <= event.last) else { continue };
            let acted = event.first.max(*since);
            let part = if event.target == 6 {
                acted <= end && (controls(classes, event.means) || touches(classes, event.means))
            } else {
                let (from_there, touched) = simulated(&events, event.target, acted, classes, 0);
                let by = from_there.get(&6).into_iter().chain(touched.get(&6)).min();
                controls(classes, event.means) && by.is_some_and(|by| *by <= end)
            };
            if part {
                *expected.entry(event.edge).or_default() += 1;
            }
        }
        let told: BTreeMap<u32, usize> = found.iter().map(|cause| (cause.edge, cause.ways)).collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn paths_are_the_shortest_of_all(events in events(7, 22), start in 0i64..20, classes in classes()) {
        let contacts = contacts(7, &events);
        let goal = Goal { hosts: vec![6], edges: None };
        let found = paths(&contacts, &[(0, at(start))], &goal, &rules(classes, 0));
        let told: Vec<(usize, Timestamp)> =
            found.found.iter().map(|path| (path.len(), path.last().unwrap().at)).collect();
        let expected = every_path(&events, (0, start), 6, classes);
        let shortest: Vec<(usize, Timestamp)> =
            expected.iter().take(PATHS).map(|(hops, minute, _)| (*hops, at(*minute))).collect();
        prop_assert_eq!(told, shortest);
        for path in &found.found {
            let mut hosts = vec![0];
            hosts.extend(path.iter().map(|hop| contacts.way(hop.way).unwrap().target));
            prop_assert!(expected.iter().any(|(.., known)| *known == hosts));
        }
        let always: Vec<Event> = events.iter().map(|event| Event { last: 40, ..event.clone() }).collect();
        let shown = every_path(&always, (0, 0), 6, classes).first().map(|(hops, ..)| *hops);
        if found.found.is_empty() {
            prop_assert_eq!((!found.without_time.is_empty()).then_some(found.without_time.len()), shown);
        }
    }
}
