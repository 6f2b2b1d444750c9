//! Versions of TLS, SSL and DTLS.

/// A version of the protocol, as negotiated or offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// SSL 2.0 (1995), prohibited by RFC 6176.
    Ssl2,
    /// SSL 3.0 (RFC 6101), deprecated by RFC 7568.
    Ssl3,
    /// TLS 1.0 (RFC 2246), deprecated by RFC 8996.
    Tls10,
    /// TLS 1.1 (RFC 4346), deprecated by RFC 8996.
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
    /// DTLS 1.0 (RFC 4347), deprecated by RFC 8996.
    Dtls10,
    /// DTLS 1.2 (RFC 6347).
    Dtls12,
    /// DTLS 1.3 (RFC 9147).
    Dtls13,
}

impl TlsVersion {
    /// The version of a code on the wire, if it is one we know. Drafts of TLS 1.3 (`7fxx`) count as 1.3.
    pub const fn from_wire(code: u16) -> Option<TlsVersion> {
        Some(match code {
            0x0002 => TlsVersion::Ssl2,
            0x0300 => TlsVersion::Ssl3,
            0x0301 => TlsVersion::Tls10,
            0x0302 => TlsVersion::Tls11,
            0x0303 => TlsVersion::Tls12,
            0x0304 | 0x7f00..=0x7fff => TlsVersion::Tls13,
            0xfeff | 0x0100 => TlsVersion::Dtls10,
            0xfefd => TlsVersion::Dtls12,
            0xfefc => TlsVersion::Dtls13,
            _ => return None,
        })
    }

    /// True for versions that RFC 6176, RFC 7568 and RFC 8996 have withdrawn.
    pub const fn is_outdated(self) -> bool {
        matches!(
            self,
            TlsVersion::Ssl2 | TlsVersion::Ssl3 | TlsVersion::Tls10 | TlsVersion::Tls11 | TlsVersion::Dtls10
        )
    }

    /// The spelling of the contract.
    pub const fn name(self) -> &'static str {
        match self {
            TlsVersion::Ssl2 => "ssl2",
            TlsVersion::Ssl3 => "ssl3",
            TlsVersion::Tls10 => "1.0",
            TlsVersion::Tls11 => "1.1",
            TlsVersion::Tls12 => "1.2",
            TlsVersion::Tls13 => "1.3",
            TlsVersion::Dtls10 => "dtls1.0",
            TlsVersion::Dtls12 => "dtls1.2",
            TlsVersion::Dtls13 => "dtls1.3",
        }
    }
}
