//! Which rule a fault breaks, and how badly.

use super::rule::Grade;
use super::{administration as adm, data_stores as data, files, identity, naming, operational as ot};
use crate::model::Fault;

/// What is wrong with a fault.
pub const fn grade(fault: Fault) -> Grade {
    match fault {
        Fault::RdpOwnSecurity => Grade::of(&adm::RDP).noting(Some("without TLS")),
        Fault::RdpTlsAlone => Grade::with(&adm::RDP, 5).noting(Some("TLS without CredSSP")),
        Fault::X11Open => {
            Grade::with(&adm::X11, 9).granting_access().noting(Some("no authorization is asked for"))
        }
        Fault::X11Cookie => Grade::of(&adm::X11).noting(Some("the cookie passed in clear")),
        Fault::RadiusForgeable => Grade::of(&adm::RADIUS).noting(Some("no Message-Authenticator")),
        Fault::RadiusPassword => Grade::with(&adm::RADIUS, 6).noting(Some("PAP over UDP")),
        Fault::TacacsClear => {
            Grade::with(&adm::TACACS, 9).granting_access().noting(Some("the body is in clear"))
        }
        Fault::TacacsObscured => Grade::of(&adm::TACACS),
        Fault::SmbUnsigned => Grade::of(&identity::SMB_SIGNING),
        Fault::SmbGuest => Grade::of(&identity::SMB_GUEST).noting(Some("as guest")),
        Fault::SmbNull => Grade::of(&identity::SMB_GUEST).noting(Some("as nobody")),
        Fault::NtlmSession => {
            Grade::with(&identity::NTLM_1, 8).granting_access().noting(Some("NTLM2 session response"))
        }
        Fault::Ntlm1 => Grade::of(&identity::NTLM_1).granting_access(),
        Fault::LanManager => {
            Grade::with(&identity::NTLM_1, 10).granting_access().noting(Some("LAN Manager response"))
        }
        Fault::KerberosRc4 => Grade::of(&identity::KERBEROS_RC4),
        Fault::KerberosTripleDes => Grade::with(&identity::KERBEROS_DES, 6).noting(Some("Triple DES")),
        Fault::KerberosDes => Grade::of(&identity::KERBEROS_DES).granting_access(),
        Fault::ZoneTransfer => Grade::of(&naming::ZONE_TRANSFER),
        Fault::UnsignedUpdate => Grade::of(&naming::UNSIGNED_UPDATE),
        Fault::NfsSystem => Grade::of(&files::NFS),
        Fault::PortMapperDump => Grade::of(&files::RPC_SERVICES),
        Fault::Nis => Grade::with(&files::RPC_SERVICES, 8).granting_access().noting(Some("NIS")),
        Fault::RsyncOpen => Grade::with(&files::RSYNC, 7).noting(Some("a module without a password")),
        Fault::RsyncDaemon => Grade::of(&files::RSYNC),
        Fault::RedisOpen => {
            Grade::of(&data::REDIS).granting_access().noting(Some("no password is asked for"))
        }
        Fault::RedisClear => Grade::with(&data::REDIS, 7).noting(Some("the password is in clear")),
        Fault::MemcachedOpen => Grade::of(&data::MEMCACHED),
        Fault::PostgresTrust => {
            Grade::with(&data::POSTGRESQL, 8).granting_access().noting(Some("no password is asked for"))
        }
        Fault::PostgresClear => {
            Grade::with(&data::POSTGRESQL, 9).granting_access().noting(Some("the password is in clear"))
        }
        Fault::PostgresMd5 => Grade::of(&data::POSTGRESQL).noting(Some("MD5")),
        Fault::CassandraOpen => Grade::of(&data::CASSANDRA).noting(Some("no password is asked for")),
        Fault::CassandraClear => {
            Grade::with(&data::CASSANDRA, 8).granting_access().noting(Some("the password is in clear"))
        }
        Fault::ModbusRead => Grade::of(&ot::MODBUS),
        Fault::ModbusWrite => Grade::with(&ot::MODBUS, 8).granting_access().noting(Some("writes")),
        Fault::S7 => Grade::of(&ot::S7),
        Fault::S7Control => {
            Grade::with(&ot::S7, 9).granting_access().noting(Some("writes, or starts and stops"))
        }
        Fault::Iec104Command => Grade::of(&ot::IEC104).granting_access(),
        Fault::Dnp3Control => Grade::of(&ot::DNP3).granting_access(),
        Fault::EnipSession => Grade::of(&ot::ENIP),
        Fault::BacnetWrite => Grade::of(&ot::BACNET),
        Fault::OpcUaNone => Grade::of(&ot::OPC_UA),
    }
}
