//! X11 (X Window System Protocol, X Consortium Standard, chapter 8): recognised. The display is the
//! server: whoever connects to it can watch it and type on it.

use crate::model::{Fault, Role, State, Transport};

use super::speaker::Speaker;
use super::{Analyzer, Opening, Probe, Seen, Session, Step};

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
        Box::<Display>::default()
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

/// One connection, until the display has let the client in.
#[derive(Default)]
struct Display {
    /// The client has shown a cookie, or nothing.
    cookie: Option<bool>,
}

impl Session for Display {
    fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> Step {
        match (from, self.cookie, bytes) {
            (Role::Client, None, [_, _, _, _, _, _, high, low, ..]) => {
                self.cookie = Some([*high, *low] != [0, 0]);
                Step::Skip(u64::MAX)
            }
            (Role::Client, None, _) => Step::Need(SETUP),
            (Role::Client, Some(_), _) => Step::Skip(u64::MAX),
            // The first byte says how it went: 1 is success.
            (Role::Server, Some(true), [1, ..]) => {
                seen.fault(Fault::X11Cookie, State::Used, "X11 display opened by a cookie in clear");
                Step::Done
            }
            (Role::Server, Some(false), [1, ..]) => {
                seen.fault(Fault::X11Open, State::Used, "X11 display opened without authorization");
                Step::Done
            }
            (Role::Server, ..) => Step::Done,
        }
    }

    fn on_gap(&mut self, _: Role, _: u64, _: &mut Seen) -> Step {
        Step::Done
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::protocol::testing::{Line, faults, hex, tcp};

    #[test]
    fn a_display_that_lets_in_is_open_or_shows_its_cookie() {
        let cookie = "6c00 0b00 0000 1200 1000 0000 4d49542d4d414749432d434f4f4b49452d31 0000 00112233445566778899aabbccddeeff";
        let talk = |setup: &str, answer: u8| {
            faults(&tcp(&[Line::C(&hex(setup)), Line::S(&[answer, 0, 11, 0, 0, 0])]))
        };
        assert_eq!(talk(cookie, 1), [(Fault::X11Cookie, State::Used)]);
        assert_eq!(talk("4200 000b 0000 0000 0000 0000", 1), [(Fault::X11Open, State::Used)]);
        assert_eq!(talk("4200 000b 0000 0000 0000 0000", 0), [], "refused");
    }

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
