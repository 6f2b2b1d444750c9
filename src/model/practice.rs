//! Insecure practices as the wire shows them. Which rule, severity and advice belong to one is
//! decided in `finding`; analyzers only say what happened.

use super::{Fault, TlsVersion};

/// Something that was done on the wire and should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Practice {
    /// A telnet session (RFC 854).
    Telnet,
    /// SNMP version 1 or 2c: the community string passes in clear.
    SnmpCommunity {
        /// 1 or 2.
        version: u8,
        /// The community is `public` or `private`.
        default_community: bool,
        /// A SetRequest, answered without error.
        write: bool,
    },
    /// A TFTP transfer (RFC 1350).
    Tftp {
        /// The name of the file looks like a device configuration.
        configuration: bool,
    },
    /// SMB version 1 was negotiated or used.
    Smb1,
    /// An LDAP simple bind with a password, not inside TLS.
    LdapSimpleBind,
    /// A name asked for, or answered, by LLMNR (RFC 4795).
    Llmnr {
        /// Somebody answered.
        answered: bool,
    },
    /// A name asked for, or answered, by the NetBIOS name service (RFC 1002).
    Nbns {
        /// Somebody answered.
        answered: bool,
    },
    /// An FTP login in clear.
    FtpLogin {
        /// The user was `anonymous` or `ftp`.
        anonymous: bool,
    },
    /// SMTP AUTH PLAIN or LOGIN, not inside TLS.
    SmtpAuth,
    /// POP3 USER/PASS or APOP, not inside TLS.
    PopLogin,
    /// IMAP LOGIN or AUTHENTICATE PLAIN, not inside TLS.
    ImapLogin,
    /// HTTP Basic authentication, not inside TLS.
    HttpBasic,
    /// This version of TLS was negotiated.
    TlsVersion(TlsVersion),
    /// This TLS cipher suite was negotiated (IANA number).
    TlsSuite(u16),
    /// A session of rlogin (RFC 1282).
    Rlogin,
    /// A command by rsh or rexec.
    RemoteShell,
    /// A desktop shared by VNC, without TLS.
    Vnc {
        /// A password was asked for.
        password: bool,
    },
    /// A client of a message broker, by MQTT without TLS.
    Mqtt {
        /// A user or a password was sent.
        credentials: bool,
    },
    /// What else is wrong with a TLS handshake.
    Tls(TlsPractice),
    /// What is wrong with an SSH handshake.
    Ssh(SshPractice),
    /// Anything that needs no more words than its name.
    Fault(Fault),
}

/// What is wrong with a TLS handshake besides its version and its suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsPractice {
    /// A client offers this version and none newer, and it is outdated.
    OldClient(TlsVersion),
    /// A client says that it tries again with a lower version (RFC 7507).
    Fallback,
    /// The server's hello proves that it could have agreed on what the client offered, and on more than
    /// was agreed on (RFC 8446 §4.1.3): somebody on the path changed an offer.
    Downgrade,
    /// A CBC suite whose MAC is not made of what is encrypted (RFC 7366).
    MacThenEncrypt,
    /// Finite-field Diffie-Hellman with a prime of so many bits, fewer than 2,048.
    SmallGroup {
        /// Bits of the prime.
        bits: u16,
    },
    /// A curve of fewer than 224 bits (IANA number).
    WeakCurve(u16),
    /// Compression before encryption.
    Compression,
    /// The client can renegotiate safely, the server cannot (RFC 5746).
    InsecureRenegotiation,
    /// The heartbeat extension (RFC 6520).
    Heartbeat,
    /// A heartbeat that asks for more than it sent (CVE-2014-0160).
    Heartbleed,
    /// The client can bind keys to the handshake, the server cannot (RFC 7627).
    NoExtendedMasterSecret,
    /// A handshake signature with MD5 (1) or SHA-1 (2) (RFC 5246 §7.4.1.4.1).
    WeakSignature {
        /// The number of the hash.
        hash: u8,
    },
    /// Data was sent before the server answered, and may be sent again by anybody (RFC 8446 §8).
    EarlyData,
}

/// What is wrong with an SSH handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SshPractice {
    /// Protocol version 1.
    Version1,
    /// A server that speaks version 1 with whoever cannot do better (`SSH-1.99`).
    BothVersions,
    /// A key exchange that RFC 9142 advises against.
    KeyExchange,
    /// A cipher that RFC 8758 and its kin advise against.
    Cipher,
    /// No encryption at all.
    NoCipher,
    /// A MAC made of MD5, or cut to 96 bits.
    Mac,
    /// A host key of DSA, or a signature with SHA-1.
    HostKey,
    /// An RSA host key of so many bits, fewer than 2,048.
    SmallHostKey {
        /// Bits of the modulus.
        bits: u16,
    },
    /// Messages can be cut from the beginning unnoticed (CVE-2023-48795).
    Terrapin,
}

/// How far a practice went; the order is that of certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Only a port number speaks for it. Never counted, never above severity 3.
    Suspected,
    /// A client offered it.
    Offered,
    /// A server said it could.
    Capable,
    /// It was tried; the other side refused or was not seen to answer.
    Attempted,
    /// Both sides agreed on it.
    Negotiated,
    /// A credential or payload passed by it.
    Used,
}

impl State {
    /// The word of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            State::Suspected => "suspected",
            State::Offered => "offered",
            State::Capable => "capable",
            State::Attempted => "attempted",
            State::Negotiated => "negotiated",
            State::Used => "used",
        }
    }
}
