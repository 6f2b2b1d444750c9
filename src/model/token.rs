//! Bytes that pass unchanged from one flow to another: where two flows carry the same ones, the one
//! caused the other, and no statistics are needed (`direction.md` §6.6, §7).

use sha2::{Digest, Sha256};

use super::{Address, FlowKey, Role, Side, Timestamp};

/// Which bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// The trace-id of an HTTP `traceparent` header (W3C Trace Context §3.2.2.3).
    TraceId,
    /// The value of an HTTP `X-Request-ID` or `X-Correlation-ID` header.
    RequestId,
    /// `ClientHello.random` (RFC 8446 §4.1.2): the same on both sides of a balancer that does not
    /// end the TLS session.
    ClientRandom,
    /// A mail's `Message-ID` (RFC 5322 §3.6.4), on each hop it takes.
    MessageId,
    /// The encrypted part of a Kerberos ticket (RFC 4120 §5.3): first in the answer of the KDC, then
    /// at the service that it is shown to.
    KerberosTicket,
}

impl TokenKind {
    /// Its word in evidence.
    pub const fn word(self) -> &'static str {
        match self {
            TokenKind::TraceId => "trace-id",
            TokenKind::RequestId => "request-id",
            TokenKind::ClientRandom => "client-random",
            TokenKind::MessageId => "message-id",
            TokenKind::KerberosTicket => "kerberos-ticket",
        }
    }
}

/// One token as one side of a flow sent it. Equal tokens have equal kinds and hashes; the bytes
/// themselves, which may be anything a sender likes, are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Which bytes they are.
    pub kind: TokenKind,
    /// The first 64 bits of their SHA-256. No key: the shards of one run, and two runs, must agree.
    pub hash: u64,
    /// Who sent it.
    pub role: Role,
}

impl Token {
    /// The token that these bytes are, sent by `role`.
    pub fn of(kind: TokenKind, role: Role, bytes: &[u8]) -> Token {
        let digest = Sha256::digest(bytes);
        let hash = digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        Token { kind, hash, role }
    }
}

/// A token, and where and when it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenSighting {
    /// When.
    pub time: Timestamp,
    /// In which flow.
    pub flow: FlowKey,
    /// Which side of that flow is the client, as its analyzer knows it.
    pub client: Side,
    /// The token.
    pub token: Token,
}

/// A client that a proxy speaks for, as the proxy tells its server (PROXY protocol, RFC 7239,
/// `X-Forwarded-For`). Whoever is the client of the flow can write any address here: only a listed
/// proxy is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForwardedSighting {
    /// When.
    pub time: Timestamp,
    /// The flow from the proxy to its server.
    pub flow: FlowKey,
    /// Which side of that flow is the client: the proxy.
    pub client: Side,
    /// The client that the proxy named: the first of a list.
    pub origin: Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_the_same_token_and_others_are_not() {
        let of = |bytes: &[u8]| Token::of(TokenKind::RequestId, Role::Client, bytes);
        assert_eq!(of(b"4bf92f35"), of(b"4bf92f35"));
        assert_ne!(of(b"4bf92f35"), of(b"4bf92f36"));
        // The first 64 bits of SHA-256("abc") (FIPS 180-2 appendix B.1).
        assert_eq!(of(b"abc").hash, 0xba78_16bf_8f01_cfea);
    }
}
