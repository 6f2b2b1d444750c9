//! Desktops, displays and who may log in to devices (ADM).

use super::rule::Rule;

/// RDP without network level authentication.
pub const RDP: Rule = Rule {
    id: "ADM-09",
    title: "RDP without network level authentication",
    severity_base: 8,
    attack: &["T1021.001", "T1210"],
    references: &["[MS-RDPBCGR] §5.4", "CVE-2019-0708"],
    replacement: "network level authentication (CredSSP)",
    why: "Anybody who reaches the port gets a logon screen before a password was asked for, and \
          whoever stands on the path can pose as the server.",
};

/// X11 display on the network.
pub const X11: Rule = Rule {
    id: "ADM-12",
    title: "X11 display on the network",
    severity_base: 7,
    attack: &["T1021"],
    references: &["X Window System Protocol, chapter 8", "CIS Benchmarks for Linux"],
    replacement: "X11 through SSH, or RDP",
    why: "Whoever opens the display, or reads the cookie on its way to it, sees every window and \
          types as its user.",
};

/// RADIUS that can be forged or read.
pub const RADIUS: Rule = Rule {
    id: "ADM-23",
    title: "RADIUS that can be forged or read",
    severity_base: 7,
    attack: &["T1557"],
    references: &["CVE-2024-3596", "RFC 2865 §5.2", "RFC 3579 §3.2"],
    replacement: "RADIUS over TLS (RFC 6614), or a Message-Authenticator in every packet",
    why: "Somebody on the path turns a refusal into an access, and who guesses the shared secret \
          reads the passwords.",
};

/// TACACS+ without TLS.
pub const TACACS: Rule = Rule {
    id: "ADM-24",
    title: "TACACS+ without TLS",
    severity_base: 4,
    attack: &["T1040"],
    references: &["RFC 8907 §10", "RFC 9887"],
    replacement: "TACACS+ over TLS 1.3 (RFC 9887)",
    why: "Passwords and commands of administrators pass in clear, or hidden so weakly that who \
          guesses the key reads them all.",
};
