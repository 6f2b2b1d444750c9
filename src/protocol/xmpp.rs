//! XMPP (RFC 6120): streams of XML between clients and servers, up to TLS or the login.

use crate::model::{Role, Transport};

use super::speaker::Speaker;
use super::starttls::StartTls;
use super::tls::Tls;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

/// Bytes of one tag, with the text before it. A stream's header has about 200; the longest of a login
/// are certificates and tickets of a few kilobytes.
const TAG_BYTES_MAX: usize = 16 * 1024;

/// Bytes in which a stream's header must have named what it is.
const HEADER_BYTES_MAX: usize = 1024;

/// What every stream's header declares (RFC 6120 §4.8.1).
const STREAMS: &[u8] = b"http://etherx.jabber.org/streams";

/// The names of tags that matter, as they are written in practice.
const HEADER: &[u8] = b"<stream:stream";

/// XMPP.
pub struct Xmpp;

impl Analyzer for Xmpp {
    fn protocol(&self) -> &'static str {
        "xmpp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::<XmppSession>::default()
    }
}

/// Who opens such a stream: only a server's has an id (RFC 6120 §4.7.3).
fn speaker(bytes: &[u8]) -> Speaker {
    let bytes = bytes.trim_ascii_start();
    let near = bytes.get(..HEADER_BYTES_MAX).unwrap_or(bytes);
    let begins = [b"<?xml".as_slice(), HEADER].iter().any(|beginning| {
        let shorter = near.len().min(beginning.len());
        near.get(..shorter) == beginning.get(..shorter)
    });
    if !begins {
        return Speaker::Stranger;
    }
    let unclear = if near.len() < HEADER_BYTES_MAX { Speaker::Unclear } else { Speaker::Stranger };
    let Some(start) = find(near, HEADER) else {
        // Another document would begin with its own tag.
        let declaration = find(near, b"?>").map_or(near.len(), |end| end + 2);
        let next = near.get(declaration..).unwrap_or_default().trim_ascii_start();
        let possible = HEADER.starts_with(next.get(..HEADER.len()).unwrap_or(next));
        return if possible { unclear } else { Speaker::Stranger };
    };
    let header = near.get(start..).unwrap_or_default();
    let Some(end) = header.iter().position(|byte| *byte == b'>') else { return unclear };
    let header = header.get(..end).unwrap_or_default();
    if find(header, STREAMS).is_none() {
        return Speaker::Stranger;
    }
    Speaker::Is(if find(header, b" id=").is_some() { Role::Server } else { Role::Client })
}

fn find(text: &[u8], words: &[u8]) -> Option<usize> {
    text.windows(words.len()).position(|window| window == words)
}

/// One stream, until it is encrypted or somebody has logged in.
#[derive(Default)]
struct XmppSession {
    tls: StartTls,
}

impl Session for XmppSession {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], _seen: &mut Seen) -> Step {
        if let Some(step) = self.tls.before_line(from, bytes) {
            return step;
        }
        let Some(end) = bytes.iter().position(|byte| *byte == b'>') else {
            return if bytes.len() < TAG_BYTES_MAX { Step::Need(bytes.len() + 1) } else { Step::Done };
        };
        let tag = bytes.get(..end).unwrap_or_default();
        let tag = tag.rsplit(|byte| *byte == b'<').next().unwrap_or_default();
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        match (from, name) {
            (Role::Client, b"starttls") => self.tls.ask(),
            (Role::Server, b"proceed") if self.tls.is_asked() => return Step::Upgrade(end + 1, &Tls),
            (Role::Server, b"failure") => self.tls.refuse(),
            // Logged in, or past it: what follows is what people say to each other.
            (Role::Server, b"success") | (_, b"message" | b"presence" | b"iq") => return Step::Done,
            _ => {}
        }
        Step::Consumed(end + 1)
    }

    fn on_gap(&mut self, from: Role, _: u64, _: &mut Seen) -> Step {
        match self.tls.on_gap(from) {
            upgrade @ Step::Upgrade(..) => upgrade,
            _ => Step::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Observation;
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{hex, tcp};

    const CLIENT: &[u8] = b"<?xml version='1.0'?><stream:stream to='example.org' version='1.0' \
        xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    const SERVER: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' id='42' from='example.org' version='1.0'>\
        <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
    const ASK: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    const PROCEED: &[u8] = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

    fn hello() -> Vec<u8> {
        hex(&format!("16030100 2f 0100002b 0303 {} 00 0004 1301 c02f 01 00", "5a".repeat(32)))
    }

    fn hellos(lines: &[super::super::testing::Line<'_>]) -> usize {
        let outcome = tcp(lines);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("xmpp"), Some(true)));
        outcome.observations.iter().filter(|it| matches!(it, Observation::ClientHello { .. })).count()
    }

    #[test]
    fn a_stream_goes_on_in_tls() {
        let hello = hello();
        assert_eq!(hellos(&[C(CLIENT), S(SERVER), C(ASK), S(PROCEED), C(&hello)]), 1);
        let failure = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
        assert_eq!(hellos(&[C(CLIENT), S(SERVER), C(ASK), S(failure), C(b"</stream:stream>")]), 0);
    }

    #[test]
    fn a_login_in_clear_ends_what_is_of_interest() {
        let auth =
            b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>";
        let success = b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
        assert_eq!(hellos(&[C(CLIENT), S(SERVER), C(auth), S(success), C(&hello())]), 0);
    }

    #[test]
    fn one_side_is_enough_and_tells_who_it_is() {
        assert_eq!(hellos(&[S(SERVER)]), 0);
        assert_eq!(hellos(&[C(CLIENT)]), 0);
    }

    #[test]
    fn other_documents_are_not_xmpp() {
        for document in [
            &b"<?xml version='1.0'?><policy-file-request/>"[..],
            b"<stream:stream xmlns:stream='http://example.org/other' to='a'>",
            b"<streams>",
            b"<?xml version='1.0'?>",
        ] {
            assert_eq!(tcp(&[C(document)]).protocol, None, "{}", String::from_utf8_lossy(document));
        }
    }
}
