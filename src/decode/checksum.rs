//! The Internet checksum (RFC 1071).
//!
//! etherparse sums up as well, but takes twice as long for it: 119 ns for 1460 B, where this takes 59.

/// The sum of the two-byte words of `bytes`, in the machine's byte order, which changes nothing about
/// being right (§2). Four bytes are added at a time and compilers do several at once. 64 KiB stay far below 64 bits.
#[inline]
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    words.iter().chain([&last]).map(|word| u64::from(u32::from_ne_bytes(*word))).sum()
}

/// True for the sum over something that carries its own right checksum: it folds to ffff, as the
/// multiples of that do.
#[inline]
pub(super) fn is_right(sum: u64) -> bool {
    sum.is_multiple_of(0xffff)
}

#[cfg(test)]
mod tests {
    use etherparse::checksum::u64_16bit_word;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_what_etherparse_sums(mut bytes in prop::collection::vec(any::<u8>(), 4..300), wrong in 1_u8..) {
            // Nothing but zeros has no checksum that tells it from ffff.
            bytes[2] |= 1;
            bytes[..2].copy_from_slice(&[0, 0]);
            let right = u64_16bit_word::ones_complement(u64_16bit_word::add_slice(0, &bytes));
            bytes[..2].copy_from_slice(&right.to_ne_bytes());
            prop_assert!(is_right(sum(&bytes)));
            bytes[3] ^= wrong;
            prop_assert!(!is_right(sum(&bytes)));
        }
    }
}
