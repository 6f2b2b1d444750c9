//! A directory into which somebody writes captures, one after the other or several at once.
//!
//! Each file is read to its end, and followed while it grows. Files are told apart by their number in
//! the file system, so that one which is renamed is not read twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::error::Refusal;
use super::super::filter::Filter;
use super::super::input::Input;
use super::super::search::{files_below, is_named_like_a_capture};
use super::super::stop::Stop;
use super::clock::wall;
use super::error::LiveError;
use super::follow::{Advance, Followed, HEADER_BYTES};
use super::rings::wait_for;
use super::stopper::{Asked, Stopper};
use super::{Arrival, IDLE_NANOS_MAX, InterfaceHealth};
use crate::model::{Nanos, Timestamp};

/// How often the directory is looked through, in nanoseconds.
const LOOK_EVERY: Nanos = 1_000_000_000;

/// A file that has not been written to for so long is finished, if another one was written to later.
const QUIET: Nanos = 2_000_000_000;

/// Files open at once: 64 × 512 KiB of window = 32 MiB. More than these that grow at the same time
/// are read one after the other.
const OPEN_MAX: usize = 64;

/// A file's number: device and inode.
type Id = (u64, u64);

/// What is known of a file that is not open.
#[derive(Clone, Debug)]
enum Known {
    /// Read when its turn comes, but for the records that were handed out before.
    Waiting { handed_out: u64 },
    /// Being read.
    Open,
    /// No capture, of this length; it may become one.
    Refused(u64),
    /// Compressed, and this long the last time: read once it does not grow any more.
    Compressed(u64),
    /// Read to its end; if it is longer after all, the records after these are still to be read.
    Done { bytes: u64, records: u64 },
    /// Corrupt: what comes after the break cannot be found.
    Broken,
}

/// A file that is open.
struct Reading {
    id: Id,
    path: PathBuf,
    followed: Followed,
    /// Records still to be passed over, because they were handed out before.
    handed_out: u64,
}

/// A directory being watched.
pub(super) struct Directory {
    root: PathBuf,
    filter: Option<Filter>,
    known: BTreeMap<Id, Known>,
    /// Files whose turn has not come, by the time of their first frame.
    waiting: BTreeSet<(Timestamp, PathBuf, Id)>,
    open: Vec<Reading>,
    /// Which of `open` has just handed out its frame.
    given: Option<usize>,
    looked: Timestamp,
    /// When the file that was written to last was.
    newest: Timestamp,
    health: InterfaceHealth,
}

impl Directory {
    /// # Errors
    /// If it cannot be listed, or the filter is none.
    pub(super) fn open(root: &Path, filter: Option<&str>) -> Result<Self, LiveError> {
        files_below(root).map_err(|why| LiveError::Directory { directory: root.to_path_buf(), why })?;
        let name = root.display().to_string();
        Ok(Directory {
            root: root.to_path_buf(),
            filter: filter.map(Filter::new).transpose()?,
            known: BTreeMap::new(),
            waiting: BTreeSet::new(),
            open: Vec::new(),
            given: None,
            looked: Timestamp::MIN,
            newest: Timestamp::MIN,
            health: InterfaceHealth { name, up: true, ..InterfaceHealth::default() },
        })
    }

    pub(super) fn health(&self) -> Vec<InterfaceHealth> {
        vec![self.health.clone()]
    }

    pub(super) fn next(&mut self, stopper: &Stopper) -> Arrival<'_> {
        if stopper.asked() != Asked::Nothing {
            return Arrival::Over;
        }
        let place = match self.place(false) {
            Some(place) => place,
            None => {
                wait_for(&[stopper.wake()], IDLE_NANOS_MAX);
                match self.place(true) {
                    Some(place) => place,
                    None => return Arrival::Idle,
                }
            }
        };
        self.given = Some(place);
        let number = self.health.frames + 1;
        let Some(frame) = self.open.get(place).and_then(|reading| reading.followed.frame(number)) else {
            return Arrival::Idle;
        };
        self.health.received += 1;
        self.health.count(frame.time, frame.bytes.len(), frame.wire_len);
        Arrival::Frame(frame)
    }

    /// The file with the earliest frame. `again`: files that were at their end are asked once more.
    fn place(&mut self, again: bool) -> Option<usize> {
        let now = wall();
        let due = !(0..LOOK_EVERY).contains(&(now - self.looked));
        if due {
            self.looked = now;
            self.look();
        }
        self.advance(due || again);
        loop {
            let heads = self.open.iter().enumerate();
            let first = heads.filter_map(|(place, reading)| Some((reading.followed.time()?, place))).min();
            let turn = self.waiting.first().map(|(turn, _, _)| *turn);
            if turn.is_none_or(|turn| first.is_some_and(|(time, _)| turn > time)) {
                return first.map(|(_, place)| place);
            }
            if self.open.len() >= OPEN_MAX {
                if first.is_some() {
                    return first.map(|(_, place)| place);
                }
                // All of them wait for their writers. The first is taken up again when it has grown.
                self.close(0);
            }
            self.start();
        }
    }

    /// Goes on in the file whose frame was handed out, and with `all` in those that were at their end.
    fn advance(&mut self, all: bool) {
        let given = self.given.take();
        for place in (0..self.open.len()).rev() {
            let idle = self.open.get(place).is_some_and(|reading| reading.followed.time().is_none());
            if given == Some(place) || (idle && all) {
                self.advance_one(place);
            }
        }
    }

    fn advance_one(&mut self, place: usize) {
        let Some(reading) = self.open.get_mut(place) else { return };
        match reading.advance(self.filter.as_mut()) {
            Ok(Advance::Frame) => {}
            Ok(Advance::NotYet) if is_finished(reading, self.newest) => {
                reading.followed.ends_here();
                if let Err(stop) = reading.advance(self.filter.as_mut()) {
                    self.health.problem = Some(format!("`{}` is {stop}", reading.path.display()));
                }
                self.close(place);
            }
            Ok(Advance::NotYet) => {}
            Ok(Advance::End) => self.close(place),
            Err(stop) => {
                self.health.problem = Some(format!("`{}` is {stop}", reading.path.display()));
                self.known.insert(reading.id, Known::Broken);
                self.open.swap_remove(place);
            }
        }
    }

    fn close(&mut self, place: usize) {
        if place < self.open.len() {
            let reading = self.open.swap_remove(place);
            let (bytes, records) = (reading.followed.bytes_read(), reading.followed.records);
            self.known.insert(reading.id, Known::Done { bytes, records });
        }
    }

    /// Opens the file whose turn has come.
    fn start(&mut self) {
        let Some((_, path, id)) = self.waiting.pop_first() else { return };
        let Some(Known::Waiting { handed_out }) = self.known.get(&id).cloned() else { return };
        match open(&path) {
            Ok((followed, found)) if found == id => {
                self.known.insert(id, Known::Open);
                self.open.push(Reading { id, path, followed, handed_out });
                self.advance_one(self.open.len() - 1);
            }
            // Renamed or removed meanwhile: the next look finds it under its name, or nowhere.
            _ => {
                self.known.remove(&id);
            }
        }
    }

    /// Looks for new files, and for old ones that have changed.
    fn look(&mut self) {
        let found = match files_below(&self.root) {
            Ok(found) => found.files,
            Err(why) => {
                self.health.is_down(&why.to_string());
                return;
            }
        };
        self.health.is_up();
        let mut there = BTreeSet::new();
        for path in found.into_iter().filter(|path| !is_hidden(path)) {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            there.insert(id_of(&metadata));
            self.newest = self.newest.max(modified(&metadata));
            self.look_at(path, &metadata);
        }
        self.known.retain(|id, known| there.contains(id) || matches!(known, Known::Open));
        for place in (0..self.open.len()).rev() {
            let gone = |reading: &&Reading| reading.followed.time().is_none() && !there.contains(&reading.id);
            if let Some(reading) = self.open.get(place).filter(gone) {
                self.known.remove(&reading.id);
                self.open.swap_remove(place);
            }
        }
    }

    fn look_at(&mut self, path: PathBuf, metadata: &Metadata) {
        let (id, length) = (id_of(metadata), metadata.len());
        match self.known.get(&id).cloned() {
            None => self.add(path, id, length, 0),
            Some(Known::Refused(before)) if before != length => self.add(path, id, length, 0),
            Some(Known::Compressed(before)) if before == length => self.queue(path, id, length, 0),
            Some(Known::Compressed(_)) => {
                self.known.insert(id, Known::Compressed(length));
            }
            Some(Known::Done { bytes, records }) if length > bytes => self.add(path, id, length, records),
            // Cut to be written anew, as rotating writers do that use their names again.
            Some(Known::Done { bytes, .. }) if length < bytes => self.add(path, id, length, 0),
            Some(Known::Open) => {
                let Some(place) = self.open.iter().position(|reading| reading.id == id) else { return };
                let Some(reading) = self.open.get_mut(place) else { return };
                if length < reading.followed.bytes_read() {
                    self.open.swap_remove(place);
                    self.add(path, id, length, 0);
                } else {
                    reading.path = path;
                }
            }
            Some(_) => {}
        }
    }

    /// A file that was not known, or has changed.
    fn add(&mut self, path: PathBuf, id: Id, length: u64, handed_out: u64) {
        if length < HEADER_BYTES as u64 {
            // Its writer has just begun.
            self.known.remove(&id);
            return;
        }
        let input = File::open(&path).and_then(|file| Input::open(Box::new(file), false));
        if input.is_ok_and(|input| input.is_compressed()) {
            self.known.insert(id, Known::Compressed(length));
            return;
        }
        self.queue(path, id, length, handed_out);
    }

    /// A file that can be read: its turn comes at the time of its first frame.
    fn queue(&mut self, path: PathBuf, id: Id, length: u64, handed_out: u64) {
        let refusal = match open(&path) {
            Ok((mut followed, found)) if found == id => {
                // What it ends with, if it does, is found when it is read.
                let _first = followed.advance(None);
                let turn = followed.time().unwrap_or(Timestamp::MIN);
                self.known.insert(id, Known::Waiting { handed_out });
                self.waiting.insert((turn, path, id));
                return;
            }
            Ok(_) => return,
            Err(why) => why,
        };
        if is_named_like_a_capture(&path) {
            self.health.problem = Some(format!("`{}` {refusal}", path.display()));
        }
        self.known.insert(id, Known::Refused(length));
    }
}

impl Reading {
    /// Goes on to the next frame that passes and was not handed out before.
    fn advance(&mut self, mut filter: Option<&mut Filter>) -> Result<Advance, Stop> {
        loop {
            match self.followed.advance(filter.as_deref_mut())? {
                Advance::Frame if self.followed.records <= self.handed_out => {}
                advance => return Ok(advance),
            }
        }
    }
}

/// A file whose writer has gone on to another one. It was read to its end just before, and nobody has
/// written to it for a while before that.
fn is_finished(reading: &Reading, newest: Timestamp) -> bool {
    let Ok(metadata) = fs::metadata(&reading.path) else { return false };
    let modified = modified(&metadata);
    id_of(&metadata) == reading.id && modified < newest && wall() - modified >= QUIET
}

/// Opens a file that is a capture, and says which file that was.
fn open(path: &Path) -> Result<(Followed, Id), Refusal> {
    let file = File::open(path)?;
    let id = id_of(&file.metadata()?);
    let input = Input::open(Box::new(file), false)?;
    let grows = !input.is_compressed();
    Ok((Followed::open(input, grows)?, id))
}

fn id_of(metadata: &Metadata) -> Id {
    (metadata.dev(), metadata.ino())
}

fn modified(metadata: &Metadata) -> Timestamp {
    Timestamp::from_seconds(metadata.mtime(), metadata.mtime_nsec())
}

/// Named as programs name what they are about to rename.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests;
