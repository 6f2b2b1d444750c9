//! `tapmap serve`: the API over captures or stored history, read in the background while it answers.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum_server::Handle;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::analyze::checked;
use super::args::ReadingArguments;
use super::clock::SystemClock;
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Wanted, read, read_and_tell};
use super::setup::Setup;
use crate::api::auth::{Auth, AuthOptions};
use crate::api::listener::{ListenError, Listener, is_loopback};
use crate::api::tls::Tls;
use crate::api::{self, App, Opener, Options, Source as _, Standing, Still, UploadLimits, Uploads};
use crate::capture;
use crate::model::Timestamp;
use crate::query::Listing;
use crate::question::Ground;
use crate::report::SourceFacts;

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
    let tls = match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(Arc::new(Tls::open(certificate, key).map_err(Failure::failed)?))
        }
        _ => None,
    };
    let auth = Auth::open(&AuthOptions {
        directory: arguments.reading.data_dir.as_deref(),
        loopback: is_loopback(arguments.listen),
        encrypted: tls.is_some(),
        names: &arguments.hosts,
        clock: Arc::new(SystemClock::start()),
    });
    let auth = Arc::new(auth.map_err(Failure::failed)?);
    let encrypted = tls.is_some();
    let listener = Listener::bind(arguments.listen, tls, &auth).map_err(|error| match error {
        ListenError::Open { .. } => Failure::usage(error),
        ListenError::Bind { .. } => Failure::failed(error),
    })?;
    let folder = Folder::new()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("no threads to serve with").map_err(Failure::Failed)?;
    let setup = Arc::new(setup);
    let still = Arc::new(Still::with_history({
        let (arguments, setup) = (arguments.clone(), Arc::clone(&setup));
        move |since, until| between(&arguments, &setup, since, until)
    }));
    let opener = Arc::new(Uploading { setup: Arc::clone(&setup) });
    let uploads =
        (!arguments.no_uploads).then(|| Uploads::new(opener, folder.0.clone(), UploadLimits::default()));
    let options = Options { hosts: arguments.hosts.clone(), tls: encrypted, ..Options::default() };
    let app = App::with_uploads(Arc::clone(&still) as Arc<dyn api::Source>, options, uploads);
    let served = runtime.block_on(serve(arguments, (setup, still), (app, auth), listener));
    // A capture may still be being read, and nobody waits for it any more.
    runtime.shutdown_background();
    served.map(|()| ExitCode::from(DONE))
}

async fn serve(
    arguments: &ServeArguments,
    (setup, still): (Arc<Setup>, Arc<Still>),
    (app, auth): (App, Arc<Auth>),
    listener: Listener,
) -> Result<(), Failure> {
    // Before anything is told: whoever reads the address may send a signal at once.
    let (mut interrupt, mut terminate) =
        signals().context("signals cannot be heard").map_err(Failure::Failed)?;
    let scheme = if app.options.tls { "https" } else { "http" };
    output::write(|out| writeln!(out, "{scheme}://{}/", listener.address()))?;
    let handle = Handle::new();
    let served = listener.serve(api::app(app.clone(), auth), handle.clone());
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

/// What was on the map between two moments: the captures are read once more.
fn between(
    arguments: &ServeArguments,
    setup: &Setup,
    since: Timestamp,
    until: Timestamp,
) -> Result<Listing, String> {
    let options = capture::Options { since: Some(since), until: Some(until), ..setup.options.clone() };
    let setup = Setup { options, ..setup.clone() };
    let wanted = Wanted { records: false, as_of: None, quiet: true };
    let material = read(&arguments.captures, &setup, wanted).map_err(|failure| failure.to_string())?;
    Ok(Listing::of(&material.snapshot))
}

/// Opens captures that somebody sends.
struct Uploading {
    setup: Arc<Setup>,
}

impl Opener for Uploading {
    fn open(
        &self,
        file: &Path,
        name: &str,
        tell: &mut dyn FnMut(u64, Option<u64>, u64),
    ) -> Result<Ground, String> {
        let wanted = Wanted { records: true, as_of: None, quiet: true };
        let mut progress = |progress: capture::Progress| {
            tell(progress.bytes, progress.total, progress.packets);
        };
        let read = read_and_tell(&[file.to_owned()], &self.setup, wanted, &mut progress);
        // Where it lay for the moment is nobody's business.
        let mut material =
            read.map_err(|failure| failure.to_string().replace(&file.display().to_string(), name))?;
        let named = |source: &SourceFacts| SourceFacts { path: name.to_owned(), ..source.clone() };
        material.sources = Arc::new(material.sources.iter().map(named).collect());
        Ok(Ground::new(material, Arc::new(self.setup.knowledge.clone())))
    }
}

/// A folder of our own, which is gone when the server has ended.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, Failure> {
        let path = nix::unistd::mkdtemp(&std::env::temp_dir().join("tapmap-XXXXXX"));
        path.map(Folder).context("no folder for captures that are sent").map_err(Failure::Failed)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is a system's business that cleans its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
