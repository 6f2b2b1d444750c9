//! Insecure practices as the wire shows them. Which rule, severity and advice belong to one is
//! decided in `finding`; analyzers only say what happened.

use super::TlsVersion;

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
