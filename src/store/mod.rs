//! History that outlives the process: rows, their migrations, and nothing that is live.
//!
//! One SQLite database in a directory (`tapmap.db`), in write-ahead mode: one process writes, any number
//! read, and nobody waits for the other. Its tables are for people too: `migrations/` explains every
//! column, and the views `dependency`, `flow_record` and `host_seen` give times and hosts in words.
//!
//! | file | about |
//! |---|---|
//! | `database` | the file: opened, migrated, told apart from others' |
//! | `writer`, `pending`, `lock` | who writes, what waits, and that nobody else does |
//! | `read`, `scope`, `contact` | what comes back, of which time, and how many flows of it |
//! | `host`, `edge`, `flow`, `fact`, `certificate`, `sighting`, `mark`, `source` | rows, both ways |
//! | `day`, `upkeep`, `copy` | edges by the day; retention and size; backups and checks |
//! | `totals`, `pack`, `word` | columns that several tables share, packed lists, words |

mod certificate;
mod contact;
mod copy;
mod day;
mod database;
mod edge;
mod error;
mod fact;
mod flow;
mod host;
mod lock;
mod mark;
mod pack;
mod pending;
mod read;
mod scope;
mod sighting;
mod source;
mod totals;
mod upkeep;
mod word;
mod writer;

pub use contact::Grain;
pub use copy::{backup, check, restore};
pub use error::{StoreError, Trouble};
pub use read::{Both, Stored, Window};
pub use source::SourceRow;
pub use upkeep::{Retention, Room, Size};
pub use word::kept;
pub use writer::{Writer, WriterHealth};

use std::path::{Path, PathBuf};

/// How a store is kept.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Who writes, for whoever finds the store locked: `tapmap sensor`.
    pub writer: String,
    /// Wait for the disk with every transaction, so that a power failure takes no more than a crash.
    pub durable: bool,
    /// Bytes that the database may take; none: as many as the disk has.
    pub bytes_max: Option<u64>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions { writer: "tapmap".to_owned(), durable: false, bytes_max: None }
    }
}

/// A directory with a store.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    options: StoreOptions,
}

impl Store {
    /// Names a store. Nothing is read or made yet.
    pub fn open(dir: &Path, options: &StoreOptions) -> Store {
        Store { dir: dir.to_owned(), options: options.clone() }
    }

    /// Opens it to write.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn writer(&self) -> Result<Writer, StoreError> {
        Writer::open(&self.dir, &self.options)
    }

    /// How much room it takes.
    ///
    /// # Errors
    /// If there is no store, or it cannot be read.
    pub fn size(&self) -> Result<Size, StoreError> {
        upkeep::size(&database::to_read(&database::path(&self.dir))?)
    }

    /// Reads what was seen in a time.
    ///
    /// # Errors
    /// If there is no store, or it cannot be read.
    pub fn read(&self, window: &Window) -> Result<Stored, StoreError> {
        self.read_by(window, &|one, other| {
            one();
            other();
        })
    }

    /// The same, with its two halves done as `both` does them: they may run at the same time.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_by(&self, window: &Window, both: &Both) -> Result<Stored, StoreError> {
        read::read(&self.dir, window, both)
    }
}
