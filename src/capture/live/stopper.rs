//! Ending a capture that may be waiting for a packet that never comes.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// Ends [`Live::next`](super::Live::next), from any thread and from a signal handler: it stores one
/// number and writes to one file descriptor.
///
/// Once: what the kernel had captured by then is still handed out, for a twentieth of a second after
/// the last of it, and then it is over. Twice: it is over at once.
#[derive(Clone, Debug)]
pub struct Stopper {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// How often it was asked; further calls do not count.
    asked: AtomicU8,
    /// Readable from the first call on, so that whoever polls wakes up.
    wake: EventFd,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// To end after what is there.
    ToEnd,
    /// To end now.
    AtOnce,
}

impl Stopper {
    /// # Errors
    /// If there is no file descriptor left.
    pub(super) fn new() -> std::io::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Stopper { inner: Arc::new(Inner { asked: AtomicU8::new(0), wake }) })
    }

    /// Asks for the end.
    pub fn stop(&self) {
        let _ = self
            .inner
            .asked
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |asked| (asked < 2).then_some(asked + 1));
        // It fails only where it is readable already.
        let _awake = self.inner.wake.write(1);
    }

    pub(super) fn asked(&self) -> Asked {
        match self.inner.asked.load(Ordering::SeqCst) {
            0 => Asked::Nothing,
            1 => Asked::ToEnd,
            _ => Asked::AtOnce,
        }
    }

    /// Readable once the end was asked for.
    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.inner.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    #[test]
    fn wakes_whoever_waits() {
        let stopper = Stopper::new().unwrap();
        let ready = |stopper: &Stopper| {
            poll(&mut [PollFd::new(stopper.wake(), PollFlags::POLLIN)], PollTimeout::ZERO).unwrap()
        };
        assert_eq!((stopper.asked(), ready(&stopper)), (Asked::Nothing, 0));
        let other = stopper.clone();
        other.stop();
        assert_eq!((stopper.asked(), ready(&stopper)), (Asked::ToEnd, 1));
        (0..300).for_each(|_| other.stop());
        assert_eq!((stopper.asked(), ready(&stopper)), (Asked::AtOnce, 1));
    }
}
