//! Where a sensor's frames come from.

use crate::capture::live::{Arrival, InterfaceHealth, Live};
use crate::capture::{Frames, Source};

/// A source of frames that may pause.
pub trait Arrivals {
    /// What comes next. A frame lives until the next call.
    fn next(&mut self) -> Arrival<'_>;

    /// How the interfaces do; none where there are only files.
    fn health(&mut self) -> Vec<InterfaceHealth>;

    /// Every source of frames, in the order of their places.
    fn sources(&mut self) -> Vec<Source>;
}

/// Captures as if their frames came now, as fast as they can be read.
impl Arrivals for Frames {
    fn next(&mut self) -> Arrival<'_> {
        Frames::next(self).map_or(Arrival::Over, Arrival::Frame)
    }

    fn health(&mut self) -> Vec<InterfaceHealth> {
        Vec::new()
    }

    fn sources(&mut self) -> Vec<Source> {
        Frames::sources(self)
    }
}

/// Interfaces, a directory that grows, or a stream.
impl Arrivals for Live {
    fn next(&mut self) -> Arrival<'_> {
        Live::next(self)
    }

    fn health(&mut self) -> Vec<InterfaceHealth> {
        Live::health(self)
    }

    fn sources(&mut self) -> Vec<Source> {
        Live::health(self).into_iter().map(source).collect()
    }
}

fn source(health: InterfaceHealth) -> Source {
    Source {
        path: health.name.into(),
        format: None,
        sha256: None,
        bytes: 0,
        link_types: Vec::new(),
        packets: health.frames,
        filtered: 0,
        cut_packets: health.cut_frames,
        clock_steps: health.clock_steps,
        first: None,
        last: health.last,
        watched: Vec::new(),
        problem: health.problem,
    }
}
