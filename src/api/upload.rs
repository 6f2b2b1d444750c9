//! Captures that somebody sends: each is opened as a map of its own that is read and never changed.
//!
//! An upload goes into a file that nobody else can read, and the file is gone as soon as it has been
//! read. There are so many maps of so many bytes at most; the oldest makes room. The same bytes sent
//! again are the same map: its id is their hash.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::StreamExt as _;

use super::app::Served;
use super::error::{Kind, Problem};
use super::source::{Source as _, Still};
use crate::question::Ground;

/// A sender that sends nothing for so long has gone away.
const SENDER_PATIENCE: Duration = Duration::from_secs(30);

/// So long a sender waits for his map; after that he is told where it will be.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// Uploads that are received at the same time.
const RECEIVING_MAX: usize = 4;

/// Pieces between the connection and the disk.
const PIECES: usize = 4;

/// Hexadecimal digits of an id: 64 bits, more than there will ever be maps.
const ID_DIGITS: usize = 16;

/// Opens captures.
pub trait Opener: Send + Sync {
    /// Reads a capture and makes a map of it. `name` is what its sender calls it; `tell` is told how far
    /// reading has come: bytes, of how many, packets.
    ///
    /// # Errors
    /// If it is no capture, in one sentence.
    fn open(
        &self,
        file: &Path,
        name: &str,
        tell: &mut dyn FnMut(u64, Option<u64>, u64),
    ) -> Result<Ground, String>;
}

/// What is taken.
#[derive(Clone, Debug)]
pub struct UploadLimits {
    /// Bytes of one capture.
    pub bytes: u64,
    /// Bytes of all captures whose maps are kept; a map takes about as much memory as its capture, and
    /// much less where flows are large.
    pub bytes_in_all: u64,
    /// Maps kept.
    pub maps: usize,
}

impl Default for UploadLimits {
    fn default() -> Self {
        UploadLimits { bytes: 1 << 30, bytes_in_all: 4 << 30, maps: 8 }
    }
}

/// An uploaded map.
pub struct Uploaded {
    /// Its id.
    pub id: String,
    /// What its sender called it.
    pub name: String,
    /// Bytes of its capture.
    pub bytes: u64,
    /// What is served of it.
    pub served: Arc<Served>,
}

/// All uploaded maps.
pub struct Uploads {
    opener: Arc<dyn Opener>,
    folder: PathBuf,
    limits: UploadLimits,
    maps: Mutex<VecDeque<Arc<Uploaded>>>,
    receiving: Semaphore,
    /// One is read at a time: reading takes all the memory that a map may take while it grows.
    reading: Arc<Semaphore>,
    files: AtomicU64,
}

/// How an upload ended.
pub enum Taken {
    /// It is a map that can be asked.
    Ready(Arc<Uploaded>),
    /// It was one already.
    Known(Arc<Uploaded>),
    /// It is still being read.
    Reading(Arc<Uploaded>),
}

/// A file that is gone when nobody needs it any more.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        // What cannot be removed goes with the folder when the server ends.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What was received.
struct Received {
    file: Passing,
    bytes: u64,
    id: String,
}

impl Uploads {
    /// Takes uploads into a folder that must be there and belong to nobody else.
    pub fn new(opener: Arc<dyn Opener>, folder: PathBuf, limits: UploadLimits) -> Uploads {
        Uploads {
            opener,
            folder,
            limits,
            maps: Mutex::default(),
            receiving: Semaphore::new(RECEIVING_MAX),
            reading: Arc::new(Semaphore::new(1)),
            files: AtomicU64::new(0),
        }
    }

    /// A map by its id.
    pub fn find(&self, id: &str) -> Option<Arc<Uploaded>> {
        self.all().into_iter().find(|map| map.id == id)
    }

    /// All maps, the newest first.
    pub fn all(&self) -> Vec<Arc<Uploaded>> {
        let maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        maps.iter().rev().cloned().collect()
    }

    /// Forgets a map; false if there is none.
    pub fn forget(&self, id: &str) -> bool {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        let before = maps.len();
        maps.retain(|map| map.id != id);
        maps.len() < before
    }

    /// Takes a capture.
    ///
    /// # Errors
    /// If it is too large, stops coming, cannot be kept, or is no capture.
    pub async fn take(&self, name: String, length: Option<u64>, body: Body) -> Result<Taken, Problem> {
        let most = self.limits.bytes;
        if length.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let busy = || Problem::later("too many captures are being received; try again in a moment", 5);
        let _receiving = self.receiving.try_acquire().map_err(|_| busy())?;
        let received = self.receive(body).await?;
        if let Some(map) = self.find(&received.id) {
            return Ok(Taken::Known(map));
        }
        let still = Arc::new(Still::reading());
        let map = Arc::new(Uploaded {
            id: received.id.clone(),
            name,
            bytes: received.bytes,
            served: Arc::new(Served::new(still.clone())),
        });
        self.keep(&map);
        let read = self.read(received.file, map.name.clone(), still);
        match tokio::time::timeout(READER_PATIENCE, read).await {
            Err(_) | Ok(Err(_)) => Ok(Taken::Reading(map)),
            Ok(Ok(Ok(()))) => Ok(Taken::Ready(map)),
            Ok(Ok(Err(why))) => {
                self.forget(&map.id);
                Err(Problem::new(Kind::Unprocessable, why))
            }
        }
    }

    /// Writes the body into a file, within the bound.
    async fn receive(&self, body: Body) -> Result<Received, Problem> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number}.upload"));
        let file = Passing(path.clone());
        let (sender, receiver) = mpsc::channel(PIECES);
        let writing = tokio::task::spawn_blocking(move || write(&path, receiver));
        let sent = send(body, sender, self.limits.bytes).await;
        let written = writing.await.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
        // A full disk ends the writing, and that ends the sending: the cause is what is told.
        let (bytes, hash) = written.map_err(|error| {
            tracing::warn!(%error, "an upload cannot be written");
            Problem::later(format!("the capture cannot be kept: {error}"), 60)
        })?;
        sent?;
        if bytes == 0 {
            return Err(Problem::new(Kind::Unprocessable, "the body is empty; send the capture as it is"));
        }
        let id = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Received { file, bytes, id: id.chars().take(ID_DIGITS).collect() })
    }

    /// Keeps a map, and forgets the oldest where there are too many.
    fn keep(&self, map: &Arc<Uploaded>) {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        maps.push_back(Arc::clone(map));
        let mut bytes: u64 = maps.iter().map(|map| map.bytes).sum();
        while maps.len() > 1 && (maps.len() > self.limits.maps || bytes > self.limits.bytes_in_all) {
            bytes -= maps.pop_front().map_or(0, |map| map.bytes);
        }
    }

    /// Reads a capture on a thread of its own, one at a time; goes on also if nobody waits for it.
    fn read(
        &self,
        file: Passing,
        name: String,
        still: Arc<Still>,
    ) -> tokio::task::JoinHandle<Result<(), String>> {
        let (opener, turn) = (Arc::clone(&self.opener), Arc::clone(&self.reading));
        tokio::spawn(async move {
            let Ok(turn) = turn.acquire_owned().await else { return Err("the server stops".to_owned()) };
            let reader = Arc::clone(&still);
            let read = tokio::task::spawn_blocking(move || {
                let (_turn, file) = (turn, file);
                let mut tell = |bytes, total, packets| reader.progress(bytes, total, packets);
                opener.open(&file.0, &name, &mut tell).map(|ground| reader.finish(ground))
            });
            let read = read.await.unwrap_or_else(|_| Err("reading the capture failed".to_owned()));
            if let Err(why) = &read {
                still.fail(why.clone());
            }
            read
        })
    }
}

fn too_large(most: u64) -> Problem {
    let why = format!("a capture may have {most} bytes; cut it with `editcap`, or serve it from its file");
    Problem::new(Kind::TooLarge, why)
}

async fn send(body: Body, sender: mpsc::Sender<Bytes>, most: u64) -> Result<(), Problem> {
    let mut pieces = body.into_data_stream();
    let mut sum = 0_u64;
    loop {
        let piece = tokio::time::timeout(SENDER_PATIENCE, pieces.next()).await.map_err(|_| {
            Problem::new(Kind::TooSlow, format!("nothing came for {} seconds", SENDER_PATIENCE.as_secs()))
        })?;
        let Some(piece) = piece else { return Ok(()) };
        let piece = piece.map_err(|_| Problem::new(Kind::Malformed, "the body ended before its end"))?;
        sum = sum.saturating_add(piece.len() as u64);
        if sum > most {
            return Err(too_large(most));
        }
        if sender.send(piece).await.is_err() {
            // Writing has ended, and knows why.
            return Ok(());
        }
    }
}

fn write(path: &Path, mut pieces: mpsc::Receiver<Bytes>) -> std::io::Result<(u64, [u8; 32])> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let (mut bytes, mut hash) = (0, Sha256::new());
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
        hash.update(&piece);
        bytes += piece.len() as u64;
    }
    Ok((bytes, hash.finalize().into()))
}
