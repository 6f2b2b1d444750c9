//! `tapmap serve`: the API over captures or stored history, read in the background while it answers.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum_server::Handle;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::analyze::checked;
use super::args::ReadingArguments;
use super::door::{Door, DoorOptions, Doorway};
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Wanted, read, read_and_tell};
use super::setup::Setup;
use super::uploading::{Folder, Uploading};
use crate::api::{self, App, Options, Past, Source as _, Standing, Still, UploadLimits, Uploads};
use crate::capture;
use crate::question::Ground;

/// How long requests that are under way may take to end when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArguments {
    /// Captures (pcap or pcapng, also gzip, zstd or xz), or directories of captures
    #[arg(value_name = "FILE|DIR", required_unless_present_any = ["check", "data_dir"])]
    pub captures: Vec<PathBuf>,
    /// Where to listen; port 0 takes one that is free. Elsewhere than on this machine takes TLS and a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// A name by which the server may be asked for, besides localhost and its address; may be given several times
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
    /// Certificate for TLS, with its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Take no captures from others
    #[arg(long)]
    pub no_uploads: bool,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Say nothing on standard error but why it failed
    #[arg(short, long)]
    pub quiet: bool,
}

/// Serves captures until it is told to stop.
///
/// # Errors
/// If something was asked wrongly, nothing can be read, or the address is taken.
pub fn run(arguments: &ServeArguments) -> Result<ExitCode, Failure> {
    let setup = Setup::new(&arguments.reading)?;
    if arguments.reading.check {
        return checked(&setup);
    }
    let door = Doorway::new(DoorOptions {
        listen: arguments.listen,
        tls: arguments.tls_certificate.as_deref().zip(arguments.tls_key.as_deref()),
        directory: arguments.reading.data_dir.as_deref(),
        hosts: &arguments.hosts,
    })?;
    let door = door.open()?;
    let folder = Folder::below(&std::env::temp_dir())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("no threads to serve with").map_err(Failure::Failed)?;
    let setup = Arc::new(setup);
    let still = Arc::new(Still::with_history({
        let (arguments, setup) = (arguments.clone(), Arc::clone(&setup));
        Arc::new(move |past: &Past| read_again(&arguments, &setup, past))
    }));
    let opener = {
        let setup = Arc::clone(&setup);
        Arc::new(Uploading(Box::new(move || Setup::clone(&setup))))
    };
    let uploads = (!arguments.no_uploads)
        .then(|| Uploads::new(opener, folder.path().to_owned(), UploadLimits::default()));
    let options = Options { hosts: arguments.hosts.clone(), tls: door.tls.is_some(), ..Options::default() };
    let app = App::with_uploads(Arc::clone(&still) as Arc<dyn api::Source>, options, uploads);
    let served = runtime.block_on(serve(arguments, (setup, still), app, door));
    // A capture may still be being read, and nobody waits for it any more.
    runtime.shutdown_background();
    served.map(|()| ExitCode::from(DONE))
}

async fn serve(
    arguments: &ServeArguments,
    (setup, still): (Arc<Setup>, Arc<Still>),
    app: App,
    door: Door,
) -> Result<(), Failure> {
    // Before anything is told: whoever reads the address may send a signal at once.
    let (mut interrupt, mut terminate) =
        signals().context("signals cannot be heard").map_err(Failure::Failed)?;
    output::write(|out| writeln!(out, "{}", door.url()))?;
    if let Some(notice) = door.notice().filter(|_| !arguments.quiet) {
        // If nobody listens there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "tapmap: {notice}");
    }
    let handle = Handle::new();
    let served = door.listener.serve(api::app(app.clone(), door.auth), handle.clone());
    tokio::pin!(served);
    let read = read_in_background(arguments, setup, still);
    tokio::pin!(read);
    let mut reading = true;
    loop {
        tokio::select! {
            ended = &mut served => return ended.context("serving failed").map_err(Failure::Failed),
            read = &mut read, if reading => {
                reading = false;
                read?;
            }
            _ = interrupt.recv() => stop(&app, &handle),
            _ = terminate.recv() => stop(&app, &handle),
        }
    }
}

fn signals() -> std::io::Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// Ends streams, and lets requests that are under way end, for a while.
fn stop(app: &App, handle: &Handle<SocketAddr>) {
    app.stop();
    handle.graceful_shutdown(Some(PATIENCE));
}

/// Reads the captures on a thread of their own.
async fn read_in_background(
    arguments: &ServeArguments,
    setup: Arc<Setup>,
    still: Arc<Still>,
) -> Result<(), Failure> {
    let (captures, quiet) = (arguments.captures.clone(), arguments.quiet);
    let reader = Arc::clone(&still);
    let read = tokio::task::spawn_blocking(move || {
        let wanted = Wanted { records: true, as_of: None, quiet };
        let mut tell = |progress: capture::Progress| {
            reader.progress(progress.bytes, progress.total, progress.packets);
        };
        let material = read_and_tell(&captures, &setup, wanted, &mut tell)?;
        reader.finish(Ground::new(material, Arc::new(setup.knowledge.clone())));
        Ok(())
    });
    let read = read.await.unwrap_or_else(|_| Err(Failure::failed(anyhow!("reading the captures failed"))));
    if let (Ok(()), Standing::Ready, false) = (&read, still.standing(), quiet) {
        // If nobody listens there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "tapmap: the map is ready");
    }
    read
}

/// What was on the map of another time: the captures are read once more.
fn read_again(arguments: &ServeArguments, setup: &Setup, past: &Past) -> Result<Ground, String> {
    let (since, until) = (past.since.or(setup.options.since), past.until.or(setup.options.until));
    let options = capture::Options { since, until, ..setup.options.clone() };
    let setup = Setup { options, ..setup.clone() };
    let wanted = Wanted { records: true, as_of: past.as_of, quiet: true };
    let material = read(&arguments.captures, &setup, wanted).map_err(|failure| failure.to_string())?;
    Ok(Ground::new(material, Arc::new(setup.knowledge)))
}
