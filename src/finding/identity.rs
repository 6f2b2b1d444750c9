//! Windows and Kerberos: sessions and logons that can be taken over (WIN).

use super::rule::Rule;

/// SMB signing not required.
pub const SMB_SIGNING: Rule = Rule {
    id: "WIN-02",
    title: "SMB signing not required",
    severity_base: 6,
    attack: &["T1557.001"],
    references: &["[MS-SMB2] §2.2.4", "CIS Windows Benchmarks 2.3.8, 2.3.9"],
    replacement: "signing required by policy on servers and clients",
    why: "Somebody in between passes a logon on to this server and acts there as the user.",
};

/// SMB session without a logon.
pub const SMB_GUEST: Rule = Rule {
    id: "WIN-03",
    title: "SMB session without a logon",
    severity_base: 7,
    attack: &["T1135", "T1087"],
    references: &["[MS-SMB2] §2.2.6", "CIS Windows Benchmarks"],
    replacement: "accounts for everybody, guests and null sessions turned off",
    why: "Anybody lists shares, users and policies, and reads what is open to everybody.",
};

/// NTLM version 1 or LAN Manager.
pub const NTLM_1: Rule = Rule {
    id: "WIN-06",
    title: "NTLM version 1 or LAN Manager",
    severity_base: 9,
    attack: &["T1557.001", "T1110.002"],
    references: &["[MS-NLMP] §3.3.1", "CIS Windows Benchmarks 2.3.11.7"],
    replacement: "Kerberos, or NTLM version 2",
    why: "From one answer the password hash is found within hours by trying all keys of DES, and \
          it opens everything that the password opens.",
};

/// Kerberos ticket with RC4.
pub const KERBEROS_RC4: Rule = Rule {
    id: "WIN-09",
    title: "Kerberos ticket with RC4",
    severity_base: 7,
    attack: &["T1558.003"],
    references: &["RFC 8429", "CVE-2022-37966"],
    replacement: "AES-256 keys for every account",
    why: "Anybody with an account asks for such a ticket and guesses the service password from it \
          at leisure, billions of times a second.",
};

/// Kerberos ticket with DES.
pub const KERBEROS_DES: Rule = Rule {
    id: "WIN-10",
    title: "Kerberos ticket with DES",
    severity_base: 9,
    attack: &["T1558"],
    references: &["RFC 6649", "RFC 8429"],
    replacement: "AES-256 keys for every account",
    why: "The key of a ticket is found by trying all of them.",
};
