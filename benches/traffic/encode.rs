//! The two encodings that several protocols share: length prefixes and DER.

/// The bytes behind their own length, big-endian in `WIDTH` bytes (TLS vectors, SSH strings).
pub fn prefixed<const WIDTH: usize>(bytes: &[u8]) -> Vec<u8> {
    let len = (bytes.len() as u64).to_be_bytes();
    [&len[8 - WIDTH..], bytes].concat()
}

/// One DER element (X.690 §8.1): tag, definite length, content.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match content.len() {
        len @ ..0x80 => element.push(len as u8),
        len @ ..0x100 => element.extend([0x81, len as u8]),
        len => {
            element.push(0x82);
            element.extend((len as u16).to_be_bytes());
        }
    }
    element.extend_from_slice(content);
    element
}

/// A SEQUENCE of elements.
pub fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &elements.concat())
}

/// An INTEGER that is not negative.
pub fn integer(value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take(3).take_while(|&&byte| byte == 0).count();
    match &bytes[zeros..] {
        content @ [first, ..] if *first >= 0x80 => der(0x02, &[&[0], content].concat()),
        content => der(0x02, content),
    }
}

/// An element in a context-specific, constructed tag.
pub fn tagged(number: u8, element: &[u8]) -> Vec<u8> {
    der(0xa0 | number, element)
}
