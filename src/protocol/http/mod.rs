//! HTTP/1.0 and 1.1 (RFC 9112), and the first bytes of HTTP/2 (RFC 9113 §3.4).
//!
//! RTSP and SIP share the shape of the messages; the version at the end (or start) of the first
//! line tells them apart.

mod head;
mod meaning;
mod session;
#[cfg(test)]
mod tests;

use crate::model::Transport;

use super::{Analyzer, Guess, Opening, Probe, Session};

/// HTTP.
pub struct Http;

/// What an HTTP/2 client says before its first frame (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Analyzer for Http {
    fn protocol(&self) -> &'static str {
        "http"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let by_client = |bytes: &[u8]| match head::is_request(bytes) {
            Guess::No => is_http2_preface(bytes),
            answer => answer,
        };
        let by_server = |bytes: &[u8]| match head::is_response(bytes) {
            Guess::No if opening.from_start => is_http2_settings(bytes),
            answer => answer,
        };
        // Who asks in HTTP is not answered in anything else: a scanner may ask any service so.
        match opening.dialogue(by_client, by_server) {
            Probe::NoMatch if opening.from_start => opening.either_way(by_simple_request),
            probe => probe,
        }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(session::HttpSession::default())
    }
}

fn is_http2_preface(bytes: &[u8]) -> Guess {
    starts_with(bytes, HTTP2_PREFACE)
}

/// A server's SETTINGS frame on stream 0 (RFC 9113 §6.5), which is the first thing that it sends.
fn is_http2_settings(bytes: &[u8]) -> Guess {
    /// Flow control, push, header lists and their kin: the registry has fewer than 16 settings.
    const SETTINGS_ID_MAX: u8 = 0x10;
    let Some((frame_head, rest)) = bytes.split_first_chunk::<9>() else {
        return if b"\0\0".starts_with(bytes) || bytes.starts_with(b"\0\0") {
            Guess::More
        } else {
            Guess::No
        };
    };
    let [0, 0, len, 4, 0, 0, 0, 0, 0] = *frame_head else { return Guess::No };
    if len % 6 != 0 || len > 6 * SETTINGS_ID_MAX {
        return Guess::No;
    }
    let (settings, next) = rest.split_at(usize::from(len).min(rest.len()));
    let known = |setting: &[u8]| matches!(setting, [0, 1..=SETTINGS_ID_MAX, ..] | [0]);
    if !settings.chunks(6).all(known) {
        return Guess::No;
    }
    if len > 0 {
        return if settings.len() == usize::from(len) { Guess::Yes } else { Guess::More };
    }
    // Nine bytes that are nearly all zero prove nothing. The acknowledgement of the client's
    // settings, or more window for the connection, comes right behind.
    match starts_with(next, b"\0\0\0\x04\x01\0\0\0\0") {
        Guess::No => starts_with(next, b"\0\0\x04\x08\0\0\0\0\0"),
        answer => answer,
    }
}

/// A request without a version proves nothing until it is answered with a page or a head.
fn by_simple_request(client: &[u8], server: &[u8]) -> Guess {
    match head::is_response(server) {
        _ if !head::is_simple_request(client) => Guess::No,
        Guess::No => head::is_page(server),
        answer => answer,
    }
}

/// Do the bytes begin with this?
fn starts_with(bytes: &[u8], beginning: &[u8]) -> Guess {
    if bytes.starts_with(beginning) {
        Guess::Yes
    } else if beginning.starts_with(bytes) {
        Guess::More
    } else {
        Guess::No
    }
}
