//! ASN.1's basic encoding rules (X.690 §8), as much as LDAP, Kerberos and SNMP need of them: one
//! element after the other, never deeper than the caller asks. So nesting cannot hurt.

/// Identifier octets of the universal types (X.680 §8.6).
pub(super) mod tag {
    pub const INTEGER: u8 = 0x02;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const ENUMERATED: u8 = 0x0a;
    pub const GENERAL_STRING: u8 = 0x1b;
    /// Constructed, as it always is.
    pub const SEQUENCE: u8 = 0x30;
}

/// One element: its identifier and its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier octet: class, primitive or constructed, number.
    pub tag: u8,
    /// The contents octets.
    pub body: &'a [u8],
}

/// The first octets of an element, read without its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The identifier octet.
    pub tag: u8,
    /// Octets of identifier and length.
    pub len: usize,
    /// Octets of contents.
    pub body_len: usize,
}

impl Header {
    /// Octets of the whole element.
    pub fn total(self) -> u64 {
        self.len as u64 + self.body_len as u64
    }
}

/// Why no header could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The octets end inside it.
    Short,
    /// A long tag, or a length that is indefinite or longer than four octets: none of which the
    /// protocols read here may use (RFC 4511 §5.1, RFC 4120 §5.1).
    Refused,
}

/// Reads an element's identifier and length.
pub(super) fn header(bytes: &[u8]) -> Result<Header, Unread> {
    let [tag, first, rest @ ..] = bytes else { return Err(Unread::Short) };
    if tag & 0x1f == 0x1f {
        return Err(Unread::Refused);
    }
    if first & 0x80 == 0 {
        return Ok(Header { tag: *tag, len: 2, body_len: usize::from(*first) });
    }
    let octets = usize::from(first & 0x7f);
    if !(1..=4).contains(&octets) {
        return Err(Unread::Refused);
    }
    let length = rest.get(..octets).ok_or(Unread::Short)?;
    let body_len = length.iter().fold(0, |length, octet| length << 8 | u32::from(*octet));
    Ok(Header { tag: *tag, len: 2 + octets, body_len: usize::try_from(body_len).unwrap_or(usize::MAX) })
}

/// Elements that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The elements in these octets.
    pub const fn of(bytes: &'a [u8]) -> Self {
        Elements(bytes)
    }

    /// The octets not yet read.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next element's contents, if it has this tag; otherwise nothing is read.
    pub fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element.body)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    /// The next element that is whole.
    fn next(&mut self) -> Option<Element<'a>> {
        let header = header(self.0).ok()?;
        let (body, rest) = self.0.get(header.len..)?.split_at_checked(header.body_len)?;
        self.0 = rest;
        Some(Element { tag: header.tag, body })
    }
}

/// A non-negative INTEGER of at most four octets of value.
pub(super) fn unsigned(body: &[u8]) -> Option<u32> {
    let body = match body {
        [0, rest @ ..] if !rest.is_empty() => rest,
        [first, ..] if first & 0x80 == 0 => body,
        _ => return None,
    };
    (body.len() <= 4).then(|| body.iter().fold(0, |value, octet| value << 8 | u32::from(*octet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lengths_are_read() {
        assert_eq!(header(&[0x30, 0x0c]), Ok(Header { tag: 0x30, len: 2, body_len: 12 }));
        assert_eq!(header(&[0x30, 0x84, 0, 0, 1, 2]), Ok(Header { tag: 0x30, len: 6, body_len: 258 }));
        assert_eq!(header(&[0x30, 0x84, 0, 0]), Err(Unread::Short));
        for refused in [&[0x30, 0x80][..], &[0x30, 0x85, 0, 0, 0, 0, 1], &[0x7f, 0x65, 0]] {
            assert_eq!(header(refused), Err(Unread::Refused));
        }
    }

    #[test]
    fn an_element_that_is_cut_off_is_none() {
        let mut elements = Elements::of(&[2, 1, 5, 4, 3, b'a', b'b']);
        assert_eq!(elements.tagged(4), None, "the next one is no octet string");
        assert_eq!(elements.tagged(2), Some(&[5][..]));
        assert_eq!(elements.next(), None);
    }

    #[test]
    fn integers_are_small_and_not_negative() {
        assert_eq!(unsigned(&[5]), Some(5));
        assert_eq!(unsigned(&[0, 0xff, 0xff, 0xff, 0xff]), Some(u32::MAX));
        assert_eq!(unsigned(&[0]), Some(0));
        for refused in [&[][..], &[0x80], &[1, 0, 0, 0, 0]] {
            assert_eq!(unsigned(refused), None);
        }
    }
}
