//! What was gained goes to whoever keeps it for good. Capture never waits for that.

use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::graph::Gained;
use crate::model::Nanos;

/// What was gained by so many ticks is under way to the keeper; what comes after waits joined.
const UNDER_WAY_MAX: usize = 4;

/// Keeps what was gained: a store.
pub trait Keeper: Send {
    /// Keeps it. May take its time.
    fn keep(&mut self, gained: Gained);
}

/// The way to the keeper.
pub struct Outlet<'scope> {
    sender: Sender<Gained>,
    thread: ScopedJoinHandle<'scope, ()>,
    waiting: Option<(Nanos, Gained)>,
}

impl<'scope> Outlet<'scope> {
    /// Starts the keeper's thread.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, mut keeper: Box<dyn Keeper + 'env>) -> Self {
        let (sender, receiver) = bounded(UNDER_WAY_MAX);
        let thread = scope.spawn(move || receiver.into_iter().for_each(|gained| keeper.keep(gained)));
        Outlet { sender, thread, waiting: None }
    }

    /// Sends what was gained, or lets it wait with what waits already. `now` is by the clock.
    pub fn send(&mut self, gained: Gained, now: Nanos) {
        let (since, gained) = match self.waiting.take() {
            None => (now, gained),
            Some((since, mut waiting)) => {
                waiting.join(gained);
                (since, waiting)
            }
        };
        // One that is gone has panicked; its panic is raised in `finish`.
        if let Err(TrySendError::Full(gained)) = self.sender.try_send(gained) {
            self.waiting = Some((since, gained));
        }
    }

    /// How long the oldest has waited; none where nothing waits.
    pub fn lag(&self, now: Nanos) -> Option<Nanos> {
        self.waiting.as_ref().map(|(since, _)| now - since)
    }

    /// Sends what waits, and waits until all is kept.
    pub fn finish(self) {
        let Outlet { sender, thread, waiting } = self;
        if let Some((_, gained)) = waiting {
            let _gone = sender.send(gained);
        }
        drop(sender);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}
