//! What all routes share: the maps that are served, the bounds of what is done for callers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use utoipa::openapi::OpenApi;

use super::desk::{Bounds, Desk};
use super::error::Problem;
use super::map;
use super::meter::Meter;
use super::page::Kept;
use super::past::Pasts;
use super::question::Answers;
use super::source::{Current, Source, Standing};
use super::upload::Uploads;

/// What a server does for its callers at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request's body, but for uploads.
    pub body_bytes: usize,
    /// Until a response begins, but for uploads.
    pub time: Duration,
    /// Requests under way; beyond it the answer is 503.
    pub requests: usize,
    /// Listeners to events; they stay for hours.
    pub listeners: usize,
    /// Questions and lists.
    pub bounds: Bounds,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits {
            body_bytes: 64 * 1024,
            time: Duration::from_secs(30),
            requests: 1_024,
            listeners: 256,
            bounds: Bounds { working: cores, waiting: 512, streaming: 32 },
        }
    }
}

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names by which it may be asked for, besides `localhost` and every address.
    pub hosts: Vec<String>,
    /// It speaks TLS: links begin with `https`.
    pub tls: bool,
    /// Bounds.
    pub limits: Limits,
}

/// A map that is served.
pub struct Served {
    /// Where it comes from.
    pub source: Arc<dyn Source>,
    /// The states that lists were begun on.
    pub kept: Kept,
    /// Answers that were given.
    pub answers: Answers,
    /// Other times that were asked for.
    pub pasts: Pasts,
}

impl Served {
    /// Serves a map.
    pub fn new(source: Arc<dyn Source>) -> Served {
        Served { source, kept: Kept::default(), answers: Answers::default(), pasts: Pasts::default() }
    }
}

/// Everything that the routes share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What an [`App`] holds.
pub struct Shared {
    /// The map of the server itself.
    pub main: Arc<Served>,
    /// Where work is done.
    pub desk: Desk,
    /// What was counted.
    pub meter: Meter,
    /// How it is set up.
    pub options: Options,
    requests: Semaphore,
    description: OnceLock<String>,
    uploads: Option<Uploads>,
    stopping: watch::Sender<bool>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// Serves a map.
    pub fn new(source: Arc<dyn Source>, options: Options) -> App {
        App::with_uploads(source, options, None)
    }

    /// Serves a map, and captures that are sent.
    pub fn with_uploads(source: Arc<dyn Source>, options: Options, uploads: Option<Uploads>) -> App {
        let desk = Desk::new(options.limits.bounds);
        let main = Arc::new(Served::new(source));
        App(Arc::new(Shared {
            main,
            desk,
            meter: Meter::default(),
            requests: Semaphore::new(options.limits.requests),
            options,
            description: OnceLock::new(),
            uploads,
            stopping: watch::Sender::new(false),
        }))
    }

    /// Where captures go that are sent; none where none are taken.
    pub fn uploads(&self) -> Option<&Uploads> {
        self.uploads.as_ref()
    }

    /// Takes a place among the requests under way; none where all are taken.
    pub fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.requests.try_acquire().ok()
    }

    /// Keeps the description of the routes.
    pub fn describe(&self, document: OpenApi) {
        // One router describes itself as the next one does.
        self.description.get_or_init(|| document.to_pretty_json().unwrap_or_default());
    }

    /// The description of the routes.
    pub fn description(&self) -> &str {
        self.description.get().map_or("{}", String::as_str)
    }

    /// Ends what would go on for ever: the streams of events.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Becomes true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}

impl Served {
    /// The newest state of the map.
    ///
    /// # Errors
    /// If there is none yet, or never will be.
    pub fn current(&self) -> Result<Arc<Current>, Problem> {
        self.source.current().ok_or_else(|| match self.source.standing() {
            Standing::Reading { bytes, total, .. } => Problem::later(reading(bytes, total), 1),
            Standing::Failed(why) => Problem::later(format!("there is no map: {why}"), 60),
            Standing::Ready => Problem::later("the map is not there yet", 1),
        })
    }
}

fn reading(bytes: u64, total: Option<u64>) -> String {
    match total.filter(|total| *total > 0) {
        Some(total) => {
            let percent = u128::from(bytes) * 100 / u128::from(total);
            format!("the captures are being read, {percent} % so far; /api/v1/status tells how far it is")
        }
        None => "the captures are being read; /api/v1/status tells how far it is".to_owned(),
    }
}

/// The map that a request is about.
pub struct Asked(pub Arc<Served>);

impl FromRequestParts<App> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = RawPathParams::from_request_parts(parts, app).await.ok();
        let map = named.as_ref().and_then(|named| named.iter().find(|(name, _)| *name == "map"));
        match map {
            None => Ok(Asked(Arc::clone(&app.main))),
            Some((_, id)) => {
                let found = app.uploads().and_then(|uploads| uploads.find(id));
                found.map(|map| Asked(Arc::clone(&map.served))).ok_or_else(|| map::missing(id))
            }
        }
    }
}
