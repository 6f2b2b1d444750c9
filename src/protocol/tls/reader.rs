//! Numbers and vectors of the TLS presentation language (RFC 8446 §3): big-endian, lengths first.

/// What is still to be read. Every read that asks for more than is there gives `None`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Option<usize> {
        self.array().map(|[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// A vector whose length is in one byte.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }

    /// A vector whose length is in two bytes.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// A vector whose length is in three bytes.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let len = self.u24()?;
        self.take(len)
    }
}

/// The two-byte numbers in a vector; an odd byte at its end is left out.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_no_further_than_the_bytes() {
        let mut reader = Reader::new(&[0, 1, 2, 0, 0, 1, 9, 3, 7]);
        assert_eq!(reader.u16(), Some(1));
        assert_eq!(reader.u8(), Some(2));
        assert_eq!(reader.vector24(), Some(&[9][..]));
        assert_eq!(reader.vector8(), None, "the vector says 3 bytes and has 1");
        assert_eq!(reader.u16(), None);
        assert_eq!(reader.take(1), Some(&[7][..]));
        assert!(reader.is_empty());
    }

    #[test]
    fn an_odd_byte_is_no_number() {
        assert_eq!(numbers(&[0x13, 0x01, 0xc0, 0x2f, 0xff]), [0x1301, 0xc02f]);
    }
}
