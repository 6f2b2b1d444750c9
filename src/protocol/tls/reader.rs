//! Numbers and vectors of the TLS presentation language (RFC 8446 §3): big-endian, lengths first; and
//! QUIC's numbers, whose first two bits tell their length.

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

    /// What is still to be read.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
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

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of QUIC: 1, 2, 4 or 8 bytes without the two bits that say so (RFC 9000 §16).
    pub(super) fn varint(&mut self) -> Option<u64> {
        let len = 1 << (self.rest.first()? >> 6);
        let value = self.take(len)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some(value & (u64::MAX >> 2 >> (64 - 8 * len)))
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

    /// The examples of RFC 9000 §A.1.
    #[test]
    fn numbers_of_quic_tell_their_length() {
        let cases: [(&[u8], u64); 5] = [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ];
        for (bytes, value) in cases {
            assert_eq!(Reader::new(bytes).varint(), Some(value), "{bytes:02x?}");
            assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).varint(), None, "{bytes:02x?} cut");
        }
    }

    #[test]
    fn an_odd_byte_is_no_number() {
        assert_eq!(numbers(&[0x13, 0x01, 0xc0, 0x2f, 0xff]), [0x1301, 0xc02f]);
    }
}
