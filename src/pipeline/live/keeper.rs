//! What was gained goes to whoever keeps it for good. Capture never waits for that.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::capture::Source;
use crate::graph::Gained;
use crate::model::Nanos;
use crate::pipeline::PacketTotals;

/// What was gained by so many ticks is under way to the keeper; what comes after waits joined.
const UNDER_WAY_MAX: usize = 4;

/// What goes to the keeper.
pub struct Parcel {
    /// What was gained.
    pub gained: Gained,
    /// Where frames come from, as it stands now: each source keeps its place.
    pub sources: Vec<Source>,
    /// What was counted from the beginning.
    pub totals: PacketTotals,
}

/// Keeps what was gained: a store.
pub trait Keeper: Send {
    /// Keeps it. May take its time.
    fn keep(&mut self, parcel: Parcel);

    /// What is wrong with keeping, in one sentence; none where all is well.
    fn problem(&self) -> Option<String> {
        None
    }

    /// Nothing comes any more.
    fn finish(&mut self) {}
}

/// The way to the keeper.
pub struct Outlet<'scope> {
    sender: Sender<Parcel>,
    thread: ScopedJoinHandle<'scope, ()>,
    waiting: Option<(Nanos, Parcel)>,
    problem: Arc<Mutex<Option<String>>>,
}

impl<'scope> Outlet<'scope> {
    /// Starts the keeper's thread.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, mut keeper: Box<dyn Keeper + 'env>) -> Self {
        let (sender, receiver) = bounded(UNDER_WAY_MAX);
        let problem = Arc::<Mutex<Option<String>>>::default();
        let told = Arc::clone(&problem);
        let thread = scope.spawn(move || {
            for parcel in receiver {
                keeper.keep(parcel);
                *told.lock().unwrap_or_else(PoisonError::into_inner) = keeper.problem();
            }
            keeper.finish();
        });
        Outlet { sender, thread, waiting: None, problem }
    }

    /// Sends what was gained, or lets it wait with what waits already. `now` is by the clock.
    pub fn send(&mut self, parcel: Parcel, now: Nanos) {
        let (since, parcel) = match self.waiting.take() {
            None => (now, parcel),
            Some((since, Parcel { mut gained, .. })) => {
                gained.join(parcel.gained);
                (since, Parcel { gained, ..parcel })
            }
        };
        // One that is gone has panicked; its panic is raised in `finish`.
        if let Err(TrySendError::Full(parcel)) = self.sender.try_send(parcel) {
            self.waiting = Some((since, parcel));
        }
    }

    /// How long the oldest has waited; none where nothing waits.
    pub fn lag(&self, now: Nanos) -> Option<Nanos> {
        self.waiting.as_ref().map(|(since, _)| now - since)
    }

    /// What is wrong with keeping.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends what waits, and waits until all is kept.
    pub fn finish(self) {
        let Outlet { sender, thread, waiting, .. } = self;
        if let Some((_, parcel)) = waiting {
            let _gone = sender.send(parcel);
        }
        drop(sender);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}
