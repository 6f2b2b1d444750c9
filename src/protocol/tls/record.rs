//! The record layer (RFC 8446 §5.1, RFC 5246 §6.2).

/// Bytes of a record before its payload.
pub(super) const HEADER_LEN: usize = 5;

/// 2^14 bytes of plaintext, and 2048 that compression and encryption may add (RFC 5246 §6.2.3).
pub(super) const PAYLOAD_LEN_MAX: usize = (1 << 14) + 2048;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// From here on the sender encrypts; in TLS 1.3 only a decoy for old middleboxes.
    ChangeCipherSpec,
    /// A warning or an end.
    Alert,
    /// Handshake messages or pieces of them.
    Handshake,
    /// Encrypted payload; in TLS 1.3 also the encrypted part of the handshake.
    ApplicationData,
    /// RFC 6520.
    Heartbeat,
}

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) content: Content,
    /// Bytes of payload that follow.
    pub(super) len: usize,
}

impl Header {
    /// Reads a header; `None` if no version of SSL or TLS writes such a one. The version itself is
    /// not kept: clients put a lower one there than they mean (RFC 8446 §5.1).
    pub(super) fn parse(bytes: [u8; HEADER_LEN]) -> Option<Header> {
        let [content, 3, minor, high, low] = bytes else { return None };
        let content = match content {
            0x14 => Content::ChangeCipherSpec,
            0x15 => Content::Alert,
            0x16 => Content::Handshake,
            0x17 => Content::ApplicationData,
            0x18 => Content::Heartbeat,
            _ => return None,
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        // Only application data may be empty (RFC 5246 §6.2.1), and a change is one byte.
        let len_fits = match content {
            Content::ChangeCipherSpec => len == 1,
            Content::ApplicationData => len <= PAYLOAD_LEN_MAX,
            Content::Alert | Content::Handshake | Content::Heartbeat => (1..=PAYLOAD_LEN_MAX).contains(&len),
        };
        (minor <= 4 && len_fits).then_some(Header { content, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: [u8; HEADER_LEN], expected: Option<(Content, usize)>) {
        let parsed = Header::parse(bytes).map(|header| (header.content, header.len));
        assert_eq!(parsed, expected, "{bytes:02x?}");
    }

    #[test]
    fn only_headers_of_records_are_read() {
        check([0x16, 3, 1, 0, 5], Some((Content::Handshake, 5)));
        check([0x17, 3, 3, 0, 0], Some((Content::ApplicationData, 0)));
        check([0x17, 3, 3, 0x48, 0x00], Some((Content::ApplicationData, PAYLOAD_LEN_MAX)));
        check([0x17, 3, 3, 0x48, 0x01], None);
        check([0x16, 3, 1, 0, 0], None);
        check([0x14, 3, 3, 0, 1], Some((Content::ChangeCipherSpec, 1)));
        check([0x14, 3, 3, 0, 2], None);
        check([0x15, 3, 0, 0, 2], Some((Content::Alert, 2)));
        check([0x16, 3, 5, 0, 5], None);
        check([0x16, 4, 1, 0, 5], None);
        check([0x13, 3, 1, 0, 5], None);
    }
}
