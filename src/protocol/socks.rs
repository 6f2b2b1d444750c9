//! SOCKS 4 and 5 (RFC 1928, RFC 1929; SOCKS4.protocol): recognised where both sides spoke, because
//! each says little.

use crate::model::Transport;

use super::recognised::Recognised;
use super::{Analyzer, Guess, Opening, Probe, Session};

/// The longest user that a version 4 client names.
const USER_BYTES_MAX: usize = 255;

/// SOCKS.
pub struct Socks;

impl Analyzer for Socks {
    fn protocol(&self) -> &'static str {
        "socks"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Tcp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        if !opening.from_start {
            return Probe::NoMatch;
        }
        opening.either_way(|client, server| match (client.first(), server.first()) {
            (None, None) => Guess::More,
            (Some(5) | None, Some(5) | None) => five(client, server),
            (Some(4) | None, Some(0) | None) => four(client, server),
            _ => Guess::No,
        })
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// Methods offered and the one taken (RFC 1928 §3), or none of them.
fn five(client: &[u8], server: &[u8]) -> Guess {
    let [5, count, methods @ ..] = client else { return Guess::More };
    let offered = methods.get(..usize::from(*count)).unwrap_or(methods);
    // Methods up to 9 are assigned, those from 0x80 private; nobody offers many.
    let assigned = offered.iter().all(|method| matches!(method, 0..=9 | 0x80..=0xfe));
    if !(1..=16).contains(count) || !assigned {
        return Guess::No;
    }
    match server {
        [5, taken, ..] if offered.len() == usize::from(*count) => {
            if *taken == 0xff || offered.contains(taken) { Guess::Yes } else { Guess::No }
        }
        _ => Guess::More,
    }
}

/// A command, a port, an address, a user that ends; and what came of it.
fn four(client: &[u8], server: &[u8]) -> Guess {
    let [4, 1 | 2, _, _, _, _, _, _, user @ ..] = client else {
        return if client.len() < 8 && matches!(client, [] | [4] | [4, 1 | 2, ..]) {
            Guess::More
        } else {
            Guess::No
        };
    };
    let user = user.get(..USER_BYTES_MAX).unwrap_or(user);
    let Some(end) = user.iter().position(|byte| *byte == 0) else { return Guess::More };
    if !user.iter().take(end).all(u8::is_ascii_graphic) {
        return Guess::No;
    }
    match server {
        [0, 0x5a..=0x5d, _, _, _, _, _, _, ..] => Guess::Yes,
        [] | [0] | [0, 0x5a..=0x5d, ..] => Guess::More,
        _ => Guess::No,
    }
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::{Line, hex, tcp};

    fn protocol(client: &str, server: &str) -> Option<&'static str> {
        tcp(&[Line::C(&hex(client)), Line::S(&hex(server))]).protocol
    }

    #[test]
    fn an_offer_and_what_was_taken_are_recognised() {
        let outcome = tcp(&[Line::C(&hex("05 02 00 02")), Line::S(&hex("05 02"))]);
        assert_eq!((outcome.protocol, outcome.client_right), (Some("socks"), Some(true)));
        assert_eq!(protocol("05 01 00", "05 00"), Some("socks"));
        assert_eq!(protocol("05 01 00", "05 ff"), Some("socks"), "refused");
        assert_eq!(protocol("04 01 0050 42660763 626f6200", "00 5a 0000 00000000"), Some("socks"));
    }

    #[test]
    fn what_is_nearly_an_offer_is_not() {
        for (client, server) in [
            ("05 01 00", "05 02"),
            ("05 01 20", "05 20"),
            ("05 00", "05 00"),
            ("05 01 00", "06 00"),
            ("04 03 0050 42660763 00", "00 5a 0000 00000000"),
            ("04 01 0050 42660763 00", "00 5e 0000 00000000"),
        ] {
            assert_eq!(protocol(client, server), None, "{client} {server}");
        }
        assert_eq!(tcp(&[Line::C(&hex("05 01 00"))]).protocol, None, "one side alone");
    }
}
