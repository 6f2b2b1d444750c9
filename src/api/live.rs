//! A map that goes on, as a sensor publishes it, as a source for the API.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::health::{Health, Line, State};
use super::journal::{Event, Passed};
use super::past::Past;
use super::source::{Again, Current, Figures, Source, Standing};
use crate::graph::{Change, EdgeKey};
use crate::model::Nanos;
use crate::pipeline::live::{Board, Published, Trouble, What};
use crate::question::Ground;

/// Events that are handed over at once.
const EVENTS_AT_ONCE: usize = 1_024;

/// Of all time, the share that may go into making questions' ground out of what was published: one
/// part in so many.
const GROUND_SHARE: u32 = 4;

/// Makes of what was published what questions are answered from.
pub type Making = dyn Fn(&Published) -> Ground + Send + Sync;

/// A sensor's map.
pub struct Live {
    board: Arc<Board>,
    making: Arc<Making>,
    again: Option<Arc<Again>>,
    /// The state that was handed out last, and when.
    last: Mutex<Option<(Arc<Current>, Instant)>>,
}

impl Live {
    /// Serves what hangs on a board.
    pub fn new(board: Arc<Board>, making: Arc<Making>) -> Live {
        Live { board, making, again: None, last: Mutex::new(None) }
    }

    /// The same; and the map of another time can be read.
    pub fn with_history(self, again: Arc<Again>) -> Live {
        Live { again: Some(again), ..self }
    }
}

impl Source for Live {
    /// The newest state; or the one before, where making that took so long that the next must wait: a
    /// busy network changes its map at every tick.
    fn current(&self) -> Option<Arc<Current>> {
        let published = self.board.current();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((current, since)) = &*last {
            let rest = current.made_in().unwrap_or(Duration::ZERO) * GROUND_SHARE;
            if current.number == published.number || since.elapsed() < rest {
                return Some(Arc::clone(current));
            }
        }
        let (figures, making) = (figures(&published), Arc::clone(&self.making));
        let current = Arc::new(Current::later(figures, move || making(&published)));
        *last = Some((Arc::clone(&current), Instant::now()));
        Some(current)
    }

    fn standing(&self) -> Standing {
        Standing::Ready
    }

    fn figures(&self) -> Option<Figures> {
        Some(figures(&self.board.current()))
    }

    fn events_after(&self, number: u64) -> Passed {
        match self.board.events_after(number, EVENTS_AT_ONCE) {
            Some(events) => {
                let events: Vec<Arc<Event>> = events.iter().map(|event| Arc::new(told(event))).collect();
                let last = events.last().map_or(number, |event| event.number);
                Passed { events, forgotten: 0, last }
            }
            None => {
                let last = *self.board.newest().borrow();
                Passed { events: Vec::new(), forgotten: last.saturating_sub(number).max(1), last }
            }
        }
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.board.newest()
    }

    fn past(&self, past: &Past) -> Option<Result<Ground, String>> {
        self.again.as_ref().map(|again| again(past))
    }

    fn kind(&self) -> &'static str {
        "sensor"
    }

    fn health(&self) -> Health {
        health(&self.board.current())
    }
}

fn figures(published: &Published) -> Figures {
    let snapshot = &published.snapshot;
    Figures {
        number: published.number,
        as_of: published.as_of,
        hosts: snapshot.hosts.len(),
        services: snapshot.services.len(),
        dependencies: snapshot.dependencies.len(),
        findings: published.findings.len(),
        flows: published.records.len(),
    }
}

fn told(event: &crate::pipeline::live::Event) -> Event {
    let (name, data) = match &event.what {
        What::Map(change) => changed(change),
        What::Finding { id, rule, host, service, score } => (
            "finding",
            json!({
                "finding": id, "rule": rule, "host": host.to_string(),
                "service": service.map(|service| service.to_string()), "score": score,
            }),
        ),
        What::Degraded(trouble) => ("sensor-degraded", troubled(trouble)),
        What::Recovered(trouble) => ("sensor-recovered", troubled(trouble)),
    };
    Event { number: event.number, event: name, time: Some(event.at.to_string()), data }
}

fn changed(change: &Change) -> (&'static str, Value) {
    let id = |key: &EdgeKey| format!("{}>{}", key.client, key.service);
    match change {
        Change::NewHost(host) => ("new-host", json!({ "host": host.to_string() })),
        Change::NewService(service) => ("new-service", json!({ "service": service.to_string() })),
        Change::NewDependency(key) => ("new-dependency", json!({ "dependency": id(key) })),
        Change::NewName { host, name, source } => {
            let source = source.map_or("operator", |source| source.word());
            ("new-name", json!({ "host": host.to_string(), "name": name.as_str(), "source": source }))
        }
        Change::NewCertificate(sha256) => ("new-certificate", json!({ "certificate": sha256 })),
        Change::DirectionFlipped { before, now } => {
            ("direction-flipped", json!({ "before": id(before), "dependency": id(now) }))
        }
    }
}

fn troubled(trouble: &Trouble) -> Value {
    match trouble {
        Trouble::Loss => json!({ "trouble": "loss" }),
        Trouble::Silence => json!({ "trouble": "silence" }),
        Trouble::Down(interface) => json!({ "trouble": "down", "interface": interface }),
        Trouble::Store => json!({ "trouble": "store" }),
    }
}

/// Below this share of new dependencies in an hour a map is no longer called young.
const NEW_MAX: f64 = 0.05;

fn health(published: &Published) -> Health {
    let (health, learning) = (&published.health, &published.learning);
    let line = |trouble: &Trouble| {
        let (what, sentence) = match trouble {
            Trouble::Loss => {
                let percent = health.loss * 100.0;
                ("loss".to_owned(), format!("{percent:.1} % of the packets of the last minute were lost"))
            }
            Trouble::Silence => ("silence".to_owned(), "no packet has come for half a minute".to_owned()),
            Trouble::Down(interface) => (interface.clone(), format!("interface {interface} is down")),
            Trouble::Store => ("store".to_owned(), "what is gained cannot be stored".to_owned()),
        };
        Line { what, state: State::Degraded, sentence }
    };
    let mut lines: Vec<Line> = health.troubles.iter().map(line).collect();
    if learning.active == 0 || learning.share() > NEW_MAX {
        let sentence = format!(
            "the map is young: {} of the {} dependencies of the last hour are new",
            learning.new, learning.active
        );
        lines.push(Line { what: "learning".to_owned(), state: State::Learning, sentence });
    }
    Health { lines, sensor: Some(figures_of(published)) }
}

/// What a sensor knows of itself, in numbers.
fn figures_of(published: &Published) -> Value {
    let (health, learning) = (&published.health, &published.learning);
    #[expect(clippy::cast_precision_loss, reason = "exact to the nanosecond for the first 104 days")]
    let seconds = |nanos: Nanos| nanos as f64 / 1e9;
    let interfaces = health.interfaces.iter().map(|row| {
        json!({
            "name": row.name, "up": row.up, "received": row.received,
            "kernel_drops": row.kernel_drops, "interface_drops": row.interface_drops,
        })
    });
    json!({
        "interfaces": interfaces.collect::<Vec<_>>(),
        "received": health.received, "dropped": health.dropped, "loss": health.loss, "shed": health.shed,
        "queue": health.queue, "duplicates": health.duplicates, "one_sided": health.one_sided,
        "silent_for_seconds": health.silent_for.map(seconds),
        "store_lag_seconds": health.store_lag.map(seconds),
        "build_seconds": seconds(health.build), "forgotten": health.forgotten,
        "learning": {
            "watched_seconds": seconds(learning.watched), "active": learning.active, "new": learning.new,
            "share": learning.share(),
        },
    })
}
