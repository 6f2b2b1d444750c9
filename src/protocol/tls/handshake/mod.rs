//! What the handshake messages of one connection tell, whatever carried them.

mod staple;
mod telling;
mod weakness;

use std::mem;

use compact_str::CompactString;

use crate::model::{Observation, Pair, Role, State, TlsPractice, TlsVersion, Token, TokenKind};
use crate::protocol::Seen;

use super::hello::{Carrier, ClientHello, ServerHello};
use super::ja4;
use super::message::{certificates, kind};

use staple::Staple;
pub(super) use telling::{version_2_negotiated, version_2_offered};
use weakness::{Offer, Weaknesses};

/// A ServerHello that is not told yet: what follows shows whether the session was resumed.
#[derive(Debug)]
struct Held {
    version: TlsVersion,
    suite: u16,
    alpn: Option<CompactString>,
    weaknesses: Weaknesses,
    /// The client's session id was repeated, which promises a resumption (RFC 5246 §7.4.1.3).
    echoed: bool,
}

/// One handshake, in clear.
#[derive(Debug)]
pub(super) struct Handshake {
    carrier: Carrier,
    client_hello_seen: bool,
    /// The client's session id.
    session_id: Vec<u8>,
    server_name: Option<CompactString>,
    offer: Offer,
    /// The version negotiated.
    version: Option<TlsVersion>,
    /// The suite negotiated.
    suite: u16,
    /// Bytes of a heartbeat that asked for more than it sent.
    asked_too_much: Option<usize>,
    /// A HelloRetryRequest was the last that the server said.
    retry: bool,
    held: Option<Held>,
    /// A Certificate message was told, by role.
    certified: Pair<bool>,
    staple: Staple,
    /// The client means to speak with a person, not with a service: see [`MEDIA`].
    media: bool,
}

/// `use_srtp` (RFC 5764): a call between browsers. Both ends make certificates for one call, which vouch for
/// nothing and are checked by a fingerprint that was told elsewhere.
const MEDIA: u16 = 14;

impl Handshake {
    pub(super) fn over(carrier: Carrier) -> Self {
        Handshake {
            carrier,
            client_hello_seen: false,
            session_id: Vec::new(),
            server_name: None,
            offer: Offer::default(),
            version: None,
            suite: 0,
            asked_too_much: None,
            retry: false,
            held: None,
            certified: Pair::default(),
            staple: Staple::default(),
            media: false,
        }
    }

    /// All that the server says from now on is encrypted (TLS 1.3, RFC 8446 §2).
    pub(super) fn is_hidden(&self) -> bool {
        matches!(self.version, Some(TlsVersion::Tls13 | TlsVersion::Dtls13))
    }

    /// The client's hello was read.
    pub(super) const fn client_hello_seen(&self) -> bool {
        self.client_hello_seen
    }

    /// After a ChangeCipherSpec of this side, another hello may follow in clear: it is not yet known
    /// that an older version was negotiated, and in TLS 1.3 the change is a decoy (RFC 8446 §D.4).
    pub(super) const fn may_go_on_after_change(&self, from: Role) -> bool {
        let known = self.version.is_some();
        match from {
            Role::Client => !known,
            Role::Server => !known && self.retry,
        }
    }

    /// The server changes to encryption: with neither certificate nor key exchange before, it uses
    /// the keys of an earlier session.
    pub(super) fn on_server_change(&mut self, seen: &mut Seen) {
        self.tell_held(Some(true), seen);
    }

    /// Nothing more will be read of what the server says in clear.
    pub(super) fn on_server_end(&mut self, seen: &mut Seen) {
        self.tell_held(None, seen);
    }

    /// A whole message.
    pub(super) fn on_message(&mut self, from: Role, kind: u8, body: &[u8], seen: &mut Seen) {
        match (kind, from) {
            (kind::CLIENT_HELLO, Role::Client) => match ClientHello::parse(body, self.carrier) {
                Some(hello) => self.on_client_hello(&hello, seen),
                None => seen.push(Observation::Anomaly("tls_client_hello")),
            },
            (kind::SERVER_HELLO, Role::Server) => match ServerHello::parse(body) {
                Some(hello) => self.on_server_hello(hello, seen),
                None => seen.push(Observation::Anomaly("tls_server_hello")),
            },
            (kind::CERTIFICATE, _) => self.on_certificate(from, body, seen),
            (kind::SERVER_KEY_EXCHANGE, Role::Server) => self.on_key_exchange(body, seen),
            (
                kind::CERTIFICATE_REQUEST | kind::SERVER_HELLO_DONE | kind::CERTIFICATE_STATUS,
                Role::Server,
            ) => {
                self.tell_held(Some(false), seen);
                match kind {
                    kind::CERTIFICATE_STATUS => self.on_staple(body, seen),
                    kind::SERVER_HELLO_DONE => self.on_server_done(self.certified[Role::Server], seen),
                    _ => {}
                }
            }
            (kind::CERTIFICATE_VERIFY, Role::Client) => {
                let weak = self.version.and_then(|version| weakness::signature(version, body));
                telling::weaknesses(weak, State::Negotiated, Role::Client, seen);
            }
            (kind::CLIENT_HELLO | kind::SERVER_HELLO, _) => seen.push(Observation::Anomaly("tls_role")),
            _ => {}
        }
    }

    /// A hello of a client, in a message or in the envelope of SSL 2.0.
    pub(super) fn on_client_hello(&mut self, hello: &ClientHello<'_>, seen: &mut Seen) {
        // The second one, after a HelloRetryRequest, says the same.
        if mem::replace(&mut self.client_hello_seen, true) {
            return;
        }
        self.session_id = hello.session_id.to_vec();
        self.offer = Offer::of(hello);
        self.media = hello.extensions.contains(&MEDIA);
        self.server_name.clone_from(&hello.server_name);
        self.staple = Staple::asked(&hello.extensions);
        if !hello.well_formed {
            seen.push(Observation::Anomaly("tls_extensions"));
        }
        match hello.version() {
            Some(version) => seen.push(Observation::ClientHello {
                sni: hello.server_name.clone(),
                alpn: hello.alpn_text(),
                ja4: ja4::fingerprint(hello, self.carrier),
                version,
                ech: hello.ech,
            }),
            None => seen.push(Observation::Anomaly("tls_version")),
        }
        if !hello.random.is_empty() {
            let token = Token::of(TokenKind::ClientRandom, Role::Client, hello.random);
            seen.push(Observation::Token(token));
        }
        telling::weaknesses(weakness::of_offer(hello), State::Offered, Role::Client, seen);
    }

    fn on_server_hello(&mut self, hello: ServerHello<'_>, seen: &mut Seen) {
        if !hello.well_formed {
            seen.push(Observation::Anomaly("tls_extensions"));
        }
        self.retry = hello.retry;
        if hello.retry {
            self.offer.refuse_early_data();
        }
        if hello.retry || self.version.is_some() {
            return;
        }
        let Some(version) = hello.version else {
            seen.push(Observation::Anomaly("tls_version"));
            return;
        };
        self.version = Some(version);
        self.suite = hello.suite;
        let weaknesses = weakness::of_answer(self.offer, &hello, version);
        let echoed = !hello.session_id.is_empty() && hello.session_id == self.session_id;
        self.held = Some(Held { version, suite: hello.suite, alpn: hello.alpn, weaknesses, echoed });
        if self.is_hidden() {
            self.tell_held(Some(hello.pre_shared_key), seen);
        }
    }

    fn on_key_exchange(&mut self, body: &[u8], seen: &mut Seen) {
        self.tell_held(Some(false), seen);
        if let Some(version) = self.version {
            let weak = weakness::of_key_exchange(version, self.suite, body);
            telling::weaknesses(weak, State::Negotiated, Role::Server, seen);
        }
    }

    /// A heartbeat in clear. One that asks for more than it sent is told, and told again with an answer
    /// that is longer than it was.
    pub(super) fn on_heartbeat(&mut self, from: Role, payload: &[u8], seen: &mut Seen) {
        let (told, state) = match from {
            Role::Client if self.asked_too_much.is_none() && weakness::asks_for_too_much(payload) => {
                self.asked_too_much = Some(payload.len());
                (TlsPractice::Heartbleed, State::Attempted)
            }
            Role::Server if self.asked_too_much.is_some_and(|asked| payload.len() > asked) => {
                self.asked_too_much = Some(usize::MAX);
                (TlsPractice::Heartbleed, State::Used)
            }
            Role::Client | Role::Server => return,
        };
        telling::weaknesses(Some(told), state, Role::Server, seen);
    }

    fn on_certificate(&mut self, from: Role, body: &[u8], seen: &mut Seen) {
        if from == Role::Server {
            self.tell_held(Some(false), seen);
        }
        if mem::replace(&mut self.certified[from], true) || self.media {
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
