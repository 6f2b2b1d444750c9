//! Certificates that were really signed: chains, shared keys and numbers, changing servers.

use std::sync::Arc;

use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SerialNumber};

use super::*;
use crate::graph::ocsp_response;
use crate::model::{Nanos, TlsVersion};
use crate::query::Authorities;
use crate::query::issuing::{Authority, authority, logged, params, server};

const OTHER: [u8; 4] = [10, 0, 0, 2];
const THIRD: [u8; 4] = [10, 0, 0, 3];

impl Network {
    /// A server shows a chain to a client that has asked for `shop.example`, all in one frame.
    fn shows(&mut self, of: [u8; 4], chain: &[&[u8]]) {
        self.shows_asked(of, Some("shop.example"), chain);
    }

    fn shows_asked(&mut self, of: [u8; 4], name: Option<&str>, chain: &[&[u8]]) {
        let scene = self.scene(host(CLIENT), host(of), 443, Transport::Tcp);
        self.tell(&scene, Role::Server, name, chain);
    }

    fn tell(&mut self, scene: &Scene, of: Role, name: Option<&str>, chain: &[&[u8]]) {
        self.delta.tick(scene.at.time);
        for (position, der) in (0..).zip(chain) {
            let (sni, der) = (name.map(Into::into), (*der).into());
            self.delta.observe(scene, Observation::Certificate { of, position, sni, der });
        }
        // A host is inside or outside once it has sent something.
        self.flow(host(CLIENT), scene.key.host(scene.service), 443, "tls");
    }

    /// Rules that are broken, each with its severity and the host at fault, where these are trusted.
    fn judged(self, public: &[&[u8]], own: &[&[u8]]) -> Vec<(&'static str, u8, u8)> {
        let authorities = Arc::new(Authorities::with_public(public, own));
        let snapshot = self.snapshot();
        let knowledge = Knowledge { authorities, ..Knowledge::default() };
        let as_of = snapshot.last.unwrap_or(START);
        let mut found: Vec<(&str, u8, u8)> = find(&snapshot, as_of, &knowledge)
            .iter()
            .map(|found| (found.rule.id, found.severity, found.host.address.to_string().as_bytes()[7] - b'0'))
            .collect();
        found.sort_unstable();
        found
    }
}

/// What is found of one chain of one server.
fn check(chain: &[&[u8]], public: &[&[u8]], own: &[&[u8]], expected: &[(&str, u8)]) {
    let mut network = Network::default();
    network.shows(SERVER, chain);
    let found: Vec<(&str, u8)> =
        network.judged(public, own).into_iter().map(|(rule, severity, _)| (rule, severity)).collect();
    assert_eq!(found, expected);
}

#[test]
fn sound_chains_are_no_finding() {
    let root = Authority::root("Root");
    let middle = root.below(authority("Middle"));
    let leaf = middle.leaf();
    check(&[&leaf, &middle.der], &[], &[&root.der], &[]);
    let public = middle.below(logged(server(&["shop.example"]))).der;
    check(&[&public, &middle.der], &[&root.der], &[], &[]);
    // A private authority that nobody named, its root left out as it should be.
    check(&[&root.leaf()], &[], &[], &[]);
    check(&[&leaf, &middle.der], &[], &[], &[]);
}

#[test]
fn a_stranger_is_one_where_others_are_named() {
    let (root, known) = (Authority::root("Root"), Authority::root("Known"));
    check(&[&root.leaf()], &[], &[&known.der], &[("CERT-28", 3)]);
    check(&[&known.leaf()], &[], &[&known.der], &[]);
}

#[test]
fn self_signed_ones_weigh_less_where_they_are_named() {
    let key = KeyPair::generate().unwrap();
    let alone = server(&["shop.example"]).self_signed(&key).unwrap();
    check(&[alone.der()], &[], &[], &[("CERT-04", 5)]);
    check(&[alone.der()], &[], &[alone.der()], &[("CERT-04", 2)]);
}

#[test]
fn chains_with_a_gap() {
    let root = Authority::root("Root");
    let middle = root.below(authority("Middle"));
    // A public one, by its signed timestamps, whose issuer nobody has seen.
    let public = middle.below(logged(server(&["shop.example"]))).der;
    check(&[&public], &[&root.der], &[], &[("CERT-13", 4)]);
    check(&[&public, &middle.der], &[&root.der], &[], &[]);
    let direct = root.below(logged(server(&["shop.example"]))).der;
    check(&[&direct], &[&root.der], &[], &[]);
    // A private one whose issuer another server sends.
    let (one, other) = (middle.leaf(), middle.leaf());
    let mut network = Network::default();
    network.shows(SERVER, &[&one]);
    network.shows(OTHER, &[&other, &middle.der]);
    assert_eq!(network.judged(&[], &[]), [("CERT-13", 4, 1)]);
}

#[test]
fn chains_out_of_order() {
    let root = Authority::root("Root");
    let middle = root.below(authority("Middle"));
    let lower = middle.below(authority("Lower"));
    let leaf = lower.leaf();
    check(&[&leaf, &lower.der, &middle.der], &[], &[&root.der], &[]);
    check(&[&leaf, &middle.der, &lower.der], &[], &[&root.der], &[("CERT-14", 2)]);
    let stranger = Authority::root("Stranger");
    check(&[&leaf, &lower.der, &middle.der, &stranger.der], &[], &[&root.der], &[("CERT-14", 2)]);
    check(&[&leaf, &lower.der, &middle.der, &root.der], &[], &[&root.der], &[("CERT-14", 1)]);
}

#[test]
fn an_expired_authority_counts_less_where_another_way_leads_on() {
    let root = Authority::root("Root");
    let key = KeyPair::generate().unwrap();
    let mut old = authority("Middle");
    old.not_after = rcgen::date_time_ymd(2023, 10, 1);
    let old = root.certify(&old, &key);
    let new = root.certify(&authority("Middle"), &key);
    let issuer = rcgen::Issuer::new(authority("Middle"), key);
    let leaf = server(&["shop.example"]).signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    check(&[leaf.der(), &old], &[], &[&root.der], &[("CERT-15", 8)]);
    check(&[leaf.der(), &new], &[], &[&root.der], &[]);
    check(&[leaf.der(), &new, &old], &[], &[&root.der], &[("CERT-14", 2), ("CERT-15", 2)]);
}

#[test]
fn public_certificates_have_rules_of_their_own() {
    let root = Authority::root("Root");
    let check_public = |change: fn(&mut rcgen::CertificateParams), expected: &[(&str, u8)]| {
        let mut params = logged(server(&["shop.example"]));
        change(&mut params);
        let leaf = root.below(params).der;
        check(&[&leaf], &[&root.der], &[], expected);
        check(&[&leaf], &[], &[&root.der], &[]);
    };
    check_public(|_| {}, &[]);
    check_public(|params| params.custom_extensions.clear(), &[("CERT-25", 3)]);
    check_public(|params| params.not_before = rcgen::date_time_ymd(2022, 12, 30), &[]);
    check_public(|params| params.not_before = rcgen::date_time_ymd(2022, 12, 29), &[("CERT-12", 4)]);
    check_public(
        |params| params.serial_number = Some(SerialNumber::from(vec![1, 2, 3, 4])),
        &[("CERT-19", 3)],
    );
}

#[test]
fn a_client_of_a_public_authority() {
    let root = Authority::root("Root");
    let mut client = logged(params("agent"));
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = root.below(client).der;
    let judged = |public: &[&[u8]], own: &[&[u8]]| {
        let mut network = Network::default();
        let scene = network.scene(host(CLIENT), host(SERVER), 443, Transport::Tcp);
        network.tell(&scene, Role::Client, None, &[&client]);
        network.judged(public, own)
    };
    assert_eq!(judged(&[&root.der], &[]), [("CERT-17", 3, 5)]);
    assert_eq!(judged(&[], &[&root.der]), []);
}

#[test]
fn one_number_for_two_certificates() {
    let root = Authority::root("Root");
    let numbered = |of: &Authority, number: u8| {
        let mut params = server(&["shop.example"]);
        params.serial_number = Some(SerialNumber::from(vec![number; 8]));
        of.below(params).der
    };
    let judged = |one: &[u8], other: &[u8]| {
        let mut network = Network::default();
        network.shows(SERVER, &[one]);
        network.shows(OTHER, &[other]);
        network.judged(&[], &[])
    };
    let both = [("CERT-18", 8, 1), ("CERT-18", 8, 2)];
    assert_eq!(judged(&numbered(&root, 7), &numbered(&root, 7)), both);
    assert_eq!(judged(&numbered(&root, 7), &numbered(&root, 8)), []);
    assert_eq!(judged(&numbered(&root, 7), &numbered(&Authority::root("Root"), 7)), [], "two of one name");
}

#[test]
fn keys_on_several_hosts() {
    let root = Authority::root("Root");
    let key = KeyPair::generate().unwrap();
    let shop = root.certify(&server(&["shop.example"]), &key);
    let judged = |shown: &[([u8; 4], Option<&str>, &[u8])]| {
        let mut network = Network::default();
        for (of, name, leaf) in shown {
            network.shows_asked(*of, *name, &[leaf]);
        }
        network.judged(&[], &[])
    };
    let name = Some("shop.example");
    assert_eq!(judged(&[(SERVER, name, &shop), (OTHER, name, &shop)]), [], "a pool");
    let both = [("CERT-20", 5, 1), ("CERT-20", 5, 2)];
    assert_eq!(judged(&[(SERVER, None, &shop), (OTHER, None, &shop)]), both);
    let mail = root.certify(&server(&["mail.example"]), &key);
    let both = [("CERT-20", 6, 1), ("CERT-20", 6, 2)];
    assert_eq!(judged(&[(SERVER, name, &shop), (OTHER, Some("mail.example"), &mail)]), both);
    assert_eq!(judged(&[(SERVER, name, &shop), (PUBLIC, None, &shop)]), [], "the other is not ours");
    let wild = root.certify(&server(&["*.example"]), &key);
    let both = [("CERT-21", 2, 1), ("CERT-21", 2, 2)];
    assert_eq!(judged(&[(SERVER, name, &wild), (OTHER, Some("mail.example"), &wild)]), both);
}

#[test]
fn a_key_that_outlives_renewals() {
    let root = Authority::root("Root");
    let (key, mut first) = (KeyPair::generate().unwrap(), server(&["shop.example"]));
    let renewed = root.certify(&first, &key);
    let mut judged = |year| {
        first.not_before = rcgen::date_time_ymd(year, 6, 1);
        first.not_after = rcgen::date_time_ymd(2024, 1, 31);
        let mut network = Network::default();
        network.shows(SERVER, &[&root.certify(&first, &key)]);
        network.shows(SERVER, &[&renewed]);
        network.judged(&[], &[])
    };
    assert_eq!(judged(2020), [("CERT-20", 2, 1)]);
    assert_eq!(judged(2022), []);
}

#[test]
fn now_one_certificate_now_another() {
    let root = Authority::root("Root");
    let mut old = server(&["shop.example"]);
    old.not_before = rcgen::date_time_ymd(2022, 12, 1);
    let (old, new) = (root.below(old).der, root.leaf());
    let hours = |rest: Nanos, order: &[&[u8]]| {
        let mut network = Network::default();
        for leaf in order {
            network.shows(SERVER, &[leaf]);
            network.rested += rest * 3_600_000_000_000;
        }
        network
    };
    let judged = |rest, order: &[&[u8]]| hours(rest, order).judged(&[], &[]);
    assert_eq!(judged(8, &[&old, &new, &old]), [("CERT-26", 4, 1)]);
    assert_eq!(judged(8, &[&old, &new, &new]), [], "renewed");
    assert_eq!(judged(1, &[&old, &new, &old]), [], "one node after the other");
    let mut network = hours(8, &[&old, &new, &old, &new]);
    network.rested += 20 * 3_600_000_000_000;
    network.shows(SERVER, &[&new]);
    assert_eq!(network.judged(&[], &[]), [], "the old one is gone since yesterday");
}

#[test]
fn another_authority_than_before() {
    let (ours, public, other) =
        (Authority::root("Ours"), Authority::root("Public"), Authority::root("Other"));
    let (one, two) = (ours.leaf(), other.leaf());
    let sold = public.below(logged(server(&["shop.example"]))).der;
    let judged = |before: &[u8], then: &[u8]| {
        let mut network = Network::default();
        network.shows(THIRD, &[before]);
        network.shows(THIRD, &[then]);
        network.judged(&[&public.der], &[])
    };
    assert_eq!(judged(&one, &two), [("CERT-27", 6, 3)]);
    assert_eq!(judged(&sold, &two), [("CERT-27", 6, 3)]);
    assert_eq!(judged(&one, &sold), [], "browsers trust it");
    assert_eq!(judged(&one, &ours.leaf()), [], "renewed by the same");
}

#[test]
fn stapled_responses() {
    let root = Authority::root("Root");
    let judged = |must: bool, response: Option<Vec<u8>>| {
        let mut params = server(&["shop.example"]);
        params.serial_number = Some(SerialNumber::from(vec![7; 8]));
        if must {
            let feature = vec![0x30, 3, 2, 1, 5];
            let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
            params.custom_extensions.push(rcgen::CustomExtension::from_oid_content(&oid, feature));
        }
        let mut network = Network::default();
        let scene = network.scene(host(CLIENT), host(SERVER), 443, Transport::Tcp);
        network.tell(&scene, Role::Server, Some("shop.example"), &[&root.below(params).der]);
        let (sni, response) = (Some("shop.example".into()), response.map(Into::into));
        network.delta.observe(&scene, Observation::Stapled { sni, response });
        network.judged(&[], &[])
    };
    let response = |status, until| Some(ocsp_response(status, &[7; 8], "20231110000000Z", until));
    assert_eq!(judged(false, response(0x80, "20231117000000Z")), []);
    assert_eq!(judged(false, response(0xa1, "20231117000000Z")), [("CERT-23", 9, 1)]);
    assert_eq!(judged(false, response(0x80, "20231113000000Z")), [("CERT-23", 4, 1)]);
    assert_eq!(judged(true, None), [("CERT-23", 4, 1)]);
    assert_eq!(judged(false, None), []);
}

#[test]
fn what_was_brought_is_judged_where_it_is_expected() {
    let root = Authority::root("Root");
    let mut brought = server(&["shop.example"]);
    brought.not_after = rcgen::date_time_ymd(2023, 11, 20);
    let facts = crate::graph::CertificateFacts::of(&root.below(brought).der);
    let judged = |version, name: &str| {
        let mut network = Network::default();
        let scene = network.scene(host(CLIENT), host(SERVER), 443, Transport::Tcp);
        let (sni, ja4) = (Some(name.into()), "".into());
        network
            .delta
            .observe(&scene, Observation::ClientHello { sni, alpn: Vec::new(), ja4, version, ech: false });
        let (suite, alpn, resumed) = (0x1301, None, false);
        network.delta.observe(&scene, Observation::ServerHello { version, suite, alpn, resumed });
        network.flow(host(CLIENT), host(SERVER), 443, "tls");
        let operator = Operator { certificates: vec![facts.clone()].into(), ..Operator::default() };
        let snapshot = Snapshot::new(network.delta.into(), &operator);
        let found = find(&snapshot, START, &Knowledge::default());
        found.iter().map(|found| (found.rule.id, found.severity, found.clients.len())).collect::<Vec<_>>()
    };
    assert_eq!(judged(TlsVersion::Tls13, "shop.example"), [("CERT-02", 6, 1)]);
    assert_eq!(judged(TlsVersion::Tls13, "mail.example"), []);
}
