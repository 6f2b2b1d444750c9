//! Files, mail and web (FTP, MAIL, WEB): passwords outside TLS.

use super::rule::{Grade, Rule};

/// FTP.
pub const FTP_LOGIN: Rule = Rule {
    id: "FTP-01",
    title: "FTP login in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 959", "PCI DSS 2.2.5", "NSA Network Infrastructure Security Guide"],
    replacement: "SFTP, or FTP with TLS (RFC 4217)",
    why: "Anybody on the path reads the password and the files, and can change the files on their way.",
};

/// SMTP.
pub const SMTP_AUTH: Rule = Rule {
    id: "MAIL-01",
    title: "SMTP password in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 8314", "RFC 4954 §4"],
    replacement: "submission with implicit TLS (port 465)",
    why: "Anybody on the path reads the mailbox's password and can send mail in its owner's name.",
};

/// POP3.
pub const POP_LOGIN: Rule = Rule {
    id: "MAIL-02",
    title: "POP3 password in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 8314", "RFC 1939 §7"],
    replacement: "POP3 with implicit TLS (port 995)",
    why: "Anybody on the path gets the mailbox's password (with APOP, a hash that is soon broken) and reads \
          the mail.",
};

/// IMAP.
pub const IMAP_LOGIN: Rule = Rule {
    id: "MAIL-03",
    title: "IMAP password in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 8314", "RFC 9051 §11"],
    replacement: "IMAP with implicit TLS (port 993)",
    why: "Anybody on the path reads the mailbox's password and its mail.",
};

/// HTTP.
pub const HTTP_BASIC: Rule = Rule {
    id: "WEB-01",
    title: "HTTP Basic password in clear",
    severity_base: 8,
    attack: &["T1040"],
    references: &["RFC 7617 §4", "PCI DSS 8.3.2"],
    replacement: "HTTPS",
    why: "Anybody on the path reads the password, which the browser sends again with every request.",
};

/// An FTP login. An anonymous one has no password to steal.
pub const fn ftp_login(anonymous: bool) -> Grade {
    if anonymous {
        return Grade::with(&FTP_LOGIN, 5).noting(Some("anonymous"));
    }
    Grade::of(&FTP_LOGIN).granting_access()
}

/// SMTP AUTH.
pub const fn smtp_auth() -> Grade {
    Grade::of(&SMTP_AUTH).granting_access()
}

/// A POP3 login.
pub const fn pop_login() -> Grade {
    Grade::of(&POP_LOGIN).granting_access()
}

/// An IMAP login.
pub const fn imap_login() -> Grade {
    Grade::of(&IMAP_LOGIN).granting_access()
}

/// HTTP Basic authentication.
pub const fn http_basic() -> Grade {
    Grade::of(&HTTP_BASIC).granting_access()
}
