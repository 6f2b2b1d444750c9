//! One TLS connection, followed until both sides have left the part that can be read.

mod telling;

#[cfg(test)]
mod tests;

use std::mem;

use compact_str::CompactString;

use crate::model::{Observation, Pair, Role, TlsVersion};
use crate::protocol::{Seen, Session, Step};

use super::hello::{Carrier, ClientHello, ServerHello};
use super::message::{Message, certificates, kind};
use super::record::{Content, HEADER_LEN, Header};
use super::{ja4, sslv2};

/// How far a direction has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was read yet; a hello of SSL 2.0 may come.
    #[default]
    Opening,
    /// Records in clear.
    Clear,
    /// A ChangeCipherSpec came before it is known whether it means anything: in TLS 1.3 a hello may
    /// still follow (RFC 8446 §D.4).
    Changed,
    /// Encrypted, lost or unreadable: nothing more is wanted.
    Over,
}

#[derive(Debug, Default)]
struct Direction {
    stage: Stage,
    /// The beginning of a handshake message whose end has not come. Bounded by
    /// [`super::message::LEN_MAX`] and one record.
    joined: Vec<u8>,
    /// A Certificate message was told.
    certified: bool,
}

/// A ServerHello that is not told yet: what follows shows whether the session was resumed.
#[derive(Debug)]
struct Held {
    version: TlsVersion,
    suite: u16,
    alpn: Option<CompactString>,
    /// The client's session id was repeated, which promises a resumption (RFC 5246 §7.4.1.3).
    echoed: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct TlsSession {
    directions: Pair<Direction>,
    client_hello_seen: bool,
    /// The client's session id.
    session_id: Vec<u8>,
    server_name: Option<CompactString>,
    /// The version negotiated.
    version: Option<TlsVersion>,
    /// A HelloRetryRequest was the last that the server said.
    retry: bool,
    held: Option<Held>,
}

impl Session for TlsSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match self.directions[from].stage {
            Stage::Over => return self.after_leaving(),
            Stage::Opening if bytes.first().is_some_and(|first| first & 0x80 != 0) => {
                return self.on_version_2(from, bytes, seen);
            }
            Stage::Opening | Stage::Clear | Stage::Changed => {}
        }
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
            return Step::Need(HEADER_LEN);
        };
        let Some(header) = Header::parse(*header) else {
            seen.push(Observation::Anomaly("tls_record"));
            return self.leave(from, seen);
        };
        if header.content == Content::ApplicationData {
            return self.leave(from, seen);
        }
        let len = HEADER_LEN + header.len;
        let Some(payload) = rest.get(..header.len) else { return Step::Need(len) };
        if self.directions[from].stage == Stage::Opening {
            self.directions[from].stage = Stage::Clear;
        }
        match header.content {
            Content::Handshake => self.on_handshake(from, payload, seen),
            Content::ChangeCipherSpec => self.on_change(from, seen),
            Content::Alert | Content::ApplicationData | Content::Heartbeat => {}
        }
        match self.directions[from].stage {
            Stage::Over => self.after_leaving(),
            _ => Step::Consumed(len),
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, seen: &mut Seen) -> Step {
        // Where the next record begins is lost with the bytes.
        self.leave(from, seen)
    }

    fn on_end(&mut self, seen: &mut Seen) {
        self.tell_held(None, seen);
    }
}

impl TlsSession {
    /// Nothing more of this direction is wanted.
    fn leave(&mut self, from: Role, seen: &mut Seen) -> Step {
        let direction = &mut self.directions[from];
        direction.stage = Stage::Over;
        direction.joined = Vec::new();
        if from == Role::Server {
            self.tell_held(None, seen);
        }
        self.after_leaving()
    }

    fn after_leaving(&self) -> Step {
        let over = self.directions.iter().all(|direction| direction.stage == Stage::Over);
        if over { Step::Done } else { Step::Skip(u64::MAX) }
    }

    fn on_version_2(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match (sslv2::opening(bytes), from) {
            (sslv2::Opening::Part(need), _) => Step::Need(need),
            (sslv2::Opening::Hello(sslv2::Hello::Client { hello, offers_version_2 }, len), Role::Client) => {
                self.on_client_hello(&hello, seen);
                if offers_version_2 {
                    telling::version_2_offered(seen);
                }
                self.directions[from].stage = Stage::Clear;
                Step::Consumed(len)
            }
            (sslv2::Opening::Hello(sslv2::Hello::Server { resumed, certificate }, _), Role::Server) => {
                telling::version_2_negotiated(resumed, seen);
                if !certificate.is_empty() {
                    self.tell_certificate(from, 0, certificate, seen);
                }
                // All that follows is encrypted, or of no interest.
                self.leave(Role::Client, seen);
                self.leave(Role::Server, seen)
            }
            (sslv2::Opening::Hello(..) | sslv2::Opening::Other, _) => {
                seen.push(Observation::Anomaly("tls_record"));
                self.leave(from, seen)
            }
        }
    }

    fn on_change(&mut self, from: Role, seen: &mut Seen) {
        match (from, self.version) {
            (Role::Client, None) => self.directions[from].stage = Stage::Changed,
            (Role::Server, None) if self.retry => self.directions[from].stage = Stage::Changed,
            (Role::Client, Some(_)) => {
                self.leave(from, seen);
            }
            (Role::Server, _) => {
                // No certificate, no key exchange: the keys are those of an earlier session.
                self.tell_held(Some(true), seen);
                self.leave(from, seen);
            }
        }
    }

    fn on_handshake(&mut self, from: Role, fragment: &[u8], seen: &mut Seen) {
        let mut joined = mem::take(&mut self.directions[from].joined);
        joined.extend_from_slice(fragment);
        let mut start = 0;
        while self.directions[from].stage != Stage::Over {
            match Message::first(joined.get(start..).unwrap_or_default()) {
                Message::Whole { kind, body, len } => {
                    self.on_message(from, kind, body, seen);
                    start += len;
                }
                // What comes in one record after a change and is no whole hello is encrypted.
                Message::Part if self.directions[from].stage == Stage::Changed && start < joined.len() => {
                    self.leave(from, seen);
                }
                Message::Part => break,
                Message::TooLong => {
                    if self.directions[from].stage != Stage::Changed {
                        seen.push(Observation::Anomaly("tls_message_too_long"));
                    }
                    self.leave(from, seen);
                }
            }
        }
        if self.directions[from].stage != Stage::Over && start < joined.len() {
            joined.drain(..start);
            self.directions[from].joined = joined;
        }
    }

    fn on_message(&mut self, from: Role, kind: u8, body: &[u8], seen: &mut Seen) {
        match (kind, from) {
            (kind::CLIENT_HELLO, Role::Client) => match ClientHello::parse(body) {
                Some(hello) => self.on_client_hello(&hello, seen),
                None => seen.push(Observation::Anomaly("tls_client_hello")),
            },
            (kind::SERVER_HELLO, Role::Server) => match ServerHello::parse(body) {
                Some(hello) => self.on_server_hello(hello, seen),
                None => seen.push(Observation::Anomaly("tls_server_hello")),
            },
            _ if self.directions[from].stage == Stage::Changed => {
                self.leave(from, seen);
            }
            (kind::CERTIFICATE, _) => self.on_certificate(from, body, seen),
            (
                kind::SERVER_KEY_EXCHANGE
                | kind::CERTIFICATE_REQUEST
                | kind::SERVER_HELLO_DONE
                | kind::CERTIFICATE_STATUS,
                Role::Server,
            ) => self.tell_held(Some(false), seen),
            (kind::CLIENT_HELLO | kind::SERVER_HELLO, _) => seen.push(Observation::Anomaly("tls_role")),
            _ => {}
        }
    }

    fn on_client_hello(&mut self, hello: &ClientHello<'_>, seen: &mut Seen) {
        // The second one, after a HelloRetryRequest, says the same.
        if mem::replace(&mut self.client_hello_seen, true) {
            return;
        }
        self.session_id = hello.session_id.to_vec();
        self.server_name.clone_from(&hello.server_name);
        if !hello.well_formed {
            seen.push(Observation::Anomaly("tls_extensions"));
        }
        match hello.version() {
            Some(version) => seen.push(Observation::ClientHello {
                sni: hello.server_name.clone(),
                alpn: hello.alpn_text(),
                ja4: ja4::fingerprint(hello, Carrier::Stream),
                version,
                ech: hello.ech,
            }),
            None => seen.push(Observation::Anomaly("tls_version")),
        }
    }

    fn on_server_hello(&mut self, hello: ServerHello<'_>, seen: &mut Seen) {
        if !hello.well_formed {
            seen.push(Observation::Anomaly("tls_extensions"));
        }
        self.retry = hello.retry;
        if hello.retry || self.version.is_some() {
            return;
        }
        let Some(version) = hello.version else {
            seen.push(Observation::Anomaly("tls_version"));
            return;
        };
        self.version = Some(version);
        let echoed = !hello.session_id.is_empty() && hello.session_id == self.session_id;
        self.held = Some(Held { version, suite: hello.suite, alpn: hello.alpn, echoed });
        if version == TlsVersion::Tls13 {
            // All that follows is encrypted, on both sides.
            self.tell_held(Some(hello.pre_shared_key), seen);
            self.leave(Role::Server, seen);
            if self.client_hello_seen {
                self.leave(Role::Client, seen);
            }
        }
    }

    fn on_certificate(&mut self, from: Role, body: &[u8], seen: &mut Seen) {
        if from == Role::Server {
            self.tell_held(Some(false), seen);
        }
        if mem::replace(&mut self.directions[from].certified, true) {
            return;
        }
        let (chain, whole) = certificates(body);
        for (position, der) in (0..).zip(chain) {
            self.tell_certificate(from, position, der, seen);
        }
        if !whole {
            seen.push(Observation::Anomaly("tls_certificate_list"));
        }
    }
}
