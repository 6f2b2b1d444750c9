//! Which tokens there are: a file under the data directory that only its owner may read.
//!
//! Only hashes are kept, so that the file opens nothing to whoever reads it. It is replaced as a
//! whole or not at all, and read again as soon as it has changed: what is revoked is refused at once.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::api::stamp::Stamp;
use crate::model::Timestamp;

use super::hash::{Cost, HashError, hash};
use super::role::Role;
use super::token::{NoRandomness, Token};

/// The file's name in the data directory.
const FILE_NAME: &str = "tokens.json";
/// What the file says it is.
const VERSION: u32 = 1;
/// Enough for every person and program of a large site; each costs about 300 bytes.
const TOKENS_MAX: usize = 1_000;
/// 1,000 tokens of at most 300 bytes, with room for whoever writes it by hand.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Letters in a name: it stands in every line of the audit.
const NAME_LETTERS_MAX: usize = 64;

/// One token, as the file keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The part of the token that is no secret.
    pub id: String,
    /// Whose it is, as the operator called it.
    pub name: String,
    /// What it opens.
    pub role: Role,
    /// Argon2id of the whole token, in PHC notation, with parameters and salt.
    pub hash: String,
    /// When it was made, RFC 3339.
    pub created: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    tokens: Vec<Record>,
}

/// Why tokens cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file or its directory.
    #[error("cannot {verb} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read hashes, or write tokens of their own.
    #[error("{path} may be read or written by others (mode {mode:04o}); chmod 600 {path}", path = path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what this program writes.
    #[error("{path}, line {line}: {why}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line of the fault, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// A name that cannot stand in a line of text.
    #[error("a name has 1 to {NAME_LETTERS_MAX} letters, none of them invisible")]
    Name,
    /// A name that is taken.
    #[error("there is a token `{0}` already; choose another name or revoke it")]
    Taken(String),
    /// No such token.
    #[error("there is no token with the name or id `{0}`; `tapmap token list` shows all")]
    Unknown(String),
    /// Too many.
    #[error("there are {TOKENS_MAX} tokens already; revoke some")]
    Full,
    /// The kernel gave none.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Hashing failed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// The file of tokens of one data directory.
#[derive(Clone, Debug)]
pub struct TokenFile {
    directory: PathBuf,
    path: PathBuf,
    cost: Cost,
}

impl TokenFile {
    /// That of a data directory. Nothing is read or made yet.
    pub fn in_directory(directory: &Path) -> TokenFile {
        TokenFile { directory: directory.to_owned(), path: directory.join(FILE_NAME), cost: Cost::default() }
    }

    /// The same, with hashes that cost another amount.
    #[cfg(test)]
    pub(super) fn with_cost(self, cost: Cost) -> TokenFile {
        TokenFile { cost, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What hashing costs here.
    pub(super) fn cost(&self) -> Cost {
        self.cost
    }

    /// The state of the file now; none while it has never been made.
    pub(super) fn stamp(&self) -> Result<Option<Stamp>, TokenFileError> {
        Stamp::look(&self.path).map_err(|source| self.io("look at", source))
    }

    /// All tokens; none if the file has never been made, which is not the same as an empty one.
    pub fn read(&self) -> Result<Option<Vec<Record>>, TokenFileError> {
        Ok(self.read_stamped()?.map(|(_, records)| records))
    }

    pub(super) fn read_stamped(&self) -> Result<Option<(Stamp, Vec<Record>)>, TokenFileError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.io("open", source)),
        };
        let metadata = file.metadata().map_err(|source| self.io("look at", source))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(TokenFileError::Mode { path: self.path.clone(), mode });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|source| self.io("read", source))?;
        Ok(Some((Stamp::of(&metadata), self.understand(&text)?)))
    }

    fn understand(&self, text: &str) -> Result<Vec<Record>, TokenFileError> {
        let wrong = |line, why: String| TokenFileError::Content { path: self.path.clone(), line, why };
        let document: Document =
            serde_json::from_str(text).map_err(|error| wrong(error.line(), error.to_string()))?;
        if document.version != VERSION {
            return Err(wrong(1, format!("version {} is not known here; {VERSION} is", document.version)));
        }
        Ok(document.tokens)
    }

    /// Makes a token. Whoever gets it must keep it: it cannot be shown again.
    pub fn add(&self, name: &str, role: Role, now: Timestamp) -> Result<Token, TokenFileError> {
        if name.is_empty() || name.chars().count() > NAME_LETTERS_MAX || name.chars().any(char::is_control) {
            return Err(TokenFileError::Name);
        }
        let token = Token::generate()?;
        let hash = hash(token.text(), self.cost)?;
        self.change(|records| {
            if records.len() >= TOKENS_MAX {
                return Err(TokenFileError::Full);
            }
            if records.iter().any(|record| record.name == name || record.id == token.id()) {
                return Err(TokenFileError::Taken(name.to_owned()));
            }
            let (id, name) = (token.id().to_owned(), name.to_owned());
            records.push(Record { id, name, role, hash, created: now.to_string() });
            Ok(())
        })?;
        Ok(token)
    }

    /// Takes a token away, by name or id.
    pub fn revoke(&self, wanted: &str) -> Result<Record, TokenFileError> {
        self.change(|records| {
            let place = records
                .iter()
                .position(|record| record.name == wanted || record.id == wanted)
                .ok_or_else(|| TokenFileError::Unknown(wanted.to_owned()))?;
            Ok(records.remove(place))
        })
    }

    /// Reads, changes and replaces the file while nobody else does.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Record>) -> Result<T, TokenFileError>,
    ) -> Result<T, TokenFileError> {
        let directory = File::open(&self.directory).map_err(|source| TokenFileError::Io {
            verb: "open",
            path: self.directory.clone(),
            source,
        })?;
        // The directory is locked and not the file, which will be another one afterwards.
        let directory = Flock::lock(directory, FlockArg::LockExclusive)
            .map_err(|(_, errno)| self.io("lock the directory of", errno.into()))?;
        let mut records = self.read()?.unwrap_or_default();
        let changed = change(&mut records)?;
        self.replace(&directory, records)?;
        Ok(changed)
    }

    fn replace(&self, directory: &File, tokens: Vec<Record>) -> Result<(), TokenFileError> {
        let mut text = serde_json::to_vec_pretty(&Document { version: VERSION, tokens })
            .map_err(|error| self.io("write", error.into()))?;
        text.push(b'\n');
        let new = self.path.with_extension("json.new");
        self.write_new(&new, directory, &text).map_err(|source| self.io("write", source))?;
        fs::rename(&new, &self.path).map_err(|source| self.io("replace", source))?;
        directory.sync_all().map_err(|source| self.io("write the directory of", source))
    }

    fn write_new(&self, new: &Path, directory: &File, text: &[u8]) -> io::Result<()> {
        // What a run that was killed has left behind; made anew, it is nobody's link elsewhere.
        match fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        if nix::unistd::geteuid().is_root() {
            // Made by root for a sensor that runs as somebody else: whoever owns the directory reads it.
            let owner = directory.metadata()?;
            fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        file.write_all(text)?;
        file.sync_all()
    }

    fn io(&self, verb: &'static str, source: io::Error) -> TokenFileError {
        TokenFileError::Io { verb, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_773_482_640, 0)
    }

    fn file(directory: &Path) -> TokenFile {
        TokenFile::in_directory(directory).with_cost(Cost::LEAST)
    }

    #[test]
    fn a_token_is_kept_as_a_hash_only() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        assert_eq!(file.read().unwrap(), None);
        let token = file.add("grafana", Role::Viewer, now()).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(text.contains("$argon2id$"), "{text}");
        assert!(!text.contains(token.text().rsplit('_').next().unwrap()), "{text}");
        let records = file.read().unwrap().unwrap();
        assert_eq!(records[0].id, token.id());
        assert_eq!((records[0].name.as_str(), records[0].role), ("grafana", Role::Viewer));
        assert_eq!(records[0].created, "2026-03-14T10:04:00.000000000Z");
    }

    #[test]
    fn the_file_is_its_owners_and_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        fs::write(directory.path().join("tokens.json.new"), "left by a run that was killed").unwrap();
        file.add("one", Role::Admin, now()).unwrap();
        let before = file.stamp().unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        file.add("two", Role::Viewer, now()).unwrap();
        assert_ne!(file.stamp().unwrap(), before);
        assert_eq!(file.read().unwrap().unwrap().len(), 2);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_are_unique_and_visible() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        file.add("one", Role::Viewer, now()).unwrap();
        assert!(matches!(file.add("one", Role::Admin, now()), Err(TokenFileError::Taken(_))));
        for name in ["", "a\nb", &"x".repeat(65)] {
            assert!(matches!(file.add(name, Role::Viewer, now()), Err(TokenFileError::Name)), "{name:?}");
        }
    }

    #[test]
    fn a_revoked_token_is_gone_and_the_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        let token = file.add("one", Role::Viewer, now()).unwrap();
        assert!(matches!(file.revoke("two"), Err(TokenFileError::Unknown(_))));
        assert_eq!(file.revoke(token.id()).unwrap().name, "one");
        assert_eq!(file.read().unwrap(), Some(Vec::new()));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        file.add("one", Role::Viewer, now()).unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(0o640)).unwrap();
        let told = file.read().unwrap_err().to_string();
        assert!(told.contains("mode 0640") && told.contains("chmod 600"), "{told}");
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        file.add("one", Role::Viewer, now()).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        fs::write(file.path(), text.replace("viewer", "king")).unwrap();
        let told = file.read().unwrap_err().to_string();
        assert!(told.contains("tokens.json, line 7: unknown variant `king`"), "{told}");
        fs::write(file.path(), text.replace("\"version\": 1", "\"version\": 2")).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("line 1: version 2"));
    }
}
