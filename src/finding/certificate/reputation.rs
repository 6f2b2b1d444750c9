//! Names that are known: makers of devices whose certificates stay as they were, and authorities that browsers
//! have thrown out. As of November 2026.

use super::words::parts;
use crate::graph::CertificateFacts;
use crate::model::Timestamp;

/// Parts of a subject that a maker's or a tool's own certificates have, and whose they are. A part is
/// compared as a whole; one that ends in `*` by its beginning.
const DEFAULTS: &[(&str, &str)] = &[
    ("CN=localhost.localdomain", "a Linux distribution"),
    ("O=Snake Oil*", "mod_ssl"),
    ("O=SomeOrganization", "mod_ssl"),
    ("O=Internet Widgits Pty Ltd", "OpenSSL's example"),
    ("O=Default Company Ltd", "OpenSSL's example"),
    ("CN=TRAEFIK DEFAULT CERT", "Traefik"),
    ("CN=Kubernetes Ingress Controller Fake Certificate", "ingress-nginx"),
    ("CN=FortiGate", "FortiGate"),
    ("OU=FortiGate", "FortiGate"),
    ("O=Ubiquiti Networks Inc.", "Ubiquiti"),
    ("O=Ubiquiti Inc.", "Ubiquiti"),
    ("CN=IOS-Self-Signed-Certificate-*", "Cisco IOS"),
    ("O=VMware Installer", "VMware ESXi"),
    ("OU=Remote Access Group", "Dell iDRAC"),
    ("CN=Default Issuer (Do not trust)", "HP iLO"),
    ("O=Super Micro Computer*", "Supermicro IPMI"),
    ("O=Supermicro", "Supermicro IPMI"),
    ("O=HTTPS Management Certificate for SonicWALL (self-signed)", "SonicWall"),
    ("O=Synology Inc.", "Synology"),
    ("CN=QNAP NAS", "QNAP"),
    ("O=pfSense webConfigurator Self-Signed Certificate", "pfSense"),
    ("O=pfSense GUI default Self-Signed Certificate", "pfSense"),
    ("O=OPNsense self-signed web certificate", "OPNsense"),
    ("CN=OPNsense.localdomain", "OPNsense"),
    ("CN=Plesk", "Plesk"),
    ("O=Webmin Webserver on *", "Webmin"),
    ("CN=Hikvision", "Hikvision"),
    ("O=Hikvision", "Hikvision"),
    ("CN=Zyxel*", "Zyxel"),
    ("CN=OpenWrt", "OpenWrt"),
    ("CN=DD-WRT", "DD-WRT"),
    ("O=MyCompany, Inc.", "an appliance's example"),
];

/// Organisations of authorities, the first day of issuance that browsers distrust, and the day from which they do
/// so. Those whose roots are gone have no certificate left that counts.
const DISTRUSTED: &[(&str, &str, &str)] = &[
    ("DigiNotar", "2000-01-01", "2011-08-29"),
    ("CNNIC", "2015-04-01", "2015-04-01"),
    ("WoSign CA Limited", "2016-10-21", "2017-01-25"),
    ("StartCom Ltd.", "2016-10-21", "2017-01-25"),
    ("StartCom CA", "2016-10-21", "2017-01-25"),
    ("Symantec Corporation", "2016-06-01", "2018-10-23"),
    ("VeriSign\\, Inc.", "2016-06-01", "2018-10-23"),
    ("GeoTrust Inc.", "2016-06-01", "2018-10-23"),
    ("thawte\\, Inc.", "2016-06-01", "2018-10-23"),
    ("AC Camerfirma S.A.", "2021-04-17", "2021-04-17"),
    ("TrustCor Systems S. de R.L.", "2022-11-30", "2022-11-30"),
    ("E-Tuğra EBG Bilişim Teknolojileri ve Hizmetleri A.Ş.", "2023-06-26", "2023-06-26"),
    ("Entrust\\, Inc.", "2024-11-12", "2024-11-12"),
    ("AffirmTrust", "2024-11-12", "2024-11-12"),
    ("Chunghwa Telecom Co.\\, Ltd.", "2025-08-01", "2025-08-01"),
    ("NetLock Kft.", "2025-08-01", "2025-08-01"),
    ("NETLOCK Ltd.", "2025-08-01", "2025-08-01"),
];

/// Whose default certificate it is.
pub(super) fn vendor_default(facts: &CertificateFacts) -> Option<&'static str> {
    let has = |name: &str, part: &str| match part.strip_suffix('*') {
        Some(beginning) => parts(name).any(|one| one.starts_with(beginning)),
        None => parts(name).any(|one| one == part.replace(", ", "\\, ").as_str()),
    };
    let known = DEFAULTS.iter().find(|(part, _)| has(&facts.subject, part) || has(&facts.issuer, part));
    known.map(|(_, maker)| *maker)
}

/// Which authority issued it that browsers distrusted at a moment, and since when they do.
pub(super) fn distrusted(facts: &CertificateFacts, at: Timestamp) -> Option<(&'static str, &'static str)> {
    let from = |day: &str| format!("{day}T00:00:00Z").parse().unwrap_or(Timestamp::MAX);
    let organisation = |name: &str| parts(&facts.issuer).any(|part| part.strip_prefix("O=") == Some(name));
    let known = DISTRUSTED.iter().find(|(name, issued, since)| {
        organisation(name) && facts.not_before >= from(issued) && at >= from(since)
    });
    known.map(|(name, _, since)| (*name, *since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(subject: &str, issuer: &str, issued: &str) -> CertificateFacts {
        let mut facts = CertificateFacts::unread(String::new());
        (facts.subject, facts.issuer) = (subject.to_owned(), issuer.to_owned());
        facts.not_before = issued.parse().unwrap();
        facts
    }

    #[test]
    fn makers_are_known_by_whole_parts_of_a_name() {
        let maker = |subject| vendor_default(&facts(subject, "CN=x", "2024-01-01T00:00:00Z"));
        assert_eq!(maker("CN=IOS-Self-Signed-Certificate-123, C=US"), Some("Cisco IOS"));
        assert_eq!(maker("CN=fw, O=Internet Widgits Pty Ltd"), Some("OpenSSL's example"));
        assert_eq!(maker("CN=a, O=MyCompany\\, Inc."), Some("an appliance's example"));
        assert_eq!(maker("CN=Plesk.example, O=Plesk Users"), None);
        assert_eq!(maker("CN=localhost"), None);
    }

    #[test]
    fn authorities_are_distrusted_from_a_day_on() {
        let issuer = "CN=Entrust Certification Authority - L1K, O=Entrust\\, Inc., C=US";
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let since = |issued| distrusted(&facts("CN=a", issuer, issued), now).map(|(_, since)| since);
        assert_eq!(since("2024-11-11T23:59:59Z"), None);
        assert_eq!(since("2024-11-12T00:00:00Z"), Some("2024-11-12"));
        assert_eq!(distrusted(&facts("CN=a", "O=GeoTrust Inc.x", "2017-01-01T00:00:00Z"), now), None);
        let old = facts("CN=a", "O=GeoTrust Inc.", "2017-01-01T00:00:00Z");
        assert_eq!(distrusted(&old, "2018-01-01T00:00:00Z".parse().unwrap()), None, "not yet");
        assert!(distrusted(&old, "2019-01-01T00:00:00Z".parse().unwrap()).is_some());
    }
}
