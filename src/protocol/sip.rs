//! SIP (RFC 3261 §7): recognised by its first line. Whoever registers is a client; of two that call
//! each other the bytes show none.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

const VERSION: &[u8] = b"SIP/2.0";

/// The longest first line that is waited for.
const LINE_BYTES_MAX: usize = 2_048;

/// Requests, and whether only a client sends them (§10; RFC 3903).
const METHODS: [(&[u8], bool); 14] = [
    (b"REGISTER", true),
    (b"PUBLISH", true),
    (b"SUBSCRIBE", true),
    (b"INVITE", false),
    (b"ACK", false),
    (b"BYE", false),
    (b"CANCEL", false),
    (b"OPTIONS", false),
    (b"INFO", false),
    (b"PRACK", false),
    (b"UPDATE", false),
    (b"REFER", false),
    (b"MESSAGE", false),
    (b"NOTIFY", false),
];

/// SIP.
pub struct Sip;

impl Analyzer for Sip {
    fn protocol(&self) -> &'static str {
        "sip"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp, Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n');
    let Some(line) = end.and_then(|end| bytes.get(..end)) else {
        let begun = |word: &[u8]| word.starts_with(bytes.get(..word.len()).unwrap_or(bytes));
        let begun = begun(VERSION) || METHODS.iter().any(|(method, _)| begun(method));
        return if begun && bytes.len() < LINE_BYTES_MAX { Speaker::Unclear } else { Speaker::Stranger };
    };
    let line = line.trim_ascii_end();
    if let Some(status) = line.strip_prefix(VERSION) {
        let answers = matches!(status, [b' ', b'1'..=b'6', b'0'..=b'9', b'0'..=b'9', b' ', ..]);
        return if answers { Speaker::Either } else { Speaker::Stranger };
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (method, uri, version) = (words.next(), words.next().unwrap_or_default(), words.next());
    let schemes: [&[u8]; 3] = [b"sip:", b"sips:", b"tel:"];
    let known = METHODS.iter().find(|(name, _)| Some(*name) == method);
    match known {
        Some((_, client))
            if version == Some(VERSION) && schemes.iter().any(|scheme| uri.starts_with(scheme)) =>
        {
            if *client { Speaker::Is(Role::Client) } else { Speaker::Either }
        }
        _ => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, tcp, udp};

    #[test]
    fn whoever_registers_is_the_client() {
        let register = b"REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1\r\n\r\n";
        for outcome in [udp(5_060, &[Line::C(register)]), tcp(&[Line::C(register)])] {
            assert_eq!((outcome.protocol, outcome.client_right), (Some("sip"), Some(true)));
        }
    }

    #[test]
    fn calls_and_answers_show_no_client() {
        for first in ["INVITE sip:bob@example.org SIP/2.0\r\n\r\n", "SIP/2.0 401 Unauthorized\r\n\r\n"] {
            let outcome = udp(5_060, &[Line::C(first.as_bytes())]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("sip"), None), "{first}");
        }
    }

    #[test]
    fn what_is_nearly_a_request_is_not() {
        for first in [
            "OPTIONS / HTTP/1.1\r\n\r\n",
            "OPTIONS rtsp://10.0.0.1/ RTSP/1.0\r\n\r\n",
            "INVITE bob SIP/2.0\r\n\r\n",
            "SIP/2.0 999 Odd\r\n\r\n",
            "INVITED sip:bob@example.org SIP/2.0\r\n\r\n",
        ] {
            assert_ne!(udp(5_060, &[Line::C(first.as_bytes())]).protocol, Some("sip"), "{first}");
        }
    }
}
