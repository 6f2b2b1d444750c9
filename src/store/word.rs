//! Words in rows for what the code knows by name, both ways.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::model::{
    Capability, Evidence, Fault, IndicatorKind, NameSource, Practice, Realm, RealmKind, Role, SshPractice,
    State, TlsPractice, TlsVersion, TokenKind, Transport,
};

/// Words that a process takes over from stores: names of protocols, roles, malformed things. The
/// program's own are a few hundred; more than this come from somebody who writes into the store.
const WORDS_MAX: usize = 4_096;

/// What stands for a word that found no room.
const UNKNOWN: &str = "unknown";

/// A word that lives as long as the process, each only once.
pub fn kept(word: &str) -> &'static str {
    static WORDS: OnceLock<Mutex<HashSet<&'static str>>> = OnceLock::new();
    let words = WORDS.get_or_init(Mutex::default);
    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(word) = words.get(word) {
        return word;
    }
    if words.len() >= WORDS_MAX {
        return UNKNOWN;
    }
    let word: &'static str = Box::leak(word.to_owned().into_boxed_str());
    words.insert(word);
    word
}

/// A thing that has a word in rows.
pub trait Word: Copy + PartialEq + 'static {
    /// Every such thing with its word.
    const WORDS: &'static [(Self, &'static str)];

    /// Its word.
    fn to_word(self) -> &'static str {
        Self::WORDS.iter().find(|(thing, _)| *thing == self).map_or(UNKNOWN, |(_, word)| word)
    }

    /// The thing of a word.
    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(thing, _)| *thing)
    }
}

impl Word for Transport {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Transport::Tcp, "tcp"), (Transport::Udp, "udp"), (Transport::Sctp, "sctp")];
}

impl Word for Role {
    const WORDS: &'static [(Self, &'static str)] = &[(Role::Client, "client"), (Role::Server, "server")];
}

impl Word for Evidence {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Evidence::Syn, "syn"),
        (Evidence::SynAck, "syn_ack"),
        (Evidence::Protocol, "protocol"),
        (Evidence::Announced, "announced"),
        (Evidence::KnownService, "known_service"),
        (Evidence::FanIn, "fan_in"),
        (Evidence::Port, "port"),
        (Evidence::FirstPacket, "first_packet"),
        (Evidence::None, "none"),
    ];
}

impl Word for Capability {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Capability::Infra, "infra"),
        (Capability::Data, "data"),
        (Capability::DbExec, "db-exec"),
        (Capability::ExecDesktop, "exec-desktop"),
        (Capability::ExecShell, "exec-shell"),
        (Capability::ExecAdmin, "exec-admin"),
        (Capability::ExecShellClear, "exec-shell-clear"),
        (Capability::ExecDesktopOpen, "exec-desktop-open"),
        (Capability::ExecApi, "exec-api"),
        (Capability::OtWrite, "ot-write"),
    ];
}

impl Word for NameSource {
    const WORDS: &'static [(Self, &'static str)] = &[
        (NameSource::Dns, "dns"),
        (NameSource::Dhcp, "dhcp"),
        (NameSource::Mdns, "mdns"),
        (NameSource::Llmnr, "llmnr"),
        (NameSource::Nbns, "nbns"),
        (NameSource::Sni, "sni"),
        (NameSource::Certificate, "certificate"),
        (NameSource::HttpHost, "http_host"),
        (NameSource::Ntlm, "ntlm"),
        (NameSource::Kerberos, "kerberos"),
        (NameSource::Smb, "smb"),
        (NameSource::Lldp, "lldp"),
        (NameSource::Cdp, "cdp"),
    ];
}

impl Word for TlsVersion {
    const WORDS: &'static [(Self, &'static str)] = &[
        (TlsVersion::Ssl2, "ssl2"),
        (TlsVersion::Ssl3, "ssl3"),
        (TlsVersion::Tls10, "1.0"),
        (TlsVersion::Tls11, "1.1"),
        (TlsVersion::Tls12, "1.2"),
        (TlsVersion::Tls13, "1.3"),
        (TlsVersion::Dtls10, "dtls1.0"),
        (TlsVersion::Dtls12, "dtls1.2"),
        (TlsVersion::Dtls13, "dtls1.3"),
    ];
}

impl Word for State {
    const WORDS: &'static [(Self, &'static str)] = &[
        (State::Suspected, "suspected"),
        (State::Offered, "offered"),
        (State::Capable, "capable"),
        (State::Attempted, "attempted"),
        (State::Negotiated, "negotiated"),
        (State::Used, "used"),
    ];
}

impl Word for TokenKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (TokenKind::TraceId, "trace-id"),
        (TokenKind::RequestId, "request-id"),
        (TokenKind::ClientRandom, "client-random"),
        (TokenKind::MessageId, "message-id"),
        (TokenKind::KerberosTicket, "kerberos-ticket"),
    ];
}

impl Word for IndicatorKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (IndicatorKind::Asked, "asked"),
        (IndicatorKind::Resolved, "resolved"),
        (IndicatorKind::Sni, "sni"),
        (IndicatorKind::HttpHost, "http_host"),
        (IndicatorKind::Ja4, "ja4"),
        (IndicatorKind::User, "user"),
    ];
}

/// Practices that have nothing more to say than their name.
const PRACTICES: &[(Practice, &str)] = &[
    (Practice::Telnet, "telnet"),
    (Practice::Smb1, "smb1"),
    (Practice::LdapSimpleBind, "ldap_simple_bind"),
    (Practice::SmtpAuth, "smtp_auth"),
    (Practice::PopLogin, "pop_login"),
    (Practice::ImapLogin, "imap_login"),
    (Practice::HttpBasic, "http_basic"),
    (Practice::Tftp { configuration: false }, "tftp"),
    (Practice::Tftp { configuration: true }, "tftp configuration"),
    (Practice::Llmnr { answered: false }, "llmnr"),
    (Practice::Llmnr { answered: true }, "llmnr answered"),
    (Practice::Nbns { answered: false }, "nbns"),
    (Practice::Nbns { answered: true }, "nbns answered"),
    (Practice::FtpLogin { anonymous: false }, "ftp_login"),
    (Practice::FtpLogin { anonymous: true }, "ftp_login anonymous"),
    (Practice::Rlogin, "rlogin"),
    (Practice::RemoteShell, "remote_shell"),
    (Practice::Vnc { password: false }, "vnc"),
    (Practice::Vnc { password: true }, "vnc password"),
    (Practice::Mqtt { credentials: false }, "mqtt"),
    (Practice::Mqtt { credentials: true }, "mqtt credentials"),
    (Practice::Tls(TlsPractice::Fallback), "tls_fallback"),
    (Practice::Tls(TlsPractice::Downgrade), "tls_downgrade"),
    (Practice::Tls(TlsPractice::MacThenEncrypt), "tls_mac_then_encrypt"),
    (Practice::Tls(TlsPractice::Compression), "tls_compression"),
    (Practice::Tls(TlsPractice::InsecureRenegotiation), "tls_insecure_renegotiation"),
    (Practice::Tls(TlsPractice::Heartbeat), "tls_heartbeat"),
    (Practice::Tls(TlsPractice::Heartbleed), "tls_heartbleed"),
    (Practice::Tls(TlsPractice::NoExtendedMasterSecret), "tls_no_extended_master_secret"),
    (Practice::Tls(TlsPractice::EarlyData), "tls_early_data"),
    (Practice::Ssh(SshPractice::Version1), "ssh_version_1"),
    (Practice::Ssh(SshPractice::BothVersions), "ssh_both_versions"),
    (Practice::Ssh(SshPractice::KeyExchange), "ssh_key_exchange"),
    (Practice::Ssh(SshPractice::Cipher), "ssh_cipher"),
    (Practice::Ssh(SshPractice::NoCipher), "ssh_no_cipher"),
    (Practice::Ssh(SshPractice::Mac), "ssh_mac"),
    (Practice::Ssh(SshPractice::HostKey), "ssh_host_key"),
    (Practice::Ssh(SshPractice::Terrapin), "ssh_terrapin"),
];

/// A practice and what is said with it: `snmp 2 default write`, `tls_suite 0xc014`.
pub fn of_practice(practice: Practice) -> String {
    match practice {
        Practice::SnmpCommunity { version, default_community, write } => {
            let default = if default_community { " default" } else { "" };
            let write = if write { " write" } else { "" };
            format!("snmp {version}{default}{write}")
        }
        Practice::TlsVersion(version) => format!("tls_version {}", version.to_word()),
        Practice::TlsSuite(number) => format!("tls_suite 0x{number:04x}"),
        Practice::Tls(TlsPractice::OldClient(version)) => format!("tls_old_client {}", version.to_word()),
        Practice::Tls(TlsPractice::SmallGroup { bits }) => format!("tls_small_group {bits}"),
        Practice::Tls(TlsPractice::WeakCurve(number)) => format!("tls_weak_curve {number}"),
        Practice::Tls(TlsPractice::WeakSignature { hash }) => format!("tls_weak_signature {hash}"),
        Practice::Ssh(SshPractice::SmallHostKey { bits }) => format!("ssh_small_host_key {bits}"),
        Practice::Fault(fault) => format!("fault {}", fault.word()),
        plain => {
            PRACTICES.iter().find(|(known, _)| *known == plain).map_or(UNKNOWN, |(_, word)| word).to_owned()
        }
    }
}

/// The practice of a text.
pub fn practice(text: &str) -> Option<Practice> {
    if let Some((practice, _)) = PRACTICES.iter().find(|(_, word)| *word == text) {
        return Some(*practice);
    }
    let (word, rest) = text.split_once(' ')?;
    Some(match word {
        "snmp" => {
            let mut words = rest.split(' ');
            let version = words.next()?.parse().ok()?;
            let more: Vec<&str> = words.collect();
            let [default_community, write] = ["default", "write"].map(|word| more.contains(&word));
            Practice::SnmpCommunity { version, default_community, write }
        }
        "tls_version" => Practice::TlsVersion(TlsVersion::of_word(rest)?),
        "tls_suite" => Practice::TlsSuite(u16::from_str_radix(rest.strip_prefix("0x")?, 16).ok()?),
        "fault" => Practice::Fault(Fault::of_word(rest)?),
        "tls_old_client" => Practice::Tls(TlsPractice::OldClient(TlsVersion::of_word(rest)?)),
        "tls_small_group" => Practice::Tls(TlsPractice::SmallGroup { bits: rest.parse().ok()? }),
        "tls_weak_curve" => Practice::Tls(TlsPractice::WeakCurve(rest.parse().ok()?)),
        "tls_weak_signature" => Practice::Tls(TlsPractice::WeakSignature { hash: rest.parse().ok()? }),
        "ssh_small_host_key" => Practice::Ssh(SshPractice::SmallHostKey { bits: rest.parse().ok()? }),
        _ => return None,
    })
}

/// A realm's text: nothing for the tapped network.
pub fn of_realm(realm: Realm) -> String {
    realm.name().unwrap_or_default()
}

/// The realm of a text.
pub fn realm(text: &str) -> Option<Realm> {
    let (kind, id) = match text {
        "" => return Some(Realm::DEFAULT),
        "gtp" => return Some(Realm::overlay(RealmKind::Gtp, 0)),
        _ => text.split_once(':')?,
    };
    let kind = match kind {
        "vxlan" => RealmKind::Vxlan,
        "geneve" => RealmKind::Geneve,
        "gre" => RealmKind::Gre,
        _ => return None,
    };
    Some(Realm::overlay(kind, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_way<T: Word + std::fmt::Debug>() {
        for (thing, word) in T::WORDS {
            assert_eq!(T::of_word(word), Some(*thing), "{word} is the word of two things");
            assert_eq!(thing.to_word(), *word);
        }
        assert_eq!(T::of_word("no such word"), None);
    }

    #[test]
    fn words_come_back_as_what_they_were() {
        each_way::<Transport>();
        each_way::<Role>();
        each_way::<Evidence>();
        each_way::<Capability>();
        each_way::<NameSource>();
        each_way::<TlsVersion>();
        each_way::<State>();
        each_way::<TokenKind>();
        each_way::<IndicatorKind>();
        assert!(Capability::ALL.iter().all(|each| each.to_word() != UNKNOWN));
    }

    #[test]
    fn practices_and_realms_come_back_with_what_they_say() {
        let mut practices: Vec<Practice> = PRACTICES.iter().map(|(practice, _)| *practice).collect();
        practices.extend([
            Practice::SnmpCommunity { version: 1, default_community: false, write: false },
            Practice::SnmpCommunity { version: 2, default_community: true, write: true },
            Practice::TlsVersion(TlsVersion::Tls10),
            Practice::TlsSuite(0xc014),
            Practice::Tls(TlsPractice::OldClient(TlsVersion::Tls11)),
            Practice::Tls(TlsPractice::SmallGroup { bits: 1024 }),
            Practice::Tls(TlsPractice::WeakCurve(19)),
            Practice::Tls(TlsPractice::WeakSignature { hash: 2 }),
            Practice::Ssh(SshPractice::SmallHostKey { bits: 1024 }),
        ]);
        practices.extend(Fault::WORDS.iter().map(|(fault, _)| Practice::Fault(*fault)));
        for each in practices {
            assert_eq!(practice(&of_practice(each)), Some(each));
        }
        for (kind, id) in
            [(RealmKind::Vxlan, 7), (RealmKind::Geneve, 8), (RealmKind::Gre, 9), (RealmKind::Gtp, 0)]
        {
            assert_eq!(realm(&of_realm(Realm::overlay(kind, id))), Some(Realm::overlay(kind, id)));
        }
        assert_eq!((realm(""), realm("vxlan"), practice("snmp x")), (Some(Realm::DEFAULT), None, None));
    }

    #[test]
    fn a_word_is_kept_once() {
        let (one, other) = (kept("some-protocol"), kept(&String::from("some-protocol")));
        assert!(std::ptr::eq(one, other));
    }
}
