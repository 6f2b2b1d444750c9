//! The tokens as they are now: the file is looked at before every answer and read when it changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::role::Role;
use super::token_file::{Record, TokenFile};
use crate::api::stamp::Stamp;

/// One token of the file.
pub(super) struct Holder {
    pub(super) id: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) role: Role,
    pub(super) hash: Arc<str>,
}

/// What the file said when it was read last.
pub(super) enum Known {
    /// There is no file, and there has been none since the start.
    NeverMade,
    /// These are good, and no others.
    Tokens(HashMap<Arc<str>, Holder>),
    /// It cannot be read: no token is good until it can.
    Broken,
}

impl Known {
    /// The token with an id.
    pub(super) fn holder(&self, id: &str) -> Option<&Holder> {
        match self {
            Known::Tokens(holders) => holders.get(id),
            Known::NeverMade | Known::Broken => None,
        }
    }

    fn of(records: Vec<Record>) -> Known {
        let holders = records.into_iter().map(|record| {
            let Record { id, name, role, hash, .. } = record;
            let id: Arc<str> = id.into();
            (Arc::clone(&id), Holder { id, name: name.into(), role, hash: hash.into() })
        });
        Known::Tokens(holders.collect())
    }
}

/// The file, and what it said.
pub(super) struct Watched {
    file: Option<TokenFile>,
    current: ArcSwap<(Looked, Arc<Known>)>,
    reading: Mutex<()>,
}

/// The state of the file when it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Absent,
    At(Stamp),
    /// It could not even be looked at.
    Failed,
}

impl Watched {
    /// Reads the file. Without one there are no tokens, ever.
    pub(super) fn new(file: Option<TokenFile>) -> Watched {
        let current = ArcSwap::from_pointee((Looked::Absent, Arc::new(Known::NeverMade)));
        let watched = Watched { file, current, reading: Mutex::new(()) };
        watched.now();
        watched
    }

    /// The tokens as they are now. Costs one look at the file's metadata, about a microsecond.
    pub(super) fn now(&self) -> Arc<Known> {
        let current = self.current.load();
        let Some(file) = &self.file else { return Arc::clone(&current.1) };
        if look(file) == current.0 {
            return Arc::clone(&current.1);
        }
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = look(file);
        let current = self.current.load();
        if looked == current.0 {
            return Arc::clone(&current.1);
        }
        let (looked, known) = read(file, looked, &current.1);
        let known = Arc::new(known);
        self.current.store(Arc::new((looked, Arc::clone(&known))));
        known
    }
}

fn look(file: &TokenFile) -> Looked {
    match file.stamp() {
        Ok(Some(stamp)) => Looked::At(stamp),
        Ok(None) => Looked::Absent,
        Err(_) => Looked::Failed,
    }
}

fn read(file: &TokenFile, looked: Looked, before: &Known) -> (Looked, Known) {
    match file.read_stamped() {
        Ok(Some((stamp, records))) => {
            tracing::info!(tokens = records.len(), file = %file.path().display(), "tokens read");
            (Looked::At(stamp), Known::of(records))
        }
        // A file that was there and is gone opens nothing: whoever took it away gains no access by that.
        Ok(None) if matches!(before, Known::NeverMade) => (Looked::Absent, Known::NeverMade),
        Ok(None) => {
            tracing::error!(file = %file.path().display(), "the tokens are gone: nobody is let in until a token is made or the sensor starts anew");
            (Looked::Absent, Known::of(Vec::new()))
        }
        Err(error) => {
            tracing::error!(%error, "no token is accepted until its file can be read");
            (looked, Known::Broken)
        }
    }
}
