//! The observations of a handshake.

use compact_str::{CompactString, format_compact};

use crate::model::suites::{self, SuiteClasses};
use crate::model::{Observation, Practice, Role, State, TlsPractice, TlsVersion};
use crate::protocol::Seen;

use super::{Handshake, Held};

/// SSL 2.0 has no IANA suites. This number is reserved for private use, so no rule knows it.
const SUITE_NONE: u16 = 0xffff;

impl Handshake {
    /// Tells the ServerHello that was held back. `resumed` is what the following messages showed;
    /// without any, the repeated session id has to do.
    pub(super) fn tell_held(&mut self, resumed: Option<bool>, seen: &mut Seen) {
        let Some(Held { version, suite, alpn, weaknesses: weak, echoed }) = self.held.take() else { return };
        let resumed = resumed.unwrap_or(echoed);
        seen.push(Observation::ServerHello { version, suite, alpn, resumed });
        let title = title(version);
        // Sound versions and suites are what the ServerHello says already; only the others are practices.
        let suite_name =
            suites::name(suite).map_or_else(|| format_compact!("suite 0x{suite:04x}"), Into::into);
        if version.is_outdated() {
            seen.push(Observation::Practice {
                practice: Practice::TlsVersion(version),
                state: State::Negotiated,
                at_fault: Role::Server,
                what: format_compact!("{title} negotiated, {suite_name}"),
            });
        }
        let classes = suites::classes(suite);
        if classes.is_broken() || classes.contains(SuiteClasses::NO_PFS) {
            seen.push(Observation::Practice {
                practice: Practice::TlsSuite(suite),
                state: State::Negotiated,
                at_fault: Role::Server,
                what: format_compact!("{suite_name} negotiated, {title}"),
            });
        }
        weaknesses(weak, State::Negotiated, Role::Server, seen);
    }

    /// Tells one certificate of a chain.
    pub(in super::super) fn tell_certificate(&self, of: Role, position: u8, der: &[u8], seen: &mut Seen) {
        let sni = self.server_name.clone();
        seen.push(Observation::Certificate { of, position, sni, der: der.into() });
    }
}

/// Tells what is wrong with a message.
pub(super) fn weaknesses(
    weak: impl IntoIterator<Item = TlsPractice>,
    state: State,
    at_fault: Role,
    seen: &mut Seen,
) {
    for practice in weak {
        seen.push(Observation::Practice {
            practice: Practice::Tls(practice),
            state,
            at_fault,
            what: what(practice),
        });
    }
}

/// What a person reads of it.
fn what(practice: TlsPractice) -> CompactString {
    match practice {
        TlsPractice::OldClient(version) => format_compact!("at most {} offered", title(version)),
        TlsPractice::SmallGroup { bits } => format_compact!("Diffie-Hellman prime of {bits} bits"),
        TlsPractice::WeakCurve(curve) => format_compact!("named curve {curve} chosen"),
        TlsPractice::WeakSignature { hash: 1 } => "handshake signed with MD5".into(),
        TlsPractice::WeakSignature { .. } => "handshake signed with SHA-1".into(),
        TlsPractice::Fallback => "the client tries again with a lower version".into(),
        TlsPractice::Downgrade => "less agreed on than both sides can do".into(),
        TlsPractice::MacThenEncrypt => "CBC without encrypt_then_mac".into(),
        TlsPractice::Compression => "compression chosen".into(),
        TlsPractice::InsecureRenegotiation => "renegotiation_info asked for and not answered".into(),
        TlsPractice::Heartbeat => "heartbeat accepted".into(),
        TlsPractice::Heartbleed => "heartbeat asks for more than it sent".into(),
        TlsPractice::NoExtendedMasterSecret => "extended_master_secret asked for and not answered".into(),
        TlsPractice::EarlyData => "early data with an accepted pre-shared key".into(),
    }
}

/// A client lists cipher kinds of SSL 2.0, whatever else it can do.
pub(in super::super) fn version_2_offered(seen: &mut Seen) {
    seen.push(Observation::Practice {
        practice: Practice::TlsVersion(TlsVersion::Ssl2),
        state: State::Offered,
        at_fault: Role::Client,
        what: "SSL 2.0 ciphers offered".into(),
    });
}

/// A server answers in SSL 2.0.
pub(in super::super) fn version_2_negotiated(resumed: bool, seen: &mut Seen) {
    let version = TlsVersion::Ssl2;
    seen.push(Observation::ServerHello { version, suite: SUITE_NONE, alpn: None, resumed });
    seen.push(Observation::Practice {
        practice: Practice::TlsVersion(version),
        state: State::Negotiated,
        at_fault: Role::Server,
        what: format_compact!("{} negotiated", title(version)),
    });
}

/// The version as people call it.
const fn title(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Ssl2 => "SSL 2.0",
        TlsVersion::Ssl3 => "SSL 3.0",
        TlsVersion::Tls10 => "TLS 1.0",
        TlsVersion::Tls11 => "TLS 1.1",
        TlsVersion::Tls12 => "TLS 1.2",
        TlsVersion::Tls13 => "TLS 1.3",
        TlsVersion::Dtls10 => "DTLS 1.0",
        TlsVersion::Dtls12 => "DTLS 1.2",
        TlsVersion::Dtls13 => "DTLS 1.3",
    }
}
