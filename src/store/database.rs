//! The file itself: opened, brought up to date, told apart from others'.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;

/// The name of the database in its directory.
pub const FILE: &str = "tapmap.db";

/// What says that a database is tapmap's: `tapm` (`PRAGMA application_id`).
const APPLICATION: i64 = 0x7461_706d;

/// What makes layout n of layout n-1, from layout 1. Only ever added to.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql")];

/// Statements kept compiled.
const STATEMENTS_MAX: usize = 128;

/// How long a reader or writer waits for the other where they meet (a checkpoint, a backup's last step).
const PATIENCE: Duration = Duration::from_secs(5);

/// The layout that this program writes.
pub fn layout() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The path of the database in a directory.
pub fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Opens a database to write it, and brings its layout up to date.
pub fn to_write(path: &Path, durable: bool) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Before the first table: it can be chosen only then.
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    check(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })?;
    // Rows that belong to others are deleted with them by hand, and checked for by `store check`.
    connection.pragma_update(None, "foreign_keys", false)?;
    // 16 MiB: the pages of the current hour.
    connection.pragma_update(None, "cache_size", -16_384)?;
    // A confined process may write nowhere but here.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Given back to the disk after a checkpoint; it grows beyond it only under a long reader.
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a database to read it. Where not even readers may leave a trace (a read-only disk without the
/// files of a writer), it is read as it stands.
pub fn to_read(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.parent().unwrap_or(path).to_owned()));
    }
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, read).and_then(|connection| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        Ok(connection)
    });
    let connection = match opened {
        Ok(connection) => connection,
        Err(error) => frozen(path).map_err(|_| error)?,
    };
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    check(&connection, path)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // The pages of the file are read where the kernel has them; nothing is copied first.
    connection.pragma_update(None, "mmap_size", 4_i64 << 30)?;
    Ok(connection)
}

/// Opens a database that nobody can change.
fn frozen(path: &Path) -> rusqlite::Result<Connection> {
    let escaped: String = path
        .to_string_lossy()
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            other => other.to_string(),
        })
        .collect();
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    Ok(connection)
}

/// Refuses what is somebody else's, and what a newer program wrote.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), (), |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    let found = pragma("user_version")?;
    if found > layout() {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: layout() });
    }
    Ok(())
}

/// Makes each layout of the one before, each in a transaction of its own.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    for (number, script) in (1..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        let change = connection.transaction()?;
        change.execute_batch(script)?;
        change.pragma_update(None, "user_version", number)?;
        change.pragma_update(None, "application_id", APPLICATION)?;
        change.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_a_newer_program_is_refused_by_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        to_write(&path, false).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [to_write(&path, false).unwrap_err(), to_read(&path).unwrap_err()] {
            let known = format!("its layout is 99, this program knows up to {}", layout());
            assert!(error.to_string().contains(&known), "{error}");
        }
    }

    #[test]
    fn somebody_elses_database_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
        assert!(matches!(to_write(&path, false), Err(StoreError::Foreign(_))));
        assert!(matches!(to_read(&dir.path().join("none")), Err(StoreError::Missing(_))));
    }

    #[test]
    fn a_database_that_nobody_may_change_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        drop(to_write(&path, false).unwrap());
        let connection = frozen(&path).unwrap();
        assert!(connection.execute("INSERT INTO meta VALUES ('x', 1)", ()).is_err());
    }
}
