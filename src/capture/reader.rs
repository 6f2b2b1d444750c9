//! One open capture: its format told by its first bytes, then record by record.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::Range;

use super::error::Refusal;
use super::pcap::{self, Pcap};
use super::pcapng::{self, PcapNg};
use super::stop::Stop;
use super::window::Window;
use super::{Format, LinkType};
use crate::model::Timestamp;

/// One record of a capture; its bytes stand in the window until the next one is read.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` where the format does not say (pcapng's simple packet blocks).
    pub(super) time: Option<Timestamp>,
    pub(super) link: LinkType,
    pub(super) wire_len: u32,
    pub(super) bytes: Range<usize>,
}

/// Why a packet is not whole; `None` if not a byte of it is there, which is the end of the file.
#[cold]
pub(super) fn cut_packet<R: Read>(window: &Window<R>, packet: u64, have: u64, need: u64) -> Option<Stop> {
    let offset = window.offset();
    match window.failure() {
        Some(why) => {
            Some(Stop::Unreadable { packets: packet.saturating_sub(1), offset, why: why.to_owned() })
        }
        None if have == 0 => None,
        None => Some(Stop::CutPacket { packet, offset, have, need }),
    }
}

/// What a capture that is still being written has to offer.
#[derive(Debug)]
pub(super) enum SoFar {
    Record(Record),
    /// The writer has not come that far.
    NotYet,
    /// The stream has ended.
    End,
}

enum State {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// A capture being read.
pub(super) struct Reader<R> {
    window: Window<R>,
    state: State,
    /// A record that was read ahead of its turn.
    ahead: Option<Result<Option<Record>, Stop>>,
}

impl<R: Read> Reader<R> {
    /// Tells the format and reads the header.
    ///
    /// # Errors
    /// If it is no capture, or one whose header cannot be read.
    pub(super) fn open(input: R) -> Result<Self, Refusal> {
        Self::over(Window::new(input))
    }

    /// As [`Reader::open`], of a capture that is still being written and has its header already; read
    /// with [`Reader::next_so_far`].
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub(super) fn follow(input: R) -> Result<Self, Refusal> {
        Self::over(Window::patient(input))
    }

    fn over(mut window: Window<R>) -> Result<Self, Refusal> {
        let there = window.look(Refusal::FIRST_BYTES);
        let first = there.first_chunk::<4>().copied().unwrap_or_default();
        let shown = there.get(..there.len().min(Refusal::FIRST_BYTES)).unwrap_or_default().to_vec();
        let state = if let Some(magic) = pcap::magic(first) {
            State::Pcap(Pcap::open(magic, &mut window)?)
        } else if first == pcapng::MAGIC {
            State::PcapNg(PcapNg::open(&mut window)?)
        } else if let Some(why) = window.failure() {
            return Err(Refusal::Unreadable(why.to_owned()));
        } else {
            return Err(Refusal::no_capture(&shown));
        };
        Ok(Reader { window, state, ahead: None })
    }

    /// The next record, `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record>, Stop> {
        if let Some(ahead) = self.ahead.take() {
            return ahead;
        }
        self.read()
    }

    /// The next record of a capture that is still being written. One that is not whole yet is not
    /// there yet: nothing of it is consumed.
    pub(super) fn next_so_far(&mut self) -> Result<SoFar, Stop> {
        self.window.wet();
        match self.read() {
            Ok(Some(record)) => Ok(SoFar::Record(record)),
            _ if self.window.is_dry() => Ok(SoFar::NotYet),
            Ok(None) => Ok(SoFar::End),
            Err(stop) => Err(stop),
        }
    }

    #[inline]
    fn read(&mut self) -> Result<Option<Record>, Stop> {
        match &mut self.state {
            State::Pcap(pcap) => pcap.next(&mut self.window),
            State::PcapNg(pcapng) => pcapng.next(&mut self.window),
        }
    }

    /// The time of the first record; the record is still to come.
    pub(super) fn first_time(&mut self) -> Option<Timestamp> {
        let first = self.read();
        let time = first.as_ref().ok().and_then(|record| record.as_ref()?.time);
        self.ahead = Some(first);
        time
    }

    /// The bytes of the last record read.
    #[inline]
    pub(super) fn bytes(&self, record: &Record) -> &[u8] {
        self.window.bytes(record.bytes.clone())
    }

    pub(super) fn format(&self) -> Format {
        match self.state {
            State::Pcap(_) => Format::Pcap,
            State::PcapNg(_) => Format::PcapNg,
        }
    }

    /// The link types declared so far.
    pub(super) fn link_types(&self) -> BTreeSet<LinkType> {
        match &self.state {
            State::Pcap(pcap) => BTreeSet::from([pcap.link()]),
            State::PcapNg(pcapng) => pcapng.link_types().clone(),
        }
    }

    pub(super) fn input(&self) -> &R {
        self.window.reader()
    }

    pub(super) fn input_mut(&mut self) -> &mut R {
        self.window.reader_mut()
    }
}
