//! A capture that somebody is writing: its frames as far as they are there.

use std::io::{self, ErrorKind, Read};

use super::super::error::Refusal;
use super::super::filter::Filter;
use super::super::input::Input;
use super::super::reader::{Reader, Record, SoFar};
use super::super::stop::Stop;
use super::super::{Frame, LinkType};
use crate::model::Timestamp;

/// Bytes by which a capture is told and its header is whole: that of a pcap has 24, the shortest
/// section header of a pcapng 28.
pub(super) const HEADER_BYTES: usize = 28;

/// What is read, and whether more may come after its end.
pub(super) struct Tail {
    input: Input,
    grows: bool,
}

impl Read for Tail {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer)? {
            0 if self.grows && !buffer.is_empty() => Err(ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }
}

/// What came of going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// It stands at a frame.
    Frame,
    /// The writer has not come that far.
    NotYet,
    /// It has ended.
    End,
}

/// A capture being followed.
pub(super) struct Followed {
    reader: Reader<Tail>,
    head: Option<(Timestamp, Record)>,
    clock: Option<Timestamp>,
    /// Records read.
    pub(super) records: u64,
}

impl Followed {
    /// `grows`: its end is only where its writer stands by now.
    ///
    /// # Errors
    /// If it is no capture.
    pub(super) fn open(input: Input, grows: bool) -> Result<Self, Refusal> {
        let reader = Reader::follow(Tail { input, grows })?;
        Ok(Followed { reader, head: None, clock: None, records: 0 })
    }

    /// No more comes after what is there.
    pub(super) fn ends_here(&mut self) {
        self.reader.input_mut().grows = false;
    }

    /// Goes on to the next frame that passes.
    ///
    /// # Errors
    /// Where it is corrupt, or ends within a record.
    pub(super) fn advance(&mut self, filter: Option<&mut Filter>) -> Result<Advance, Stop> {
        self.head = None;
        let mut filter = filter;
        loop {
            let record = match self.reader.next_so_far()? {
                SoFar::Record(record) => record,
                SoFar::NotYet => return Ok(Advance::NotYet),
                SoFar::End => return Ok(Advance::End),
            };
            self.records += 1;
            let time = record.time.or(self.clock).unwrap_or_default();
            self.clock = record.time.or(self.clock);
            let bytes = self.reader.bytes(&record);
            // A filter that has no meaning for a link type refuses its frames, as it does in files.
            let passes = |filter: &mut &mut Filter| filter.admits(record.link, bytes).unwrap_or(false);
            if filter.as_mut().is_none_or(passes) {
                self.head = Some((time, record));
                return Ok(Advance::Frame);
            }
        }
    }

    /// The time of the frame at which it stands.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.head.as_ref().map(|(time, _)| *time)
    }

    /// The frame at which it stands.
    pub(super) fn frame(&self, number: u64) -> Option<Frame<'_>> {
        let (time, record) = self.head.as_ref()?;
        Some(Frame {
            time: *time,
            source: 0,
            number,
            link: record.link,
            bytes: self.reader.bytes(record),
            wire_len: record.wire_len,
        })
    }

    /// Bytes read of it as they are on disk, those included of a record that is not whole yet.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.input().input.raw().bytes()
    }

    /// The link types declared so far.
    pub(super) fn link_types(&self) -> impl Iterator<Item = LinkType> {
        self.reader.link_types().into_iter()
    }
}
