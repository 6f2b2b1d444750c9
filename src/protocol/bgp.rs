//! BGP (RFC 4271 §4.1): recognised by the marker before each message. Either side may open.

use crate::model::Transport;

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// All ones (§4.1), since the authentication that once stood there was withdrawn.
const MARKER: [u8; 16] = [0xff; 16];

/// The longest message (§4.1), and the longest where both sides agreed on more (RFC 8654).
const MESSAGE_BYTES_MAX: u16 = u16::MAX;

/// BGP.
pub struct Bgp;

impl Analyzer for Bgp {
    fn protocol(&self) -> &'static str {
        "bgp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        opening.by_speaker(speaker)
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

fn speaker(bytes: &[u8]) -> Speaker {
    let Some(header) = bytes.strip_prefix(&MARKER) else {
        return if MARKER.starts_with(bytes) { Speaker::Unclear } else { Speaker::Stranger };
    };
    let [high, low, kind, ..] = header else { return Speaker::Unclear };
    let len = u16::from_be_bytes([*high, *low]);
    let least = match kind {
        1 => 29,
        2 => 23,
        3 => 21,
        4 => 19,
        // Route refresh (RFC 2918).
        5 => 23,
        _ => return Speaker::Stranger,
    };
    let fits = if *kind == 4 { len == least } else { (least..=MESSAGE_BYTES_MAX).contains(&len) };
    if fits { Speaker::Either } else { Speaker::Stranger }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, hex, tcp};

    const MARKER: &str = "ffffffffffffffffffffffffffffffff";

    #[test]
    fn messages_are_recognised_and_prove_no_client() {
        for message in ["001d 01 04 fde9 00b4 0a040a64 00", "0013 04", "0017 02 0000 0000"] {
            let outcome = tcp(&[Line::C(&hex(&format!("{MARKER}{message}")))]);
            assert_eq!((outcome.protocol, outcome.client_right), (Some("bgp"), None), "{message}");
        }
    }

    #[test]
    fn what_is_nearly_a_message_is_not() {
        for message in ["0014 04 00", "0013 09", "001c 01 04"] {
            assert_eq!(tcp(&[Line::C(&hex(&format!("{MARKER}{message}")))]).protocol, None, "{message}");
        }
        assert_eq!(tcp(&[Line::C(&[0xff; 15])]).protocol, None);
    }
}
