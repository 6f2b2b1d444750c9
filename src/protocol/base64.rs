//! Base64 (RFC 4648 §4), as logins and headers carry it.

/// The bytes of a text, with or without padding; `None` if it is no such text.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let mut bits: u32 = 0;
    for (place, digit) in digits.iter().enumerate() {
        bits = bits << 6 | u32::from(value(*digit)?);
        // The bits after each digit that are left over for the next byte: none whole, then 4, 2, 0.
        let whole = match place % 4 {
            0 => continue,
            1 => bits >> 4,
            2 => bits >> 2,
            _ => bits,
        };
        bytes.push(whole.to_be_bytes()[3]);
    }
    Some(bytes)
}

const fn value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648 §10.
    #[test]
    fn texts_are_read_with_and_without_padding() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYmE", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
            ("+/8=", &[0xfb, 0xff]),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(decode(b"Zm9v YmFy"), None);
        assert_eq!(decode(b"realm=\"x\""), None);
    }
}
