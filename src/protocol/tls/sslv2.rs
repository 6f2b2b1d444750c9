//! The hello messages of SSL 2.0, prohibited since RFC 6176. Its CLIENT-HELLO lived on as an
//! envelope in which old clients offer SSL 3.0 and TLS (RFC 5246 §E.2).

use super::hello::ClientHello;
use super::reader::Reader;

/// Bytes before a message: a set bit, then a length of 15 bits.
const HEADER_LEN: usize = 2;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
const VERSION_2: u16 = 0x0002;

/// One of the two hello messages.
#[derive(Debug)]
pub(super) enum Hello<'a> {
    Client {
        /// What a hello of SSL 3.0 would say. Cipher kinds that only SSL 2.0 has are left out.
        hello: ClientHello<'a>,
        /// It offers cipher kinds that only SSL 2.0 has.
        offers_version_2: bool,
    },
    Server {
        /// A session is taken up again.
        resumed: bool,
        /// X.509, DER; empty when a session is taken up again.
        certificate: &'a [u8],
    },
}

/// What a stream begins with.
#[derive(Debug)]
pub(super) enum Opening<'a> {
    /// A hello, and how many bytes it takes.
    Hello(Hello<'a>, usize),
    /// It could be one, of this many bytes in all.
    Part(usize),
    /// No hello of SSL 2.0.
    Other,
}

/// Reads the first message of a stream. Its lengths must add up exactly, which is what makes this
/// format recognisable at all.
pub(super) fn opening(bytes: &[u8]) -> Opening<'_> {
    let [first, rest @ ..] = bytes else { return Opening::Part(HEADER_LEN) };
    if first & 0x80 == 0 {
        return Opening::Other;
    }
    let [second, rest @ ..] = rest else { return Opening::Part(HEADER_LEN) };
    let len = usize::from(first & 0x7f) << 8 | usize::from(*second);
    let whole_len = HEADER_LEN + len;
    // The shorter of the two fixed parts is the client's, 9 bytes.
    if len < 9 {
        return Opening::Other;
    }
    let Some(fixed) = rest.get(..9) else { return Opening::Part(HEADER_LEN + 9) };
    let plausible = match fixed {
        [CLIENT_HELLO, high, low, ..] => matches!((high, low), (0, 2) | (3, 0..=3)),
        [SERVER_HELLO, 0 | 1, 0 | 1, 0, 2, ..] => true,
        _ => false,
    };
    if !plausible {
        return Opening::Other;
    }
    let Some(message) = rest.get(..len) else { return Opening::Part(whole_len) };
    let hello = match fixed {
        [CLIENT_HELLO, ..] => client(message),
        _ => server(message),
    };
    hello.map_or(Opening::Other, |hello| Opening::Hello(hello, whole_len))
}

fn client(message: &[u8]) -> Option<Hello<'_>> {
    let mut reader = Reader::new(message);
    reader.u8()?;
    let legacy_version = reader.u16()?;
    let (kinds_len, session_len, challenge_len) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let kinds = reader.take(usize::from(kinds_len))?;
    let session_id = reader.take(usize::from(session_len))?;
    let challenge = reader.take(usize::from(challenge_len))?;
    let (kinds, odd) = kinds.as_chunks::<3>();
    let exact = odd.is_empty() && reader.is_empty() && !kinds.is_empty();
    if !exact || !(16..=32).contains(&challenge.len()) {
        return None;
    }
    let suites = kinds.iter().filter(|[kind, ..]| *kind == 0);
    let suites = suites.map(|[_, high, low]| u16::from_be_bytes([*high, *low])).collect();
    let offers_version_2 = kinds.iter().any(|[kind, ..]| *kind != 0);
    Some(Hello::Client { hello: ClientHello::bare(legacy_version, session_id, suites), offers_version_2 })
}

fn server(message: &[u8]) -> Option<Hello<'_>> {
    let mut reader = Reader::new(message);
    reader.u8()?;
    let resumed = reader.u8()? == 1;
    reader.u8()?;
    let version = reader.u16()?;
    let (certificate_len, kinds_len, connection_len) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let certificate = reader.take(usize::from(certificate_len))?;
    reader.take(usize::from(kinds_len))?;
    reader.take(usize::from(connection_len))?;
    let exact = reader.is_empty() && version == VERSION_2 && kinds_len % 3 == 0;
    exact.then_some(Hello::Server { resumed, certificate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TlsVersion;
    use crate::protocol::testing::hex;

    /// Offers seven kinds of SSL 2.0.
    const CLIENT: &str = "802e 01 0002 0015 0000 0010 0700c0 050080 030080 010080 060040 040080 020080
        1c30e2b12f4c04525476f280c07abee5";

    #[test]
    fn a_client_of_version_2() {
        let bytes = hex(CLIENT);
        let Opening::Hello(Hello::Client { hello, offers_version_2 }, 48) = opening(&bytes) else { panic!() };
        assert_eq!(hello.version(), Some(TlsVersion::Ssl2));
        assert!(offers_version_2 && hello.suites.is_empty());
    }

    #[test]
    fn a_client_of_tls_in_the_old_envelope() {
        let bytes = hex("801c 01 0301 0003 0000 0010 00002f 000102030405060708090a0b0c0d0e0f");
        let Opening::Hello(Hello::Client { hello, offers_version_2 }, 30) = opening(&bytes) else { panic!() };
        assert_eq!((hello.version(), &hello.suites[..]), (Some(TlsVersion::Tls10), &[0x002f][..]));
        assert!(!offers_version_2);
    }

    #[test]
    fn a_server_and_its_certificate() {
        let bytes = hex("8014 04 00 01 0002 0003 0003 0003 aabbcc 0700c0 010203");
        let Opening::Hello(Hello::Server { resumed: false, certificate }, 22) = opening(&bytes) else {
            panic!()
        };
        assert_eq!(certificate, [0xaa, 0xbb, 0xcc]);
    }

    #[test]
    fn lengths_must_add_up() {
        let mut bytes = hex(CLIENT);
        bytes[1] += 1;
        bytes.push(0);
        assert!(matches!(opening(&bytes), Opening::Other));
        assert!(matches!(
            opening(&hex("8014 04 00 01 0002 0003 0003 0002 aabbcc 0700c0 010203")),
            Opening::Other
        ));
        assert!(matches!(opening(b"GET / HTTP/1.1\r\n"), Opening::Other));
    }

    #[test]
    fn every_beginning_of_a_hello_asks_for_more() {
        let bytes = hex(CLIENT);
        for len in 0..bytes.len() {
            let Opening::Part(need) = opening(&bytes[..len]) else { panic!("{len} bytes") };
            assert!(need > len && need <= bytes.len());
        }
    }
}
