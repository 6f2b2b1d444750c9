//! TLS whose records travel inside another protocol's packets, as SQL Server's handshake does.

use crate::model::{Pair, Role};
use crate::protocol::tls::Tls;
use crate::protocol::{Analyzer, Seen, Session, Step};

/// Bytes of one side that may wait for the rest of a record. A handshake of 64 KiB is longer than
/// any that was seen; past this TLS is not followed.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// True if a handshake's record begins here (RFC 8446 §5.1).
pub(super) fn is_handshake(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 3, 0..=4, ..])
}

/// TLS, once it has begun.
#[derive(Default)]
pub(super) struct Wrapped {
    session: Option<Box<dyn Session>>,
    waiting: Pair<Vec<u8>>,
    /// Nothing more of this side is of interest.
    finished: Pair<bool>,
}

impl Wrapped {
    /// Something of it was seen.
    pub fn has_begun(&self) -> bool {
        self.session.is_some()
    }

    /// More of what one side says. False once nothing more is of interest.
    pub fn on_bytes(&mut self, from: Role, bytes: &[u8], seen: &mut Seen) -> bool {
        if self.finished[from] {
            return true;
        }
        if self.waiting[from].len() + bytes.len() > WAITING_BYTES_MAX {
            return false;
        }
        self.waiting[from].extend_from_slice(bytes);
        // What one side says may be what the other's bytes have waited for.
        [from, from.other(), from].into_iter().all(|side| self.run(side, seen))
    }

    /// The connection is over.
    pub fn on_end(&mut self, seen: &mut Seen) {
        if let Some(session) = &mut self.session {
            session.on_end(seen);
        }
    }

    fn run(&mut self, from: Role, seen: &mut Seen) -> bool {
        let session = self.session.get_or_insert_with(|| Tls.begin());
        let waiting = &mut self.waiting[from];
        let mut used = 0;
        let goes_on = loop {
            let rest = waiting.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break true;
            }
            match session.on_bytes(from, rest, seen) {
                Step::Consumed(more @ 1..) => used += more,
                Step::Skip(skip) if skip <= rest.len() as u64 => used += skip as usize,
                Step::Need(_) | Step::Consumed(0) => break true,
                // What is encrypted has begun; a record that nobody reads is not skipped by halves.
                Step::Skip(_) => {
                    self.finished[from] = true;
                    used = waiting.len();
                    break true;
                }
                Step::Upgrade(..) | Step::Envelope(_) | Step::Done | Step::Foreign => {
                    break false;
                }
            }
        };
        waiting.drain(..used.min(waiting.len()));
        goes_on
    }
}
