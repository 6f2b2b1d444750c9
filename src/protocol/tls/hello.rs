//! ClientHello and ServerHello (RFC 8446 §4.1, RFC 5246 §7.4.1).

use compact_str::CompactString;

use crate::model::TlsVersion;
use crate::protocol::wording::visible;

use super::reader::{Reader, numbers};

/// Extensions whose content is read, by their IANA numbers.
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    /// RFC 9849.
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// A ServerHello with this random asks the client to try again (RFC 8446 §4.1.3): the SHA-256 of
/// "HelloRetryRequest".
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Longest host name (RFC 1035 §2.3.4) without its last dot.
const NAME_LEN_MAX: usize = 253;

/// ALPN names that are told. Clients offer two or three.
const ALPN_MAX: usize = 16;

/// What carries the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Carrier {
    /// TLS over a stream.
    Stream,
    /// DTLS over datagrams.
    Datagram,
    /// TLS 1.3 inside QUIC.
    Quic,
}

/// A ClientHello, taken apart.
#[derive(Debug)]
pub(in crate::protocol) struct ClientHello<'a> {
    /// `client_version`, `legacy_version` since TLS 1.3.
    pub(in crate::protocol) legacy_version: u16,
    /// 32 bytes; empty in the old form of SSL 2.0.
    pub(in crate::protocol) random: &'a [u8],
    pub(in crate::protocol) session_id: &'a [u8],
    pub(in crate::protocol) suites: Vec<u16>,
    /// Types of all extensions, in the client's order.
    pub(in crate::protocol) extensions: Vec<u16>,
    pub(in crate::protocol) server_name: Option<CompactString>,
    /// ALPN names as sent.
    pub(in crate::protocol) alpn: Vec<&'a [u8]>,
    pub(in crate::protocol) supported_versions: Vec<u16>,
    pub(in crate::protocol) signature_algorithms: Vec<u16>,
    /// An encrypted ClientHello, or its decoy, is inside.
    pub(in crate::protocol) ech: bool,
    /// All extensions could be read.
    pub(in crate::protocol) well_formed: bool,
}

impl<'a> ClientHello<'a> {
    /// A hello without extensions.
    pub(super) const fn bare(legacy_version: u16, session_id: &'a [u8], suites: Vec<u16>) -> Self {
        ClientHello {
            legacy_version,
            random: &[],
            session_id,
            suites,
            extensions: Vec::new(),
            server_name: None,
            alpn: Vec::new(),
            supported_versions: Vec::new(),
            signature_algorithms: Vec::new(),
            ech: false,
            well_formed: true,
        }
    }

    /// Reads the body of the message. What extensions tell before the first malformed one is kept.
    pub(in crate::protocol) fn parse(body: &'a [u8], carrier: Carrier) -> Option<ClientHello<'a>> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16()?;
        let random = reader.take(32)?;
        let session_id = reader.vector8()?;
        if carrier == Carrier::Datagram {
            // The cookie (RFC 6347 §4.2.1).
            reader.vector8()?;
        }
        let suites = numbers(reader.vector16()?);
        reader.vector8()?;
        let mut hello = ClientHello::bare(legacy_version, session_id, suites);
        hello.random = random;
        hello.well_formed = reader.is_empty() || hello.read_extensions(reader).is_some();
        Some(hello)
    }

    fn read_extensions(&mut self, mut reader: Reader<'a>) -> Option<()> {
        let mut reader = Reader::new(reader.vector16()?);
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let content = reader.vector16()?;
            self.extensions.push(kind);
            let mut content = Reader::new(content);
            match kind {
                extension::SERVER_NAME => self.server_name = server_name(content),
                extension::ALPN => self.alpn = alpn_names(content),
                extension::SIGNATURE_ALGORITHMS => self.signature_algorithms = numbers(content.vector16()?),
                extension::SUPPORTED_VERSIONS => self.supported_versions = numbers(content.vector8()?),
                extension::ENCRYPTED_CLIENT_HELLO => self.ech = true,
                _ => {}
            }
        }
        Some(())
    }

    /// The highest version offered, if any is known.
    pub(in crate::protocol) fn version(&self) -> Option<TlsVersion> {
        let offered = self.supported_versions.iter().filter_map(|code| TlsVersion::from_wire(*code)).max();
        offered.or_else(|| match self.legacy_version {
            // A client of the future says so here and means at least TLS 1.2 (RFC 5246 §E.1).
            0x0304..=0x03ff => Some(TlsVersion::Tls12),
            code => TlsVersion::from_wire(code),
        })
    }

    /// The ALPN names that can be shown.
    pub(in crate::protocol) fn alpn_text(&self) -> Vec<CompactString> {
        self.alpn.iter().filter_map(|name| visible(name)).take(ALPN_MAX).collect()
    }
}

/// A ServerHello, taken apart.
#[derive(Debug)]
pub(in crate::protocol) struct ServerHello<'a> {
    /// The version negotiated, or `None` for a code that is no version.
    pub(in crate::protocol) version: Option<TlsVersion>,
    pub(in crate::protocol) session_id: &'a [u8],
    pub(in crate::protocol) suite: u16,
    /// How payload is compressed; 0 if it is not.
    pub(in crate::protocol) compression: u8,
    /// The end of its random, where a server says that it could do more (RFC 8446 §4.1.3).
    pub(in crate::protocol) random_end: [u8; 8],
    /// Types of all extensions.
    pub(in crate::protocol) extensions: Vec<u16>,
    pub(in crate::protocol) alpn: Option<CompactString>,
    /// A pre-shared key was accepted: TLS 1.3's way to resume (RFC 8446 §4.2.11).
    pub(in crate::protocol) pre_shared_key: bool,
    /// It is a HelloRetryRequest.
    pub(in crate::protocol) retry: bool,
    /// All extensions could be read.
    pub(in crate::protocol) well_formed: bool,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the message. What extensions tell before the first malformed one is kept.
    pub(in crate::protocol) fn parse(body: &'a [u8]) -> Option<ServerHello<'a>> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16()?;
        let random = reader.take(32)?;
        let retry = random == RETRY_RANDOM;
        // Drafts of TLS 1.3 up to 21 said so here and had neither session id nor compression.
        let early_draft = legacy_version >> 8 == 0x7f;
        let session_id = if early_draft { &[][..] } else { reader.vector8()? };
        let suite = reader.u16()?;
        let compression = if early_draft { 0 } else { reader.u8()? };
        let mut hello = ServerHello {
            version: TlsVersion::from_wire(legacy_version),
            session_id,
            suite,
            compression,
            random_end: random.last_chunk().copied().unwrap_or_default(),
            extensions: Vec::new(),
            alpn: None,
            pre_shared_key: false,
            retry,
            well_formed: true,
        };
        hello.well_formed = reader.is_empty() || hello.read_extensions(reader).is_some();
        Some(hello)
    }

    fn read_extensions(&mut self, mut reader: Reader<'a>) -> Option<()> {
        let mut reader = Reader::new(reader.vector16()?);
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let mut content = Reader::new(reader.vector16()?);
            self.extensions.push(kind);
            match kind {
                extension::SUPPORTED_VERSIONS => self.version = TlsVersion::from_wire(content.u16()?),
                extension::PRE_SHARED_KEY => self.pre_shared_key = true,
                extension::ALPN => {
                    self.alpn = alpn_names(content).first().and_then(|name| visible(name));
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// The host name of the server_name extension (RFC 6066 §3): lower case, without a last dot.
fn server_name(mut content: Reader<'_>) -> Option<CompactString> {
    let mut list = Reader::new(content.vector16()?);
    while let (Some(kind), Some(name)) = (list.u8(), list.vector16()) {
        if kind == 0 {
            let name = name.strip_suffix(b".").unwrap_or(name);
            let name = visible(name).filter(|name| name.len() <= NAME_LEN_MAX)?;
            return Some(name.to_ascii_lowercase());
        }
    }
    None
}

fn alpn_names(mut content: Reader<'_>) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut list = Reader::new(content.vector16().unwrap_or_default());
    while let Some(name) = list.vector8() {
        names.push(name);
    }
    names
}
