//! What one tick of a pcapng interface's clock is worth (draft-ietf-opsawg-pcapng §4.2, `if_tsresol`).

use crate::model::Timestamp;

/// How ticks become nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolution {
    /// A tick is this many nanoseconds.
    Nanos(u64),
    /// This many ticks are a nanosecond.
    PerNano(u64),
    /// A tick is 2 to the power of minus this many seconds.
    Binary(u8),
}

impl Resolution {
    /// What counts where the interface does not say: microseconds.
    pub(super) const DEFAULT: Resolution = Resolution::Nanos(1000);

    /// The option's byte: the exponent, negated, of 10, or of 2 if the top bit is set.
    pub(super) fn new(option: u8) -> Self {
        match option {
            0..=9 => Resolution::Nanos(10_u64.pow(u32::from(9 - option))),
            // 10^19 ticks and more in a nanosecond: 64 bits of them are less than two.
            10..=127 => Resolution::PerNano(10_u64.checked_pow(u32::from(option - 9)).unwrap_or(u64::MAX)),
            128..=255 => Resolution::Binary(option & 0x7f),
        }
    }

    /// The moment `ticks` after `offset_seconds`; saturates at the ends of what can be told.
    #[inline]
    pub(super) fn moment(self, ticks: u64, offset_seconds: i64) -> Timestamp {
        let nanos = match self {
            Resolution::Nanos(nanos) => ticks.checked_mul(nanos).and_then(|nanos| i64::try_from(nanos).ok()),
            Resolution::PerNano(ticks_per_nano) => i64::try_from(ticks / ticks_per_nano).ok(),
            // 2^64 ticks × 10^9 < 2^94: no overflow.
            Resolution::Binary(power) => i64::try_from((u128::from(ticks) * 1_000_000_000) >> power).ok(),
        };
        Timestamp::from_seconds(offset_seconds, nanos.unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_moments() {
        let check = |option, ticks, offset, seconds, nanos| {
            assert_eq!(
                Resolution::new(option).moment(ticks, offset),
                Timestamp::from_seconds(seconds, nanos),
                "{option:#x}"
            );
        };
        check(6, 1_500_000, 0, 1, 500_000_000);
        check(9, 1_500_000_000, 0, 1, 500_000_000);
        check(0, 7, 0, 7, 0);
        check(3, 7_001, -2, 5, 1_000_000);
        check(12, 1_500_000_999_999, 0, 1, 500_000_999);
        check(0x80, 7, 0, 7, 0);
        check(0x81, 3, 100, 101, 500_000_000);
        check(0xa0, 0x0000_0001_8000_0000, 0, 1, 500_000_000);
        check(0xff, u64::MAX, 0, 0, 0);
        check(127, u64::MAX, 0, 0, 1);
        assert_eq!(Resolution::new(0).moment(u64::MAX, 0), Timestamp::MAX);
        assert_eq!(Resolution::new(6).moment(u64::MAX, i64::MAX), Timestamp::MAX);
    }
}
