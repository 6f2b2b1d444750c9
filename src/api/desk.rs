//! Where work is done that takes a processor: on threads of its own, so many at a time, so many in line.
//!
//! Questions and lists are answered on blocking threads, never on those that serve connections. Beyond
//! the line the answer is 503 with `Retry-After`, at once: a client that is told so can wait better than
//! this server can.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::error::{Kind, Problem};

/// Bytes of one piece of a response that is written while it is made.
const PIECE_BYTES: usize = 64 * 1024;

/// Pieces under way to a slow reader: 4 × 64 KiB for each response.
const PIECES: usize = 4;

/// A reader that takes nothing for so long has gone away.
const READER_PATIENCE: Duration = Duration::from_secs(30);

/// Seconds after which to ask again where there is too much to do.
const RETRY_SECONDS: u32 = 2;

/// The bounds of a desk.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Work done at the same time.
    pub working: usize,
    /// Work that waits for its turn.
    pub waiting: usize,
    /// Responses that are written while they are made; slow readers hold these, and no work.
    pub streaming: usize,
}

/// Where work is done.
pub struct Desk {
    working: Arc<Semaphore>,
    line: Arc<Semaphore>,
    streaming: Arc<Semaphore>,
}

impl Desk {
    /// A desk with bounds.
    pub fn new(bounds: Bounds) -> Desk {
        Desk {
            working: Arc::new(Semaphore::new(bounds.working)),
            line: Arc::new(Semaphore::new(bounds.working + bounds.waiting)),
            streaming: Arc::new(Semaphore::new(bounds.streaming)),
        }
    }

    /// Does work when its turn comes.
    ///
    /// # Errors
    /// If too many wait already, or the work refuses or fails.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let line = taken(&self.line)?;
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(|_| full())?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is over, also where nobody waits for it any more.
            let _held = (line, turn);
            work()
        });
        done.await.unwrap_or_else(|_| Err(Problem::new(Kind::Defect, "the answer failed; the log says why")))
    }

    /// A body that is written while it is read.
    ///
    /// # Errors
    /// If too many are being written.
    pub fn stream(
        &self,
        write: impl FnOnce(&mut Pieces) -> io::Result<()> + Send + 'static,
    ) -> Result<Body, Problem> {
        let held = taken(&self.streaming)?;
        let (sender, receiver) = mpsc::channel(PIECES);
        let mut pieces = Pieces { sender, piece: Vec::with_capacity(PIECE_BYTES), handle: Handle::current() };
        drop(tokio::task::spawn_blocking(move || {
            let _held = held;
            // A reader that has gone away has had enough; an error is told by ending before the end.
            if let Err(error) = write(&mut pieces).and_then(|()| pieces.flush()) {
                pieces.broken(error);
            }
        }));
        Ok(Body::from_stream(ReceiverStream::new(receiver)))
    }
}

fn taken(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(semaphore).try_acquire_owned().map_err(|_| full())
}

fn full() -> Problem {
    Problem::later("too many questions are waiting for their answers; ask again in a moment", RETRY_SECONDS)
}

/// Pieces of a body on their way to its reader.
pub struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
    handle: Handle,
}

impl Pieces {
    fn send(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        let sent = self.handle.block_on(tokio::time::timeout(READER_PATIENCE, self.sender.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Ends the body with an error, so that no reader takes a part for the whole.
    fn broken(&self, error: io::Error) {
        let _ = self.sender.try_send(Err(error));
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        self.send(Ok(Bytes::from(piece)))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn beyond_the_line_is_no_waiting() {
        let desk = Arc::new(Desk::new(Bounds { working: 1, waiting: 1, streaming: 1 }));
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move {
                desk.work(move || {
                    let _ = began.send(());
                    let _ = released.recv();
                    Ok(1)
                })
                .await
            }
        });
        begun.await.unwrap();
        let mut second = Box::pin(desk.work(|| Ok(2)));
        assert!(second.as_mut().now_or_never().is_none(), "it waits for its turn");
        let third = desk.work(|| Ok(3)).await.unwrap_err();
        assert_eq!((third.kind, third.retry_after), (Kind::Unavailable, Some(RETRY_SECONDS)));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(second.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_body_is_read_while_it_is_written() {
        let desk = Desk::new(Bounds { working: 1, waiting: 1, streaming: 1 });
        let body = desk.stream(|out| (0..100_000).try_for_each(|number| writeln!(out, "{number}"))).unwrap();
        assert!(desk.stream(|_| Ok(())).is_err(), "one at a time");
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        assert!(bytes.ends_with(b"\n99999\n"));
    }
}
