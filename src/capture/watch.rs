//! When a source was watched: a capture that says nothing for hours was stopped, or filtered.

use crate::model::{Nanos, Span, Timestamp};

/// A tap that delivers nothing for this long was not watching: even a quiet network asks for
/// addresses (ARP), announces names and keeps time.
const SILENCE_MIN: Nanos = 3_600_000_000_000;

/// Spans that a source tells of: 512 × 16 B = 8 KiB. What comes after them belongs to the last.
const SPANS_MAX: usize = 512;

/// The spans in which a source had frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Vec<Span>);

impl Watch {
    /// A frame was captured.
    #[inline]
    pub(super) fn frame(&mut self, time: Timestamp) {
        let full = self.0.len() >= SPANS_MAX;
        match self.0.last_mut() {
            Some(span) if full || near(*span, time) => span.join(Span::at(time)),
            _ => self.0.push(Span::at(time)),
        }
    }

    /// The spans; in order of time where the source's clock never went back.
    pub(super) fn spans(&self) -> &[Span] {
        &self.0
    }
}

fn near(span: Span, time: Timestamp) -> bool {
    time - span.last < SILENCE_MIN && span.first - time < SILENCE_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(seconds: &[i64]) -> Vec<(i64, i64)> {
        let mut watch = Watch::default();
        seconds.iter().for_each(|second| watch.frame(Timestamp::from_seconds(*second, 0)));
        watch.spans().iter().map(|span| (span.first.seconds(), span.last.seconds())).collect()
    }

    #[test]
    fn an_hour_without_a_frame_ends_a_span() {
        assert_eq!(watched(&[]), []);
        assert_eq!(watched(&[0, 10, 3_609, 3_600]), [(0, 3_609)]);
        assert_eq!(watched(&[0, 10, 3_610, 3_700]), [(0, 10), (3_610, 3_700)]);
        assert_eq!(watched(&[90_000, 10, 20]), [(90_000, 90_000), (10, 20)], "the clock was set back");
    }

    #[test]
    fn a_source_of_single_frames_stays_small() {
        let hours: Vec<i64> = (0..5_000).map(|hour| hour * 7_200).collect();
        let spans = watched(&hours);
        assert_eq!(spans.len(), SPANS_MAX);
        assert_eq!(spans.last().map(|span| span.1), hours.last().copied());
    }
}
