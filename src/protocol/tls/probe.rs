//! Is this TLS? By its first bytes, from either side, on any port.

use crate::model::{Role, Side};
use crate::protocol::{Opening, Probe};

use super::message::{LEN_MAX, kind};
use super::record::{Content, HEADER_LEN, Header};
use super::sslv2;

/// What one side's bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    /// TLS, and the role of the side that sent it where the bytes tell.
    Tls(Option<Role>),
    /// Perhaps.
    Unsure,
    /// Something else.
    Other,
}

pub(super) fn probe(opening: &Opening<'_>) -> Probe {
    let mut tls = false;
    let mut unsure = false;
    for side in [Side::A, Side::B] {
        match looks(opening.of(side), opening.from_start) {
            Looks::Tls(Some(Role::Client)) => return Probe::Match { client: Some(side) },
            Looks::Tls(Some(Role::Server)) => return Probe::Match { client: Some(side.other()) },
            Looks::Tls(None) => tls = true,
            Looks::Unsure => unsure = true,
            Looks::Other => {}
        }
    }
    match (tls, unsure) {
        (true, _) => Probe::Match { client: None },
        (false, true) if !opening.last_chance => Probe::NeedMore,
        (false, _) => Probe::NoMatch,
    }
}

fn looks(bytes: &[u8], from_start: bool) -> Looks {
    match bytes {
        // A side that has said nothing speaks neither for nor against.
        [] => Looks::Other,
        [first, ..] if first & 0x80 != 0 => version_2(bytes),
        [0x14..=0x17] | [0x14..=0x17, 3, ..] => record(bytes, from_start),
        _ => Looks::Other,
    }
}

fn version_2(bytes: &[u8]) -> Looks {
    match sslv2::opening(bytes) {
        sslv2::Opening::Hello(sslv2::Hello::Client { .. }, _) => Looks::Tls(Some(Role::Client)),
        sslv2::Opening::Hello(sslv2::Hello::Server { .. }, _) => Looks::Tls(Some(Role::Server)),
        sslv2::Opening::Part(_) => Looks::Unsure,
        sslv2::Opening::Other => Looks::Other,
    }
}

fn record(bytes: &[u8], from_start: bool) -> Looks {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else { return Looks::Unsure };
    let Some(header) = Header::parse(*header) else { return Looks::Other };
    let sender = match header.content {
        Content::Handshake => handshake(header, rest),
        // A server that refuses without a hello: one alert of two bytes, warning or fatal.
        Content::Alert if from_start => match (header.len, rest) {
            (2, [1 | 2, ..]) => Looks::Tls(None),
            (2, []) => Looks::Unsure,
            _ => Looks::Other,
        },
        _ => Looks::Other,
    };
    if from_start || sender != Looks::Other { sender } else { traffic(header, rest) }
}

/// The first handshake record of a side: does it begin with a message that tells who sent it?
fn handshake(header: Header, rest: &[u8]) -> Looks {
    let [first, rest @ ..] = rest else { return Looks::Unsure };
    let (sender, body_len) = match *first {
        // Version, random, session id, suites, compression: 41 bytes at least.
        kind::CLIENT_HELLO => (Role::Client, 41..=LEN_MAX),
        kind::SERVER_HELLO => (Role::Server, 36..=LEN_MAX),
        _ => return Looks::Other,
    };
    // Some senders cut their hello into records of a few bytes; what lies beyond is not looked at.
    if header.len >= 4 {
        let Some((len, rest)) = rest.split_first_chunk::<3>() else { return Looks::Unsure };
        let [high, middle, low] = *len;
        if !body_len.contains(&(u32::from_be_bytes([0, high, middle, low]) as usize)) {
            return Looks::Other;
        }
        match rest {
            [] if header.len > 4 => return Looks::Unsure,
            [version, ..] if header.len > 4 && !matches!(version, 3 | 0x7f) => return Looks::Other,
            _ => {}
        }
    }
    Looks::Tls(Some(sender))
}

/// A talk joined late: a record of any kind and, where enough was said, another one after it.
fn traffic(header: Header, rest: &[u8]) -> Looks {
    let sender = match (header.content, rest) {
        // What is encrypted has no such length but by a chance of one in millions.
        (Content::Handshake, [first, 0, high, low, ..]) if fits(header, *high, *low) => match *first {
            kind::CLIENT_KEY_EXCHANGE | kind::CERTIFICATE_VERIFY => Some(Role::Client),
            kind::SERVER_KEY_EXCHANGE | kind::SERVER_HELLO_DONE => Some(Role::Server),
            _ => None,
        },
        _ => None,
    };
    let next = rest.get(header.len..).unwrap_or_default();
    match next.first_chunk::<HEADER_LEN>() {
        Some(next) if Header::parse(*next).is_none() => Looks::Other,
        _ => Looks::Tls(sender),
    }
}

/// A message of this length ends inside its record.
fn fits(header: Header, high: u8, low: u8) -> bool {
    4 + usize::from(u16::from_be_bytes([high, low])) <= header.len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::testing::hex;

    const CLIENT: Looks = Looks::Tls(Some(Role::Client));
    const SERVER: Looks = Looks::Tls(Some(Role::Server));

    /// What bytes look like at the start of a connection, and in the middle of one.
    fn check(digits: &str, at_start: Looks, late: Looks) {
        let bytes = hex(digits);
        assert_eq!(looks(&bytes, true), at_start, "{digits} at the start");
        assert_eq!(looks(&bytes, false), late, "{digits} late");
    }

    #[test]
    fn a_hello_tells_its_sender() {
        check("16 0301 00b5 01 0000b1 03 03", CLIENT, CLIENT);
        check("16 0300 00b5 01 0000b1 03 00", CLIENT, CLIENT);
        check("16 0303 005a 02 000056 03 03", SERVER, SERVER);
        check("16 0303 005a 02 000056 7f 12", SERVER, SERVER);
        check("16 0301 0003 01 0000", CLIENT, CLIENT);
    }

    #[test]
    fn what_is_no_hello_is_at_most_traffic() {
        let traffic = Looks::Tls(None);
        check("16 0301 00b5 01 000000 03 03", Looks::Other, traffic);
        check("16 0301 00b5 01 ff0000 03 03", Looks::Other, traffic);
        check("16 0301 00b5 01 0000b1 04 03", Looks::Other, traffic);
        check("16 0301 00b5 03 0000b1 03 03", Looks::Other, traffic);
        check("16 0401 00b5 01 0000b1 03 03", Looks::Other, Looks::Other);
        check("16 0301 4900 01 0000b1 03 03", Looks::Other, Looks::Other);
        check("16 02 01", Looks::Other, Looks::Other);
        check("474554202f20485454502f312e310d0a", Looks::Other, Looks::Other);
        check("", Looks::Other, Looks::Other);
    }

    #[test]
    fn an_alert_at_the_start_is_a_refusal() {
        check("15 0301 0002 02 28", Looks::Tls(None), Looks::Tls(None));
        check("15 0301 0002 07 28", Looks::Other, Looks::Tls(None));
        check("15 0301 0020 02 28", Looks::Other, Looks::Tls(None));
    }

    #[test]
    fn traffic_counts_only_for_a_talk_joined_late() {
        check("17 0303 0002 aabb 17 0303 0100 cc", Looks::Other, Looks::Tls(None));
        check("17 0303 0400 aabb", Looks::Other, Looks::Tls(None));
        check("17 0303 0002 aabb 17 0203 0100 cc", Looks::Other, Looks::Other);
        check("14 0303 0001 01 16 0303 0028 e3", Looks::Other, Looks::Tls(None));
        check("16 0303 0084 10 000080 0080", Looks::Other, CLIENT);
        check("16 0303 0004 0e 000000", Looks::Other, SERVER);
        check("16 0303 0028 10 00cafe 0080", Looks::Other, Looks::Tls(None));
        check("16 0303 0028", Looks::Unsure, Looks::Unsure);
    }

    #[test]
    fn every_beginning_of_a_hello_asks_for_more() {
        for hello in
            ["16 0301 00b5 01 0000b1 03", "16 0303 005a 02 000056 03", "802e 01 0002 0015 0000 0010 0700c0"]
        {
            let bytes = hex(hello);
            for len in 1..bytes.len() {
                assert_eq!(looks(&bytes[..len], true), Looks::Unsure, "{len} bytes of {hello}");
            }
        }
    }

    #[test]
    fn the_envelope_of_ssl_2_must_fit_exactly() {
        let hello = "801c 01 0301 0003 0000 0010 00002f 000102030405060708090a0b0c0d0e0f";
        check(hello, CLIENT, CLIENT);
        check(&hello.replace("801c", "801b"), Looks::Other, Looks::Other);
        check("8014 04 00 01 0002 0003 0003 0003 aabbcc 0700c0 010203", SERVER, SERVER);
    }
}
