//! Syslog (RFC 5424, RFC 3164) over UDP and, in lines or counted (RFC 6587), over TCP: recognised by the
//! priority and what follows it.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// The highest priority: facility 23, severity 7 (RFC 5424 §6.2.1).
const PRIORITY_MAX: u32 = 191;

/// Digits of the count before a message (RFC 6587 §3.4.1).
const COUNT_DIGITS_MAX: usize = 6;

/// Syslog.
pub struct Syslog;

impl Analyzer for Syslog {
    fn protocol(&self) -> &'static str {
        "syslog"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp, Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let datagram = opening.transport == Transport::Udp;
        opening.by_speaker(|bytes| match message(if datagram { bytes } else { uncounted(bytes) }) {
            Speaker::Unclear if datagram => Speaker::Stranger,
            speaker => speaker,
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// What stands behind a count of bytes and a space, if that is how it begins.
fn uncounted(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take(COUNT_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    match bytes.split_at_checked(digits) {
        Some((_, [b' ', rest @ ..])) if digits > 0 => rest,
        Some((_, [])) if digits > 0 => &[],
        _ => bytes,
    }
}

/// A priority in angle brackets; then a version and a date, or a month and a day, as most devices
/// write them.
fn message(bytes: &[u8]) -> Speaker {
    let Some((b'<', rest)) = bytes.split_first() else {
        return if bytes.is_empty() { Speaker::Unclear } else { Speaker::Stranger };
    };
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let priority = rest.iter().take(digits).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    if digits > 3 || priority > PRIORITY_MAX {
        return Speaker::Stranger;
    }
    match rest.get(digits..) {
        None | Some([]) => Speaker::Unclear,
        Some([b'>', text @ ..]) if digits > 0 => dated(text),
        Some(_) => Speaker::Stranger,
    }
}

fn dated(text: &[u8]) -> Speaker {
    const MONTHS: [&[u8]; 12] = [
        b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ",
        b"Dec ",
    ];
    let begun = text.get(..4).unwrap_or(text);
    match text {
        [b'1', b' ', b'-', b' ', ..] | [b'1', b' ', b'2', b'0', b'0'..=b'9', b'0'..=b'9', b'-', ..] => {
            Speaker::Is(Role::Client)
        }
        [] | [b'1'] | [b'1', b' '] | [b'1', b' ', b'2' | b'-'] => Speaker::Unclear,
        [b'1', b' ', b'2', b'0', ..] if text.len() < 7 => Speaker::Unclear,
        _ if MONTHS.contains(&begun) => Speaker::Is(Role::Client),
        _ if text.len() < 4 && MONTHS.iter().any(|month| month.starts_with(text)) => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, tcp, udp};

    #[test]
    fn messages_are_recognised_and_their_sender_is_the_client() {
        for text in [
            "<34>Oct 11 22:14:15 mymachine su: failed",
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - text",
            "<13>1 - host app - - - text",
        ] {
            let outcome = udp(514, &[Line::C(text.as_bytes())]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("syslog"), Some(true)), "{text}");
            let counted = format!("{} {text}", text.len());
            for stream in [text, &counted] {
                assert_eq!(tcp(&[Line::C(stream.as_bytes())]).protocol, Some("syslog"), "{stream}");
            }
        }
    }

    #[test]
    fn what_is_nearly_a_message_is_not() {
        for text in [
            "<192>Oct 11 22:14:15 x",
            "<34>October",
            "<a>Oct 11",
            "<34",
            "<?xml version=\"1.0\"?>",
            "<>Oct 1",
        ] {
            assert_eq!(udp(514, &[Line::C(text.as_bytes())]).protocol, None, "{text}");
        }
    }
}
