//! X11 (X Window System Protocol, X Consortium Standard, chapter 8): recognised. The display is the
//! server: whoever connects to it can watch it and type on it.

use crate::model::{Role, Transport};

use super::recognised::Recognised;
use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Session};

/// Bytes of a connection setup before its texts.
const SETUP: usize = 12;

/// Bytes of the name of an authorization protocol; the longest in use is `MIT-MAGIC-COOKIE-1`.
const NAME_BYTES_MAX: u16 = 64;

/// X11.
pub struct X11;

impl Analyzer for X11 {
    fn protocol(&self) -> &'static str {
        "x11"
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

/// Byte order, version 11.0, lengths of the authorization's name and data, and the name itself: a
/// cookie, or nothing.
fn speaker(bytes: &[u8]) -> Speaker {
    let number = match bytes {
        [b'B', 0, ..] => u16::from_be_bytes,
        [b'l', 0, ..] => u16::from_le_bytes,
        [b'B' | b'l'] => return Speaker::Unclear,
        _ => return Speaker::Stranger,
    };
    let fields: [u16; 5] = std::array::from_fn(|place| {
        let field = bytes.get(2 + 2 * place..).and_then(|rest| rest.first_chunk::<2>());
        field.map_or(0, |field| number(*field))
    });
    let whole = bytes.len() >= SETUP;
    match fields {
        [11, 0, name, data, 0] if whole && name <= NAME_BYTES_MAX && (name > 0) == (data > 0) => {
            let (name, text) = (usize::from(name), bytes.get(SETUP..).unwrap_or_default());
            match text.get(..name).unwrap_or(text) {
                text if !text.iter().all(u8::is_ascii_graphic) => Speaker::Stranger,
                text if text.len() < name => Speaker::Unclear,
                _ => Speaker::Is(Role::Client),
            }
        }
        [11 | 0, 0, ..] if !whole => Speaker::Unclear,
        _ => Speaker::Stranger,
    }
}

#[cfg(test)]
mod tests {

    use crate::protocol::testing::{Line, hex, tcp};

    fn protocol(setup: &str) -> Option<&'static str> {
        tcp(&[Line::C(&hex(setup))]).protocol
    }

    #[test]
    fn a_setup_is_recognised_in_either_byte_order() {
        let cookie = "4d49542d4d414749432d434f4f4b49452d31 0000 00112233445566778899aabbccddeeff";
        assert_eq!(protocol(&format!("6c00 0b00 0000 1200 1000 0000 {cookie}")), Some("x11"));
        assert_eq!(protocol("4200 000b 0000 0000 0000 0000"), Some("x11"), "no authorization");
    }

    #[test]
    fn what_is_nearly_a_setup_is_not() {
        for setup in [
            "6c00 0a00 0000 0000 0000 0000",
            "6c00 0b00 0000 1200 0000 0000",
            "6c00 0b00 0000 0200 0200 0000 0102",
            "6c00 0b00 0000",
            "6c65 0b00 0000 0000 0000 0000",
        ] {
            assert_eq!(protocol(setup), None, "{setup}");
        }
    }
}
