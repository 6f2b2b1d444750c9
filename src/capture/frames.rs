//! Several sources become one stream of frames in time order.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};
use std::path::{Path, PathBuf};

use super::error::{OpenError, Refusal};
use super::search::{files_below, is_named_like_a_capture};
use super::slot::{Gate, Slot};
use super::{Frame, OPEN_SOURCES_MAX, Options, Progress, Source};
use crate::model::Timestamp;

/// When a source's turn comes, and its place, which decides between equal times.
type Turn = Reverse<(Timestamp, usize)>;

/// The frames of all sources, merged in time order; a lending iterator.
///
/// A source is opened when the time of its first frame has come and closed after its last, so that
/// rotated captures are open one or two at a time.
pub struct Frames {
    slots: Vec<Slot>,
    /// Every source that still has frames, by the time of its next one.
    turns: BinaryHeap<Turn>,
    /// Sources whose turn has come while too many others were open, first come first.
    held: VecDeque<Turn>,
    pub(super) open: usize,
    /// Whether the frame at which the first of `turns` stands was handed out.
    given: bool,
    gate: Gate,
}

impl Frames {
    /// Opens sources: files, directories (searched to the bottom, in the order of the names), `-` for
    /// standard input.
    ///
    /// # Errors
    /// If no source can be read, or the filter can be used on none. If only some cannot be read,
    /// their `problem` says why.
    pub fn open(paths: &[PathBuf], options: &Options) -> Result<Frames, OpenError> {
        if paths.is_empty() {
            return Err(OpenError::NothingNamed);
        }
        if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(OpenError::StandardInputTwice);
        }
        let gate = Gate::new(options)?;
        let candidates: Vec<Candidate> = paths.iter().map(|path| Candidate::new(path)).collect();
        let keep = candidates.iter().map(Candidate::sources).sum::<usize>() <= OPEN_SOURCES_MAX;
        let mut frames = Frames {
            slots: Vec::new(),
            turns: BinaryHeap::new(),
            held: VecDeque::new(),
            open: 0,
            given: false,
            gate,
        };
        let mut refused = Vec::new();
        for candidate in candidates {
            frames.add(candidate, options.hash, keep, &mut refused);
        }
        if frames.turns.is_empty() {
            return Err(match <[_; 1]>::try_from(refused) {
                Ok([(path, why)]) => OpenError::Source { path, why },
                Err(refused) => OpenError::NoneReadable(refused),
            });
        }
        frames.gate.suits_one_of(frames.slots.iter().flat_map(Slot::link_types).copied())?;
        Ok(frames)
    }

    fn add(&mut self, candidate: Candidate, hash: bool, keep: bool, refused: &mut Vec<(PathBuf, Refusal)>) {
        let mut refuse = |slots: &mut Vec<Slot>, path: PathBuf, why: Refusal| {
            slots.push(Slot::refused(&path, &why));
            refused.push((path, why));
        };
        match candidate {
            Candidate::Named(path) => match Slot::new(&path, hash, keep) {
                Ok(opened) => self.push(opened),
                Err(why) => refuse(&mut self.slots, path, why),
            },
            Candidate::Refused(path, why) => refuse(&mut self.slots, path, why),
            Candidate::Directory(path, found) => {
                let before = self.slots.len();
                let files = found.files.len();
                for file in found.files {
                    match Slot::new(&file, hash, keep) {
                        Ok(opened) => self.push(opened),
                        Err(why) if is_named_like_a_capture(&file) => refuse(&mut self.slots, file, why),
                        Err(_) => {}
                    }
                }
                for (below, why) in found.refused {
                    refuse(&mut self.slots, below, why);
                }
                if self.slots.len() == before {
                    refuse(&mut self.slots, path, Refusal::NoCaptures { files });
                }
            }
        }
    }

    fn push(&mut self, (slot, turn): (Slot, Timestamp)) {
        self.turns.push(Reverse((turn, self.slots.len())));
        self.slots.push(slot);
    }

    /// The next frame; `None` after the last one of all sources. The frame lives until the next call.
    #[expect(clippy::should_implement_trait, reason = "an Iterator's items cannot borrow from it")]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        if self.given {
            self.advance_first();
        }
        let place = loop {
            let Reverse((_, place)) = *self.turns.peek()?;
            if !self.slots.get(place)?.is_waiting() {
                break place;
            }
            self.start_first(place);
        };
        self.given = true;
        self.slots.get(place)?.frame(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// Moves the first source on to its next frame.
    #[inline]
    fn advance_first(&mut self) {
        self.given = false;
        let Some(mut first) = self.turns.peek_mut() else { return };
        let Reverse((time, place)) = &mut *first;
        match self.slots.get_mut(*place).and_then(|slot| slot.advance(&mut self.gate)) {
            Some(next) => *time = next,
            None => {
                PeekMut::pop(first);
                self.open -= 1;
                // Its time has passed, so it stands first now.
                self.turns.extend(self.held.pop_front());
            }
        }
    }

    /// Opens the first source, whose turn has come, or holds it back if too many are open.
    #[cold]
    fn start_first(&mut self, place: usize) {
        if self.open >= OPEN_SOURCES_MAX {
            let late = self.turns.pop();
            self.held.extend(late);
            if let Some(slot) = self.slots.get_mut(place) {
                slot.is_late(OPEN_SOURCES_MAX);
            }
        } else if self.slots.get_mut(place).is_some_and(Slot::start) {
            self.open += 1;
            self.advance_first();
        } else {
            self.turns.pop();
        }
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress { bytes: 0, total: Some(0), packets: 0 };
        for slot in &self.slots {
            let (read, size) = slot.progress();
            progress.bytes += read;
            progress.total = progress.total.zip(size).map(|(total, size)| total + size);
            progress.packets += slot.packets();
        }
        progress
    }

    /// Every source in the order in which it was named or found, those included that cannot be read.
    pub fn sources(&self) -> Vec<Source> {
        self.slots.iter().map(Slot::source).collect()
    }
}

/// What a named path stands for.
enum Candidate {
    Named(PathBuf),
    Directory(PathBuf, super::search::Found),
    Refused(PathBuf, Refusal),
}

impl Candidate {
    fn new(path: &Path) -> Self {
        let path = path.to_path_buf();
        if path.as_os_str() == "-" || !path.is_dir() {
            return Candidate::Named(path);
        }
        match files_below(&path) {
            Ok(found) => Candidate::Directory(path, found),
            Err(why) => Candidate::Refused(path, why),
        }
    }

    /// How many sources it may turn out to be.
    fn sources(&self) -> usize {
        match self {
            Candidate::Named(_) | Candidate::Refused(..) => 1,
            Candidate::Directory(_, found) => found.files.len(),
        }
    }
}
