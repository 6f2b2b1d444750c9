//! What can go wrong with a store, in sentences that name the file and the way out.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none.
    #[error("there is no store in `{0}`; `tapmap sensor --data-dir` and `tapmap store add` begin one")]
    Missing(PathBuf),
    /// It is a database of somebody else's.
    #[error("`{0}` is a database, but not one of tapmap's")]
    Foreign(PathBuf),
    /// A newer program wrote it.
    #[error(
        "`{path}` was written by a newer tapmap (its layout is {found}, this program knows up to {known}); use that version"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Somebody else writes into it.
    #[error(
        "the store in `{dir}` is being written by {holder}; stop that one first, or use another directory"
    )]
    Held {
        /// The directory.
        dir: PathBuf,
        /// Who does.
        holder: String,
    },
    /// A row says what cannot be.
    #[error("table `{table}` holds `{what}`, which means nothing; `tapmap store check` tells more")]
    Strange {
        /// The table.
        table: &'static str,
        /// The value.
        what: String,
    },
    /// A file or directory.
    #[error("`{path}`: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The database itself.
    #[error("{}", sentence(.0))]
    Database(#[from] rusqlite::Error),
}

/// What kind of trouble it is: what is to be done depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No room on the disk, or no more than was allowed.
    Full,
    /// It may not be written.
    ReadOnly,
    /// It is no database, or a broken one.
    Corrupt,
    /// Anything else; trying again may help.
    Other,
}

impl StoreError {
    /// A file's.
    pub(super) fn file(path: &Path, why: std::io::Error) -> StoreError {
        StoreError::File { path: path.to_owned(), why }
    }

    /// What kind of trouble it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            StoreError::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Trouble::Full,
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                    Trouble::ReadOnly
                }
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Corrupt,
                _ => Trouble::Other,
            },
            StoreError::File { why, .. } => match why.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Trouble::Full,
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Trouble::ReadOnly
                }
                _ => Trouble::Other,
            },
            StoreError::Strange { .. } => Trouble::Corrupt,
            _ => Trouble::Other,
        }
    }
}

fn sentence(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "the store may only be read".to_owned(),
        Some(ErrorCode::DatabaseBusy) => "somebody else holds the store locked".to_owned(),
        _ => format!("the store: {error}"),
    }
}
