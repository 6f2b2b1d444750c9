//! Certificates.

use super::*;

/// A sound certificate of a year, 100 days old at [`START`].
fn sound(certificate: &mut Certificate) {
    let facts = &mut certificate.facts;
    facts.sha256 = format!("{:064x}", certificate.seen[0].seen.at.frame.number);
    facts.subject = "CN=shop.example".to_owned();
    facts.not_before = START + -100 * DAY;
    facts.not_after = START + 298 * DAY;
    facts.key_algorithm = "RSA".to_owned();
    facts.key_bits = Some(2048);
    facts.signature_algorithm = "sha256WithRSAEncryption".to_owned();
    facts.self_signed = Some(false);
    facts.self_issued = false;
    facts.is_ca = false;
    facts.problem = None;
}

/// Fills in the certificate that was first seen in a frame.
fn fill(snapshot: &mut Snapshot, frame: u64, change: impl FnOnce(&mut Certificate)) {
    let certificate = snapshot
        .certificates
        .iter_mut()
        .find(|certificate| certificate.seen.iter().any(|seen| seen.seen.at.frame.number == frame))
        .unwrap();
    sound(certificate);
    change(certificate);
}

/// What is found of one certificate at a place in the server's chain: rules and severities.
fn check(position: u8, change: impl FnOnce(&mut Certificate), expected: &[(&str, u8)]) {
    let mut network = Network::default();
    let frame = network.certificate(Role::Server, position, 1);
    let mut snapshot = network.snapshot();
    fill(&mut snapshot, frame, change);
    let mut found: Vec<(&str, u8)> = find(&snapshot, START, &Knowledge::default())
        .iter()
        .map(|found| {
            assert_eq!(found.service.map(|service| service.port), Some(443));
            (found.rule.id, found.severity)
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn sound_certificates_are_no_finding() {
    check(0, |_| {}, &[]);
    check(1, |_| {}, &[]);
    check(0, |c| c.facts.not_after = START + 31 * DAY, &[]);
}

#[test]
fn dates() {
    check(0, |c| c.facts.not_after = START + -1, &[("CERT-01", 8)]);
    check(0, |c| c.facts.not_after = START, &[("CERT-02", 8)]);
    check(0, |c| c.facts.not_after = START + 3 * DAY, &[("CERT-02", 6)]);
    check(0, |c| c.facts.not_after = START + 20 * DAY, &[("CERT-02", 3)]);
    check(0, |c| c.facts.not_before = START + DAY, &[("CERT-03", 6)]);
    check(0, |c| c.facts.not_before = START + 299_000_000_000, &[]);
    let six_days = |c: &mut Certificate| {
        c.facts.not_before = START + -84 * (DAY / 24);
        c.facts.not_after = START + 2 * DAY + DAY / 2;
    };
    check(0, six_days, &[]);
    check(1, |c| c.facts.not_after = START + -DAY, &[]);
}

#[test]
fn self_signed_is_only_said_of_what_was_verified() {
    check(0, |c| c.facts.self_signed = Some(true), &[("CERT-04", 5)]);
    let unverified = |c: &mut Certificate| {
        c.facts.self_issued = true;
        c.facts.self_signed = None;
    };
    check(0, unverified, &[]);
    check(1, |c| c.facts.self_signed = Some(true), &[]);
}

#[test]
fn keys() {
    check(0, |c| c.facts.key_bits = Some(1024), &[("CERT-05", 7)]);
    check(0, |c| c.facts.key_bits = Some(1023), &[("CERT-05", 9)]);
    check(1, |c| c.facts.key_bits = Some(2047), &[("CERT-05", 7)]);
    let curve = |c: &mut Certificate| {
        c.facts.key_algorithm = "EC".to_owned();
        c.facts.key_bits = Some(256);
    };
    check(0, curve, &[]);
    check(0, |c| c.facts.key_bits = None, &[]);
}

#[test]
fn hashes() {
    let signed = |algorithm: &'static str| {
        move |c: &mut Certificate| c.facts.signature_algorithm = algorithm.to_owned()
    };
    check(0, signed("sha1WithRSAEncryption"), &[("CERT-08", 6)]);
    check(0, signed("md5WithRSAEncryption"), &[("CERT-08", 9)]);
    check(1, signed("sha1WithRSAEncryption"), &[("CERT-08", 6)]);
    let root = |c: &mut Certificate| {
        signed("sha1WithRSAEncryption")(c);
        c.facts.is_ca = true;
        c.facts.self_issued = true;
        c.facts.self_signed = Some(true);
    };
    check(2, root, &[]);
    check(0, root, &[("CERT-04", 5), ("CERT-08", 6)]);
}

#[test]
fn an_unreadable_certificate_says_nothing() {
    let unreadable = |c: &mut Certificate| {
        c.facts.not_before = Timestamp::MIN;
        c.facts.not_after = Timestamp::MAX;
        c.facts.problem = Some("no certificate".to_owned());
    };
    check(0, unreadable, &[]);
}

#[test]
fn a_clients_certificate_is_the_clients() {
    let mut network = Network::default();
    let frame = network.certificate(Role::Client, 0, 1);
    let mut snapshot = network.snapshot();
    fill(&mut snapshot, frame, |c| c.facts.not_after = START + -2 * DAY);
    let found = only(find(&snapshot, START, &Knowledge::default()));
    assert_eq!((found.id().as_str(), found.host), ("CERT-01/10.0.0.5", host(CLIENT)));
    let what = found.evidence[0].what.as_str();
    assert!(
        what.starts_with("presented by 10.0.0.5 to 10.0.0.1:443/tcp: CN=shop.example, expired "),
        "{what}"
    );
}

#[test]
fn a_certificate_that_held_when_it_was_shown_is_not_called_expired() {
    let judged = |after: i64, as_of: Option<Timestamp>| {
        let mut network = Network::default();
        let frame = network.certificate(Role::Server, 0, 1);
        network.delta.tick(START + 400 * DAY);
        let mut snapshot = network.snapshot();
        fill(&mut snapshot, frame, |c| c.facts.not_after = START + after * DAY);
        let found = only(find(&snapshot, as_of.unwrap_or(START + 400 * DAY), &Knowledge::default()));
        (found.rule.id, found.severity, found.evidence[0].what.to_string())
    };
    let (rule, severity, what) = judged(100, None);
    assert_eq!((rule, severity), ("CERT-02", 2));
    assert!(what.ends_with(
        "was valid when last shown (2023-11-14), has expired since (2024-02-22), as of 2024-12-18"
    ));
    let (rule, severity, what) = judged(-12, None);
    assert_eq!((rule, severity), ("CERT-01", 8));
    assert!(what.ends_with("expired 2023-11-02 (13 days ago as of 2023-11-14)"), "{what}");
    let (rule, _, what) = judged(100, Some(START + 120 * DAY));
    assert!(what.ends_with("expired 2024-02-22 (20 days ago as of 2024-03-13)"), "{what}");
    assert_eq!(rule, "CERT-01", "asked for");
}

#[test]
fn a_long_subject_is_cut_visibly() {
    let mut network = Network::default();
    let frame = network.certificate(Role::Server, 0, 1);
    let mut snapshot = network.snapshot();
    fill(&mut snapshot, frame, |c| {
        c.facts.not_after = START + -2 * DAY;
        c.facts.subject = "é".repeat(500);
    });
    let found = only(find(&snapshot, START, &Knowledge::default()));
    let what = found.evidence[0].what.as_str();
    assert!(what.contains("éé…, expired 2023-11-12 (2 days ago)"), "{what}");
}

#[test]
fn several_certificates_of_a_service_are_one_finding() {
    let mut network = Network::default();
    let frames = [1, 2, 3].map(|der| network.certificate(Role::Server, 0, der));
    let mut snapshot = network.snapshot();
    for (frame, days) in frames.into_iter().zip([1, 12, 5]) {
        fill(&mut snapshot, frame, |c| {
            c.facts.not_after = START + -days * DAY;
            c.facts.subject = format!("CN={days}.example");
        });
    }
    let found = only(find(&snapshot, START, &Knowledge::default()));
    assert_eq!(found.id(), "CERT-01/10.0.0.1:443/tcp");
    assert_eq!(found.certificate, Some(format!("{:064x}", frames[1])), "the one that expired first");
    assert_eq!((found.count, found.clients.len(), found.evidence.len()), (3, 1, 3));
    let detail = found.detail.unwrap();
    assert!(detail.starts_with("CN=12.example, expired 2023-11-02 (12 days ago); CN=5.example"), "{detail}");
}

#[test]
fn a_certificate_that_was_renewed_is_no_trouble() {
    // The same name at the same service: first the old certificate, then the new one.
    let run = |renewed: fn(&mut Certificate), again: bool| {
        let mut network = Network::default();
        let old = network.certificate(Role::Server, 0, 1);
        let new = network.certificate(Role::Server, 0, 2);
        if again {
            network.certificate(Role::Server, 0, 1);
        }
        let mut snapshot = network.snapshot();
        fill(&mut snapshot, old, |c| c.facts.not_after = START + 3 * DAY);
        fill(&mut snapshot, new, renewed);
        find(&snapshot, START, &Knowledge::default()).len()
    };
    let younger = |c: &mut Certificate| c.facts.not_before = START + -DAY;
    assert_eq!(run(younger, false), 0);
    assert_eq!(run(younger, true), 1, "the old one is still served");
    assert_eq!(run(|_| {}, false), 1, "the other is no younger");
    let curve = |c: &mut Certificate| {
        c.facts.not_before = START + -DAY;
        c.facts.key_algorithm = "EC".to_owned();
    };
    assert_eq!(run(curve, false), 1, "an EC certificate beside the RSA one");
}
