//! Windows, identity and naming (WIN).

use super::rule::{Grade, Rule};

/// SMB version 1.
pub const SMB1: Rule = Rule {
    id: "WIN-01",
    title: "SMB version 1",
    severity_base: 9,
    attack: &["T1210", "T1021.002"],
    references: &["MS17-010", "CISA StopRansomware Guide", "CIS Windows Benchmarks"],
    replacement: "SMB 3.1.1",
    why: "Worms run code on unpatched machines through SMB version 1, and nothing in it keeps somebody on the \
          path from changing what is read and written.",
};

/// LDAP simple bind.
pub const LDAP_SIMPLE_BIND: Rule = Rule {
    id: "WIN-12",
    title: "LDAP password in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 4513 §6.3", "ADV190023"],
    replacement: "LDAPS, or StartTLS before the bind",
    why: "Anybody on the path reads a directory password, which usually opens much more than the directory.",
};

/// LLMNR.
pub const LLMNR: Rule = Rule {
    id: "WIN-15",
    title: "LLMNR name resolution",
    severity_base: 5,
    attack: &["T1557.001"],
    references: &["RFC 4795", "CIS Windows Benchmarks 18.6.4"],
    replacement: "DNS, with LLMNR turned off by policy",
    why: "Any machine on the link can answer such a question with its own address and be sent the asking \
          user's password hash.",
};

/// The NetBIOS name service.
pub const NBNS: Rule = Rule {
    id: "WIN-16",
    title: "NetBIOS name resolution",
    severity_base: 5,
    attack: &["T1557.001"],
    references: &["RFC 1002", "CIS Windows Benchmarks"],
    replacement: "DNS, with NetBIOS over TCP/IP turned off",
    why: "Any machine on the link can answer such a question with its own address and be sent the asking \
          user's password hash.",
};

/// SMB version 1. Every Windows client opens with a list that has it, and then speaks what the
/// server picked: only the pick counts.
pub const fn smb1() -> Grade {
    Grade::of(&SMB1).granting_access().harmless_when_offered()
}

/// An LDAP simple bind with a password.
pub const fn ldap_simple_bind() -> Grade {
    Grade::of(&LDAP_SIMPLE_BIND).granting_access()
}

/// A question by LLMNR, or an answer that was believed.
pub const fn llmnr(answered: bool) -> Grade {
    question(&LLMNR, answered)
}

/// A question by the NetBIOS name service, or an answer that was believed.
pub const fn nbns(answered: bool) -> Grade {
    question(&NBNS, answered)
}

const fn question(rule: &'static Rule, answered: bool) -> Grade {
    let grade =
        if answered { Grade::with(rule, 7).noting(Some("an answer was believed")) } else { Grade::of(rule) };
    Grade { of_asking_host: true, ..grade }
}
