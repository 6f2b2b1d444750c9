//! How often a dependency is used: once, at a beat, or as it comes.

use crate::model::{Nanos, Timestamp};

/// Gaps between uses without which nothing is said of a beat: three of equal length may be chance.
const GAPS_MIN: usize = 4;

/// Uses that begin closer to each other than this, and than a twentieth of the whole time, are one: a
/// job opens several connections at once.
const BURST: Nanos = 1_000_000_000;

/// How far a gap may be from a whole number of beats: a tenth of one, which leaves room for jobs that
/// wait for a minute's turn and not for people.
const TOLERANCE: Nanos = 10;

/// How many of the gaps have to keep the beat, in tenths: some runs are late or missed.
const KEEPING: usize = 8;

/// Missed beats that one gap may hold: more is a pause, and says nothing.
const MISSED_MAX: Nanos = 3;

/// How often a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Once: one use, or one burst of uses.
    OneOff,
    /// At a beat.
    Periodic {
        /// From one beat to the next.
        period: Nanos,
    },
    /// As it comes, or too rarely to tell.
    Irregular,
}

/// How often something is used that began at these times, which may be in any order. The beat is the
/// median gap between uses, so that neither a late run nor a missed one moves it; nothing depends on
/// the order in which flows were told.
pub fn rhythm(starts: &[Timestamp]) -> Rhythm {
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    let (Some(first), Some(last)) = (starts.first().copied(), starts.last().copied()) else {
        return Rhythm::OneOff;
    };
    let burst = BURST.min((last - first) / 20);
    let mut gaps: Vec<Nanos> = Vec::with_capacity(starts.len());
    let mut previous = first;
    for start in starts.into_iter().skip(1) {
        if start - previous > burst {
            gaps.push(start - previous);
            previous = start;
        }
    }
    if gaps.is_empty() || last - first <= BURST {
        return Rhythm::OneOff;
    }
    if gaps.len() < GAPS_MIN {
        return Rhythm::Irregular;
    }
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let Some(period) = sorted.get(sorted.len() / 2).copied().filter(|period| *period > 0) else {
        return Rhythm::Irregular;
    };
    let keeping = gaps.iter().filter(|gap| keeps(**gap, period)).count();
    if keeping * 10 >= gaps.len() * KEEPING { Rhythm::Periodic { period } } else { Rhythm::Irregular }
}

/// A gap of one beat, or of a few where some were missed.
const fn keeps(gap: Nanos, period: Nanos) -> bool {
    let beats = gap.saturating_add(period / 2) / period;
    let off = gap.saturating_sub(beats.saturating_mul(period)).saturating_abs();
    beats >= 1 && beats <= 1 + MISSED_MAX && off <= period / TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Nanos = 1_000_000_000;

    /// The rhythm of uses at these tenths of a second.
    fn at(tenths: &[i64]) -> Rhythm {
        let starts: Vec<_> = tenths.iter().map(|tenth| Timestamp::from_nanos(tenth * SECOND / 10)).collect();
        rhythm(&starts)
    }

    const MINUTE: Rhythm = Rhythm::Periodic { period: 60 * SECOND };

    #[test]
    fn one_use_or_one_burst_is_one_off() {
        assert_eq!(at(&[]), Rhythm::OneOff);
        assert_eq!(at(&[5]), Rhythm::OneOff);
        assert_eq!(at(&[5, 6, 7, 8, 9, 10]), Rhythm::OneOff);
    }

    #[test]
    fn a_job_keeps_a_beat_though_it_be_late_or_miss_one() {
        assert_eq!(at(&[0, 600, 1200, 1800, 2400]), MINUTE);
        assert_eq!(at(&[3, 601, 1203, 1799, 2400, 3001]), at(&[3001, 3, 2400, 601, 1799, 1203]));
        assert!(matches!(at(&[3, 601, 1203, 1799, 2400, 3001]), Rhythm::Periodic { .. }));
        assert_eq!(at(&[0, 600, 1200, 2400, 3000, 3600]), MINUTE, "one was missed");
        let twice_each_time = [0, 1, 600, 602, 1200, 1203, 1800, 1801, 2400, 2402];
        assert_eq!(at(&twice_each_time), MINUTE);
    }

    #[test]
    fn people_keep_none() {
        assert_eq!(at(&[0, 100, 730, 800, 2000, 2050, 3900]), Rhythm::Irregular);
        assert_eq!(at(&[0, 600, 1200]), Rhythm::Irregular, "too few to tell");
        assert_eq!(at(&[0, 600]), Rhythm::Irregular);
    }

    proptest! {
        #[test]
        fn any_beat_is_found_whatever_the_order(
            period in 2_i64..100_000,
            count in 5_usize..60,
            shift in 0_i64..1_000_000,
            turn in 0_usize..60,
        ) {
            let mut starts: Vec<_> = (0..count as i64)
                .map(|beat| Timestamp::from_nanos((shift + beat * period) * SECOND))
                .collect();
            starts.rotate_left(turn % count);
            prop_assert_eq!(rhythm(&starts), Rhythm::Periodic { period: period * SECOND });
        }

        #[test]
        fn no_times_make_it_fail(nanos in proptest::collection::vec(any::<i64>(), 0..40)) {
            let starts: Vec<_> = nanos.into_iter().map(Timestamp::from_nanos).collect();
            rhythm(&starts);
        }
    }
}
