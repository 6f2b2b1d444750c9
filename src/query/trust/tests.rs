//! Chains made here and now.

use rcgen::{ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::testing::{Authority, authority, params};
use super::*;
use crate::graph::{Certificate, CertificateFacts, Delta, Operator, Scene, Snapshot};
use crate::model::{
    Address, Endpoint, FlowKey, FrameId, Moment, Observation, Realm, Role, Side, Timestamp, Transport,
};

/// A moment in the lives of all certificates here.
const NOW: &str = "2023-11-14T12:00:00Z";

/// A map on which a server has shown these chains, each at a port of its own.
fn map(chains: &[&[&[u8]]]) -> Snapshot {
    let mut delta = Delta::default();
    for (port, chain) in (443..).zip(chains) {
        let end = |last: u8, port| Endpoint { address: Address::from([10, 0, 0, last]), port };
        let (key, client) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, end(5, 40_000), end(1, port));
        let time = NOW.parse().unwrap();
        let at = Moment { frame: FrameId { source: 0, number: 1 }, time };
        let service: Side = client.other();
        let scene = Scene { key, client, service, group: false, at };
        for (position, der) in (0..).zip(*chain) {
            let der = (*der).into();
            delta.observe(&scene, Observation::Certificate { of: Role::Server, position, sni: None, der });
        }
    }
    Snapshot::new(delta.into(), &Operator::default())
}

fn row<'a>(snapshot: &'a Snapshot, der: &[u8]) -> &'a CertificateFacts {
    let of = |certificate: &&Certificate| *certificate.facts.der == *der;
    &snapshot.certificates.iter().find(of).unwrap().facts
}

/// What comes of checking the first leaf of some chains.
fn verdict(chains: &[&[&[u8]]], authorities: &Authorities, at: &str) -> Verdict {
    let snapshot = map(chains);
    let chain = Chains::new(&snapshot, authorities);
    let at: Timestamp = at.parse().unwrap();
    let found = chain.verdict(row(&snapshot, chains[0][0]), Purpose::Server, at);
    assert_eq!(chain.verdict(row(&snapshot, chains[0][0]), Purpose::Server, at), found, "remembered");
    found
}

#[test]
fn public_roots_are_known_and_nobody_is_named() {
    let authorities = Authorities::default();
    assert!(!authorities.are_named() && authorities.public().anchors.len() > 100);
    let root = CertificateFacts::of(webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].as_ref());
    assert!(authorities.is_public_root(&root.sha256) && authorities.is_known_name(&root.subject_der));
    assert!(!authorities.is_named(&root.sha256));
}

#[test]
fn a_chain_to_a_root_is_valid() {
    let root = Authority::root("Root");
    let middle = root.below(authority("Middle"));
    let leaf = middle.leaf();
    let public = Authorities::with_public(&[&root.der], &[]);
    let found = verdict(&[&[&leaf, &middle.der]], &public, NOW);
    assert_eq!((found.outcome(), found.anchor), (Outcome::Valid, Some(Anchor::Public)));
    assert_eq!(found.path, [CertificateFacts::of(&middle.der).sha256]);
    let named = Authorities::with_public(&[], &[&root.der]);
    assert_eq!(verdict(&[&[&leaf, &middle.der]], &named, NOW).anchor, Some(Anchor::Operator));
    // An intermediate that another server sent is as good.
    let other = middle.leaf();
    assert_eq!(verdict(&[&[&leaf], &[&other, &middle.der]], &public, NOW).why, None);
}

#[test]
fn what_is_not_known_is_not_called_wrong() {
    let (root, other) = (Authority::root("Root"), Authority::root("Other"));
    let middle = root.below(authority("Middle"));
    let leaf = middle.leaf();
    let strange = Authorities::with_public(&[&other.der], &[]);
    let why = |chain: &[&[u8]]| {
        let found = verdict(&[chain], &strange, NOW);
        assert_eq!((found.outcome(), found.anchor), (Outcome::NotVerifiable, None));
        found.why.unwrap()
    };
    assert_eq!(why(&[&leaf]), Doubt::Incomplete);
    assert_eq!(why(&[&leaf, &middle.der]), Doubt::Incomplete);
    assert_eq!(why(&[&leaf, &middle.der, &root.der]), Doubt::UnknownAuthority);
    let key = KeyPair::generate().unwrap();
    let alone = params("alone.example").self_signed(&key).unwrap();
    assert_eq!(why(&[alone.der()]), Doubt::SelfSigned);
    assert_eq!(why(&[b"no certificate"]), Doubt::Unreadable);
    let pinned = Authorities::with_public(&[], &[alone.der()]);
    assert_eq!(verdict(&[&[alone.der()]], &pinned, NOW).anchor, Some(Anchor::Operator));
}

#[test]
fn what_is_wrong_is_called_wrong_even_under_a_strange_root() {
    let root = Authority::root("Root");
    let public = Authorities::with_public(&[&root.der], &[]);
    let strange = Authorities::with_public(&[], &[]);
    let check = |chain: &[&[u8]], why: Doubt| {
        for authorities in [&public, &strange] {
            let mut chain = chain.to_vec();
            if std::ptr::eq(authorities, &raw const strange) {
                chain.push(&root.der);
            }
            let found = verdict(&[&chain], authorities, NOW);
            assert_eq!((found.outcome(), found.why), (Outcome::Invalid, Some(why)));
        }
    };
    // Another authority of the same name has signed it.
    let mut unnamed = params("shop.example");
    unnamed.use_authority_key_identifier_extension = false;
    check(&[&Authority::root("Root").below(unnamed).der], Doubt::WrongSignature);
    let mut old = authority("Middle");
    old.not_after = rcgen::date_time_ymd(2023, 10, 1);
    let old = root.below(old);
    check(&[&old.leaf(), &old.der], Doubt::IssuerExpired);
    let mut young = authority("Middle");
    young.not_before = rcgen::date_time_ymd(2024, 1, 1);
    let young = root.below(young);
    check(&[&young.leaf(), &young.der], Doubt::IssuerNotYetValid);
    let mut nobody = params("Middle");
    nobody.is_ca = IsCa::ExplicitNoCa;
    let nobody = root.below(nobody);
    check(&[&nobody.leaf(), &nobody.der], Doubt::IssuerIsNoAuthority);
    check(&[&root.below(authority("shop.example")).der], Doubt::AuthorityAsLeaf);
    let mut client = params("shop.example");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    check(&[&root.below(client).der], Doubt::WrongPurpose);
}

#[test]
fn two_clocks_give_two_answers() {
    let root = Authority::root("Root");
    let leaf = root.leaf();
    let public = Authorities::with_public(&[&root.der], &[]);
    let why = |at| verdict(&[&[&leaf]], &public, at).why;
    assert_eq!(why("2022-12-31T23:54:59Z"), Some(Doubt::NotYetValid));
    assert_eq!(why("2022-12-31T23:55:00Z"), None, "clocks may differ by five minutes");
    assert_eq!(why("2024-01-31T00:00:00Z"), None, "the last second");
    assert_eq!(why("2024-01-31T00:00:00.000000001Z"), Some(Doubt::Expired));
}

#[test]
fn an_authority_may_begin_on_the_day_that_it_is_seen() {
    let mut young = authority("Middle");
    young.not_before = rcgen::date_time_ymd(2023, 11, 14) + std::time::Duration::from_secs(8 * 3_600);
    let root = Authority::root("Root");
    let young = root.below(young);
    let (leaf, public) = (young.leaf(), Authorities::with_public(&[&root.der], &[]));
    let why = |at| verdict(&[&[&leaf, &young.der]], &public, at).why;
    assert_eq!(why("2023-11-14T12:00:00Z"), None);
    assert_eq!(why("2023-11-14T07:00:00Z"), Some(Doubt::IssuerNotYetValid));
}

#[test]
fn authorities_that_name_each_other_end() {
    let (one, other) = (Authority::root("One"), Authority::root("Other"));
    let mut crossed = vec![one.leaf()];
    // Each certified by the other, twenty times over.
    for _ in 0..20 {
        crossed.push(other.below(authority("One")).der);
        crossed.push(one.below(authority("Other")).der);
    }
    let chain: Vec<&[u8]> = crossed.iter().map(Vec::as_slice).collect();
    assert_ne!(verdict(&[&chain], &Authorities::with_public(&[], &[]), NOW).outcome(), Outcome::Valid);
}
