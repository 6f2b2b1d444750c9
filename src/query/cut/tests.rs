//! Cuts on networks made of flows.

use proptest::prelude::*;

use super::*;
use crate::model::{HostKey, Realm};
use crate::query::knowledge::Protected;
use crate::query::lan::{Desk, Lan, host, networks, service};

/// The worked example as a network: a workstation, a jump host, a web chain and a database, each in
/// its own segment.
fn example() -> Lan {
    let mut lan = Lan::default();
    for (client, to, protocol) in [
        ("10.0.1.1", "10.0.2.1:3389", "rdp"),
        ("10.0.1.1", "10.0.3.1:443", "http"),
        ("10.0.3.1", "10.0.4.1:8443", "http"),
        ("10.0.3.1", "10.0.4.2:8443", "http"),
        ("10.0.4.1", "10.0.5.1:8080", "http"),
        ("10.0.4.2", "10.0.5.1:8080", "http"),
        ("10.0.2.1", "10.0.5.1:22", "ssh"),
        ("10.0.2.1", "10.0.6.1:22", "ssh"),
        ("10.0.5.1", "10.0.6.1:5432", "postgresql"),
        ("10.0.7.1", "10.0.6.1:22", "ssh"),
    ] {
        lan.uses(client, to, protocol);
    }
    lan
}

fn question(desk: &Desk<'_>, tier: Tier, classes: Classes) -> CutQuestion {
    let (from, to) = (vec![desk.host("10.0.1.1")], vec![desk.host("10.0.6.1")]);
    CutQuestion { from, to, tier, classes, ..CutQuestion::default() }
}

/// What is cut: ids, and segments with what stands open to them.
fn cut(desk: &Desk<'_>, plan: &Plan) -> Vec<String> {
    let name = |severed: &Severed| match severed.step.passage {
        Passage::Used { dependency, .. } => desk.ids([dependency]).remove(0),
        Passage::Open { segment, service } => {
            let (segment, service) =
                (desk.segments.get(segment).unwrap(), desk.atlas.service(service).unwrap());
            format!("{}>{}", segment.name, service.key)
        }
        Passage::Enter { .. } => unreachable!("nothing is there to be cut"),
    };
    plan.ways.iter().map(name).collect()
}

#[test]
fn commands_run_on_few_ways_and_protected_flows_stay() {
    example().ask(|desk| {
        let answer = desk.cutter().cut(&question(desk, Tier::Observed, Classes::Exec));
        assert_eq!(answer.cost, Some(100), "administration costs a rule each");
        assert_eq!(cut(desk, &answer.near), ["10.0.1.1>10.0.2.1:3389/tcp"]);
        assert_eq!(cut(desk, &answer.far), ["10.0.2.1>10.0.6.1:22/tcp"], "the same cost");
        assert!(answer.residual.exec > 0, "the jump host's segment stands open");
    });
    let mut lan = example();
    let flow = Protected { from: "10.0.1.0/24".parse().unwrap(), to: service("10.0.2.1:3389") };
    lan.knowledge.protected.push(flow);
    lan.ask(|desk| {
        let answer = desk.cutter().cut(&question(desk, Tier::Observed, Classes::Exec));
        assert_eq!(cut(desk, &answer.near), ["10.0.2.1>10.0.6.1:22/tcp"]);
        assert_eq!(desk.ids(answer.protected), ["10.0.1.1>10.0.2.1:3389/tcp"]);
    });
}

#[test]
fn what_stands_open_is_cut_for_the_whole_segment() {
    example().ask(|desk| {
        let answer = desk.cutter().cut(&question(desk, Tier::Potential, Classes::Exec));
        assert_eq!(answer.cost, Some(200));
        assert_eq!(
            cut(desk, &answer.near),
            ["10.0.1.1>10.0.2.1:3389/tcp", "10.0.1.0/24>10.0.2.1:3389/tcp"],
            "its own use, and its segment's"
        );
        assert_eq!(answer.residual.exec, 0);
        let [rule] = answer.rules.as_slice() else { unreachable!("one rule says both: {:?}", answer.rules) };
        assert!(matches!(rule.from, Sources::Segment(_)) && rule.except.is_empty(), "{rule:?}");
        assert_eq!(answer.residual.paths.len(), 2, "the two web servers");
    });
}

#[test]
fn hosts_can_be_cut_instead() {
    example().ask(|desk| {
        let mut asked = question(desk, Tier::Observed, Classes::Exec);
        asked.means = Means::Hosts;
        let answer = desk.cutter().cut(&asked);
        let hosts: Vec<u32> = answer.near.hosts.iter().map(|(host, _)| *host).collect();
        assert_eq!(hosts, [desk.host("10.0.2.1")], "the jump host, and not what it serves");
        assert_eq!(answer.cost, answer.near.hosts.first().map(|(_, cost)| *cost));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_leaves_nothing_of_what_it_was_made_against(
        lan in networks(),
        ends in (0..12u8, 0..12u8),
        potential in any::<bool>(),
        all in any::<bool>(),
    ) {
        lan.ask(|desk| {
            let place = |number: u8| {
                let address = host(number).parse::<std::net::IpAddr>().unwrap().into();
                desk.atlas.host_place(&HostKey { realm: Realm::DEFAULT, address })
            };
            let (Some(from), Some(to)) = (place(ends.0), place(ends.1)) else { return Ok(()) };
            prop_assume!(from != to);
            let tier = if potential { Tier::Potential } else { Tier::Observed };
            let classes = if all { Classes::All } else { Classes::Exec };
            let asked = CutQuestion { from: vec![from], to: vec![to], tier, classes, ..CutQuestion::default() };
            let cutter = desk.cutter();
            let answer = cutter.cut(&asked);
            let cost = |plan: &Plan| plan.ways.iter().map(|way| way.weight.hundredths()).sum::<i64>();
            prop_assert_eq!(answer.cost, Some(cost(&answer.near)));
            prop_assert_eq!(answer.cost, Some(cost(&answer.far)));
            let ways = Ways::new(desk.atlas, desk.segments, tier, classes);
            for plan in [&answer.near, &answer.far] {
                let gone = |step: &Step| plan.ways.iter().any(|way| way.step.passage == step.passage);
                prop_assert!(!Left::new(&ways, gone).joins(&[from], &[to]));
            }
            if potential && all {
                prop_assert_eq!(answer.residual.all, 0);
            }
            if potential {
                prop_assert_eq!(answer.residual.exec, 0);
                let seen = CutQuestion { tier: Tier::Observed, ..asked };
                prop_assert!(cutter.cost(&seen) <= answer.cost, "what was used is a part of it");
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_likeliest_paths_are_those_that_trying_all_finds(lan in networks(), ends in (0..12u8, 0..12u8)) {
        lan.ask(|desk| {
            let place = |number: u8| {
                let address = host(number).parse::<std::net::IpAddr>().unwrap().into();
                desk.atlas.host_place(&HostKey { realm: Realm::DEFAULT, address })
            };
            let (Some(from), Some(to)) = (place(ends.0), place(ends.1)) else { return Ok(()) };
            prop_assume!(from != to);
            let ways = Ways::new(desk.atlas, desk.segments, Tier::Observed, Classes::Exec);
            let left = Left::new(&ways, |_| false);
            let found = left.likeliest(&[from], &[to], 3);
            let mut all: Vec<u64> = Vec::new();
            let mut stack = vec![(from, vec![from], 0)];
            while let Some((node, visited, length)) = stack.pop() {
                if node == to {
                    all.push(length);
                    continue;
                }
                for (place, step) in (0u32..).zip(&ways.steps).filter(|(_, step)| step.from == node) {
                    if !visited.contains(&step.to) {
                        let longer = [visited.as_slice(), &[step.to]].concat();
                        stack.push((step.to, longer, length + left.length(place)));
                    }
                }
            }
            all.sort_unstable();
            all.truncate(3);
            let length = |path: &Vec<Step>| -> u64 {
                let place = |step: &Step| ways.steps.iter().position(|other| other == step).unwrap() as u32;
                path.iter().map(|step| left.length(place(step))).sum()
            };
            prop_assert_eq!(found.iter().map(length).collect::<Vec<_>>(), all);
            Ok(())
        })?;
    }
}
