//! Two pieces of work at the same time.

use std::panic::resume_unwind;
use std::thread;

/// Does both, the first on a thread of its own, and waits for it.
pub fn both(one: &mut (dyn FnMut() + Send), other: &mut dyn FnMut()) {
    thread::scope(|threads| {
        let beside = threads.spawn(one);
        other();
        if let Err(panic) = beside.join() {
            resume_unwind(panic);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done() {
        let (mut one, mut other) = (0, 0);
        both(&mut || one += 1, &mut || other += 2);
        assert_eq!((one, other), (1, 2));
    }
}
