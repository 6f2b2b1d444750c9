//! One source among several: waiting, open, or done; its counts; what of it passes.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::error::{FilterError, Refusal};
use super::filter::Filter;
use super::input::Input;
use super::reader::{Reader, Record};
use super::watch::Watch;
use super::{Frame, LinkType, Options, Source};
use crate::model::{Nanos, Timestamp};

/// A frame this much older than the one before it means that the clock was set, in nanoseconds.
const CLOCK_STEP_NANOS: Nanos = 1_000_000_000;

/// What a frame must be to be handed out.
pub(super) struct Gate {
    since: Timestamp,
    until: Option<Timestamp>,
    filter: Option<Filter>,
}

impl Gate {
    /// # Errors
    /// If the filter is none.
    pub(super) fn new(options: &Options) -> Result<Self, FilterError> {
        Ok(Gate {
            since: options.since.unwrap_or(Timestamp::MIN),
            until: options.until,
            filter: options.filter.as_deref().map(Filter::new).transpose()?,
        })
    }

    /// # Errors
    /// If there are link types and the filter can be used on none of them.
    pub(super) fn suits_one_of(&mut self, links: impl Iterator<Item = LinkType>) -> Result<(), FilterError> {
        self.filter.as_mut().map_or(Ok(()), |filter| filter.suits_one_of(links))
    }

    #[inline]
    fn admits(&mut self, time: Timestamp, link: LinkType, bytes: &[u8]) -> Verdict {
        if time < self.since || self.until.is_some_and(|until| time >= until) {
            return Verdict::Refused;
        }
        match self.filter.as_mut().map(|filter| filter.admits(link, bytes)) {
            None | Some(Ok(true)) => Verdict::Passes,
            Some(Ok(false)) => Verdict::Refused,
            Some(Err(_)) => Verdict::Senseless,
        }
    }

    /// Why the filter has no meaning for a link type.
    #[cold]
    fn why_senseless(&mut self, link: LinkType) -> String {
        let Some(filter) = &mut self.filter else { return String::new() };
        let why = filter.admits(link, &[]).err().unwrap_or_default().to_owned();
        let (expression, name) = (filter.expression(), link.name());
        format!("filter `{expression}` cannot be used on link type {name}, whose frames are left out: {why}")
    }
}

/// What the gate says of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passes,
    Refused,
    /// The filter cannot be asked about this link type.
    Senseless,
}

enum State {
    /// Its turn has not come; the reader is kept where it cannot be opened a second time.
    Waiting(Option<Box<Reader<Input>>>),
    Open(Box<Reader<Input>>),
    Done,
}

/// One source.
pub(super) struct Slot {
    source: Source,
    state: State,
    hash: bool,
    /// Size on disk; `None` for a pipe.
    size: Option<u64>,
    /// The frame that is next to be handed out, or was handed out last.
    head: Option<(Timestamp, Record)>,
    /// The time of the last frame read that had one.
    clock: Option<Timestamp>,
    watch: Watch,
    /// Whether it was said that the filter cannot be used on one of its link types.
    senseless: bool,
}

impl Slot {
    /// Opens a source, looks at its first record and says when its turn comes: at the time of that
    /// record, at once if there is none. With `keep` it stays open.
    ///
    /// # Errors
    /// If it is no capture or cannot be read.
    pub(super) fn new(path: &Path, hash: bool, keep: bool) -> Result<(Self, Timestamp), Refusal> {
        let (from, size) = open(path)?;
        let mut reader = Box::new(Reader::open(Input::open(from, hash)?)?);
        let turn = reader.first_time().unwrap_or(Timestamp::MIN);
        let mut source = blank(path);
        source.format = Some(reader.format());
        source.link_types = reader.link_types().into_iter().collect();
        source.bytes = size.unwrap_or(0);
        let state = State::Waiting((keep || size.is_none()).then_some(reader));
        Ok((
            Slot {
                source,
                state,
                hash,
                size,
                head: None,
                clock: None,
                watch: Watch::default(),
                senseless: false,
            },
            turn,
        ))
    }

    /// A source that cannot be read: there to be told of.
    pub(super) fn refused(path: &Path, why: &Refusal) -> Self {
        let mut source = blank(path);
        source.problem = Some(why.to_string());
        Slot {
            source,
            state: State::Done,
            hash: false,
            size: Some(0),
            head: None,
            clock: None,
            watch: Watch::default(),
            senseless: false,
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(_))
    }

    /// Its turn has come. False if it is no longer what it was, which it then says.
    pub(super) fn start(&mut self) -> bool {
        let State::Waiting(kept) = &mut self.state else { return false };
        let reader = match kept.take() {
            Some(reader) => Ok(reader),
            None => open(&self.source.path)
                .and_then(|(from, _)| Ok(Box::new(Reader::open(Input::open(from, self.hash)?)?))),
        };
        match reader {
            Ok(reader) => {
                self.state = State::Open(reader);
                true
            }
            Err(why) => {
                self.source.problem = Some(format!("{why} (any more)"));
                self.state = State::Done;
                false
            }
        }
    }

    /// Notes that it was started after its turn.
    pub(super) fn is_late(&mut self, open: usize) {
        let problem = format!(
            "read late: {open} other captures were open at its time, so its frames come out of order \
             (merge captures that overlap, or read them apart)"
        );
        note(&mut self.source.problem, problem);
    }

    /// Reads on to the next frame that passes and says its time; at the end closes the source.
    #[inline]
    pub(super) fn advance(&mut self, gate: &mut Gate) -> Option<Timestamp> {
        let State::Open(reader) = &mut self.state else { return None };
        let source = &mut self.source;
        let stop = loop {
            let record = match reader.next() {
                Ok(Some(record)) => record,
                Ok(None) => break None,
                Err(stop) => break Some(stop),
            };
            source.packets += 1;
            let time = record.time.or(self.clock).unwrap_or_default();
            if record.time.is_some() {
                if self.clock.is_some_and(|clock| clock - time > CLOCK_STEP_NANOS) {
                    source.clock_steps += 1;
                }
                self.clock = record.time;
                self.watch.frame(time);
                source.first = Some(source.first.map_or(time, |first| first.min(time)));
                source.last = Some(source.last.map_or(time, |last| last.max(time)));
            }
            let bytes = reader.bytes(&record);
            let verdict = gate.admits(time, record.link, bytes);
            if verdict != Verdict::Passes {
                source.filtered += 1;
                if verdict == Verdict::Senseless && !self.senseless {
                    self.senseless = true;
                    note(&mut source.problem, gate.why_senseless(record.link));
                }
                continue;
            }
            source.cut_packets += u64::from(record.wire_len as usize > bytes.len());
            self.head = Some((time, record));
            return Some(time);
        };
        self.close(stop.map(|stop| stop.to_string()));
        None
    }

    #[cold]
    fn close(&mut self, mut stop: Option<String>) {
        let State::Open(mut reader) = std::mem::replace(&mut self.state, State::Done) else { return };
        if let Some(stop) = &mut stop
            && reader.input().is_compressed()
        {
            stop.push_str(" (bytes counted after decompression)");
        }
        match reader.input_mut().finish_hash() {
            Ok(hash) => self.source.sha256 = hash,
            Err(error) => stop = stop.or(Some(format!("cannot be read to its end: {error}"))),
        }
        self.source.bytes = self.size.unwrap_or(reader.input().raw().bytes());
        self.source.link_types = reader.link_types().into_iter().collect();
        if let Some(stop) = stop {
            note(&mut self.source.problem, stop);
        }
        self.head = None;
    }

    /// The frame at which it stands.
    #[inline]
    pub(super) fn frame(&self, source: u32) -> Option<Frame<'_>> {
        let (State::Open(reader), Some((time, record))) = (&self.state, &self.head) else { return None };
        Some(Frame {
            time: *time,
            source,
            number: self.source.packets,
            link: record.link,
            bytes: reader.bytes(record),
            wire_len: record.wire_len,
        })
    }

    /// What is known of it by now.
    pub(super) fn source(&self) -> Source {
        let mut source = self.source.clone();
        source.watched = self.watch.spans().to_vec();
        if let State::Open(reader) = &self.state {
            source.link_types = reader.link_types().into_iter().collect();
            source.bytes = self.size.unwrap_or(reader.input().raw().bytes());
        }
        source
    }

    pub(super) fn link_types(&self) -> &[LinkType] {
        &self.source.link_types
    }

    pub(super) fn packets(&self) -> u64 {
        self.source.packets
    }

    /// Bytes read, and of how many.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        let read = match &self.state {
            State::Waiting(_) => 0,
            State::Open(reader) => reader.input().raw().bytes(),
            // What stands behind a corrupt place is done with, too.
            State::Done => self.source.bytes,
        };
        (read, self.size)
    }
}

/// Says one more thing of a source; there are three at most.
fn note(problem: &mut Option<String>, more: String) {
    *problem = Some(problem.take().map_or(more.clone(), |before| format!("{before}; {more}")));
}

fn blank(path: &Path) -> Source {
    Source {
        path: PathBuf::from(path),
        format: None,
        sha256: None,
        bytes: 0,
        link_types: Vec::new(),
        packets: 0,
        filtered: 0,
        cut_packets: 0,
        clock_steps: 0,
        first: None,
        last: None,
        watched: Vec::new(),
        problem: None,
    }
}

/// Opens a file, a pipe or standard input, and says how long it is if that can be known.
fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Refusal> {
    if path.as_os_str() == "-" {
        let input = io::stdin();
        return if input.is_terminal() { Err(Refusal::Terminal) } else { Ok((Box::new(input), None)) };
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}
