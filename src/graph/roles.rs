//! What a host is for, read from the services it offers.

/// The role that offering a protocol gives a host, if it gives one.
pub fn role_of(protocol: &str) -> Option<&'static str> {
    Some(match protocol {
        "dns" => "dns-server",
        "dhcp" | "dhcpv6" => "dhcp-server",
        "ntp" => "time-server",
        "kerberos" => "domain-controller",
        "ldap" | "cldap" => "directory",
        "smb" => "file-server",
        "http" | "http2" => "web-server",
        "smtp" | "imap" | "pop3" => "mail-server",
        "postgresql" | "mysql" | "mssql" | "oracle" | "mongodb" | "cassandra" => "database",
        "redis" | "memcached" => "cache",
        "ftp" | "tftp" => "file-transfer",
        _ => return None,
    })
}
