//! Insecure practices.

use std::net::IpAddr;

use super::*;
use crate::model::TlsVersion;
use crate::query::{Criticality, Worth};

#[test]
fn telnet_is_the_servers_fault() {
    let mut network = Network::default();
    network.flow(host(CLIENT), host(SERVER), 23, "telnet");
    network.practice(host(CLIENT), host(SERVER), Practice::Telnet, State::Used);
    let found = only(network.find());
    assert_eq!(found.id(), "ADM-01/10.0.0.1:23/tcp");
    assert_eq!((found.severity, found.state, found.count), (9, State::Used, 1));
    assert_eq!((found.host, &found.clients[..]), (host(SERVER), &[host(CLIENT)][..]));
    assert_eq!(found.evidence[0].what, "used");
    assert_eq!(found.band, Band::of(found.score));
}

#[test]
fn a_port_alone_is_no_finding() {
    let mut network = Network::default();
    network.flow(host(CLIENT), host(SERVER), 23, "http");
    network.practice(host(CLIENT), host(SERVER), Practice::Telnet, State::Suspected);
    assert!(network.find().is_empty());
}

#[test]
fn sound_tls_is_no_finding() {
    let mut network = Network::default();
    let (tls12, aes) = (Practice::TlsVersion(TlsVersion::Tls12), Practice::TlsSuite(0xc02f));
    network.practice(host(CLIENT), host(SERVER), tls12, State::Negotiated);
    network.practice(host(CLIENT), host(SERVER), aes, State::Negotiated);
    assert!(network.find().is_empty());
}

#[test]
fn the_highest_state_leads_and_lower_ones_are_not_counted() {
    let mut network = Network::default();
    network.practice(host(CLIENT), host(SERVER), Practice::LdapSimpleBind, State::Attempted);
    network.practice(host(CLIENT), host(SERVER), Practice::LdapSimpleBind, State::Attempted);
    network.practice(host(CLIENT), host(SERVER), Practice::LdapSimpleBind, State::Used);
    let found = only(network.find());
    assert_eq!((found.state, found.severity, found.count), (State::Used, 8, 1));
    let shown: Vec<&str> = found.evidence.iter().map(|proof| proof.what.as_str()).collect();
    assert_eq!(shown, ["used", "attempted", "attempted"]);
    assert_eq!(found.span, Span::at(found.evidence[0].at.time));
}

#[test]
fn the_worst_of_several_variants_is_told() {
    let snmp =
        |version, default, write| Practice::SnmpCommunity { version, default_community: default, write };
    let mut network = Network::default();
    network.practice(host(CLIENT), host(SERVER), snmp(1, true, false), State::Used);
    network.practice(host(CLIENT), host(SERVER), snmp(2, false, true), State::Used);
    network.practice(host(CLIENT), host(SERVER), snmp(2, false, false), State::Used);
    let found = only(network.find());
    assert_eq!((found.severity, found.count), (9, 3));
    let detail = "a write was accepted; version 2c; a default community is in use; and 1 more";
    assert_eq!(found.detail.as_deref(), Some(detail));
}

#[test]
fn a_clients_offer_is_its_own_fault() {
    let mut network = Network::default();
    for server in [[10, 0, 0, 1], [10, 0, 0, 2]] {
        let offer = Practice::TlsVersion(TlsVersion::Ssl2);
        network.practice_of(host(CLIENT), host(server), offer, State::Offered, Role::Client);
    }
    let found = only(network.find());
    assert_eq!((found.id().as_str(), found.service), ("TLS-01/10.0.0.5", None));
    assert_eq!((found.severity, found.count), (2, 2));
    assert_eq!(found.detail.as_deref(), Some("with 10.0.0.1:23/tcp; with 10.0.0.2:23/tcp"));
}

#[test]
fn a_believed_answer_is_the_same_finding_as_the_question() {
    let mut network = Network::default();
    network.group_practice(host(CLIENT), Practice::Llmnr { answered: false });
    let asked = only(network.find());
    assert_eq!((asked.id().as_str(), asked.severity, asked.band), ("WIN-15/10.0.0.5", 5, Band::Info));

    let mut network = Network::default();
    network.group_practice(host(CLIENT), Practice::Llmnr { answered: false });
    let answered = Practice::Llmnr { answered: true };
    network.practice_of(host(CLIENT), host(SERVER), answered, State::Used, Role::Client);
    let found = only(network.find());
    assert_eq!((found.id().as_str(), found.severity, found.count), ("WIN-15/10.0.0.5", 7, 2));
    assert_eq!(found.detail.as_deref(), Some("an answer was believed; with 10.0.0.1:23/tcp"));
}

#[test]
fn suites_are_named() {
    let mut network = Network::default();
    network.practice(host(CLIENT), host(SERVER), Practice::TlsSuite(0x0003), State::Negotiated);
    let found = network.find();
    assert_eq!(ids(&found), ["TLS-07/10.0.0.1:23/tcp", "TLS-09/10.0.0.1:23/tcp"]);
    assert_eq!(found[0].detail.as_deref(), Some("TLS_RSA_EXPORT_WITH_RC4_40_MD5"));
}

/// What an operator says of hosts, all tags alike.
fn told(hosts: &[([u8; 4], f64)]) -> Knowledge {
    let tags = |value| Criticality {
        customer_impact: value,
        data_sensitivity: value,
        revenue: value,
        safety: value,
        regulatory: value,
        executive_visibility: value,
    };
    let host = |(address, value): &([u8; 4], f64)| (IpAddr::from(*address).into(), tags(*value));
    Knowledge { criticality: hosts.iter().map(host).collect(), ..Knowledge::default() }
}

/// The severity of a web password between two hosts.
fn severity(client: [u8; 4], server: [u8; 4], knowledge: &Knowledge) -> u8 {
    let mut network = Network::default();
    network.flow(host(client), host(server), 23, "http");
    network.practice(host(client), host(server), Practice::HttpBasic, State::Used);
    only(find(&network.snapshot(), START, knowledge)).severity
}

#[test]
fn surroundings_change_the_severity() {
    let plain = Knowledge::default();
    assert_eq!(severity(CLIENT, SERVER, &plain), 8);
    assert_eq!(severity(PUBLIC, SERVER, &plain), 10, "from the internet");
    assert_eq!(severity([100, 64, 0, 1], SERVER, &plain), 8, "a carrier's own address is not the internet");
    assert_eq!(severity(PUBLIC, [9, 9, 9, 9], &plain), 8, "nobody's server");
    assert_eq!(severity([127, 0, 0, 1], [127, 0, 0, 1], &plain), 6, "nobody in between");
    assert_eq!(severity([169, 254, 0, 1], [169, 254, 0, 2], &plain), 7, "only on this link");
    assert_eq!(severity([169, 254, 0, 1], SERVER, &plain), 8, "one end is elsewhere");
    let critical = |value| told(&[(SERVER, value)]);
    assert_eq!(severity(CLIENT, SERVER, &critical(0.75)), 9);
    assert_eq!(severity(CLIENT, SERVER, &critical(0.74)), 8);
}

#[test]
fn access_is_never_below_medium() {
    // Nobody uses the server but its administrator; many use another one.
    let network = |state, practice| {
        let mut network = Network::default();
        for client in 10..60 {
            network.flow(host([10, 0, 0, client]), host([10, 0, 0, 2]), 443, "tls");
        }
        network.practice(host(CLIENT), host(SERVER), practice, state);
        only(network.find())
    };
    let telnet = network(State::Used, Practice::Telnet);
    assert_eq!((telnet.score, telnet.band), (40.0, Band::Medium));
    assert_eq!(telnet.explanation.last().map(|(factor, _)| *factor), Some("floor"));
    for (state, practice) in
        [(State::Attempted, Practice::Telnet), (State::Used, Practice::FtpLogin { anonymous: true })]
    {
        let found = network(state, practice);
        assert_eq!(found.band, Band::Info, "{practice:?} {state:?}");
    }
}

#[test]
fn what_many_depend_on_weighs_more() {
    let mut network = Network::default();
    let (front, database, printer) = (host([10, 0, 1, 1]), host([10, 0, 1, 2]), host([10, 0, 1, 3]));
    for client in 10..60 {
        network.flow(host([10, 0, 0, client]), front, 80, "http");
    }
    network.flow(front, database, 23, "mysql");
    network.flow(host([10, 0, 0, 10]), printer, 23, "ipp");
    for server in [database, printer] {
        network.practice(host([10, 0, 0, 10]), server, Practice::HttpBasic, State::Attempted);
    }
    let snapshot = network.snapshot();
    let found = find(&snapshot, START, &Knowledge::default());
    assert_eq!(ids(&found), ["WEB-01/10.0.1.2:23/tcp", "WEB-01/10.0.1.3:23/tcp"]);
    assert!(found[0].score > found[1].score + 30.0, "{} {}", found[0].score, found[1].score);
    // The operator knows better.
    let knowledge = told(&[([10, 0, 1, 2], 0.05), ([10, 0, 1, 3], 1.0)]);
    let told = find(&snapshot, START, &knowledge);
    assert!(told[0].score < found[0].score + 10.0 && told[1].score > found[1].score);
    let importance = Importance::new(&snapshot, &knowledge);
    assert_eq!(importance.worth(&printer), Worth { level: 5.0, inferred: false });
    assert!(importance.worth(&front).inferred);
}

#[test]
fn order_and_sums_hold_whatever_the_order_of_events() {
    let practices =
        [Practice::Telnet, Practice::Smb1, Practice::HttpBasic, Practice::Tftp { configuration: true }];
    let run = |turned: bool| {
        let mut network = Network::default();
        let mut pairs: Vec<(u8, Practice)> =
            (1..6).flat_map(|server| practices.map(|practice| (server, practice))).collect();
        if turned {
            pairs.reverse();
        }
        for (server, practice) in pairs {
            network.practice(host(CLIENT), host([10, 0, 0, server]), practice, State::Used);
        }
        network.find()
    };
    let (one, other) = (run(false), run(true));
    assert_eq!(ids(&one), ids(&other));
    assert!(one.is_sorted_by(|one, next| {
        one.score > next.score
            || one.score == next.score && (one.rule.id, one.service) < (next.rule.id, next.service)
    }));
    for found in one {
        let lost: f64 = found.explanation.iter().map(|(_, points)| points).sum();
        assert!((lost - (100.0 - found.score)).abs() < 1.0, "{found:?}");
        let factors: Vec<&str> = found.explanation.iter().map(|(factor, _)| *factor).collect();
        assert_eq!(factors[..4], ["confidence", "technical", "business", "blast_radius"]);
    }
}
