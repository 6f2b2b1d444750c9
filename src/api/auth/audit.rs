//! Who did what: one JSON line a deed, in files that only grow until they are turned over.
//!
//! Refusals have a file of their own: whoever is refused a million times cannot push the deeds out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{Method, StatusCode};
use nix::fcntl::OFlag;
use serde::Serialize;

use super::clock::Clock;
use super::principal::{Principal, Way};

/// A file is turned over at this size; a line has about 250 bytes.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// Deeds kept: 1 + 9 files × 8 MiB = 80 MiB, about 300,000.
const DEEDS_KEPT: u32 = 9;
/// Refusals kept: 1 + 1 files × 8 MiB = 16 MiB.
const REFUSALS_KEPT: u32 = 1;
/// Whoever asks chooses the path: what is longer is cut.
const PATH_BYTES_MAX: usize = 512;

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    what: What,
    name: Option<&'a str>,
    role: Option<&'a str>,
    way: Option<&'static str>,
    token: Option<&'a str>,
    address: Option<IpAddr>,
    method: &'a str,
    path: &'a str,
    status: u16,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Something was changed, or the attempt failed.
    Change,
    /// A session began.
    Login,
    /// A session ended by hand.
    Logout,
    /// Somebody was not let in, or not let do it.
    Refusal,
}

/// Something to be written down.
#[derive(Clone, Debug)]
pub struct Deed {
    /// What it is.
    pub what: What,
    /// Who; unknown for whoever was not let in.
    pub principal: Option<Principal>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The request's method.
    pub method: Method,
    /// The request's path, without its query.
    pub path: String,
    /// What was answered.
    pub status: StatusCode,
}

/// The files.
pub struct Audit {
    clock: Arc<dyn Clock>,
    deeds: Option<Mutex<Journal>>,
    refusals: Option<Mutex<Journal>>,
    lost: AtomicU64,
}

impl Audit {
    /// In a directory; without one, deeds go to the log only.
    pub fn open(directory: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Audit, AuditError> {
        let open = |name: &str, kept| {
            directory.map(|directory| Journal::open(directory.join(name), kept).map(Mutex::new)).transpose()
        };
        let (deeds, refusals) = (open("audit.jsonl", DEEDS_KEPT)?, open("refused.jsonl", REFUSALS_KEPT)?);
        Ok(Audit { clock, deeds, refusals, lost: AtomicU64::new(0) })
    }

    /// Deeds that could not be written down: a full disk stops nobody from answering an incident.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes a deed down, on the disk before this returns. Blocks for as long as the disk takes.
    pub fn record(&self, deed: &Deed) {
        let principal = deed.principal.as_ref();
        let status = deed.status.as_u16();
        let (name, method) = (principal.map(|principal| &*principal.name), deed.method.as_str());
        let path = cut(&deed.path);
        let line = Line {
            time: self.clock.time().to_string(),
            what: deed.what,
            name,
            role: principal.map(|principal| principal.role.word()),
            way: principal.map(|principal| way(&principal.way)),
            token: principal.and_then(Principal::token_id),
            address: deed.address,
            method,
            path,
            status,
        };
        let refused = deed.what == What::Refusal;
        if refused {
            tracing::warn!(name, address = ?deed.address, method, path, status, "refused");
        } else {
            tracing::info!(what = ?deed.what, name, address = ?deed.address, method, path, status, "audit");
        }
        let Some(journal) = (if refused { &self.refusals } else { &self.deeds }) else { return };
        let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = journal.write(&line, !refused) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, file = %journal.path.display(), "what is said above could not be kept");
        }
    }
}

fn way(way: &Way) -> &'static str {
    match way {
        Way::Token(_) => "token",
        Way::Session(_) => "session",
        Way::Local => "local",
    }
}

/// The longest beginning that is short enough and whole letters.
fn cut(path: &str) -> &str {
    let short = (0..=PATH_BYTES_MAX.min(path.len())).rev().find_map(|end| path.get(..end));
    short.unwrap_or_default()
}

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {path} for the audit: {source}", path = path.display())]
pub struct AuditError {
    path: PathBuf,
    source: io::Error,
}

/// A file of lines that turns itself over.
struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
    kept: u32,
}

impl Journal {
    fn open(path: PathBuf, kept: u32) -> Result<Journal, AuditError> {
        let opened = append(&path).and_then(|mut file| {
            let bytes = file.metadata()?.len();
            // A line that a crash has cut must not swallow the next one.
            if bytes > 0 {
                end_last_line(&path, bytes, &mut file)?;
            }
            Ok((file, bytes))
        });
        match opened {
            Ok((file, bytes)) => Ok(Journal { path, file, bytes, kept }),
            Err(source) => Err(AuditError { path, source }),
        }
    }

    fn write(&mut self, line: &Line<'_>, surely: bool) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if self.bytes >= FILE_BYTES_MAX {
            self.turn_over()?;
        }
        self.file.write_all(&text)?;
        self.bytes += text.len() as u64;
        if surely { self.file.sync_data() } else { Ok(()) }
    }

    /// `audit.jsonl` becomes `audit.jsonl.1`, that becomes `.2`, and the oldest goes.
    fn turn_over(&mut self) -> io::Result<()> {
        let numbered = |number: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        for number in (1..self.kept).rev() {
            match fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, numbered(1))?;
        self.file = append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)
}

fn end_last_line(path: &Path, bytes: u64, file: &mut File) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    let mut last = [0];
    File::open(path)?.read_exact_at(&mut last, bytes - 1)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::super::clock::Hand;
    use super::super::role::Role;
    use super::*;

    fn audit(directory: &Path) -> Audit {
        Audit::open(Some(directory), Arc::new(Hand::default())).unwrap()
    }

    fn deed(what: What, path: &str) -> Deed {
        let way = Way::Token("abcdefgh".into());
        let principal = Principal { name: "anna".into(), role: Role::Admin, way };
        let address = Some("10.0.0.1".parse().unwrap());
        let (method, path) = (Method::POST, path.to_owned());
        Deed { what, principal: Some(principal), address, method, path, status: StatusCode::CREATED }
    }

    fn lines(path: PathBuf) -> Vec<serde_json::Value> {
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_deed_is_one_line_that_says_all() {
        let directory = tempfile::tempdir().unwrap();
        audit(directory.path()).record(&deed(What::Change, "/api/v1/captures"));
        let expected = serde_json::json!({
            "time": "2026-03-14T10:04:00.000000000Z", "what": "change", "name": "anna", "role": "admin",
            "way": "token", "token": "abcdefgh", "address": "10.0.0.1", "method": "POST",
            "path": "/api/v1/captures", "status": 201,
        });
        assert_eq!(lines(directory.path().join("audit.jsonl")), [expected]);
    }

    #[test]
    fn nobody_writes_lines_of_his_own() {
        let directory = tempfile::tempdir().unwrap();
        let audit = audit(directory.path());
        audit.record(&deed(What::Change, "/a\n{\"what\":\"login\"}\u{1b}[2J"));
        audit.record(&deed(What::Change, &"/é".repeat(4_000)));
        let lines = lines(directory.path().join("audit.jsonl"));
        assert_eq!(lines.len(), 2);
        assert!(lines[1]["path"].as_str().unwrap().len() <= PATH_BYTES_MAX);
    }

    #[test]
    fn refusals_do_not_push_deeds_out() {
        let directory = tempfile::tempdir().unwrap();
        let audit = audit(directory.path());
        audit.record(&deed(What::Login, "/api/v1/session"));
        let long = "/x".repeat(PATH_BYTES_MAX);
        for _ in 0..60_000 {
            audit.record(&deed(What::Refusal, &long));
        }
        assert_eq!(lines(directory.path().join("audit.jsonl")).len(), 1);
        let kept: Vec<u64> = ["refused.jsonl", "refused.jsonl.1"]
            .map(|name| fs::metadata(directory.path().join(name)).unwrap().len())
            .into();
        assert!(kept.iter().all(|&bytes| bytes < FILE_BYTES_MAX + 1_024), "{kept:?}");
        assert!(!directory.path().join("refused.jsonl.2").exists());
    }

    #[test]
    fn a_line_cut_by_a_crash_takes_no_other_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        fs::write(&path, "{\"what\":\"chan").unwrap();
        audit(directory.path()).record(&deed(What::Login, "/api/v1/session"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().nth(1).unwrap().starts_with("{\"time\""), "{text}");
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_stops_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let audit = audit(directory.path());
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        audit.deeds.as_ref().unwrap().lock().unwrap().file = full;
        audit.record(&deed(What::Change, "/api/v1/captures"));
        assert_eq!(audit.lost(), 1);
    }
}
