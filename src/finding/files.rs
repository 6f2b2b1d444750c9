//! Files that are served without asking who comes (NFS, FIL).

use super::rule::Rule;

/// rsync daemon without encryption.
pub const RSYNC: Rule = Rule {
    id: "FIL-01",
    title: "rsync daemon without encryption",
    severity_base: 5,
    attack: &["T1213"],
    references: &["CIS Benchmarks for Linux"],
    replacement: "rsync through SSH",
    why: "Files pass in clear, and a module without a password is open to everybody who reaches \
          the port.",
};

/// NFS that trusts the client.
pub const NFS: Rule = Rule {
    id: "NFS-01",
    title: "NFS that trusts the client",
    severity_base: 6,
    attack: &["T1213"],
    references: &["RFC 9289 §1", "RFC 7530 §3.2.1"],
    replacement: "Kerberos (krb5p), or NFS over TLS",
    why: "A client says which user it is and is believed; anybody on the path reads and changes \
          the files.",
};

/// Port mapper or NIS on the network.
pub const RPC_SERVICES: Rule = Rule {
    id: "NFS-02",
    title: "Port mapper or NIS on the network",
    severity_base: 4,
    attack: &["T1046"],
    references: &["RFC 1833", "CIS Benchmarks for Linux"],
    replacement: "a firewall before the port mapper; LDAP in the place of NIS",
    why: "The list of services shows where to attack; NIS gives the password hashes of all users \
          to whoever asks.",
};
