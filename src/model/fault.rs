//! Insecure practices that need no more words than their name.

/// Something that a protocol was seen to do without protection. What it means, and how much, is
/// decided in `finding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// RDP with its own encryption: no authentication of the network level.
    RdpOwnSecurity,
    /// RDP inside TLS, but the user is asked only on the server's screen.
    RdpTlsAlone,
    /// A display opened without any authorization.
    X11Open,
    /// A display opened by a cookie that passed in clear.
    X11Cookie,
    /// TACACS+ with its body in clear.
    TacacsClear,
    /// TACACS+ with its body obscured by MD5.
    TacacsObscured,
    /// RADIUS access granted without a Message-Authenticator.
    RadiusForgeable,
    /// A password in RADIUS, hidden by MD5.
    RadiusPassword,
    /// An SMB server that does not insist on signatures.
    SmbUnsigned,
    /// An SMB session of a guest.
    SmbGuest,
    /// An SMB session of nobody.
    SmbNull,
    /// An answer of NTLM version 1 with its extended security.
    NtlmSession,
    /// An answer of NTLM version 1.
    Ntlm1,
    /// An answer of LAN Manager.
    LanManager,
    /// A Kerberos ticket sealed by RC4.
    KerberosRc4,
    /// A Kerberos ticket sealed by Triple DES.
    KerberosTripleDes,
    /// A Kerberos ticket sealed by DES.
    KerberosDes,
    /// A whole zone of DNS handed out.
    ZoneTransfer,
    /// A dynamic update of DNS accepted without a signature.
    UnsignedUpdate,
    /// NFS that believes the client's word for who is who.
    NfsSystem,
    /// The port mapper's list handed out.
    PortMapperDump,
    /// The network information service (NIS).
    Nis,
    /// A module of an rsync daemon without a password.
    RsyncOpen,
    /// A module of an rsync daemon.
    RsyncDaemon,
    /// Redis without a password.
    RedisOpen,
    /// A Redis password in clear.
    RedisClear,
    /// Memcached without authentication.
    MemcachedOpen,
    /// PostgreSQL that lets everybody in, without TLS.
    PostgresTrust,
    /// A PostgreSQL password in clear.
    PostgresClear,
    /// A PostgreSQL password hidden by MD5.
    PostgresMd5,
    /// Cassandra without authentication.
    CassandraOpen,
    /// A Cassandra password in clear.
    CassandraClear,
    /// Modbus that only reads.
    ModbusRead,
    /// Modbus that writes.
    ModbusWrite,
    /// S7 communication.
    S7,
    /// S7 communication that writes to, starts or stops a controller.
    S7Control,
    /// A command of IEC 60870-5-104.
    Iec104Command,
    /// Control or restart by DNP3, without its secure authentication.
    Dnp3Control,
    /// A session of EtherNet/IP.
    EnipSession,
    /// BACnet that writes or restarts.
    BacnetWrite,
    /// An OPC UA channel without security.
    OpcUaNone,
}

impl Fault {
    /// All of them, each with the word by which it is kept.
    pub const WORDS: &'static [(Fault, &'static str)] = &[
        (Fault::RdpOwnSecurity, "rdp_own_security"),
        (Fault::RdpTlsAlone, "rdp_tls_alone"),
        (Fault::X11Open, "x11_open"),
        (Fault::X11Cookie, "x11_cookie"),
        (Fault::TacacsClear, "tacacs_clear"),
        (Fault::TacacsObscured, "tacacs_obscured"),
        (Fault::RadiusForgeable, "radius_forgeable"),
        (Fault::RadiusPassword, "radius_password"),
        (Fault::SmbUnsigned, "smb_unsigned"),
        (Fault::SmbGuest, "smb_guest"),
        (Fault::SmbNull, "smb_null"),
        (Fault::NtlmSession, "ntlm_session"),
        (Fault::Ntlm1, "ntlm_1"),
        (Fault::LanManager, "lan_manager"),
        (Fault::KerberosRc4, "kerberos_rc4"),
        (Fault::KerberosTripleDes, "kerberos_triple_des"),
        (Fault::KerberosDes, "kerberos_des"),
        (Fault::ZoneTransfer, "zone_transfer"),
        (Fault::UnsignedUpdate, "unsigned_update"),
        (Fault::NfsSystem, "nfs_system"),
        (Fault::PortMapperDump, "port_mapper_dump"),
        (Fault::Nis, "nis"),
        (Fault::RsyncOpen, "rsync_open"),
        (Fault::RsyncDaemon, "rsync_daemon"),
        (Fault::RedisOpen, "redis_open"),
        (Fault::RedisClear, "redis_clear"),
        (Fault::MemcachedOpen, "memcached_open"),
        (Fault::PostgresTrust, "postgres_trust"),
        (Fault::PostgresClear, "postgres_clear"),
        (Fault::PostgresMd5, "postgres_md5"),
        (Fault::CassandraOpen, "cassandra_open"),
        (Fault::CassandraClear, "cassandra_clear"),
        (Fault::ModbusRead, "modbus_read"),
        (Fault::ModbusWrite, "modbus_write"),
        (Fault::S7, "s7"),
        (Fault::S7Control, "s7_control"),
        (Fault::Iec104Command, "iec104_command"),
        (Fault::Dnp3Control, "dnp3_control"),
        (Fault::EnipSession, "enip_session"),
        (Fault::BacnetWrite, "bacnet_write"),
        (Fault::OpcUaNone, "opcua_none"),
    ];

    /// The word by which it is kept.
    pub fn word(self) -> &'static str {
        Fault::WORDS.iter().find(|(fault, _)| *fault == self).map_or("?", |(_, word)| word)
    }

    /// The fault of a word.
    pub fn of_word(word: &str) -> Option<Fault> {
        Fault::WORDS.iter().find(|(_, known)| *known == word).map(|(fault, _)| *fault)
    }
}
