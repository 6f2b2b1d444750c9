//! Big-endian numbers at places in bytes that may end before them.

/// The `N` bytes at `at`, if all of them are there.
#[inline]
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The two-byte number at `at`.
#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_be_bytes)
}

/// The four-byte number at `at`.
#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_be_bytes)
}

/// The first `N` bytes, with zeros for those that are missing. etherparse reads whole headers only; from
/// such a copy it reads those that the capture cut as well.
pub(super) fn zero_filled<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut filled = [0; N];
    filled.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    filled
}

/// What stands behind the first `length` bytes; nothing if there are not so many.
#[inline]
pub(super) fn after(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(length..).unwrap_or_default()
}

/// At most the first `length` bytes.
#[inline]
pub(super) fn up_to(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}
