//! Isolation on networks made by hand, and on random ones beside a fixpoint without any cleverness.

use proptest::prelude::*;

use super::*;
use crate::query::cut::{Classes, CutQuestion, Tier};
use crate::query::impact::Threshold;
use crate::query::knowledge::{Criticality, Protected, Segment};
use crate::query::lan::{Desk, Lan, host, networks, service};

/// A database segment with a name server, an administrator, a responder and an application outside.
fn finance() -> Lan {
    let mut lan = Lan::default();
    for client in ["10.5.0.1", "10.5.0.2", "10.5.0.3"] {
        lan.uses(client, "10.4.0.8:443", "http");
    }
    lan.uses("10.4.0.8", "10.3.0.9:5432", "postgresql");
    lan.needs("10.4.0.8:443", "10.3.0.9:5432", 1.0);
    lan.uses("10.3.0.9", "10.1.0.5:53/udp", "dns");
    lan.uses("10.3.0.9", "10.1.0.5:123/udp", "ntp");
    lan.uses("10.3.0.9", "10.3.0.20:445", "smb");
    lan.uses("10.7.0.1", "10.3.0.9:22", "ssh").outcome.ended = false;
    lan.uses("10.9.0.20", "10.3.0.9:8443", "http");
    lan.uses("10.3.0.9", "10.9.0.20:514/udp", "syslog");
    lan.knowledge.responders = vec!["10.9.0.20/32".parse().unwrap()];
    lan
}

fn question(desk: &Desk<'_>, mode: Mode) -> IsolateQuestion {
    IsolateQuestion { hosts: vec![desk.host("10.3.0.9")], mode, ..IsolateQuestion::default() }
}

fn cut(desk: &Desk<'_>, isolation: &Isolation) -> Vec<String> {
    let mut ids = desk.ids(isolation.cut_places());
    ids.iter_mut().for_each(|id| *id = id.replace("10.", ""));
    ids
}

#[test]
fn every_mode_blocks_what_it_says() {
    let check = |mode, expected: &[&str]| {
        finance().ask(|desk| {
            let isolation = desk.isolator().isolate(&question(desk, mode));
            assert_eq!(cut(desk, &isolation), expected, "{mode}");
        });
    };
    let out = ["3.0.9>1.0.5:53/udp", "3.0.9>1.0.5:123/udp", "3.0.9>3.0.20:445/tcp", "3.0.9>9.0.20:514/udp"];
    let into = ["4.0.8>3.0.9:5432/tcp", "7.0.1>3.0.9:22/tcp", "9.0.20>3.0.9:8443/tcp"];
    check(Mode::Full, &[out.as_slice(), &into].concat());
    check(Mode::Egress, &out);
    check(Mode::Ingress, &into);
    check(Mode::Lateral, &["3.0.9>3.0.20:445/tcp", "7.0.1>3.0.9:22/tcp"]);
    check(Mode::Quarantine, &["3.0.9>3.0.20:445/tcp", "4.0.8>3.0.9:5432/tcp", "7.0.1>3.0.9:22/tcp"]);
    check(Mode::Edge, &[]);
}

#[test]
fn a_quarantine_says_why_it_lets_something_through() {
    finance().ask(|desk| {
        let isolation = desk.isolator().isolate(&question(desk, Mode::Quarantine));
        let why: Vec<&str> = isolation.spared.iter().map(|(_, why)| why.word()).collect();
        assert_eq!(why, ["dns", "time", "responder", "responder"]);
    });
}

#[test]
fn who_began_it_is_unknown_so_every_direction_is_blocked() {
    let mut lan = finance();
    let record = lan.uses("10.3.0.9", "10.6.0.1:50999", "http");
    (record.ledger, record.protocol) = (crate::model::Ledger::default(), None);
    lan.ask(|desk| {
        for mode in [Mode::Egress, Mode::Ingress] {
            let isolation = desk.isolator().isolate(&question(desk, mode));
            let unseen: Vec<&CutEdge> =
                isolation.cut.iter().filter(|edge| edge.enforcement == Enforcement::Unseen).collect();
            assert_eq!(unseen.len(), 1, "{mode}");
        }
    });
}

#[test]
fn what_breaks_is_told_for_both_sides() {
    finance().ask(|desk| {
        let mut isolator = desk.isolator();
        let isolation = isolator.isolate(&question(desk, Mode::Full));
        let services: Vec<u32> = isolation.outside.services(desk.requires).map(|(place, _)| place).collect();
        assert_eq!(services, [desk.service("10.4.0.8:443")]);
        let mut clients: Vec<u32> = isolation.outside.clients(desk.requires).collect();
        clients.sort_unstable();
        let lose = ["10.4.0.8", "10.5.0.1", "10.5.0.2", "10.5.0.3", "10.9.0.20"].map(|at| desk.host(at));
        assert_eq!(clients, lose, "an administrator loses a session and no service");
        assert_eq!(isolation.inside.clients(desk.requires).collect::<Vec<_>>(), [desk.host("10.3.0.9")]);
        let causes = Causes::new(desk.requires, &isolation.outside.must, &[]);
        assert_eq!(causes.of(isolation.outside.must[0]).len(), 0, "nothing was cut as far as it knows");
        let places = isolation.cut_places();
        let causes = Causes::new(desk.requires, &isolation.outside.must, &places);
        let (_, fallen) = isolation.outside.services(desk.requires).next().unwrap();
        assert_eq!(desk.ids(causes.of(fallen)), ["10.4.0.8>10.3.0.9:5432/tcp"]);
    });
}

#[test]
fn infrastructure_and_open_sessions_are_counted() {
    finance().ask(|desk| {
        let isolation = desk.isolator().isolate(&question(desk, Mode::Full));
        let lost: Vec<(&str, usize)> =
            isolation.lost.iter().map(|lost| (lost.what.word(), lost.dependencies.len())).collect();
        assert_eq!(lost, [("DNS", 1), ("NTP", 1), ("responder", 2)]);
        let [open] = isolation.open.as_slice() else { unreachable!("one session is open") };
        assert!(open.admin);
        assert_eq!(desk.ids([open.dependency]), ["10.7.0.1>10.3.0.9:22/tcp"]);
    });
}

#[test]
fn each_cut_edge_says_where_it_can_be_enforced() {
    let mut lan = finance();
    lan.knowledge.segments = vec![Segment {
        name: "finance".to_owned(),
        networks: vec!["10.3.0.0/24".parse().unwrap()],
        gateway: Some([10, 3, 0, 1].into()),
    }];
    lan.ask(|desk| {
        let isolation = desk.isolator().isolate(&question(desk, Mode::Full));
        assert_eq!(isolation.enforced(), [6, 1, 0]);
        let inside = isolation.cut.iter().find(|edge| edge.enforcement == Enforcement::Switch).unwrap();
        assert_eq!(desk.ids([inside.crossing.dependency]), ["10.3.0.9>10.3.0.20:445/tcp"]);
        let gateway = Enforcement::Gateway(Some([10, 3, 0, 1].into()));
        assert_eq!(isolation.cut.iter().filter(|edge| edge.enforcement == gateway).count(), 6);
    });
}

#[test]
fn a_service_alone_is_cut_off_from_its_clients_only() {
    finance().ask(|desk| {
        let question =
            IsolateQuestion { services: vec![desk.service("10.3.0.9:5432")], ..IsolateQuestion::default() };
        let isolation = desk.isolator().isolate(&question);
        assert_eq!(cut(desk, &isolation), ["4.0.8>3.0.9:5432/tcp"]);
    });
}

#[test]
fn options_stand_side_by_side_and_the_gentlest_quarantine_is_suggested() {
    let mut lan = finance();
    let flow = Protected { from: "10.4.0.8/32".parse().unwrap(), to: service("10.3.0.9:5432") };
    let told = |lan: &Lan| {
        lan.ask(|desk| {
            let options = desk.isolator().options(&question(desk, Mode::Full));
            let row = |choice: &Choice| (choice.mode, desk.ids(choice.kept.clone()).len(), choice.breaks);
            (options.choices.iter().map(row).collect::<Vec<_>>(), options.suggested)
        })
    };
    let (full, quarantine, lateral) = ((Mode::Full, 0, 1), (Mode::Quarantine, 0, 1), (Mode::Lateral, 0, 0));
    assert_eq!(told(&lan), (vec![full, quarantine, lateral], Some(1)));
    lan.knowledge.protected.push(flow);
    let keeping = (Mode::Quarantine, 1, 0);
    assert_eq!(told(&lan), (vec![full, quarantine, keeping, lateral], Some(2)));
    lan.knowledge.protected.clear();
    let tags = Criticality { revenue: 1.0, safety: 1.0, regulatory: 1.0, ..Criticality::default() };
    lan.knowledge.criticality.push(("10.4.0.8/32".parse().unwrap(), tags));
    assert_eq!(told(&lan), (vec![full, quarantine, keeping, lateral], Some(2)), "it is critical");
}

#[test]
fn what_remains_is_what_stands_open() {
    let mut lan = finance();
    // A neighbour has used these; the isolated host never did.
    lan.uses("10.3.0.30", "10.6.0.1:22", "ssh");
    lan.uses("10.3.0.30", "10.6.0.2:80", "http");
    lan.ask(|desk| {
        let mut isolator = desk.isolator();
        let mut remains = |mode| {
            let question = question(desk, mode);
            let isolation = isolator.isolate(&question);
            isolator.remains(&question, &isolation)
        };
        let full = remains(Mode::Full);
        assert_eq!((full.neighbours, full.neighbours_exec, full.services), (3, 2, 0));
        assert_eq!(remains(Mode::Quarantine).exceptions.len(), 4);
        let lateral = remains(Mode::Lateral);
        assert_eq!((lateral.services, lateral.services_exec), (4, 0), "names, time, logs and the page");
        assert_eq!(lateral.protocols, ["dns", "http", "ntp", "syslog"]);
        let ingress = remains(Mode::Ingress);
        assert_eq!((ingress.services, ingress.services_exec), (5, 1));
    });
}

/// What falls, by trying every group until nothing more does.
fn naive(desk: &Desk<'_>, cut: &[u32], threshold: Threshold) -> BTreeSet<u32> {
    let mut down: BTreeSet<u32> = BTreeSet::new();
    loop {
        let before = down.len();
        for group in 0..desk.requires.group_count() as u32 {
            let row = desk.requires.group(group).unwrap();
            let lives = |member: &&crate::query::Member| {
                !cut.contains(&member.dependency) && !down.contains(&member.provider)
            };
            let living = desk.requires.members(group).iter().filter(lives).count();
            let counts = row.strength >= threshold.strength && row.confidence >= threshold.confidence;
            if counts && living < row.needed as usize {
                down.insert(row.dependent);
            }
        }
        if down.len() == before {
            return down;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn isolating_is_as_a_fixpoint_without_cleverness_says(lan in networks(), inside in 1u16..1 << 12) {
        lan.ask(|desk| {
            let named = (0..12u8).filter(|number| inside >> number & 1 == 1).map(host);
            let key = |at: &String| at.parse::<std::net::IpAddr>().unwrap().into();
            let hosts: Vec<u32> = named
                .filter_map(|at| desk.atlas.host_place(&crate::model::HostKey {
                    realm: crate::model::Realm::DEFAULT,
                    address: key(&at),
                }))
                .collect();
            for mode in [Mode::Full, Mode::Egress, Mode::Ingress, Mode::Lateral] {
                let question = IsolateQuestion { hosts: hosts.clone(), mode, ..IsolateQuestion::default() };
                let isolation = desk.isolator().isolate(&question);
                let rows = (0u32..).zip(&desk.atlas.observed.snapshot.dependencies);
                let expected: Vec<u32> = rows
                    .filter(|(place, row)| {
                        let client = hosts.contains(&desk.atlas.client_of(*place).unwrap());
                        let server = hosts.contains(&desk.atlas.server_of(*place).unwrap());
                        client != server && match mode {
                            Mode::Egress => client,
                            Mode::Ingress => server,
                            Mode::Lateral => matches!(row.protocol(), Some("ssh" | "smb")),
                            _ => true,
                        }
                    })
                    .map(|(place, _)| place)
                    .collect();
                prop_assert_eq!(&isolation.cut_places(), &expected);
                let nodes = |some: &[Fallen]| some.iter().map(|fallen| fallen.node).collect::<BTreeSet<u32>>();
                let (outside, inside) = (&isolation.outside, &isolation.inside);
                let must: BTreeSet<u32> = nodes(&outside.must).union(&nodes(&inside.must)).copied().collect();
                prop_assert_eq!(&must, &naive(desk, &expected, Threshold::MUST));
                let may = nodes(&outside.may).union(&nodes(&inside.may)).copied().collect::<BTreeSet<u32>>();
                let both: BTreeSet<u32> = must.union(&may).copied().collect();
                prop_assert_eq!(both, naive(desk, &expected, Threshold::MAY));
                for fallen in outside.must.iter().chain(&outside.may) {
                    let host = match desk.requires.node(fallen.node) {
                        ImpactNode::Host(host) => host,
                        ImpactNode::Service(service) => desk.atlas.host_of(service).unwrap(),
                    };
                    prop_assert!(!hosts.contains(&host));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_minimum_cut_is_never_dearer_than_isolating(lan in networks(), from in 0..12u8, to in 0..12u8) {
        lan.ask(|desk| {
            let place = |number: u8| {
                let address = host(number).parse::<std::net::IpAddr>().unwrap().into();
                desk.atlas.host_place(&crate::model::HostKey { realm: crate::model::Realm::DEFAULT, address })
            };
            let (Some(from), Some(to)) = (place(from), place(to)) else { return Ok(()) };
            prop_assume!(from != to);
            let question = IsolateQuestion { hosts: vec![from], ..IsolateQuestion::default() };
            let (isolator, cutter) = (desk.isolator(), desk.cutter());
            let costs = isolator.costs(&cutter, &question);
            prop_assert!(costs.minimum_cut.is_none_or(|cut| cut <= costs.host), "{costs:?}");
            for classes in [Classes::Exec, Classes::All] {
                let tier = Tier::Observed;
                let cut = CutQuestion { from: vec![from], to: vec![to], tier, classes, ..CutQuestion::default() };
                prop_assert!(cutter.cost(&cut).unwrap() <= costs.host);
            }
            Ok(())
        })?;
    }
}
