//! Handshake messages (RFC 8446 §4): a type, a length of three bytes, a body. One message may span
//! many records, and one record may hold many messages.

use super::reader::Reader;

/// Bytes of a message before its body.
const HEADER_LEN: usize = 4;

/// Bytes of the longest message that is joined, its header included. The longest of interest is a
/// certificate chain; those of real servers stay below 16 KiB. 96 KiB leaves room for cross-signed
/// government and device chains, and is what one direction may make us hold.
pub(super) const LEN_MAX: usize = 96 * 1024;

/// The message types that are looked at (RFC 8446 §B.3, RFC 5246 §7.4).
pub(super) mod kind {
    pub(in crate::protocol::tls) const CLIENT_HELLO: u8 = 1;
    pub(in crate::protocol::tls) const SERVER_HELLO: u8 = 2;
    /// DTLS only (RFC 6347 §4.3.2).
    pub(in crate::protocol::tls) const HELLO_VERIFY_REQUEST: u8 = 3;
    pub(in crate::protocol::tls) const CERTIFICATE: u8 = 11;
    pub(in crate::protocol::tls) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(in crate::protocol::tls) const CERTIFICATE_REQUEST: u8 = 13;
    pub(in crate::protocol::tls) const SERVER_HELLO_DONE: u8 = 14;
    pub(in crate::protocol::tls) const CERTIFICATE_VERIFY: u8 = 15;
    pub(in crate::protocol::tls) const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub(in crate::protocol::tls) const CERTIFICATE_STATUS: u8 = 22;
}

/// What the joined bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// A whole message, and how many bytes it takes.
    Whole { kind: u8, body: &'a [u8], len: usize },
    /// Not all of it is there yet.
    Part,
    /// One longer than [`LEN_MAX`].
    TooLong,
}

impl<'a> Message<'a> {
    pub(super) fn first(joined: &'a [u8]) -> Message<'a> {
        let mut reader = Reader::new(joined);
        let (Some(kind), Some(body_len)) = (reader.u8(), reader.u24()) else { return Message::Part };
        let len = HEADER_LEN + body_len;
        if len > LEN_MAX {
            return Message::TooLong;
        }
        match reader.take(body_len) {
            Some(body) => Message::Whole { kind, body, len },
            None => Message::Part,
        }
    }
}

/// The certificates of a Certificate message up to TLS 1.2 (RFC 5246 §7.4.2), the leaf first, as
/// many as are well framed. The flag says whether all were.
pub(super) fn certificates(body: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut found = Vec::new();
    let Some(list) = Reader::new(body).vector24() else { return (found, false) };
    let mut reader = Reader::new(list);
    while !reader.is_empty() && found.len() < CERTIFICATES_MAX {
        match reader.vector24() {
            Some(der) if !der.is_empty() => found.push(der),
            _ => return (found, false),
        }
    }
    (found, reader.is_empty())
}

/// Certificates of one chain that are told. Ten is a long chain; each costs an observation.
const CERTIFICATES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_when_it_is_whole() {
        assert_eq!(Message::first(&[]), Message::Part);
        assert_eq!(Message::first(&[14, 0, 0]), Message::Part);
        assert_eq!(Message::first(&[11, 0, 0, 2, 7]), Message::Part);
        let whole = Message::Whole { kind: 11, body: &[7, 8], len: 6 };
        assert_eq!(Message::first(&[11, 0, 0, 2, 7, 8, 14, 0]), whole);
    }

    #[test]
    fn a_message_longer_than_the_bound_is_refused_at_its_header() {
        // 0x018000 = 98_304 = 96 KiB, header included.
        assert_eq!(Message::first(&[11, 0x01, 0x7f, 0xfc]), Message::Part);
        assert_eq!(Message::first(&[11, 0x01, 0x7f, 0xfd]), Message::TooLong);
    }

    #[test]
    fn certificates_are_read_as_far_as_they_are_framed() {
        let chain = [0, 0, 9, 0, 0, 1, 0xaa, 0, 0, 2, 0xbb, 0xbb];
        assert_eq!(certificates(&chain), (vec![&[0xaa][..], &[0xbb, 0xbb]], true));
        let broken = [0, 0, 8, 0, 0, 1, 0xaa, 0, 0, 2, 0xbb];
        assert_eq!(certificates(&broken), (vec![&[0xaa][..]], false));
        assert_eq!(certificates(&[0, 0, 0]), (vec![], true));
        assert_eq!(certificates(&[0, 0, 9, 0]), (vec![], false));
    }

    #[test]
    fn a_chain_without_end_is_cut() {
        let one = [0, 0, 1, 0xaa];
        let mut body = vec![0, 1, 0];
        body.extend(one.repeat(64));
        let (found, whole) = certificates(&body);
        assert_eq!((found.len(), whole), (CERTIFICATES_MAX, false));
    }
}
