//! The network time protocol (RFC 5905) and its control messages (RFC 9327).

use crate::model::{Side, Transport};

use super::recognised::Recognised;
use super::{Analyzer, Opening, Probe, Session};

/// The well-known port. It never proves anything, but away from it an answer is asked for.
const PORT: u16 = 123;

/// Octets of the header (RFC 5905 §7.3).
const HEADER_OCTETS: usize = 48;

/// NTP.
pub struct Ntp;

impl Analyzer for Ntp {
    fn protocol(&self) -> &'static str {
        "ntp"
    }

    fn transports(&self) -> &'static [Transport] {
        &[Transport::Udp]
    }

    fn probe(&self, opening: &Opening<'_>) -> Probe {
        let known = [Side::A, Side::B].iter().any(|side| opening.endpoint(*side).port == PORT);
        let mut more = false;
        for side in [Side::A, Side::B] {
            let Some(speaker) = speaker(opening.of(side)) else { continue };
            let client = match speaker {
                Speaker::Client => Some(side),
                Speaker::Server => Some(side.other()),
                Speaker::Peer => None,
            };
            if known || answered(opening.of(side), opening.of(side.other())) {
                return Probe::Match { client };
            }
            more = true;
        }
        if more && !opening.last_chance { Probe::NeedMore } else { Probe::NoMatch }
    }

    fn begin(&self) -> Box<dyn Session> {
        Box::new(Recognised)
    }
}

/// Who sends such a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    Client,
    Server,
    /// Either of two servers that keep each other's time, or a server that tells a whole network.
    Peer,
}

/// Who sent this, if it is a message at all.
fn speaker(bytes: &[u8]) -> Option<Speaker> {
    let [first, second, ..] = bytes else { return None };
    if !matches!(first >> 3 & 7, 1..=4) {
        return None;
    }
    match first & 7 {
        1 | 2 | 5 => clock(bytes).map(|()| Speaker::Peer),
        3 => clock(bytes).map(|()| Speaker::Client),
        4 => clock(bytes).map(|()| Speaker::Server),
        6 => control(bytes).then_some(if second & 0x80 == 0 { Speaker::Client } else { Speaker::Server }),
        7 => private(bytes).then_some(if first & 0x80 == 0 { Speaker::Client } else { Speaker::Server }),
        _ => None,
    }
}

/// A message about the time: header, extension fields, authenticator (RFC 5905 §7.3, RFC 7822).
fn clock(bytes: &[u8]) -> Option<()> {
    /// Seconds between messages are at most 2^17 (RFC 5905 §7.2); clients may leave this zero.
    const POLL_MAX: u8 = 17;
    let (header, rest) = bytes.split_first_chunk::<HEADER_OCTETS>()?;
    let [first, stratum, poll, precision, delay, _, _, _, spread, ..] = *header;
    // A clock ticks between once a second and 2^32 times a second; chrony's clients say 32.
    let ticks = matches!(precision, 0 | 32 | 0xe0..=0xff);
    // Root delay and dispersion are below 256 seconds, however bad the clock.
    let near = delay == 0 && spread == 0;
    let authenticator = matches!(rest.len(), 0 | 4 | 20 | 24) || extensions(rest);
    // A server that has no time says so: stratum 0 with a reason in letters (§7.4), or 16.
    let sane = stratum <= 16 && poll <= POLL_MAX && ticks && near && authenticator;
    let tells_time =
        first & 7 == 3 || header.get(40..).is_some_and(|sent| sent.iter().any(|octet| *octet != 0));
    (sane && (tells_time || stratum > 0)).then_some(())
}

/// Extension fields, perhaps followed by an authenticator.
fn extensions(mut bytes: &[u8]) -> bool {
    while !matches!(bytes.len(), 0 | 4 | 20 | 24) {
        let [_, _, high, low, ..] = bytes else { return false };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match bytes.get(length..) {
            Some(rest) if length >= 16 && length % 4 == 0 => bytes = rest,
            // Windows domains: key, authenticator and room to grow (MS-SNTP §2.2.1, 2.2.3).
            _ => return matches!(bytes.len(), 72),
        }
    }
    true
}

/// A control message (RFC 9327 §2): its count says how long it is.
fn control(bytes: &[u8]) -> bool {
    const OPERATIONS: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 31];
    let [first, second, .., high, low] =
        *bytes.split_first_chunk::<12>().map_or(&[0; 12], |(header, _)| header);
    let length = 12 + usize::from(u16::from_be_bytes([high, low]));
    let rest = bytes.len().checked_sub(length.next_multiple_of(4));
    // The last part of an answer need not be padded; an authenticator may follow.
    let fits = bytes.len() == length || rest.is_some_and(|rest| matches!(rest, 0 | 20 | 24));
    first & 0xc0 == 0 && OPERATIONS.contains(&(second & 0x1f)) && fits
}

/// A private message of the reference implementation, which asks for its list of clients among
/// others: implementation 0, 2 or 3, then a count of items and their size.
fn private(bytes: &[u8]) -> bool {
    let [first, _, 0 | 2 | 3, _, high, low, zero_and_size, size, rest @ ..] = bytes else { return false };
    let word = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let items = word(high & 0x0f, *low);
    let length = items * word(*zero_and_size & 0x0f, *size);
    let response = first & 0x80 != 0;
    zero_and_size >> 4 == 0
        && (response || high >> 4 == 0)
        && rest.len() >= length
        && (response || rest.len() <= 184)
}

/// True if `there` and `back` are a question and its answer: the answer repeats when the question
/// was sent (RFC 5905 §8).
fn answered(there: &[u8], back: &[u8]) -> bool {
    let paired = |asked: &[u8], told: &[u8]| {
        let sent = asked.get(40..HEADER_OCTETS);
        let roles = (speaker(asked), speaker(told)) == (Some(Speaker::Client), Some(Speaker::Server));
        roles && sent.is_some() && sent == told.get(24..32)
    };
    paired(there, back) || paired(back, there)
}

#[cfg(test)]
mod tests {
    use crate::protocol::testing::Line::{C, S};
    use crate::protocol::testing::{Outcome, hex, udp};

    const ASKED: &str =
        "230206ea00000bd90000073a55c7d663e09ab55c12dcc914e09ab6620ef01df2e09ab6621447957de09ab6a50706de1a";
    const TOLD: &str =
        "240406e800000c810000134e69edcf1ce09ab29cb8c778ebe09ab6a50706de1ae09ab6a511b7e144e09ab6a511ba2d30";

    const NOTHING: Outcome = Outcome { protocol: None, client_right: None, observations: vec![] };

    fn ntp(client_right: Option<bool>) -> Outcome {
        Outcome { protocol: Some("ntp"), client_right, observations: vec![] }
    }

    #[test]
    fn modes_tell_who_asks() {
        assert_eq!(udp(123, &[C(&hex(ASKED)), S(&hex(TOLD))]), ntp(Some(true)));
        assert_eq!(udp(123, &[S(&hex(TOLD))]), ntp(Some(true)));
        assert_eq!(udp(123, &[C(&hex(TOLD))]), ntp(Some(false)));
        let peer = ASKED.replacen("23", "21", 1);
        assert_eq!(udp(123, &[C(&hex(&peer))]), ntp(None));
    }

    #[test]
    fn on_another_port_an_answer_must_repeat_the_question() {
        assert_eq!(udp(1123, &[C(&hex(ASKED)), S(&hex(TOLD))]), ntp(Some(true)));
        assert_eq!(udp(1123, &[C(&hex(ASKED))]), NOTHING);
        let other = TOLD.replace("e09ab6a50706de1a", "e09ab6a50706de1b");
        assert_eq!(udp(1123, &[C(&hex(ASKED)), S(&hex(&other))]), NOTHING);
    }

    #[test]
    fn simple_clients_and_authenticators_are_ntp() {
        let simple = format!("1b{}", "00".repeat(47));
        assert_eq!(udp(123, &[C(&hex(&simple))]), ntp(Some(true)));
        for tail in ["00000001".to_owned() + &"ab".repeat(16), "01040010".to_owned() + &"00".repeat(12)] {
            assert_eq!(udp(123, &[C(&hex(&format!("{ASKED}{tail}")))]), ntp(Some(true)), "{tail}");
        }
    }

    #[test]
    fn control_messages_tell_who_asks() {
        let variables = "16020001000000000000000000";
        assert_eq!(udp(123, &[C(&hex(&variables[..24]))]), ntp(Some(true)));
        assert_eq!(udp(123, &[S(&hex("168200010000000000000004 61623d63"))]), ntp(Some(true)));
        let clients = "1700032a00000000";
        assert_eq!(udp(123, &[C(&hex(clients))]), ntp(Some(true)));
        assert_eq!(udp(123, &[S(&hex("9700032a00010004 01020304"))]), ntp(Some(true)));
        assert_eq!(udp(123, &[C(&hex("168200010000000000000009 61623d63"))]), NOTHING, "count says more");
        assert_eq!(udp(123, &[C(&hex("1700072a00000000"))]), NOTHING, "implementation 7");
    }

    #[test]
    fn what_only_resembles_a_message_is_none() {
        let with = |at: usize, octet: u8| {
            let mut bytes = hex(ASKED);
            bytes[at] = octet;
            bytes
        };
        for (why, bytes) in [
            ("version 0", with(0, 0x03)),
            ("version 5", with(0, 0x2b)),
            ("mode 0", with(0, 0x20)),
            ("stratum 17", with(1, 17)),
            ("a poll of 2^18 s", with(2, 18)),
            ("a clock that ticks once in 2 s", with(3, 1)),
            ("a root delay of 256 s", with(4, 1)),
            ("cut", hex(ASKED)[..47].to_vec()),
            ("an odd tail", hex(&format!("{ASKED}0104001100"))),
            ("a server that tells no time", hex(&format!("24{}", "00".repeat(47)))),
        ] {
            assert_eq!(udp(123, &[C(&bytes)]), NOTHING, "{why}");
        }
    }
}
