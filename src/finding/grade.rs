//! Which rules a practice breaks.

use smallvec::{SmallVec, smallvec};

use super::rule::Grade;
use super::{fault, files_mail_web as files, handshake, remote, session, ssh, tls, windows};
use crate::model::Practice;

/// The rules that a practice breaks; none for a version or suite of TLS that is sound. `protocol` is
/// what the service speaks.
pub fn grades(practice: Practice, protocol: Option<&str>) -> SmallVec<[Grade; 2]> {
    let grade = match practice {
        Practice::Telnet => remote::telnet(),
        Practice::SnmpCommunity { default_community, write, .. } => remote::snmp(default_community, write),
        Practice::Tftp { configuration } => remote::tftp(configuration),
        Practice::Smb1 => windows::smb1(),
        Practice::LdapSimpleBind => windows::ldap_simple_bind(),
        Practice::Llmnr { answered } => windows::llmnr(answered),
        Practice::Nbns { answered } => windows::nbns(answered),
        Practice::FtpLogin { anonymous } => files::ftp_login(anonymous),
        Practice::SmtpAuth => files::smtp_auth(),
        Practice::PopLogin => files::pop_login(),
        Practice::ImapLogin => files::imap_login(),
        Practice::HttpBasic => files::http_basic(),
        Practice::TlsVersion(version) => return tls::version(version).into_iter().collect(),
        Practice::TlsSuite(code) => return tls::suite(code, protocol),
        Practice::Rlogin => session::rlogin(),
        Practice::RemoteShell => session::remote_shell(),
        Practice::Vnc { password } => session::vnc(password),
        Practice::Mqtt { credentials } => session::mqtt(credentials),
        Practice::Tls(practice) => handshake::grade(practice),
        Practice::Ssh(practice) => ssh::grade(practice),
        Practice::Fault(fault) => fault::grade(fault),
    };
    smallvec![grade]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SshPractice, State, TlsPractice, TlsVersion};

    /// Insists on the rules that a practice breaks, each with its severity in a state.
    fn check(practice: Practice, state: State, expected: &[(&str, u8)]) {
        let found: Vec<(&str, u8)> = grades(practice, None)
            .iter()
            .filter_map(|grade| Some((grade.rule.id, grade.severity_at(state)?)))
            .collect();
        assert_eq!(found, expected, "{practice:?} {state:?}");
    }

    fn snmp(version: u8, default_community: bool, write: bool) -> Practice {
        Practice::SnmpCommunity { version, default_community, write }
    }

    #[test]
    fn every_practice_has_the_severity_of_the_catalogue() {
        for (practice, rule, severity) in [
            (Practice::Telnet, "ADM-01", 9),
            (snmp(1, false, false), "ADM-16", 6),
            (snmp(2, true, false), "ADM-16", 8),
            (snmp(2, false, true), "ADM-16", 9),
            (snmp(1, true, true), "ADM-16", 9),
            (Practice::Tftp { configuration: false }, "ADM-18", 6),
            (Practice::Tftp { configuration: true }, "ADM-18", 8),
            (Practice::Smb1, "WIN-01", 9),
            (Practice::LdapSimpleBind, "WIN-12", 8),
            (Practice::Llmnr { answered: false }, "WIN-15", 5),
            (Practice::Llmnr { answered: true }, "WIN-15", 7),
            (Practice::Nbns { answered: false }, "WIN-16", 5),
            (Practice::Nbns { answered: true }, "WIN-16", 7),
            (Practice::FtpLogin { anonymous: false }, "FTP-01", 8),
            (Practice::FtpLogin { anonymous: true }, "FTP-01", 5),
            (Practice::SmtpAuth, "MAIL-01", 8),
            (Practice::PopLogin, "MAIL-02", 8),
            (Practice::ImapLogin, "MAIL-03", 8),
            (Practice::HttpBasic, "WEB-01", 8),
            (Practice::Rlogin, "ADM-02", 9),
            (Practice::RemoteShell, "ADM-03", 9),
            (Practice::Vnc { password: false }, "ADM-11", 10),
            (Practice::Vnc { password: true }, "ADM-11", 6),
            (Practice::Mqtt { credentials: false }, "DB-12", 7),
            (Practice::Mqtt { credentials: true }, "DB-12", 7),
            (Practice::TlsVersion(TlsVersion::Ssl2), "TLS-01", 9),
            (Practice::TlsVersion(TlsVersion::Ssl3), "TLS-02", 8),
            (Practice::TlsVersion(TlsVersion::Tls10), "TLS-03", 6),
            (Practice::TlsVersion(TlsVersion::Tls11), "TLS-04", 5),
            (Practice::TlsVersion(TlsVersion::Dtls10), "TLS-23", 5),
            (Practice::TlsSuite(0x0002), "TLS-06", 9),
            (Practice::TlsSuite(0x0008), "TLS-07", 9),
            (Practice::TlsSuite(0x0034), "TLS-08", 8),
            (Practice::TlsSuite(0x0005), "TLS-09", 7),
            (Practice::TlsSuite(0x0009), "TLS-10", 8),
            (Practice::TlsSuite(0x000a), "TLS-11", 5),
        ] {
            check(practice, State::Used, &[(rule, severity)]);
            check(practice, State::Negotiated, &[(rule, severity)]);
            check(practice, State::Attempted, &[(rule, severity - 2)]);
            check(practice, State::Capable, &[(rule, severity - 2)]);
            check(practice, State::Suspected, &[]);
        }
    }

    #[test]
    fn every_weakness_of_a_handshake_has_the_severity_of_the_catalogue() {
        for (practice, rule, severity) in [
            (Practice::Tls(TlsPractice::MacThenEncrypt), "TLS-13", 2),
            (Practice::Tls(TlsPractice::SmallGroup { bits: 512 }), "TLS-14", 9),
            (Practice::Tls(TlsPractice::SmallGroup { bits: 1024 }), "TLS-14", 6),
            (Practice::Tls(TlsPractice::WeakCurve(19)), "TLS-15", 5),
            (Practice::Tls(TlsPractice::Compression), "TLS-16", 5),
            (Practice::Tls(TlsPractice::InsecureRenegotiation), "TLS-17", 4),
            (Practice::Tls(TlsPractice::Heartbeat), "TLS-18", 3),
            (Practice::Tls(TlsPractice::Heartbleed), "TLS-18", 10),
            (Practice::Tls(TlsPractice::NoExtendedMasterSecret), "TLS-19", 2),
            (Practice::Tls(TlsPractice::WeakSignature { hash: 2 }), "TLS-20", 5),
            (Practice::Tls(TlsPractice::Downgrade), "TLS-21", 7),
            (Practice::Tls(TlsPractice::EarlyData), "TLS-22", 2),
            (Practice::TlsSuite(0x002f), "TLS-12", 3),
            (Practice::Ssh(SshPractice::Version1), "ADM-04", 9),
            (Practice::Ssh(SshPractice::KeyExchange), "ADM-05", 5),
            (Practice::Ssh(SshPractice::Cipher), "ADM-06", 5),
            (Practice::Ssh(SshPractice::NoCipher), "ADM-06", 9),
            (Practice::Ssh(SshPractice::Mac), "ADM-06", 5),
            (Practice::Ssh(SshPractice::HostKey), "ADM-07", 4),
            (Practice::Ssh(SshPractice::SmallHostKey { bits: 1024 }), "ADM-07", 6),
            (Practice::Ssh(SshPractice::Terrapin), "ADM-08", 3),
        ] {
            check(practice, State::Negotiated, &[(rule, severity)]);
        }
    }

    #[test]
    fn what_an_old_client_offers_is_graded_as_it_stands() {
        let old = Practice::Tls(TlsPractice::OldClient(TlsVersion::Tls10));
        check(old, State::Offered, &[("TLS-05", 4)]);
        check(Practice::Tls(TlsPractice::Fallback), State::Offered, &[("TLS-21", 3)]);
        assert!(grades(old, None).iter().all(|grade| grade.of_asking_host));
    }

    #[test]
    fn what_was_only_offered_is_four_less() {
        check(Practice::TlsVersion(TlsVersion::Tls11), State::Offered, &[("TLS-04", 1)]);
        // A hello that also lists SSL 2.0 ciphers is a row of its own in the catalogue.
        check(Practice::TlsVersion(TlsVersion::Ssl2), State::Offered, &[("TLS-01", 2)]);
    }

    #[test]
    fn what_every_windows_client_offers_is_nothing() {
        check(Practice::Smb1, State::Offered, &[]);
        check(Practice::Smb1, State::Negotiated, &[("WIN-01", 9)]);
    }

    #[test]
    fn sound_tls_breaks_no_rule() {
        for version in [TlsVersion::Tls12, TlsVersion::Tls13, TlsVersion::Dtls12, TlsVersion::Dtls13] {
            check(Practice::TlsVersion(version), State::Negotiated, &[]);
        }
        for suite in [0x1301, 0xc02f, 0xcca8, 0x009e, 0xffff] {
            check(Practice::TlsSuite(suite), State::Negotiated, &[]);
        }
    }

    #[test]
    fn a_suite_can_break_two_rules() {
        check(Practice::TlsSuite(0x0003), State::Negotiated, &[("TLS-07", 9), ("TLS-09", 7)]);
    }

    #[test]
    fn mail_servers_may_encrypt_to_anybody() {
        let severity = |protocol| grades(Practice::TlsSuite(0x0034), protocol).first().map(|g| g.severity);
        assert_eq!((severity(Some("smtp")), severity(Some("imap"))), (Some(4), Some(8)));
    }
}
