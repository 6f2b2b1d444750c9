//! What somebody who looks for an intruder asks for: names, fingerprints and users, each with who
//! named it to whom.

use compact_str::CompactString;

use super::{FrameId, HostKey, ServiceKey, Span};

/// What kind of mark it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// A name that a client asked a name server for.
    Asked,
    /// A name that a name server answered a client with records for.
    Resolved,
    /// The server name in a TLS ClientHello.
    Sni,
    /// The Host header of HTTP.
    HttpHost,
    /// The JA4 fingerprint of a ClientHello.
    Ja4,
    /// Who the client says it is.
    User,
}

impl IndicatorKind {
    /// Its word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            IndicatorKind::Asked => "asked",
            IndicatorKind::Resolved => "resolved",
            IndicatorKind::Sni => "sni",
            IndicatorKind::HttpHost => "http_host",
            IndicatorKind::Ja4 => "ja4",
            IndicatorKind::User => "user",
        }
    }

    /// It is a host's name.
    pub const fn is_name(self) -> bool {
        match self {
            IndicatorKind::Asked | IndicatorKind::Resolved | IndicatorKind::Sni | IndicatorKind::HttpHost => {
                true
            }
            IndicatorKind::Ja4 | IndicatorKind::User => false,
        }
    }

    /// The client spoke to the host that bears the name, and not to somebody about it.
    pub const fn is_of_peer(self) -> bool {
        matches!(self, IndicatorKind::Sni | IndicatorKind::HttpHost)
    }
}

/// A mark as packets show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Indicator {
    /// What kind of mark it is.
    pub kind: IndicatorKind,
    /// Its text: names in lower case without a trailing dot, users as they were written.
    pub text: CompactString,
}

/// A mark, and who showed it to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Indication {
    /// The mark.
    pub indicator: Indicator,
    /// Who showed it.
    pub client: HostKey,
    /// To whom: the name server that was asked, the service that was called by the name.
    pub service: ServiceKey,
    /// From when to when.
    pub span: Span,
    /// The frame that showed it first.
    pub frame: FrameId,
    /// How often.
    pub count: u64,
}
