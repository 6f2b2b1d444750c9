//! Shells, desktops and brokers that are used in clear (ADM, DB).

use super::rule::{Grade, Rule};

/// An rlogin session.
pub const RLOGIN: Rule = Rule {
    id: "ADM-02",
    title: "rlogin session",
    severity_base: 9,
    attack: &["T1021", "T1040"],
    references: &["RFC 1282", "CIS Benchmarks for Linux"],
    replacement: "SSH",
    why: "It believes what the client's address says, and anybody on the path reads what is typed and can type \
          along.",
};

/// A command by rsh or rexec.
pub const REMOTE_SHELL: Rule = Rule {
    id: "ADM-03",
    title: "rsh or rexec command",
    severity_base: 9,
    attack: &["T1021", "T1040"],
    references: &["CIS Benchmarks for Linux"],
    replacement: "SSH",
    why: "rsh asks for no password and rexec sends it in clear, so that anybody on the path can run commands.",
};

/// A desktop by VNC.
pub const VNC: Rule = Rule {
    id: "ADM-11",
    title: "VNC without encryption",
    severity_base: 6,
    attack: &["T1021.005"],
    references: &["RFC 6143 §7.2"],
    replacement: "VNC through SSH or TLS",
    why: "Anybody on the path watches the screen and every key; a password of eight characters is guessed from \
          what passes, and some desktops ask for none.",
};

/// A broker by MQTT.
pub const MQTT: Rule = Rule {
    id: "DB-12",
    title: "MQTT without encryption",
    severity_base: 7,
    attack: &["T1040"],
    references: &["OASIS MQTT 5.0 §5.4", "NIST IR 8259"],
    replacement: "MQTT over TLS with a certificate or password for each device",
    why: "Anybody on the path reads the password and every message; a broker that asks for none takes messages \
          from everybody.",
};

/// A session of rlogin.
pub const fn rlogin() -> Grade {
    Grade::of(&RLOGIN).granting_access()
}

/// A command.
pub const fn remote_shell() -> Grade {
    Grade::of(&REMOTE_SHELL).granting_access()
}

/// A desktop, with a password or without.
pub const fn vnc(password: bool) -> Grade {
    if password {
        return Grade::of(&VNC);
    }
    Grade::with(&VNC, 10).granting_access().noting(Some("no password was asked for"))
}

/// A client of a broker.
pub const fn mqtt(credentials: bool) -> Grade {
    let note = if credentials { "a password passed in clear" } else { "no password was asked for" };
    Grade::of(&MQTT).noting(Some(note))
}
