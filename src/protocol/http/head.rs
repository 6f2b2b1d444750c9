//! What the head of a message says: its first line and the few headers that matter here.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Request, Response, Status};

use crate::protocol::{Guess, base64};

/// Headers of one message; servers refuse more than 100 by default (Apache), so a message with
/// more than this many is not understood.
const HEADERS_MAX: usize = 128;

/// Bytes of a request line after which its end is no longer waited for: it is one if it began
/// like one. Half of what a probe is given, so that long query strings are recognised too.
const REQUEST_LINE_BYTES: usize = 1024;

/// Methods of RFC 9110, WebDAV (RFC 4918, 3253, 3744, 4791, 5323), PATCH (RFC 5789), UPnP eventing,
/// and those that Windows services add.
const METHODS: &[&str] = &[
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "SEARCH",
    "REPORT",
    "ACL",
    "VERSION-CONTROL",
    "CHECKOUT",
    "CHECKIN",
    "UNCHECKOUT",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "BASELINE-CONTROL",
    "MKACTIVITY",
    "MKCALENDAR",
    "ORDERPATCH",
    "BIND",
    "UNBIND",
    "REBIND",
    "LINK",
    "UNLINK",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "POLL",
    "BPROPFIND",
    "BPROPPATCH",
    "BCOPY",
    "BMOVE",
    "BDELETE",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "BITS_POST",
    "CCM_POST",
    "SSTP_DUPLEX_POST",
    "PURGE",
];

/// The longest of [`METHODS`].
const METHOD_BYTES_MAX: usize = 16;

/// Characters of an NTLM message in a header. The longest holds three names and two answers to a
/// challenge, all together some 700 bytes.
const NEGOTIATION_BYTES_MAX: usize = 4 * 1024;

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks (RFC 9112 §7.1).
    Chunked,
    /// No length is given: nothing after a request, everything until the end after a response.
    Unsaid,
}

/// A request's head.
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) host: Option<&'a [u8]>,
    pub(super) agent: Option<&'a [u8]>,
    /// It carries Basic credentials (RFC 7617), for the server or for a proxy.
    pub(super) basic: bool,
    /// A step of a login by NTLM, in Base64.
    pub(super) negotiation: Option<&'a [u8]>,
    /// The trace it belongs to (W3C Trace Context).
    pub(super) trace: Option<&'a [u8]>,
    /// What its sender calls it.
    pub(super) identifier: Option<&'a [u8]>,
    /// Whom a proxy asks for.
    pub(super) forwarded: Option<&'a [u8]>,
    pub(super) body: Body,
    /// The body may be held back until the server has agreed (RFC 9110 §10.1.1).
    pub(super) expects_continue: bool,
}

/// A response's head.
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    pub(super) server: Option<&'a [u8]>,
    /// A step of a login by NTLM, in Base64.
    pub(super) negotiation: Option<&'a [u8]>,
    /// What the request is called.
    pub(super) identifier: Option<&'a [u8]>,
    /// It has a header that only Docker's engine or etcd sends.
    pub(super) runs_things: bool,
    pub(super) body: Body,
}

/// Do the bytes begin with the request line of HTTP/1.x (RFC 9112 §3)?
pub(super) fn is_request(bytes: &[u8]) -> Guess {
    let near = bytes.get(..=METHOD_BYTES_MAX).unwrap_or(bytes);
    let Some(method_len) = near.iter().position(|&byte| byte == b' ') else {
        let possible = METHODS.iter().any(|method| method.as_bytes().starts_with(bytes));
        return if possible { Guess::More } else { Guess::No };
    };
    let (method, rest) = bytes.split_at(method_len);
    if !METHODS.iter().any(|known| known.as_bytes() == method) {
        return Guess::No;
    }
    let near = bytes.get(..REQUEST_LINE_BYTES).unwrap_or(bytes);
    let end = near.iter().position(|&byte| byte == b'\n');
    let line = near.get(..end.unwrap_or(near.len())).unwrap_or_default();
    if !line.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | 0x80..)) {
        return Guess::No;
    }
    if end.is_none() && near.len() < REQUEST_LINE_BYTES {
        return Guess::More;
    }
    let target = rest.trim_ascii_start();
    let absolute = target.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"http"));
    let complete =
        [&b" HTTP/1.1"[..], b" HTTP/1.0"].iter().any(|version| line.trim_ascii_end().ends_with(version));
    let begun = end.is_none() && (target.starts_with(b"/") || absolute);
    if complete || begun { Guess::Yes } else { Guess::No }
}

/// Is this the whole request of HTTP/0.9 (RFC 1945 §5)? Health checks still ask so.
pub(super) fn is_simple_request(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let ended = line.len() < bytes.len();
    let target = line.strip_prefix(b"GET ").unwrap_or_default().trim_ascii_end();
    ended && target.starts_with(b"/") && target.iter().all(u8::is_ascii_graphic)
}

/// Do the bytes begin with a page of HTML?
pub(super) fn is_page(bytes: &[u8]) -> Guess {
    let text = bytes.trim_ascii_start();
    let answers = [&b"<!doctype html"[..], b"<html"].map(|beginning| {
        let len = beginning.len().min(text.len());
        match (text.get(..len), beginning.get(..len)) {
            (Some(said), Some(due)) if !said.eq_ignore_ascii_case(due) => Guess::No,
            _ if len == beginning.len() => Guess::Yes,
            _ => Guess::More,
        }
    });
    match answers {
        [Guess::Yes, _] | [_, Guess::Yes] => Guess::Yes,
        [Guess::No, Guess::No] => Guess::No,
        _ => Guess::More,
    }
}

/// Do the bytes begin with the status line of HTTP/1.x (RFC 9112 §4)?
pub(super) fn is_response(bytes: &[u8]) -> Guess {
    let shape = |(place, byte): (usize, &u8)| match place {
        0..7 => b"HTTP/1.".get(place) == Some(byte),
        7 => matches!(byte, b'0' | b'1'),
        8 => *byte == b' ',
        9 => matches!(byte, b'1'..=b'5'),
        10 | 11 => byte.is_ascii_digit(),
        _ => matches!(byte, b' ' | b'\r' | b'\n'),
    };
    let near = bytes.get(..13).unwrap_or(bytes);
    match near.iter().enumerate().all(shape) {
        true if near.len() == 13 => Guess::Yes,
        true => Guess::More,
        false => Guess::No,
    }
}

/// Headers that do not obey the grammar are passed over, as browsers and servers do.
fn parser() -> ParserConfig {
    let mut parser = ParserConfig::default();
    parser
        .ignore_invalid_headers_in_requests(true)
        .ignore_invalid_headers_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true);
    parser
}

impl<'a> RequestHead<'a> {
    /// Reads a whole head.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut request = Request::new(&mut []);
        let read = parser().parse_request_with_uninit_headers(&mut request, bytes, &mut headers);
        let Ok(Status::Complete(_)) = read else { return None };
        let mut head = RequestHead {
            method: request.method?,
            target: request.path?,
            host: None,
            agent: None,
            basic: false,
            negotiation: None,
            trace: None,
            identifier: None,
            forwarded: None,
            body: body(request.headers),
            expects_continue: false,
        };
        for header in request.headers.iter() {
            match header {
                _ if is(header, "host") => head.host = Some(header.value),
                _ if is(header, "user-agent") => head.agent = Some(header.value),
                _ if is(header, "authorization") || is(header, "proxy-authorization") => {
                    head.basic |= is_basic(header.value);
                    let step = negotiation(header, ["authorization", "proxy-authorization"]);
                    head.negotiation = head.negotiation.or(step);
                }
                _ if is(header, "traceparent") => head.trace = Some(header.value),
                _ if is_identifier(header) => head.identifier = Some(header.value),
                _ if is(header, "x-forwarded-for") || is(header, "forwarded") => {
                    head.forwarded = Some(header.value);
                }
                _ if is(header, "expect") => head.expects_continue = true,
                _ => {}
            }
        }
        Some(head)
    }
}

impl<'a> ResponseHead<'a> {
    /// Reads a whole head.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
        let mut response = Response::new(&mut []);
        let read = parser().parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
        let Ok(Status::Complete(_)) = read else { return None };
        let runs_things = |header: &Header<'_>| {
            ["docker-experimental", "x-etcd-cluster-id"].iter().any(|name| is(header, name))
        };
        Some(ResponseHead {
            status: response.code?,
            identifier: response
                .headers
                .iter()
                .find(|header| is_identifier(header))
                .map(|header| header.value),
            negotiation: response
                .headers
                .iter()
                .find_map(|header| negotiation(header, ["www-authenticate", "proxy-authenticate"])),
            runs_things: response.headers.iter().any(runs_things),
            server: response.headers.iter().find(|header| is(header, "server")).map(|header| header.value),
            body: body(response.headers),
        })
    }
}

fn is(header: &Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

/// What a request is called, by those who pass it on.
fn is_identifier(header: &Header<'_>) -> bool {
    is(header, "x-request-id") || is(header, "x-correlation-id")
}

/// Transfer-Encoding overrides Content-Length (RFC 9112 §6.3).
fn body(headers: &[Header<'_>]) -> Body {
    let mut body = Body::Unsaid;
    for header in headers {
        if is(header, "transfer-encoding") {
            let last = header.value.rsplit(|&byte| byte == b',').next().unwrap_or_default();
            let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return if chunked { Body::Chunked } else { Body::Unsaid };
        }
        if is(header, "content-length")
            && let Some(len) =
                std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok())
        {
            body = Body::Length(len);
        }
    }
    body
}

/// `Basic`, then Base64 of `user:password` (RFC 7617 §2). Only looks for the colon; keeps nothing.
fn is_basic(value: &[u8]) -> bool {
    let Some((scheme, encoded)) = value.split_at_checked(6) else { return false };
    let has_colon = |decoded: Vec<u8>| decoded.contains(&b':');
    scheme.eq_ignore_ascii_case(b"basic ") && base64::decode(encoded.trim_ascii()).is_some_and(has_colon)
}

/// What a header carries after `NTLM` or `Negotiate` (RFC 4559 §4), if that could be NTLM. Tickets of
/// Kerberos come the same way and are longer.
fn negotiation<'a>(header: &Header<'a>, names: [&str; 2]) -> Option<&'a [u8]> {
    if !names.iter().any(|name| is(header, name)) {
        return None;
    }
    let (scheme, encoded) =
        header.value.split_at_checked(header.value.iter().position(|byte| *byte == b' ')?)?;
    let encoded = encoded.trim_ascii();
    let known = scheme.eq_ignore_ascii_case(b"ntlm") || scheme.eq_ignore_ascii_case(b"negotiate");
    (known && (1..=NEGOTIATION_BYTES_MAX).contains(&encoded.len())).then_some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_fit_the_bound() {
        assert_eq!(METHODS.iter().map(|method| method.len()).max(), Some(METHOD_BYTES_MAX));
    }

    #[test]
    fn basic_needs_a_user_and_a_password() {
        assert!(is_basic(b"Basic dGVzdDpmYWls"));
        assert!(is_basic(b"basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(is_basic(b"Basic YTpi"), "the colon may be any byte of a group");
        assert!(is_basic(b"Basic OmE="), "an empty user is a user");
        assert!(!is_basic(b"Basic dGVzdGZhaWw="), "no colon");
        assert!(!is_basic(b"Basic realm=\"x:y\""));
        assert!(!is_basic(b"Basic "));
        assert!(!is_basic(b"Bearer dGVzdDpmYWls"));
    }

    #[test]
    fn bodies_are_measured_like_the_receiver_does() {
        let read = |text: &str| ResponseHead::read(text.as_bytes()).unwrap().body;
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"), Body::Length(12));
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"),
            Body::Chunked
        );
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: twelve\r\n\r\n"), Body::Unsaid);
        assert_eq!(read("HTTP/1.0 200 OK\nServer: x\n\n"), Body::Unsaid);
    }
}
