//! What each protocol's clients and servers say to each other: one file per protocol.

mod dns;
mod http;
mod kerberos;
mod ldap;
mod mysql;
mod ntlm;
mod ntp;
mod postgres;
mod redis;
mod smb;
mod smtp;
mod snmp;
mod ssh;
mod syslog;
mod tls;

use super::random::Random;
use super::talk::{MILLISECOND, Script};

/// The protocols of the mixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP/1.1 in the clear.
    Http,
    /// HTTPS: TLS 1.2 and 1.3.
    Tls,
    /// DNS over UDP.
    Dns,
    /// SMB 2.
    Smb,
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// MySQL.
    Mysql,
    /// LDAP.
    Ldap,
    /// Kerberos over TCP.
    Kerberos,
    /// NTP.
    Ntp,
    /// SNMP v2c.
    Snmp,
    /// SMTP.
    Smtp,
    /// SSH.
    Ssh,
    /// Syslog over UDP.
    Syslog,
}

/// What the mixture has to know about a protocol.
#[derive(Debug)]
pub struct Habit {
    /// Which protocol.
    pub kind: Kind,
    /// The report's word for it.
    pub protocol: &'static str,
    /// Flows of 1,000.
    pub share: usize,
    /// Runs over UDP.
    pub udp: bool,
    /// The least packets of a flow, and the most before scaling.
    pub packets: (usize, usize),
    /// Mean time between two exchanges, nanoseconds.
    pub think: u64,
}

const fn habit(
    kind: Kind,
    protocol: &'static str,
    share: usize,
    packets: (usize, usize),
    think_milliseconds: u64,
) -> Habit {
    let udp = matches!(kind, Kind::Dns | Kind::Ntp | Kind::Snmp | Kind::Syslog);
    Habit { kind, protocol, share, udp, packets, think: think_milliseconds * MILLISECOND }
}

/// The mixture: 950 of 1,000 flows; the other 50 are attempts that fail.
pub const HABITS: &[Habit] = &[
    habit(Kind::Http, "http", 130, (12, 6000), 700),
    habit(Kind::Tls, "tls", 270, (16, 6000), 900),
    habit(Kind::Dns, "dns", 290, (2, 2), 20),
    habit(Kind::Smb, "smb", 35, (40, 8000), 300),
    habit(Kind::Postgres, "postgresql", 35, (20, 3000), 900),
    habit(Kind::Redis, "redis", 25, (16, 2000), 600),
    habit(Kind::Mysql, "mysql", 25, (20, 3000), 900),
    habit(Kind::Ldap, "ldap", 30, (12, 200), 200),
    habit(Kind::Kerberos, "kerberos", 30, (8, 14), 5),
    habit(Kind::Ntp, "ntp", 15, (2, 4), 2000),
    habit(Kind::Snmp, "snmp", 30, (2, 16), 50),
    habit(Kind::Smtp, "smtp", 12, (24, 600), 100),
    habit(Kind::Ssh, "ssh", 13, (40, 2000), 400),
    habit(Kind::Syslog, "syslog", 10, (4, 40), 2000),
];

/// A new talk of this kind with a server of this name; `chain` is its certificates.
pub fn script(kind: Kind, server: &str, chain: usize, random: &mut Random) -> Box<dyn Script> {
    match kind {
        Kind::Http => Box::new(http::Http::new(server)),
        Kind::Tls => Box::new(tls::Tls::new(server, chain, random)),
        Kind::Dns => Box::new(dns::Dns),
        Kind::Smb => Box::new(smb::Smb::new(server, random)),
        Kind::Postgres => Box::new(postgres::Postgres),
        Kind::Redis => Box::new(redis::Redis),
        Kind::Mysql => Box::new(mysql::Mysql),
        Kind::Ldap => Box::new(ldap::Ldap::default()),
        Kind::Kerberos => Box::new(kerberos::Kerberos::default()),
        Kind::Ntp => Box::new(ntp::Ntp),
        Kind::Snmp => Box::new(snmp::Snmp::new(random)),
        Kind::Smtp => Box::new(smtp::Smtp::new(server)),
        Kind::Ssh => Box::new(ssh::Ssh),
        Kind::Syslog => Box::new(syslog::Syslog),
    }
}
