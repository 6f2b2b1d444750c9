//! Pages of a list, and the cursor that leads from one to the next.
//!
//! A cursor belongs to one state of the map: the state that a list was begun on is kept for a while, so
//! that the pages of a list fit together however the map goes on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::error::{Kind, Problem};
use super::source::Current;

/// Rows of a page where nobody says.
pub const ROWS: u16 = 100;

/// Rows of a page at most.
pub const ROWS_MAX: u16 = 1_000;

/// States that are kept for lists that were begun on them. Each is a whole map, most of which it shares
/// with no other.
const KEPT_MAX: usize = 3;

/// Where a page begins, in a list of one state under one filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The number of the state.
    pub number: u64,
    /// The first bytes of its digest, so that a number of another run is no match.
    pub digest: u32,
    /// The first bytes of the hash of what was asked.
    pub question: u32,
    /// Rows before the page.
    pub offset: usize,
}

impl Cursor {
    /// Reads a cursor.
    pub fn read(text: &str) -> Option<Cursor> {
        let mut parts = text.split('-');
        let mut next = || u64::from_str_radix(parts.next()?, 16).ok();
        let (number, digest, question, offset) = (next()?, next()?, next()?, next()?);
        let cursor = Cursor {
            number,
            digest: u32::try_from(digest).ok()?,
            question: u32::try_from(question).ok()?,
            offset: usize::try_from(offset).ok()?,
        };
        // Only what was given out is taken back.
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{:08x}-{:08x}-{:x}", self.number, self.digest, self.question, self.offset)
    }
}

/// The first bytes of a hash.
pub fn short(hash: &[u8]) -> u32 {
    hash.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// A number for what is asked of a list.
pub fn question(list: &str, filter: &str) -> u32 {
    short(&Sha256::digest(format!("{list}\n{filter}")))
}

/// The states that lists were begun on.
#[derive(Default)]
pub struct Kept(Mutex<VecDeque<Arc<Current>>>);

impl Kept {
    /// Keeps a state, and forgets the one that was longest not asked for.
    pub fn keep(&self, current: &Arc<Current>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| !Arc::ptr_eq(other, current));
        kept.push_front(Arc::clone(current));
        kept.truncate(KEPT_MAX);
    }

    /// The state that a cursor belongs to.
    ///
    /// # Errors
    /// If it is kept no longer.
    pub fn find(&self, cursor: &Cursor) -> Result<Arc<Current>, Problem> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|state| state.number == cursor.number);
        let found = found.filter(|state| short(&state.mark().digest) == cursor.digest).cloned();
        found.ok_or_else(|| {
            let why = "the map has changed too often since this list was begun; ask for its first page again";
            Problem::new(Kind::Gone, why)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { number: 300, digest: 7, question: u32::MAX, offset: 100 };
        assert_eq!(cursor.to_string(), "12c-00000007-ffffffff-64");
        assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        for text in
            ["", "1", "1-2-3", "12c-7-ffffffff-64", "12c-00000007-ffffffff-64-1", "x-0-0-0", "-1-0-0-0"]
        {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }
}
