//! Another time than now: what was on the map between two moments, read once for all who ask.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::app::{App, Served};
use super::error::{Kind, Problem};
use super::question::Moment;
use super::source::Current;
use crate::model::{Nanos, Timestamp};
use crate::question::Ground;

/// Times kept at most: each is a map of its own in memory.
const PASTS_MAX: usize = 4;

/// How long what is not over is answered from what was read of it: packets come all the time, and reading
/// takes its time.
const FRESH: Duration = Duration::from_secs(10);

/// What ended so long before the newest packet is over: by then the history has it.
const SETTLED: Nanos = 60_000_000_000;

/// Which time a question is about; other parameters than those of the question.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct When {
    /// Only what was seen at or after this moment; the map is read again from what was kept
    #[param(value_type = Option<String>, format = DateTime)]
    pub since: Option<Moment>,
    /// Only what was seen before this moment
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
    /// The map as it was known at this moment, and certificates judged then
    #[param(value_type = Option<String>, format = DateTime)]
    pub as_of: Option<Moment>,
}

impl When {
    /// The time that is meant; none: now.
    ///
    /// # Errors
    /// If it ends before it begins.
    pub fn past(&self) -> Result<Option<Past>, Problem> {
        let [since, until, as_of] = [self.since, self.until, self.as_of].map(|at| at.map(Moment::time));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            let why = format!("`since` {since} is not before `until` {until}: nothing is between");
            return Err(Problem::parameter("until", &until.to_string(), why));
        }
        let past = Past { since, until, as_of };
        Ok(Some(past).filter(|past| *past != Past::default()))
    }
}

/// A part of all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What was seen at or after this moment.
    pub since: Option<Timestamp>,
    /// What was seen before this moment.
    pub until: Option<Timestamp>,
    /// As it was known at this moment.
    pub as_of: Option<Timestamp>,
}

/// One time of one state, read once.
struct Slot {
    past: Past,
    /// When it was asked for; none: it is over, and does not change.
    asked: Option<Instant>,
    map: Arc<OnceCell<Arc<Current>>>,
}

/// Times that were asked for lately, the newest last.
pub struct Pasts {
    kept: Mutex<VecDeque<Slot>>,
    /// One is read at a time, whoever asks: reading takes all the memory that a map may take.
    reading: Semaphore,
}

impl Default for Pasts {
    fn default() -> Self {
        Pasts { kept: Mutex::default(), reading: Semaphore::new(1) }
    }
}

impl Pasts {
    fn slot(&self, past: Past, over: bool) -> Arc<OnceCell<Arc<Current>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|slot| {
            slot.past != past || slot.asked.is_none_or(|asked| !over && asked.elapsed() < FRESH)
        });
        if let Some(slot) = kept.iter().find(|slot| slot.past == past) {
            return Arc::clone(&slot.map);
        }
        let map = Arc::new(OnceCell::new());
        let asked = (!over).then(Instant::now);
        kept.push_back(Slot { past, asked, map: Arc::clone(&map) });
        if kept.len() > PASTS_MAX {
            kept.pop_front();
        }
        map
    }
}

impl Served {
    /// The map of another time.
    ///
    /// # Errors
    /// If nothing is kept of it, or it cannot be read.
    pub async fn past(self: &Arc<Self>, app: &App, past: Past) -> Result<Arc<Current>, Problem> {
        let now = self.current()?;
        let ends = [past.until, past.as_of].into_iter().flatten().min();
        // What is over does not change with what comes; what is not over does.
        let newest = now.figures.as_of;
        let over = ends.is_some_and(|end| newest.is_some_and(|newest| newest - end >= SETTLED));
        let slot = self.pasts.slot(past, over);
        if let Some(map) = slot.get() {
            return Ok(Arc::clone(map));
        }
        let (served, app) = (Arc::clone(self), app.clone());
        // Whoever asked may give up; what is read is there for the next who asks.
        let reading = tokio::spawn(async move {
            let _turn = served.pasts.reading.acquire().await;
            let read = || {
                let served = Arc::clone(&served);
                let number = now.number;
                app.desk.work(move || served.read(&past).map(|ground| Arc::new(Current::new(number, ground))))
            };
            slot.get_or_try_init(read).await.cloned()
        });
        reading.await.unwrap_or_else(|_| Err(Problem::new(Kind::Defect, "the history could not be read")))
    }

    /// Reads the map of another time, which takes its time.
    ///
    /// # Errors
    /// If nothing is kept of it, or it cannot be read.
    pub fn read(&self, past: &Past) -> Result<Ground, Problem> {
        let none = || {
            let why = "this map keeps no history: a sensor with a data directory does, and so do captures that were \
                       named on the command line";
            Err(why.to_owned())
        };
        let read = self.source.past(past).unwrap_or_else(none);
        read.map_err(|why| Problem::new(Kind::Unprocessable, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Moment> {
        Some(Moment::from(Timestamp::from_seconds(seconds, 0)))
    }

    #[test]
    fn now_is_no_past_and_a_time_ends_after_it_begins() {
        assert_eq!(When::default().past().unwrap(), None);
        let when = When { since: at(5), until: at(6), as_of: None };
        let five = Timestamp::from_seconds(5, 0);
        assert_eq!(when.past().unwrap().and_then(|past| past.since), Some(five));
        let turned = When { since: at(6), until: at(5), as_of: None };
        assert!(turned.past().unwrap_err().detail.contains("nothing is between"));
    }

    #[test]
    fn so_many_times_are_kept_and_no_more() {
        let pasts = Pasts::default();
        let past = |seconds| Past { since: Some(Timestamp::from_seconds(seconds, 0)), ..Past::default() };
        let first = pasts.slot(past(0), false);
        assert!(Arc::ptr_eq(&first, &pasts.slot(past(0), false)));
        let over = pasts.slot(past(0), true);
        assert!(!Arc::ptr_eq(&first, &over), "it is over by now, and read once more");
        assert!(Arc::ptr_eq(&over, &pasts.slot(past(0), true)));
        for seconds in 1..10 {
            pasts.slot(past(seconds), false);
        }
        assert_eq!(pasts.kept.lock().unwrap().len(), PASTS_MAX);
        assert!(!Arc::ptr_eq(&over, &pasts.slot(past(0), true)), "it made room");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_over_is_read_again_after_a_while() {
        let pasts = Pasts::default();
        let past = Past { since: Some(Timestamp::from_seconds(1, 0)), ..Past::default() };
        let first = pasts.slot(past, false);
        tokio::time::advance(FRESH / 2).await;
        assert!(Arc::ptr_eq(&first, &pasts.slot(past, false)));
        tokio::time::advance(FRESH).await;
        assert!(!Arc::ptr_eq(&first, &pasts.slot(past, false)));
    }
}
