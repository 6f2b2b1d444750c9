//! The one who writes: everything gained since the last time in one transaction.
//!
//! A transaction is there whole or not at all, also after `kill -9`, because the log takes it before the
//! database does. What is lost then is what waited: with one transaction a second, a second. After a
//! power failure the database opens clean too, but the system may not have put the log's last seconds
//! on the disk; [`super::StoreOptions::durable`] makes it do so with every transaction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::StoreOptions;
use super::database;
use super::error::{StoreError, Trouble};
use super::flow::{Base, Open, Wanted};
use super::host::{Book, Numbers};
use super::lock::Lock;
use super::pending::Pending;
use super::source::{self, SourceRow};
use super::{certificate, edge, fact, flow, host, mark, sighting};
use crate::graph::{Delta, Gained};
use crate::model::Timestamp;

/// Transactions that are left out at most after one that failed, before the next try.
const PAUSE_MAX: u32 = 32;

/// How a writer is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriterHealth {
    /// What is wrong, in one sentence; none where all is well.
    pub problem: Option<String>,
    /// Flows that wait to be written.
    pub waiting: u64,
    /// Flows that were lost because too many waited.
    pub lost: u64,
    /// Transactions written.
    pub written: u64,
    /// What happened to the store when it was opened or since, which somebody should know.
    pub notes: Vec<String>,
}

/// Writes a store. There is one at a time.
pub struct Writer {
    path: PathBuf,
    options: StoreOptions,
    connection: Connection,
    numbers: Numbers,
    base: Base,
    open: Open,
    run: i64,
    pending: Pending,
    sources: Vec<SourceRow>,
    counted: BTreeMap<String, u64>,
    health: WriterHealth,
    pause: u32,
    skip: u32,
    _lock: Lock,
}

impl Writer {
    /// Opens the store of a directory to write it; begins one where there is none. A broken one is moved
    /// aside and said.
    ///
    /// # Errors
    /// If somebody else writes it, it is none of ours or a newer program's, or nothing can be written.
    pub fn open(dir: &Path, options: &StoreOptions) -> Result<Writer, StoreError> {
        std::fs::create_dir_all(dir).map_err(|error| StoreError::file(dir, error))?;
        let lock = Lock::take(dir, &options.writer)?;
        let path = database::path(dir);
        let mut notes = Vec::new();
        let connection = match database::to_write(&path, options.durable) {
            Err(error) if error.trouble() == Trouble::Corrupt => {
                notes.push(moved_aside(&path, &error)?);
                database::to_write(&path, options.durable)?
            }
            opened => opened?,
        };
        let mut writer = Writer {
            path,
            options: options.clone(),
            connection,
            numbers: Numbers::default(),
            base: Base::default(),
            open: Open::default(),
            run: 0,
            pending: Pending::default(),
            sources: Vec::new(),
            counted: BTreeMap::new(),
            health: WriterHealth { notes, ..WriterHealth::default() },
            pause: 0,
            skip: 0,
            _lock: lock,
        };
        writer.bound()?;
        match writer.begin() {
            Err(error) if error.trouble() == Trouble::Corrupt => writer.begin_anew(&error)?,
            begun => begun?,
        }
        Ok(writer)
    }

    /// A run begins: flows that the one before left open are counted as they stood.
    fn begin(&mut self) -> Result<(), StoreError> {
        let change = self.connection.unchecked_transaction()?;
        let book = Book::read(&change)?;
        let left = flow::read(&change, &book, Wanted::Open, false)?;
        if !left.is_empty() {
            let mut delta = Delta::default();
            left.iter().for_each(|record| delta.flow(record.clone()));
            delta.tick(left.iter().map(|record| record.last).max().unwrap_or_default());
            let gained = Gained { delta, ended: left, ..Gained::default() };
            host::write(&change, &mut self.numbers, &gained.delta.rows())?;
            edge::write(&change, &mut self.numbers, &gained)?;
            fact::write(&change, &mut self.numbers, &gained.delta.rows())?;
            change.execute("UPDATE flow SET open = 0 WHERE open = 1", ())?;
        }
        change.execute("INSERT INTO run (writer) VALUES (?)", [&self.options.writer])?;
        let run = change.last_insert_rowid();
        let base = source::next(&change)?;
        change.commit()?;
        (self.run, self.base) = (run, base);
        Ok(())
    }

    /// Bounds the database to what it may take.
    fn bound(&self) -> Result<(), StoreError> {
        if let Some(bytes) = self.options.bytes_max {
            let page: i64 = self.connection.query_row("PRAGMA page_size", (), |row| row.get(0))?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            self.connection.pragma_update(None, "max_page_count", pages.max(1))?;
        }
        Ok(())
    }

    /// How much the database may take from now on.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub fn allow(&mut self, bytes_max: Option<u64>) -> Result<(), StoreError> {
        self.options.bytes_max = Some(bytes_max.unwrap_or(i64::MAX as u64));
        self.bound()
    }

    /// Where packets come from, as it stands now: each source keeps its place.
    pub fn sources(&mut self, sources: Vec<SourceRow>) {
        self.sources = sources;
    }

    /// Adds to what is counted by name, such as `packets.read`.
    pub fn count(&mut self, name: &str, times: u64) {
        *self.counted.entry(name.to_owned()).or_default() += times;
    }

    /// Takes what was gained, to be written with the next transaction.
    pub fn keep(&mut self, gained: &Gained) {
        self.pending.add(gained);
        self.health.waiting = self.pending.flows();
        self.health.lost = self.pending.lost;
    }

    /// Takes what was gained, and writes all that waits.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn write(&mut self, gained: &Gained) -> Result<(), StoreError> {
        self.keep(gained);
        self.commit()
    }

    /// Writes all that waits in one transaction: to be called once a second. What fails goes on waiting,
    /// and is tried again at longer and longer intervals; [`Writer::health`] says so in one sentence.
    ///
    /// # Errors
    /// If it could not be written. Nothing is lost by that before too much waits.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.commit_now()
    }

    fn commit_now(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() && self.sources.is_empty() && self.counted.is_empty() {
            return Ok(());
        }
        let mut result = self.transact();
        if let Err(error) = &result
            && error.trouble() == Trouble::Corrupt
        {
            self.numbers.forget();
            self.open.clear();
            result = self.begin_anew(error).and_then(|()| self.transact());
        }
        match &result {
            Ok(()) => {
                self.pending.clear();
                self.counted.clear();
                self.sources.clear();
                (self.pause, self.skip) = (0, 0);
                self.health.problem = None;
                self.health.written += 1;
            }
            Err(error) => {
                // Numbers given out in a transaction that was taken back are nobody's.
                self.numbers.forget();
                self.open.clear();
                self.pause = (self.pause * 2).clamp(1, PAUSE_MAX);
                self.skip = self.pause - 1;
                self.health.problem = Some(sentence(&self.path, error));
            }
        }
        self.health.waiting = self.pending.flows();
        result
    }

    fn transact(&mut self) -> Result<(), StoreError> {
        let change = self.connection.unchecked_transaction()?;
        let (numbers, base) = (&mut self.numbers, self.base);
        if self.open.is_empty() {
            self.open = known_open(&change, base)?;
        }
        source::write(&change, base, &self.sources)?;
        let gained = self.pending.gained();
        let rows = gained.delta.rows();
        host::write(&change, numbers, &rows)?;
        edge::write(&change, numbers, gained)?;
        fact::write(&change, numbers, &rows)?;
        certificate::write(&change, numbers, base, &rows)?;
        sighting::write(&change, numbers, base, &rows)?;
        for record in &gained.ended {
            flow::write(&change, numbers, base, &mut self.open, record, true)?;
        }
        for record in &gained.open {
            flow::write(&change, numbers, base, &mut self.open, record, false)?;
        }
        mark::write_indications(&change, numbers, base, &gained.indications)?;
        mark::write_tokens(&change, numbers, &gained.tokens)?;
        if let Some(watched) = gained.watched {
            source::write_watched(&change, base, watched)?;
        }
        let newest = newest(gained);
        let hour = edge::hour_of(newest.unwrap_or_default());
        fact::add_counter(&change, "dropped.indications", hour, gained.indications_dropped)?;
        for (name, times) in &self.counted {
            fact::add_counter(&change, name, hour, *times)?;
        }
        if let Some(newest) = newest {
            change
                .prepare_cached(
                    "INSERT INTO meta VALUES ('last', ?1) ON CONFLICT DO UPDATE SET value = max(value, ?1)",
                )?
                .execute(params![newest.nanos()])?;
        }
        change.commit()?;
        Ok(())
    }

    /// How it is doing.
    pub fn health(&self) -> &WriterHealth {
        &self.health
    }

    /// The database, for those who keep house.
    pub(super) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Writes what waits and ends.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.commit_now()?;
        self.connection.execute("UPDATE run SET ended = 1 WHERE id = ?", [self.run])?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }

    fn begin_anew(&mut self, why: &StoreError) -> Result<(), StoreError> {
        // The file is let go before it gets another name.
        self.connection = Connection::open_in_memory()?;
        self.numbers.forget();
        self.open.clear();
        self.health.notes.push(moved_aside(&self.path, why)?);
        self.connection = database::to_write(&self.path, self.options.durable)?;
        self.bound()?;
        self.begin()
    }
}

/// The newest time that something gained speaks of.
fn newest(gained: &Gained) -> Option<Timestamp> {
    let flows = gained.ended.iter().chain(&gained.open).map(|record| record.last);
    flows.chain(gained.delta.rows().last).max()
}

/// Rows of flows that this run told of and that go on: looked up again after a transaction failed.
fn known_open(connection: &Connection, base: Base) -> Result<Open, StoreError> {
    let some: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM flow WHERE open = 1)", (), |row| row.get(0))?;
    if !some {
        return Ok(Open::default());
    }
    let book = Book::read(connection)?;
    flow::open_rows(connection, &book, base)
}

/// Gives a broken database another name, and says so.
fn moved_aside(path: &Path, why: &StoreError) -> Result<String, StoreError> {
    let aside = aside(path, "corrupt")?;
    Ok(format!("the store was broken ({why}); it is now `{}`, and a new one was begun", aside.display()))
}

/// Gives a database and what belongs to it another name: `tapmap.db.corrupt-1`.
pub(super) fn aside(path: &Path, why: &str) -> Result<PathBuf, StoreError> {
    let named = |number: u32| PathBuf::from(format!("{}.{why}-{number}", path.display()));
    let aside = (1..u32::MAX).map(named).find(|aside| !aside.exists()).unwrap_or_else(|| named(0));
    std::fs::rename(path, &aside).map_err(|error| StoreError::file(path, error))?;
    for ending in ["-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        // Where there is none there is nothing to move.
        let _ = std::fs::rename(with(path), with(&aside));
    }
    Ok(aside)
}

fn sentence(path: &Path, error: &StoreError) -> String {
    let path = path.display();
    match error.trouble() {
        Trouble::Full => {
            format!("no room for `{path}`: nothing is written until there is, the map and its answers go on")
        }
        Trouble::ReadOnly => format!("`{path}` may not be written: the map and its answers go on without it"),
        Trouble::Corrupt | Trouble::Other => format!("`{path}`: {error}"),
    }
}
