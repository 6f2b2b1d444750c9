//! Answers that were given, so that the same question to the same map is answered once: while an
//! answer is worked out, all who ask the same wait for it together.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::OnceCell;

use crate::api::error::Problem;

/// Answers kept at most.
const ANSWERS_MAX: usize = 512;

/// Bytes of answers kept at most.
const BYTES_MAX: usize = 64 << 20;

/// The hash of a question, the map that was asked, and what its operator knows.
pub type Key = [u8; 32];

/// An answer, as it is sent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its id, as it stands in it.
    pub id: String,
    /// The JSON document.
    pub body: Bytes,
    /// It says that nothing was found.
    pub empty: bool,
}

struct Slot {
    key: Key,
    answer: Arc<OnceCell<Answer>>,
}

/// Recent answers, the newest last.
#[derive(Default)]
pub struct Answers(Mutex<VecDeque<Slot>>);

impl Answers {
    /// The answer to a question, worked out where nobody has yet.
    ///
    /// # Errors
    /// If it cannot be worked out; the next who asks tries again.
    pub async fn answer<F: Future<Output = Result<Answer, Problem>>>(
        &self,
        key: Key,
        work: impl FnOnce() -> F,
    ) -> Result<Answer, Problem> {
        let slot = self.slot(key);
        let answer = slot.get_or_try_init(work).await.cloned();
        self.tidy();
        answer
    }

    /// An answer by its id.
    pub fn find(&self, id: &str) -> Option<Answer> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().filter_map(|slot| slot.answer.get()).find(|answer| answer.id == id).cloned()
    }

    fn slot(&self, key: Key) -> Arc<OnceCell<Answer>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = kept.iter().find(|slot| slot.key == key) {
            return Arc::clone(&slot.answer);
        }
        let answer = Arc::new(OnceCell::new());
        kept.push_back(Slot { key, answer: Arc::clone(&answer) });
        answer
    }

    /// Forgets what is too much, the oldest first, and questions that had no answer and that nobody waits for.
    fn tidy(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|slot| slot.answer.initialized() || Arc::strong_count(&slot.answer) > 1);
        let size = |slot: &Slot| slot.answer.get().map_or(0, |answer| answer.body.len());
        let mut bytes: usize = kept.iter().map(size).sum();
        while kept.len() > ANSWERS_MAX || bytes > BYTES_MAX {
            bytes -= kept.pop_front().as_ref().map_or(bytes, size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::Kind;

    fn answer(number: usize) -> Answer {
        Answer { id: number.to_string(), body: Bytes::from(vec![0; 1 << 20]), empty: false }
    }

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[tokio::test]
    async fn the_same_question_is_worked_out_once() {
        let answers = Answers::default();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let first = answers.answer(key(1), || async {
            let _ = released.await;
            Ok(answer(1))
        });
        let second = answers.answer(key(1), || async { Err(Problem::new(Kind::Defect, "asked twice")) });
        let (first, second, ()) = tokio::join!(first, second, async { _ = release.send(()) });
        assert_eq!((first.unwrap().id, second.unwrap().id), ("1".to_owned(), "1".to_owned()));
        let failed = answers.answer(key(2), || async { Err(Problem::new(Kind::Defect, "no")) }).await;
        assert!(failed.is_err());
        assert!(answers.answer(key(2), || async { Ok(answer(2)) }).await.is_ok(), "the next tries again");
    }

    #[tokio::test]
    async fn the_oldest_are_forgotten() {
        let answers = Answers::default();
        for number in 0..70 {
            answers.answer(key(number), || async { Ok(answer(number)) }).await.unwrap();
        }
        assert!(answers.find("5").is_none(), "64 of a MiB are kept");
        assert!(answers.find("6").is_some() && answers.find("69").is_some());
    }
}
