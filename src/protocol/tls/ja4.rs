//! The JA4 fingerprint of a TLS client, after the method's public description (FoxIO, BSD 3-Clause;
//! only this one of the JA4 family is free of further terms).

use std::fmt::Write as _;

use compact_str::{CompactString, format_compact};
use sha2::{Digest, Sha256};

use super::hello::{Carrier, ClientHello};

/// Server name and ALPN: told in the first part, so not hashed in the last.
const NOT_HASHED: [u16; 2] = [0, 16];

/// The hash of nothing.
const EMPTY: &str = "000000000000";

/// Values that clients send only to keep servers tolerant (RFC 8701): `0a0a`, `1a1a` .. `fafa`.
fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// The fingerprint of a ClientHello.
pub(in crate::protocol) fn fingerprint(hello: &ClientHello<'_>, carrier: Carrier) -> CompactString {
    let mut suites = without_grease(&hello.suites);
    let extensions = without_grease(&hello.extensions);
    let protocol = match carrier {
        Carrier::Stream => 't',
        Carrier::Datagram => 'd',
        Carrier::Quic => 'q',
    };
    let version = version(hello, carrier);
    let server = if hello.extensions.contains(&0) { 'd' } else { 'i' };
    let [first, last] = alpn_ends(hello.alpn.first().copied().unwrap_or_default());
    let suite_count = suites.len().min(99);
    let extension_count = extensions.len().min(99);

    suites.sort_unstable();
    let suites = hash(&list(&suites));
    let mut hashed: Vec<u16> = extensions.into_iter().filter(|kind| !NOT_HASHED.contains(kind)).collect();
    hashed.sort_unstable();
    let mut extensions = list(&hashed);
    let algorithms = without_grease(&hello.signature_algorithms);
    if !extensions.is_empty() && !algorithms.is_empty() {
        extensions.push('_');
        extensions.push_str(&list(&algorithms));
    }
    let extensions = hash(&extensions);
    format_compact!(
        "{protocol}{version}{server}{suite_count:02}{extension_count:02}{first}{last}_{suites}_{extensions}"
    )
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|value| !is_grease(*value)).collect()
}

/// The highest version of the supported_versions extension, else that of the message.
fn version(hello: &ClientHello<'_>, carrier: Carrier) -> &'static str {
    let offered = without_grease(&hello.supported_versions).into_iter();
    let offered = match carrier {
        Carrier::Stream | Carrier::Quic => offered.max(),
        // The numbers of DTLS count down.
        Carrier::Datagram => offered.min(),
    };
    match offered.unwrap_or(hello.legacy_version) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first and last character of the first ALPN name; where one of them is neither a letter nor a
/// digit, the first and last hexadecimal digit of the whole name.
fn alpn_ends(name: &[u8]) -> [char; 2] {
    let ([first, ..], [.., last]) = (name, name) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)];
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0xf)]
}

/// Four hexadecimal digits each, with commas between.
fn list(values: &[u16]) -> String {
    let mut text = String::with_capacity(values.len() * 5);
    for value in values {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{value:04x}");
    }
    text
}

/// Twelve hexadecimal digits of SHA-256.
fn hash(text: &str) -> CompactString {
    if text.is_empty() {
        return CompactString::const_new(EMPTY);
    }
    let mut digits = CompactString::default();
    for byte in Sha256::digest(text).iter().take(6) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_is_told_from_values() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x1301) && !is_grease(0x0a0b));
    }

    #[test]
    fn ends_of_an_alpn_name() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "00"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"h", "hh"),
            (&[0xab], "ab"),
            (&[0xab, 0xcd], "ad"),
            (&[0x30, 0xab], "3b"),
            (&[0x30, 0x31, 0xab, 0xcd], "3d"),
            (&[0x30, 0xab, 0xcd, 0x31], "01"),
        ];
        for (name, expected) in cases {
            assert_eq!(String::from_iter(alpn_ends(name)), expected, "{name:02x?}");
        }
    }
}
