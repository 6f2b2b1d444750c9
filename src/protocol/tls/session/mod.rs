//! One TLS connection, followed until both sides have left the part that can be read.

#[cfg(test)]
mod tests;

use std::mem;

use crate::model::{Observation, Pair, Role};
use crate::protocol::{Seen, Session, Step};

use super::handshake::{Handshake, version_2_negotiated, version_2_offered};
use super::hello::Carrier;
use super::message::{Message, kind};
use super::record::{Content, HEADER_LEN, Header};
use super::sslv2;

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
}

/// See the module.
#[derive(Debug)]
pub(super) struct TlsSession {
    handshake: Handshake,
    directions: Pair<Direction>,
}

impl Default for TlsSession {
    fn default() -> Self {
        TlsSession { handshake: Handshake::over(Carrier::Stream), directions: Pair::default() }
    }
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
            Content::Heartbeat => self.handshake.on_heartbeat(from, payload, seen),
            Content::Alert | Content::ApplicationData => {}
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
        self.handshake.on_server_end(seen);
    }
}

impl TlsSession {
    /// Nothing more of this direction is wanted.
    fn leave(&mut self, from: Role, seen: &mut Seen) -> Step {
        let direction = &mut self.directions[from];
        direction.stage = Stage::Over;
        direction.joined = Vec::new();
        if from == Role::Server {
            self.handshake.on_server_end(seen);
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
                self.handshake.on_client_hello(&hello, seen);
                if offers_version_2 {
                    version_2_offered(seen);
                }
                self.directions[from].stage = Stage::Clear;
                Step::Consumed(len)
            }
            (sslv2::Opening::Hello(sslv2::Hello::Server { resumed, certificate }, _), Role::Server) => {
                version_2_negotiated(resumed, seen);
                if !certificate.is_empty() {
                    self.handshake.tell_certificate(from, 0, certificate, seen);
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
        if self.handshake.may_go_on_after_change(from) {
            self.directions[from].stage = Stage::Changed;
            return;
        }
        if from == Role::Server {
            self.handshake.on_server_change(seen);
        }
        self.leave(from, seen);
    }

    fn on_handshake(&mut self, from: Role, fragment: &[u8], seen: &mut Seen) {
        let mut joined = mem::take(&mut self.directions[from].joined);
        joined.extend_from_slice(fragment);
        let mut start = 0;
        while self.directions[from].stage != Stage::Over {
            match Message::first(joined.get(start..).unwrap_or_default()) {
                Message::Whole { kind, body, len } => {
                    start += len;
                    self.on_message(from, kind, body, seen);
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
        let is_hello =
            matches!((kind, from), (kind::CLIENT_HELLO, Role::Client) | (kind::SERVER_HELLO, Role::Server));
        if self.directions[from].stage == Stage::Changed && !is_hello {
            self.leave(from, seen);
            return;
        }
        self.handshake.on_message(from, kind, body, seen);
        if self.handshake.is_hidden() {
            self.leave(Role::Server, seen);
            // A hello that a gap in the capture delays may still come.
            if self.handshake.client_hello_seen() {
                self.leave(Role::Client, seen);
            }
        }
    }
}
