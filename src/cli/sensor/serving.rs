//! A running sensor answers: its API, on threads of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum_server::Handle;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::known::Known;
use crate::api::{self, App, Live, Options, Past, UploadLimits, Uploads};
use crate::capture;
use crate::cli::door::Door;
use crate::cli::failure::Failure;
use crate::cli::reading::{self, Wanted, counted, source_facts};
use crate::cli::setup::Setup;
use crate::cli::uploading::{Folder, Uploading};
use crate::config::Sensor;
use crate::model::FlowRecord;
use crate::pipeline::live::{Board, Published};
use crate::question::{Ground, Material};

/// Threads that read requests and write responses; what is worked out has others.
const THREADS: usize = 2;

/// How long requests that are under way may take to end when the sensor stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where captures that somebody sends lie, in the data directory.
const UPLOADS: &str = "uploads";

/// The API of a sensor.
pub struct Serving {
    runtime: Runtime,
    app: App,
    handle: Handle<std::net::SocketAddr>,
    served: JoinHandle<()>,
}

impl Serving {
    /// Begins to answer. Comes after confinement, whose limits new threads inherit, and before the
    /// calling thread captures: from then on it can start none.
    ///
    /// # Errors
    /// If there are no threads, or no place for captures that are sent.
    pub fn start(
        door: Door,
        board: Arc<Board>,
        known: &Arc<Known>,
        sensor: &Sensor,
    ) -> Result<Serving, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let runtime = runtime.context("no threads to serve with").map_err(Failure::Failed)?;
        let folder = sensor.data_dir.as_ref().map(|directory| Folder::anew(directory.join(UPLOADS)));
        let folder = folder.transpose()?;
        let uploads = folder.as_ref().map(|folder| {
            let (known, sensor) = (Arc::clone(known), sensor.clone());
            let setup = move || Setup { data_dir: None, ..known.setup(&sensor) };
            let opener = Arc::new(Uploading(Box::new(setup)));
            Uploads::new(opener, folder.path().to_owned(), UploadLimits::default())
        });
        let options = Options { hosts: sensor.hosts.clone(), tls: door.tls.is_some(), ..Options::default() };
        let app = App::with_uploads(Arc::new(source(board, known, sensor)), options, uploads);
        let handle = Handle::new();
        let served = door.listener.serve(api::app(app.clone(), door.auth), handle.clone());
        let served = runtime.spawn(async move {
            if let Err(error) = served.await {
                tracing::error!("the API has ended: {error}");
            }
            drop(folder);
        });
        Ok(Serving { runtime, app, handle, served })
    }

    /// Ends streams, lets requests that are under way end, and is gone.
    pub fn stop(self) {
        self.app.stop();
        self.handle.graceful_shutdown(Some(PATIENCE));
        let ended = self.runtime.block_on(async { tokio::time::timeout(2 * PATIENCE, self.served).await });
        if ended.is_err() {
            tracing::warn!("requests that were under way were cut off");
        }
        self.runtime.shutdown_timeout(PATIENCE);
    }
}

/// The sensor's map as the API asks for it: now from memory, and what was before from the history.
fn source(board: Arc<Board>, known: &Arc<Known>, sensor: &Sensor) -> Live {
    let making = {
        let (known, filter) = (Arc::clone(known), sensor.filter.clone());
        move |published: &Published| ground(published, &known, filter.clone())
    };
    let live = Live::new(board, Arc::new(making));
    if sensor.data_dir.is_none() {
        return live;
    }
    let (known, sensor) = (Arc::clone(known), sensor.clone());
    live.with_history(Arc::new(move |past: &Past| {
        let mut setup = known.setup(&sensor);
        (setup.options.since, setup.options.until) = (past.since, past.until);
        let wanted = Wanted { records: true, as_of: past.as_of, quiet: true };
        let read = reading::read(&Vec::<PathBuf>::new(), &setup, wanted);
        let material = read.map_err(|failure| failure.to_string())?;
        Ok(Ground::new(material, known.knowledge()))
    }))
}

/// What questions are answered from, as it was published.
fn ground(published: &Published, known: &Known, filter: Option<String>) -> Ground {
    let mut records: Vec<FlowRecord> = published.records.iter().cloned().collect();
    records.sort_by_key(|record| (record.first, record.frame, record.key));
    let options = capture::Options { filter, ..capture::Options::default() };
    let material = Material {
        snapshot: Arc::clone(&published.snapshot),
        number: published.number,
        records: Arc::new(records),
        indications: published.indications.to_vec(),
        indications_dropped: published.indications_dropped,
        tokens: published.tokens.to_vec(),
        watched: published.watched.to_vec(),
        findings: Arc::clone(&published.findings),
        sources: Arc::new(published.sources.iter().cloned().map(source_facts).collect()),
        counted: Arc::new(counted(&published.totals, &options)),
        as_of: published.as_of,
    };
    Ground::new(material, known.knowledge())
}
