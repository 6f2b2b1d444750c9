//! A capture that comes in on a pipe, as from `tcpdump -U -w -` on another machine.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::error::Refusal;
use super::super::filter::Filter;
use super::super::input::Input;
use super::error::LiveError;
use super::follow::{Advance, Followed, HEADER_BYTES};
use super::rings::wait_for;
use super::stopper::{Asked, Stopper};
use super::{Arrival, IDLE_NANOS_MAX, InterfaceHealth};

/// A pipe that is never read where that would wait; before it, what was read to tell the format.
struct Pipe {
    first: Vec<u8>,
    given: usize,
    pipe: File,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(mut first) = self.first.get(self.given..).filter(|first| !first.is_empty()) {
            let length = first.read(buffer)?;
            self.given += length;
            return Ok(length);
        }
        read_now(&mut self.pipe, buffer)
    }
}

/// Reads what is there; that the pipe is shared with other programs forbids to change it.
fn read_now(pipe: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut polled = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    if poll(&mut polled, PollTimeout::ZERO)? == 0 {
        return Err(ErrorKind::WouldBlock.into());
    }
    pipe.read(buffer)
}

enum State {
    /// Its header is not there yet.
    Beginning(Pipe),
    Open(Box<Followed>),
    Over,
}

/// A capture on a pipe.
pub(super) struct Stream {
    state: State,
    /// To wait on; the same pipe.
    wake: OwnedFd,
    filter: Option<Filter>,
    health: InterfaceHealth,
}

/// What the next call hands out.
enum Step {
    Frame,
    Idle,
    Over,
}

impl Stream {
    /// Standard input.
    ///
    /// # Errors
    /// If it is a terminal, or the filter is none.
    pub(super) fn open(filter: Option<&str>) -> Result<Self, LiveError> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Err(LiveError::Stream(Refusal::Terminal));
        }
        Self::over(stdin.as_fd().try_clone_to_owned()?, filter)
    }

    /// # Errors
    /// If the filter is none.
    fn over(pipe: OwnedFd, filter: Option<&str>) -> Result<Self, LiveError> {
        let filter = filter.map(Filter::new).transpose()?;
        let wake = pipe.try_clone()?;
        let pipe = Pipe { first: Vec::new(), given: 0, pipe: File::from(pipe) };
        let health = InterfaceHealth { name: "-".to_owned(), up: true, ..InterfaceHealth::default() };
        Ok(Stream { state: State::Beginning(pipe), wake, filter, health })
    }

    pub(super) fn health(&self) -> Vec<InterfaceHealth> {
        vec![self.health.clone()]
    }

    pub(super) fn next(&mut self, stopper: &Stopper) -> Arrival<'_> {
        match self.step(stopper) {
            Step::Frame => {}
            Step::Idle => return Arrival::Idle,
            Step::Over => return Arrival::Over,
        }
        let State::Open(followed) = &self.state else { return Arrival::Over };
        let number = self.health.frames + 1;
        let Some(frame) = followed.frame(number) else { return Arrival::Over };
        self.health.received += 1;
        self.health.count(frame.time, frame.bytes.len(), frame.wire_len);
        Arrival::Frame(frame)
    }

    fn step(&mut self, stopper: &Stopper) -> Step {
        if self.go_on() {
            return Step::Frame;
        }
        if matches!(self.state, State::Over) || stopper.asked() != Asked::Nothing {
            return Step::Over;
        }
        let both: [BorrowedFd<'_>; 2] = [self.wake.as_fd(), stopper.wake()];
        wait_for(&both, IDLE_NANOS_MAX);
        match (self.go_on(), &self.state) {
            (true, _) => Step::Frame,
            (false, State::Over) => Step::Over,
            (false, _) => Step::Idle,
        }
    }

    /// Goes on to the next frame, if it is there.
    fn go_on(&mut self) -> bool {
        if let State::Beginning(pipe) = &mut self.state {
            match begin(pipe) {
                Ok(false) => return false,
                Ok(true) => self.begun(),
                Err(error) => self.end(Some(format!("standard input cannot be read: {error}"))),
            }
        }
        let State::Open(followed) = &mut self.state else { return false };
        match followed.advance(self.filter.as_mut()) {
            Ok(Advance::Frame) => return true,
            Ok(Advance::NotYet) => {}
            Ok(Advance::End) => self.end(None),
            Err(stop) => self.end(Some(format!("standard input is {stop}"))),
        }
        false
    }

    /// Its header is there.
    fn begun(&mut self) {
        let State::Beginning(pipe) = std::mem::replace(&mut self.state, State::Over) else { return };
        let opened = Input::open(Box::new(pipe), false).map_err(Refusal::from).and_then(|input| {
            if input.is_compressed() { Err(Refusal::CompressedStream) } else { Followed::open(input, false) }
        });
        match opened {
            Ok(followed) => {
                let suits = match &mut self.filter {
                    Some(filter) => filter.suits_one_of(followed.link_types()),
                    None => Ok(()),
                };
                match suits {
                    Ok(()) => self.state = State::Open(Box::new(followed)),
                    Err(error) => self.end(Some(error.to_string())),
                }
            }
            Err(why) => self.end(Some(format!("standard input {why}"))),
        }
    }

    fn end(&mut self, why: Option<String>) {
        self.state = State::Over;
        self.health.up = false;
        self.health.problem = why;
    }
}

/// Reads on in the header; true when it is there, or the stream has ended.
fn begin(pipe: &mut Pipe) -> io::Result<bool> {
    let mut bytes = [0; HEADER_BYTES];
    while pipe.first.len() < HEADER_BYTES {
        let free = bytes.get_mut(pipe.first.len()..).unwrap_or_default();
        match read_now(&mut pipe.pipe, free) {
            Ok(0) => break,
            Ok(length) => pipe.first.extend_from_slice(free.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::capture::testing::pcap_at;

    /// Whoever writes, and who reads.
    struct Desk {
        writer: Option<io::PipeWriter>,
        stream: Stream,
        stopper: Stopper,
    }

    impl Desk {
        fn new(filter: Option<&str>) -> Desk {
            let (reader, writer) = io::pipe().unwrap();
            let stream = Stream::over(reader.into(), filter).unwrap();
            Desk { writer: Some(writer), stream, stopper: Stopper::new().unwrap() }
        }

        fn write(&mut self, bytes: &[u8]) {
            self.writer.as_mut().unwrap().write_all(bytes).unwrap();
        }

        fn next(&mut self) -> String {
            match self.stream.next(&self.stopper) {
                Arrival::Frame(frame) => format!("{} at {}", frame.number, frame.time.seconds()),
                Arrival::Idle => "idle".to_owned(),
                Arrival::Over => "over".to_owned(),
            }
        }
    }

    #[test]
    fn frames_come_as_they_are_written() {
        let mut desk = Desk::new(None);
        let bytes = pcap_at(&[5, 6]);
        assert_eq!(desk.next(), "idle");
        for part in [&bytes[..10], &bytes[10..30], &bytes[30..99]] {
            desk.write(part);
            assert_eq!(desk.next(), "idle");
        }
        desk.write(&bytes[99..]);
        assert_eq!([desk.next(), desk.next(), desk.next()], ["1 at 5", "2 at 6", "idle"]);
        desk.writer = None;
        assert_eq!([desk.next(), desk.next()], ["over", "over"]);
        assert_eq!(desk.stream.health()[0].problem, None);
    }

    #[test]
    fn it_ends_where_it_breaks_off_is_no_capture_or_is_stopped() {
        let mut desk = Desk::new(None);
        desk.write(&pcap_at(&[5])[..90]);
        desk.writer = None;
        assert_eq!(desk.next(), "over");
        let said = desk.stream.health().remove(0).problem.unwrap();
        assert!(said.starts_with("standard input is truncated in packet 1"), "{said}");
        for (bytes, why) in [
            (b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".as_slice(), "standard input is no capture file"),
            (
                &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                "is compressed",
            ),
            (b"", "standard input is empty"),
        ] {
            let mut desk = Desk::new(None);
            desk.write(bytes);
            desk.writer = None;
            assert_eq!(desk.next(), "over");
            let said = desk.stream.health().remove(0).problem.unwrap();
            assert!(said.contains(why), "{said}");
        }
        let mut desk = Desk::new(None);
        desk.stopper.stop();
        assert_eq!(desk.next(), "over");
    }

    #[test]
    fn it_is_filtered() {
        let mut desk = Desk::new(Some("ether[0] = 2"));
        desk.write(&pcap_at(&[1, 2, 3]));
        assert_eq!([desk.next(), desk.next()], ["1 at 2", "idle"]);
    }
}
