//! Walking from head to head over the bodies, and pairing answers with questions.

use std::collections::VecDeque;

use compact_str::CompactString;

use crate::model::{
    Address, Capability, NameSource, NamedThing, Observation, Pair, Practice, Purpose, Purposes, Role, State,
};
use crate::protocol::starttls::is_record;
use crate::protocol::tls::Tls;
use crate::protocol::{Guess, Seen, Session, Step, base64, ntlm};

use super::head::{self, Body, RequestHead, ResponseHead};
use super::meaning;

/// Bytes of one head. Servers refuse heads from 8 KiB (nginx, Apache) to 64 KiB (Node with its
/// limit raised); below what a conversation lets wait.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes of the line that gives a chunk's length, with its extensions.
const CHUNK_LINE_BYTES_MAX: usize = 4 * 1024;

/// Requests that may wait for an answer. Pipelining clients stop at tens; where answers are not
/// captured at all, the oldest are forgotten.
const REQUESTS_MAX: usize = 128;

/// Where one direction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before a head.
    #[default]
    Head,
    /// Before a head or this many bytes of a body, which the sender may have held back.
    PerhapsBody(u64),
    /// Before the length of a chunk.
    Chunk,
    /// Among the trailers after the last chunk.
    Trailer,
    /// Not known; the next head is waited for.
    Lost,
}

#[derive(Default)]
struct Direction {
    place: Place,
    /// Bytes of an unfinished head that are known not to hold its end.
    searched: usize,
    /// Something was heard from this side, or lost.
    begun: bool,
}

impl Direction {
    fn go(&mut self, place: Place) {
        *self = Direction { place, searched: 0, begun: true };
    }
}

/// What an answer has to be understood by.
struct Request {
    method: Method,
    basic: bool,
    /// What its success lets the client do.
    asked_for: Option<Capability>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Head,
    Connect,
    Other,
}

/// What was told last, since every message repeats it.
#[derive(Default)]
struct Told {
    host: Vec<u8>,
    products: Pair<Vec<u8>>,
    basic: Option<State>,
    capability: Option<Capability>,
    purposes: Purposes,
    origin: Option<Address>,
}

#[derive(Default)]
pub(super) struct HttpSession {
    directions: Pair<Direction>,
    unanswered: VecDeque<Request>,
    told: Told,
    /// A proxy has opened the way to somebody else (RFC 9110 §9.3.6).
    tunnel: bool,
}

impl Session for HttpSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if self.tunnel {
            return in_tunnel(bytes);
        }
        match self.directions[from].place {
            Place::Head => self.on_head(from, bytes, seen),
            Place::PerhapsBody(len) => self.on_perhaps_body(from, len, bytes, seen),
            Place::Chunk => self.on_chunk(from, bytes, seen),
            Place::Trailer => self.on_trailer(from, bytes),
            Place::Lost => self.on_lost(from, bytes, seen),
        }
    }

    fn on_gap(&mut self, from: Role, _len: u64, _seen: &mut Seen) -> Step {
        self.directions[from].go(Place::Lost);
        self.unanswered.clear();
        Step::Need(0)
    }
}

/// What is said through a proxy to somebody else: TLS is followed, for the names and certificates in
/// it; the rest is no HTTP.
fn in_tunnel(bytes: &[u8]) -> Step {
    match is_record(bytes) {
        Guess::Yes => Step::Upgrade(0, &Tls),
        Guess::More => Step::Need(bytes.len() + 1),
        Guess::No => Step::Done,
    }
}

/// The names of machines that a login by NTLM tells ([MS-NTHT]).
fn negotiate(step: Option<&[u8]>, from: Role, seen: &mut Seen) {
    if let Some(message) = step.and_then(base64::decode) {
        ntlm::names(&message, from, seen);
    }
}

fn is_head(from: Role, bytes: &[u8]) -> Guess {
    match from {
        Role::Client => head::is_request(bytes),
        Role::Server => head::is_response(bytes),
    }
}

/// The length of a head with the empty line that ends it, or `None` when that has not come yet.
/// The first `searched` bytes are known not to hold its end.
fn head_len(bytes: &[u8], searched: usize) -> Option<usize> {
    // The end is at most three bytes long, so two of it may have been searched already.
    let from = searched.saturating_sub(2);
    let lines = bytes.get(from..)?;
    for (place, byte) in lines.iter().enumerate() {
        if *byte == b'\n' {
            match lines.get(place + 1..) {
                Some([b'\n', ..]) => return Some(from + place + 2),
                Some([b'\r', b'\n', ..]) => return Some(from + place + 3),
                _ => {}
            }
        }
    }
    None
}

impl HttpSession {
    fn lose(&mut self, from: Role, used: usize) -> Step {
        self.directions[from].go(Place::Lost);
        Step::Consumed(used)
    }

    /// A head that begins a piece is taken for one; everything else is passed over.
    fn on_lost(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match is_head(from, bytes) {
            Guess::Yes => self.on_head(from, bytes, seen),
            Guess::More => Step::Need(bytes.len() + 1),
            Guess::No => self.lose(from, bytes.len()),
        }
    }

    fn on_head(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        if let Some(b'\r' | b'\n') = bytes.first() {
            // Empty lines before a message are to be ignored (RFC 9112 §2.2).
            return Step::Consumed(1);
        }
        match is_head(from, bytes) {
            Guess::Yes => {}
            Guess::More => return Step::Need(bytes.len() + 1),
            Guess::No if !self.directions[from].begun => return not_http1(from, bytes, seen),
            Guess::No if from == Role::Client && self.asked_for_tunnel() => return in_tunnel(bytes),
            Guess::No => return self.lose(from, bytes.len()),
        }
        let direction = &mut self.directions[from];
        let Some(len) = head_len(bytes, direction.searched) else {
            if bytes.len() > HEAD_BYTES_MAX {
                return self.lose(from, bytes.len());
            }
            direction.searched = bytes.len();
            return Step::Need(bytes.len() + 1);
        };
        direction.go(Place::Head);
        let message = bytes.get(..len).unwrap_or_default();
        let step = match from {
            Role::Client => RequestHead::read(message).map(|head| self.on_request(&head, len, seen)),
            Role::Server => ResponseHead::read(message).map(|head| self.on_response(&head, len, seen)),
        };
        step.unwrap_or_else(|| self.lose(from, len))
    }

    /// Only as many bytes are looked at as the body has, so that a short body is one however much
    /// has come after it.
    fn on_perhaps_body(&mut self, from: Role, len: u64, bytes: &[u8], seen: &mut Seen) -> Step {
        let near = usize::try_from(len).ok().and_then(|len| bytes.get(..len)).unwrap_or(bytes);
        match is_head(from, near) {
            Guess::Yes => self.on_head(from, bytes, seen),
            Guess::More if (near.len() as u64) < len => Step::Need(bytes.len() + 1),
            Guess::More | Guess::No => {
                self.directions[from].go(Place::Head);
                Step::Skip(len)
            }
        }
    }

    /// The last that the client asked for, as far as is known without an answer to it.
    fn asked_for_tunnel(&self) -> bool {
        self.unanswered.back().is_some_and(|last| last.method == Method::Connect)
    }

    fn on_request(&mut self, head: &RequestHead<'_>, len: usize, seen: &mut Seen) -> Step {
        if self.asked_for_tunnel() && head.method != "CONNECT" {
            // The answer was not captured: what is said now is said to somebody behind the proxy.
            return Step::Done;
        }
        if let Some(agent) = head.agent {
            self.told.product(Role::Client, first_product(agent.trim_ascii()), seen);
        }
        // A proxy is asked for somebody else's name (RFC 9112 §3.2.2, §3.2.3).
        if head.target.starts_with('/') || head.target == "*" {
            self.told.host(head.host.unwrap_or_default(), seen);
        }
        if head.basic {
            self.told.basic(State::Attempted, seen);
        }
        negotiate(head.negotiation, Role::Client, seen);
        self.told.purpose(meaning::purpose(head), seen);
        self.told.origin(head.forwarded.and_then(meaning::origin), seen);
        let identifier = head.identifier.and_then(|value| meaning::identifier(value, Role::Client));
        for token in head.trace.and_then(meaning::trace).into_iter().chain(identifier) {
            seen.push(Observation::Token(token));
        }
        let method = match head.method {
            "HEAD" => Method::Head,
            "CONNECT" => Method::Connect,
            _ => Method::Other,
        };
        if self.unanswered.len() == REQUESTS_MAX {
            self.unanswered.pop_front();
        }
        let asked_for = meaning::asked_for(head);
        self.unanswered.push_back(Request { method, basic: head.basic, asked_for });
        let body = match head.body {
            Body::Unsaid => Body::Length(0),
            body => body,
        };
        self.pass(Role::Client, len, body, head.expects_continue)
    }

    fn on_response(&mut self, head: &ResponseHead<'_>, len: usize, seen: &mut Seen) -> Step {
        if let Some(server) = head.server {
            self.told.product(Role::Server, server, seen);
        }
        negotiate(head.negotiation, Role::Server, seen);
        if head.status == 101 {
            // From here on another protocol is spoken (RFC 9110 §15.2.2).
            let asked_for = self.unanswered.front().and_then(|request| request.asked_for);
            self.told.capability(asked_for, seen);
            return Step::Done;
        }
        if head.status < 200 {
            // Not the answer yet (RFC 9110 §15.2).
            return self.pass(Role::Server, len, Body::Length(0), false);
        }
        let request = self.unanswered.pop_front();
        let success = (200..400).contains(&head.status);
        if success && request.as_ref().is_some_and(|request| request.basic) {
            self.told.basic(State::Used, seen);
        }
        if success {
            let asked_for = request.as_ref().and_then(|request| request.asked_for);
            self.told.capability(asked_for.max(meaning::offered(head)), seen);
        }
        if let Some(token) = head.identifier.and_then(|value| meaning::identifier(value, Role::Server)) {
            seen.push(Observation::Token(token));
        }
        // RFC 9112 §6.3: what the status and the method say comes before what the headers say.
        let empty = Body::Length(0);
        match (request.map(|request| request.method), head.body) {
            (Some(Method::Connect), _) if head.status < 300 => {
                self.tunnel = true;
                Step::Consumed(len)
            }
            _ if matches!(head.status, 204 | 304) => self.pass(Role::Server, len, empty, false),
            (Some(Method::Head), _) => self.pass(Role::Server, len, empty, false),
            // Until the end of the connection, so this was its last message.
            (Some(_), Body::Unsaid) => Step::Done,
            (None, Body::Unsaid) => self.lose(Role::Server, len),
            // Nobody knows whether the request was a HEAD.
            (None, body) => self.pass(Role::Server, len, body, true),
            (Some(_), body) => self.pass(Role::Server, len, body, false),
        }
    }

    /// Passes over a head and the body that follows it; `perhaps` none follows.
    fn pass(&mut self, from: Role, len: usize, body: Body, perhaps: bool) -> Step {
        let (place, step) = match body {
            Body::Chunked => (Place::Chunk, Step::Consumed(len)),
            Body::Length(body @ 1..) if perhaps => (Place::PerhapsBody(body), Step::Consumed(len)),
            Body::Length(body) => (Place::Head, Step::Skip(body.saturating_add(len as u64))),
            Body::Unsaid => (Place::Lost, Step::Consumed(len)),
        };
        self.directions[from].go(place);
        step
    }

    fn on_chunk(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match httparse::parse_chunk_size(bytes) {
            Ok(httparse::Status::Complete((used, 0))) => {
                self.directions[from].go(Place::Trailer);
                Step::Consumed(used)
            }
            // The line, the chunk, and the line end behind it.
            Ok(httparse::Status::Complete((used, size))) => Step::Skip(size.saturating_add(used as u64 + 2)),
            Ok(httparse::Status::Partial) if bytes.len() < CHUNK_LINE_BYTES_MAX => {
                Step::Need(bytes.len() + 1)
            }
            // A body that was held back and then not sent at all leaves the next head here.
            Ok(httparse::Status::Partial) | Err(_) => self.on_lost(from, bytes, seen),
        }
    }

    fn on_trailer(&mut self, from: Role, bytes: &[u8]) -> Step {
        let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
            return if bytes.len() < CHUNK_LINE_BYTES_MAX {
                Step::Need(bytes.len() + 1)
            } else {
                self.lose(from, bytes.len())
            };
        };
        if bytes.get(..end).unwrap_or_default().trim_ascii().is_empty() {
            self.directions[from].go(Place::Head);
        }
        Step::Consumed(end + 1)
    }
}

/// Bytes of a header's value that are told or compared: a name has at most 253 characters
/// (RFC 1035 §2.3.4) and may be followed by a port.
const VALUE_BYTES_MAX: usize = 260;

impl Told {
    fn product(&mut self, of: Role, words: &[u8], seen: &mut Seen) {
        let words = words.get(..VALUE_BYTES_MAX).unwrap_or(words);
        if self.products[of] != words {
            self.products[of] = words.to_vec();
            seen.product(of, words);
        }
    }

    fn host(&mut self, value: &[u8], seen: &mut Seen) {
        if self.host == value || value.len() > VALUE_BYTES_MAX {
            return;
        }
        self.host = value.to_vec();
        if let Some(name) = host_name(value) {
            let of = NamedThing::Role(Role::Server);
            seen.push(Observation::Name { of, name, source: NameSource::HttpHost });
        }
    }

    fn purpose(&mut self, purpose: Purpose, seen: &mut Seen) {
        let before = self.purposes;
        self.purposes.insert(purpose);
        if self.purposes == before {
            return;
        }
        // What is ordinary goes without saying, unless something else is said.
        if before == Purposes::from(Purpose::Ordinary) {
            seen.push(Observation::Purpose(Purpose::Ordinary));
        }
        if purpose != Purpose::Ordinary || !before.is_empty() {
            seen.push(Observation::Purpose(purpose));
        }
    }

    fn capability(&mut self, capability: Option<Capability>, seen: &mut Seen) {
        if let Some(capability) = capability.filter(|more| self.capability < Some(*more)) {
            self.capability = Some(capability);
            seen.push(Observation::Capability(capability));
        }
    }

    fn origin(&mut self, origin: Option<Address>, seen: &mut Seen) {
        if let Some(origin) = origin.filter(|origin| self.origin != Some(*origin)) {
            self.origin = Some(origin);
            seen.push(Observation::Forwarded { origin });
        }
    }

    fn basic(&mut self, state: State, seen: &mut Seen) {
        if self.basic < Some(state) {
            self.basic = Some(state);
            seen.practice(Practice::HttpBasic, state, "Authorization: Basic");
        }
    }
}

/// The first product of a User-Agent (RFC 9110 §10.1.5); of one without a version, all words:
/// `Microsoft WinRM Client`.
fn first_product(agent: &[u8]) -> &[u8] {
    let first = agent.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if first.contains(&b'/') { first } else { agent }
}

/// The first thing that a side says is no head.
fn not_http1(from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
    let http2 = match from {
        Role::Client => super::is_http2_preface(bytes),
        Role::Server => super::is_http2_settings(bytes),
    };
    match (http2, from) {
        (Guess::Yes, _) => {
            seen.push(Observation::Protocol("http2"));
            Step::Done
        }
        (Guess::More, _) => Step::Need(bytes.len() + 1),
        // Heard in the middle of a body.
        (Guess::No, Role::Client) => Step::Consumed(bytes.len()),
        // Before HTTP had heads, the page was all of the answer (RFC 1945 §6).
        (Guess::No, Role::Server) if head::is_page(bytes) != Guess::No => Step::Done,
        // Somebody asked in HTTP, and the service did not understand.
        (Guess::No, Role::Server) => Step::Foreign,
    }
}

/// The name in a Host header, if it is one: no address, no port, and not what a machine calls itself.
fn host_name(value: &[u8]) -> Option<CompactString> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let name = text.split_once(':').map_or(text, |(name, _port)| name).trim_end_matches('.');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let lettered = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    let acceptable = lettered && name.bytes().all(allowed);
    (acceptable && !name.eq_ignore_ascii_case("localhost")).then(|| name.to_ascii_lowercase().into())
}
