//! Copies of a store while it is written, and the way back; whether it is sound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::database;
use super::error::StoreError;
use super::lock::Lock;

/// Pages copied at once: 2,048 × 4 KiB = 8 MiB. Between two such steps the writer goes on.
const PAGES: i32 = 2_048;

/// How long a copy lets the writer go on where they meet.
const PAUSE: Duration = Duration::from_millis(5);

/// Copies a store into a file, as it is at one moment; whoever writes it goes on. The copy has its name only
/// once it is whole.
///
/// # Errors
/// If there is no store, the file is there already, or it cannot be written.
pub fn backup(dir: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        let why =
            std::io::Error::new(std::io::ErrorKind::AlreadyExists, "is there already; name another file");
        return Err(StoreError::file(to, why));
    }
    let from = database::to_read(&database::path(dir))?;
    copied(&from, to)
}

/// Puts a copy in the place of a store. What was there is kept beside it, and its new name is returned.
///
/// # Errors
/// If somebody writes the store, the copy is none of ours or not sound, or it cannot be written.
pub fn restore(dir: &Path, from: &Path, writer: &str) -> Result<Option<PathBuf>, StoreError> {
    std::fs::create_dir_all(dir).map_err(|error| StoreError::file(dir, error))?;
    let _lock = Lock::take(dir, writer)?;
    if !from.exists() {
        return Err(StoreError::file(from, std::io::ErrorKind::NotFound.into()));
    }
    let copy = database::to_read(from)?;
    if let Some(problem) = problems(&copy)?.into_iter().next() {
        return Err(StoreError::Strange { table: "sqlite_schema", what: problem });
    }
    let place = database::path(dir);
    let coming = place.with_extension("db.restoring");
    let _ = std::fs::remove_file(&coming);
    copied(&copy, &coming)?;
    let aside = place.exists().then(|| super::writer::aside(&place, "replaced")).transpose()?;
    std::fs::rename(&coming, &place).map_err(|error| StoreError::file(&place, error))?;
    Ok(aside)
}

fn copied(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let part = PathBuf::from(format!("{}.part", to.display()));
    let _ = std::fs::remove_file(&part);
    let mut copy = Connection::open(&part)?;
    // One look at it for all steps: otherwise every transaction of the writer's would start the copy again.
    let moment = from.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM meta", (), |_| Ok(()))?;
    let backup = Backup::new(from, &mut copy)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
            _ => {}
        }
    }
    drop(backup);
    // The copy is one file, with no log beside it.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.close().map_err(|(_, error)| error)?;
    std::fs::rename(&part, to).map_err(|error| StoreError::file(to, error))
}

/// What is wrong with a store, nothing if it is sound: pages, indexes, rows that name others.
///
/// # Errors
/// If there is none, or it cannot be read at all.
pub fn check(dir: &Path) -> Result<Vec<String>, StoreError> {
    problems(&database::to_read(&database::path(dir))?)
}

fn problems(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let mut problems: Vec<String> =
        statement.query_map((), |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?;
    problems.retain(|line| line != "ok");
    let mut statement = connection
        .prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let (table, parent, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        problems.push(format!("{count} rows of `{table}` name a row of `{parent}` that is not there"));
    }
    Ok(problems)
}
