//! One writer at a time: a locked file that names who holds it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use super::error::StoreError;

/// The name of the file beside the database.
const FILE: &str = "tapmap.lock";

/// Bytes of the holder's name that are read: a line.
const NAME_MAX: u64 = 256;

/// Held as long as it lives; the system gives it back when a process dies, however it dies.
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of a directory.
    pub fn take(dir: &Path, writer: &str) -> Result<Lock, StoreError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| StoreError::file(&path, error))?;
        let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => file,
            Err((file, nix::errno::Errno::EWOULDBLOCK)) => {
                return Err(StoreError::Held { dir: dir.to_owned(), holder: holder(file) });
            }
            Err((_, error)) => return Err(StoreError::file(&path, error.into())),
        };
        let name = format!("{writer}, process {}\n", std::process::id());
        // A disk that is full may keep the name out; the lock holds all the same.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(name.as_bytes()));
        Ok(Lock { _file: file })
    }
}

fn holder(file: File) -> String {
    let mut name = String::new();
    match file.take(NAME_MAX).read_to_string(&mut name) {
        Ok(_) if !name.trim().is_empty() => name.trim().to_owned(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path(), "tapmap sensor").unwrap();
        let error = Lock::take(dir.path(), "tapmap store add").err().unwrap().to_string();
        assert!(error.contains(&format!("tapmap sensor, process {}", std::process::id())), "{error}");
        drop(first);
        assert!(Lock::take(dir.path(), "tapmap store add").is_ok());
    }
}
