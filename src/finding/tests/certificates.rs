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
    facts.san = vec!["shop.example".to_owned()];
    facts.extensions.has_san = true;
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
    // A host is inside or outside once it has sent something.
    network.flow(host(CLIENT), host(SERVER), 443, "tls");
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
    check(1, |c| c.facts.not_after = START + -DAY, &[("CERT-15", 8)]);
    check(1, |c| c.facts.not_after = START + 3 * DAY, &[("CERT-15", 6)]);
    check(1, |c| c.facts.not_before = START + DAY, &[]);
    let root = |c: &mut Certificate| {
        c.facts.not_after = START + -DAY;
        c.facts.self_issued = true;
    };
    check(1, root, &[]);
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
    let exponent = |exponent| move |c: &mut Certificate| c.facts.rsa_exponent = Some(exponent);
    check(0, exponent(65_537), &[]);
    check(0, exponent(3), &[("CERT-05", 3)]);
    check(0, exponent(1), &[("CERT-05", 9)]);
    check(0, exponent(65_536), &[("CERT-05", 9)]);
}

#[test]
fn curves_and_other_kinds_of_keys() {
    let key = |algorithm: &'static str, bits, unnamed| {
        move |c: &mut Certificate| {
            c.facts.key_algorithm = algorithm.to_owned();
            c.facts.key_bits = bits;
            c.facts.unnamed_curve = unnamed;
        }
    };
    check(0, key("EC", Some(224), false), &[("CERT-07", 6)]);
    check(0, key("EC", Some(256), true), &[("CERT-07", 6)]);
    check(0, key("EC", Some(384), false), &[]);
    check(0, key("DSA", Some(2048), false), &[("CERT-07", 6)]);
    check(1, key("EC", Some(192), false), &[("CERT-07", 6)]);
    check(0, key("Ed25519", Some(256), false), &[]);
}

#[test]
fn keys_of_broken_generators() {
    let power = |power| x509_parser::num_bigint::BigUint::from(65_537_u32).pow(power).to_bytes_be();
    let modulus = |bytes: Vec<u8>| move |c: &mut Certificate| c.facts.rsa_modulus = Some(bytes.into());
    check(0, modulus(power(128)), &[("CERT-06", 9)]);
    let mut other = power(128);
    *other.last_mut().unwrap() ^= 2;
    check(0, modulus(other), &[]);
}

#[test]
fn names() {
    let without = |c: &mut Certificate| {
        c.facts.san.clear();
        c.facts.extensions.has_san = false;
    };
    check(0, without, &[("CERT-10", 5)]);
    check(1, without, &[]);
    let common = |name: &'static str| move |c: &mut Certificate| c.facts.common_name = Some(name.to_owned());
    check(0, common("other.example"), &[("CERT-11", 2)]);
    check(0, common("Shop.example"), &[]);
    check(0, common("My shop"), &[]);
    let for_names = |names: &'static [&'static str]| {
        move |c: &mut Certificate| c.facts.san = names.iter().map(|name| (*name).to_owned()).collect()
    };
    check(0, for_names(&["shop.test"]), &[("CERT-09", 5)]);
    check(0, for_names(&["www.example", "SHOP.example"]), &[]);
    check(0, for_names(&["*.example"]), &[("CERT-21", 1)]);
}

#[test]
fn lives_that_are_too_long() {
    let days = |days: i64| move |c: &mut Certificate| c.facts.not_after = c.facts.not_before + days * DAY;
    check(0, days(800), &[]);
    check(0, days(826), &[("CERT-12", 2)]);
    check(0, days(3_660), &[("CERT-12", 4), ("CERT-30", 1)]);
    check(1, days(3_660), &[]);
    check(0, days(51 * 365), &[("CERT-24", 3), ("CERT-30", 1)]);
    check(0, |c| c.facts.not_after = Timestamp::MAX, &[("CERT-24", 3)]);
}

#[test]
fn keys_that_a_quantum_computer_breaks() {
    let until = |end: &'static str, algorithm: &'static str, bits| {
        move |c: &mut Certificate| {
            c.facts.not_before = "2030-01-01T00:00:00Z".parse().unwrap();
            c.facts.not_after = end.parse().unwrap();
            c.facts.key_algorithm = algorithm.to_owned();
            c.facts.key_bits = Some(bits);
        }
    };
    let not_yet = ("CERT-03", 6);
    check(0, until("2031-01-01T00:00:00Z", "RSA", 2048), &[not_yet, ("CERT-30", 1)]);
    check(0, until("2031-01-01T00:00:00Z", "RSA", 3072), &[not_yet]);
    check(0, until("2030-12-31T00:00:00Z", "RSA", 2048), &[not_yet]);
    let later = |algorithm| {
        move |c: &mut Certificate| {
            until("2036-01-01T00:00:00Z", algorithm, 384)(c);
            c.facts.not_before = "2034-01-01T00:00:00Z".parse().unwrap();
        }
    };
    check(0, later("EC"), &[not_yet, ("CERT-30", 1)]);
    check(0, later("ML-DSA-65"), &[not_yet]);
}

#[test]
fn usage() {
    let purposes = |purposes: &'static [&'static str]| {
        move |c: &mut Certificate| {
            c.facts.extensions.purposes = Some(purposes.iter().map(|one| (*one).to_owned()).collect());
        }
    };
    check(0, purposes(&["clientAuth"]), &[("CERT-16", 4)]);
    check(0, purposes(&["clientAuth", "serverAuth"]), &[]);
    check(0, purposes(&["any"]), &[]);
    check(1, purposes(&["clientAuth"]), &[]);
    check(0, |c| c.facts.is_ca = true, &[("CERT-16", 7)]);
    let usage = |signature| {
        move |c: &mut Certificate| {
            c.facts.extensions.usage = Some(crate::graph::Usage { signature, ..Default::default() });
        }
    };
    check(0, usage(false), &[("CERT-16", 3)]);
    check(0, usage(true), &[]);
}

#[test]
fn serial_numbers() {
    let serial = |len, positive| {
        move |c: &mut Certificate| (c.facts.serial_len, c.facts.serial_positive) = (len, positive)
    };
    check(0, serial(1, false), &[("CERT-19", 3)]);
    check(0, serial(21, true), &[("CERT-19", 3)]);
    check(0, serial(20, true), &[]);
    check(0, serial(4, true), &[]);
}

#[test]
fn names_with_a_reputation() {
    let issuer = |issuer: &'static str| move |c: &mut Certificate| c.facts.issuer = issuer.to_owned();
    check(0, issuer("CN=Root, O=DigiNotar, C=NL"), &[("CERT-29", 6)]);
    check(0, issuer("CN=Root, O=DigiNotar Friends, C=NL"), &[]);
    check(0, issuer("CN=CA, O=Internet Widgits Pty Ltd, ST=Some-State"), &[("CERT-22", 6)]);
    check(0, issuer("CN=CA, O=Widgits"), &[]);
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
fn an_unreadable_certificate_says_only_that() {
    let unreadable = |c: &mut Certificate| {
        c.facts.not_before = Timestamp::MIN;
        c.facts.not_after = Timestamp::MAX;
        c.facts.problem = Some("no certificate".to_owned());
    };
    check(0, unreadable, &[("CERT-31", 2)]);
    check(0, |c| c.facts.key_algorithm = "1.2.3.4".to_owned(), &[("CERT-31", 2)]);
    check(0, |c| c.facts.signature_algorithm = "1.2.3.4".to_owned(), &[("CERT-31", 2)]);
    check(0, |c| c.facts.key_algorithm = "ML-DSA-65".to_owned(), &[]);
}

#[test]
fn a_clients_certificate_is_the_clients() {
    let mut network = Network::default();
    let frame = network.certificate(Role::Client, 0, 1);
    let mut snapshot = network.snapshot();
    fill(&mut snapshot, frame, |c| c.facts.not_after = START + -2 * DAY);
    let found = only(find(&snapshot, START, &Knowledge::default()));
    assert_eq!((found.id().as_str(), found.host), ("CERT-32/10.0.0.5", host(CLIENT)));
    assert_eq!(found.severity, 6);
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
        network.flow(host(CLIENT), host(SERVER), 443, "tls");
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
