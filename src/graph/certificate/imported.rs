//! Certificates that the operator brought, joined by name to services that hide theirs.

use std::collections::BTreeMap;

use super::CertificateFacts;
use crate::graph::snapshot::{Certificate, Service};

/// Adds certificates to those that were seen, and says at which services each is to be expected: where TLS hides
/// what is presented, and a client asked for a name that the certificate holds for. Of several for one name the
/// youngest is meant.
pub fn join(certificates: &mut Vec<Certificate>, services: &mut [Service], imported: &[CertificateFacts]) {
    if imported.is_empty() {
        return;
    }
    let by_name = by_name(imported);
    let mut expected: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for service in services {
        let Some(tls) = service.tls.as_mut().filter(|tls| tls.visibility != "seen") else { continue };
        for asked in tls.seen.sni.iter() {
            let wild = asked.split_once('.').map(|(_, domain)| format!("*.{domain}"));
            let found = by_name.get(asked.as_str()).or_else(|| by_name.get(wild?.as_str()));
            if let Some(facts) = found {
                tls.visibility = "imported";
                expected.entry(&facts.sha256).or_default().push(service.key);
            }
        }
    }
    let mut known: BTreeMap<String, Certificate> =
        certificates.drain(..).map(|certificate| (certificate.facts.sha256.clone(), certificate)).collect();
    for facts in imported {
        let new =
            || Certificate { facts: facts.clone(), seen: Vec::new(), imported: true, expected: Vec::new() };
        let certificate = known.entry(facts.sha256.clone()).or_insert_with(new);
        certificate.imported = true;
        certificate.expected = expected.remove(facts.sha256.as_str()).unwrap_or_default();
        certificate.expected.dedup();
    }
    *certificates = known.into_values().collect();
}

/// The youngest certificate for each name, in lower case.
fn by_name(imported: &[CertificateFacts]) -> BTreeMap<String, &CertificateFacts> {
    let mut found: BTreeMap<String, &CertificateFacts> = BTreeMap::new();
    for facts in imported {
        for name in &facts.san {
            let known = found.entry(name.to_lowercase()).or_insert(facts);
            if (facts.not_before, &facts.sha256) > (known.not_before, &known.sha256) {
                *known = facts;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Delta, Operator, Scene, Snapshot};
    use crate::model::{
        Endpoint, FlowKey, FrameId, Moment, Observation, Realm, Timestamp, TlsVersion, Transport,
    };

    fn certificate(sha256: &str, names: &[&str], not_before: i64) -> CertificateFacts {
        CertificateFacts {
            san: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: Timestamp::from_seconds(not_before, 0),
            ..CertificateFacts::unread(sha256.to_owned())
        }
    }

    /// A map with one service over TLS 1.3, which was asked for by a name.
    fn map(asked: &str, imported: Vec<CertificateFacts>) -> Snapshot {
        let mut delta = Delta::default();
        let record = crate::graph::testing::served(
            crate::graph::testing::endpoint(1, 40_000),
            crate::graph::testing::endpoint(2, 443),
            1,
        );
        let end = |last, port| Endpoint { address: crate::graph::testing::endpoint(last, 0).address, port };
        let (key, client) = FlowKey::of(Realm::DEFAULT, Transport::Tcp, end(1, 40_000), end(2, 443));
        let at = Moment { frame: FrameId { source: 0, number: 1 }, time: Timestamp::default() };
        let scene = Scene { key, client, service: client.other(), group: false, at };
        delta.flow(record);
        let (sni, ja4) = (Some(asked.into()), "".into());
        let version = TlsVersion::Tls13;
        delta.observe(&scene, Observation::ClientHello { sni, alpn: Vec::new(), ja4, version, ech: false });
        let (suite, alpn, resumed) = (0x1301, None, false);
        delta.observe(&scene, Observation::ServerHello { version, suite, alpn, resumed });
        let certificates = imported.into();
        Snapshot::new(delta.into(), &Operator { certificates, ..Operator::default() })
    }

    #[test]
    fn a_hidden_certificate_is_expected_by_its_name() {
        let check = |asked: &str, expected: &[&str]| {
            let snapshot = map(
                asked,
                vec![
                    certificate("old", &["shop.example"], 1),
                    certificate("new", &["other.example", "SHOP.example"], 2),
                    certificate("wild", &["*.example"], 3),
                ],
            );
            let at = snapshot.certificates.iter().filter(|certificate| !certificate.expected.is_empty());
            assert_eq!(at.map(|certificate| certificate.facts.sha256.as_str()).collect::<Vec<_>>(), expected);
            let tls = snapshot.services[0].tls.as_ref().unwrap();
            assert_eq!(tls.visibility, if expected.is_empty() { "hidden_tls13" } else { "imported" });
            assert!(snapshot.certificates.iter().all(|certificate| certificate.imported));
        };
        check("shop.example", &["new"]);
        check("mail.example", &["wild"]);
        check("example", &[]);
        check("a.mail.example", &[]);
    }
}
