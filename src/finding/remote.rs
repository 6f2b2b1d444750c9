//! Remote administration and infrastructure (ADM).

use super::rule::{Grade, Rule};

/// Telnet.
pub const TELNET: Rule = Rule {
    id: "ADM-01",
    title: "Telnet session",
    severity_base: 9,
    attack: &["T1040", "T1021"],
    references: &[
        "RFC 854",
        "NSA Network Infrastructure Security Guide",
        "PCI DSS 2.2.7",
        "CIS Controls 12.3",
    ],
    replacement: "SSH",
    why: "Anybody on the path reads the password and every command, and can type commands of their own into \
          the session.",
};

/// SNMP versions 1 and 2c.
pub const SNMP: Rule = Rule {
    id: "ADM-16",
    title: "SNMP version 1 or 2c",
    severity_base: 6,
    attack: &["T1602.001"],
    references: &["RFC 3410", "CISA TA17-156A", "PCI DSS 2.2.5"],
    replacement: "SNMPv3 with authPriv",
    why: "The community string passes in clear, and who has read it can read the device's state or, where \
          writing is allowed, change its configuration.",
};

/// TFTP.
pub const TFTP: Rule = Rule {
    id: "ADM-18",
    title: "TFTP transfer",
    severity_base: 6,
    attack: &["T1602.002"],
    references: &["RFC 1350", "NSA Network Infrastructure Security Guide"],
    replacement: "SCP or HTTPS",
    why: "TFTP asks for no password: anybody who guesses a file's name can fetch it, and anybody on the path \
          can read or replace what is transferred.",
};

/// A telnet session.
pub const fn telnet() -> Grade {
    Grade::of(&TELNET).granting_access()
}

/// SNMP with a community; the worst that was seen counts.
pub const fn snmp(default_community: bool, write: bool) -> Grade {
    let (severity, note) = match (write, default_community) {
        (true, true) => (9, Some("a write with a default community was accepted")),
        (true, false) => (9, Some("a write was accepted")),
        (false, true) => (SNMP.severity_base + 2, Some("a default community is in use")),
        (false, false) => (SNMP.severity_base, None),
    };
    Grade::with(&SNMP, severity).granting_access().noting(note)
}

/// A TFTP transfer.
pub const fn tftp(configuration: bool) -> Grade {
    if configuration {
        return Grade::with(&TFTP, 8)
            .granting_access()
            .noting(Some("a device's configuration was transferred"));
    }
    Grade::of(&TFTP)
}
