//! Data stores that ask for no password, or show it (DB).

use super::rule::Rule;

/// Redis without a password or TLS.
pub const REDIS: Rule = Rule {
    id: "DB-01",
    title: "Redis without a password or TLS",
    severity_base: 9,
    attack: &["T1213", "T1210"],
    references: &["Redis documentation, Security", "CIS Redis Benchmark"],
    replacement: "access lists (ACL) and TLS",
    why: "Anybody who reaches the port reads and changes everything, and makes the server write \
          files and run code.",
};

/// Memcached without authentication.
pub const MEMCACHED: Rule = Rule {
    id: "DB-03",
    title: "Memcached without authentication",
    severity_base: 7,
    attack: &["T1213", "T1498.002"],
    references: &["CVE-2018-1000115"],
    replacement: "an address that only its clients reach, SASL and TLS",
    why: "Anybody who reaches the port reads, changes and deletes what is cached: sessions, among \
          others.",
};

/// PostgreSQL password without TLS.
pub const POSTGRESQL: Rule = Rule {
    id: "DB-06",
    title: "PostgreSQL password without TLS",
    severity_base: 6,
    attack: &["T1040"],
    references: &["PostgreSQL documentation, chapter Client Authentication", "CIS PostgreSQL Benchmark"],
    replacement: "TLS required, with SCRAM-SHA-256",
    why: "Anybody on the path reads the password or what it can be guessed from, and every query; \
          where none is asked for, anybody is in.",
};

/// Cassandra without authentication or TLS.
pub const CASSANDRA: Rule = Rule {
    id: "DB-09",
    title: "Cassandra without authentication or TLS",
    severity_base: 7,
    attack: &["T1213"],
    references: &["CIS Apache Cassandra Benchmark"],
    replacement: "PasswordAuthenticator with client encryption",
    why: "Anybody who reaches the port, or reads the password on its way, has all tables.",
};
