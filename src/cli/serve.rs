//! `tapmap serve`: the API over captures, read in the background while it answers already.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::analyze::checked;
use super::args::ReadingArguments;
use super::clock::SystemClock;
use super::failure::{DONE, Failure};
use super::output;
use super::reading::{Wanted, read_and_tell};
use super::setup::Setup;
use crate::api::auth::{Auth, AuthOptions};
use crate::api::{self, App, Options, Source as _, Standing, Still};
use crate::question::Ground;

/// How long requests that are under way may take to end when the server stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Captures (pcap or pcapng, also gzip, zstd or xz), or directories of captures
    #[arg(value_name = "FILE|DIR", required_unless_present = "check")]
    pub captures: Vec<PathBuf>,
    /// Where to listen, on this machine only; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// A name by which the server may be asked for, besides localhost and its address; may be given several times
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,
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
/// If something was asked wrongly, no capture can be read, or the address is taken.
pub fn run(arguments: &ServeArguments) -> Result<ExitCode, Failure> {
    let setup = Setup::new(&arguments.reading)?;
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(anyhow!(
            "`{}` can be reached from elsewhere, and there is no TLS and no login here; listen on 127.0.0.1 or [::1]",
            arguments.listen
        )));
    }
    if arguments.reading.check {
        return checked(&setup);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("no threads to serve with").map_err(Failure::Failed)?;
    let served = runtime.block_on(serve(arguments, setup));
    // A capture may still be being read, and nobody waits for it any more.
    runtime.shutdown_background();
    served.map(|()| ExitCode::from(DONE))
}

async fn serve(arguments: &ServeArguments, setup: Setup) -> Result<(), Failure> {
    // Before anything is told: whoever reads the address may send a signal at once.
    let (interrupt, terminate) = signals().context("signals cannot be heard").map_err(Failure::Failed)?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener
        .with_context(|| format!("cannot listen on {}", arguments.listen))
        .map_err(Failure::Failed)?;
    let address = listener.local_addr().context("the address is not known").map_err(Failure::Failed)?;
    let still = Arc::new(Still::reading());
    let app = App::new(
        Arc::clone(&still) as Arc<dyn api::Source>,
        Options { hosts: arguments.hosts.clone(), ..Options::default() },
    );
    output::write(|out| writeln!(out, "http://{address}/"))?;
    let read = read_in_background(arguments, setup, Arc::clone(&still));
    let auth = AuthOptions {
        directory: None,
        loopback: true,
        encrypted: false,
        names: &arguments.hosts,
        clock: Arc::new(SystemClock::start()),
    };
    let auth = Arc::new(Auth::open(&auth).map_err(Failure::failed)?);
    let served = listen(listener, api::guarded(app.clone(), auth), app, (interrupt, terminate));
    tokio::pin!(served);
    tokio::select! {
        ended = &mut served => return ended.map_err(Failure::Failed),
        read = read => read?,
    }
    served.await.map_err(Failure::Failed)
}

fn signals() -> std::io::Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

/// Reads the captures on a thread of their own.
async fn read_in_background(
    arguments: &ServeArguments,
    setup: Setup,
    still: Arc<Still>,
) -> Result<(), Failure> {
    let (captures, quiet) = (arguments.captures.clone(), arguments.quiet);
    let reader = Arc::clone(&still);
    let read = tokio::task::spawn_blocking(move || {
        let wanted = Wanted { records: true, as_of: None, quiet };
        let mut tell = |progress: crate::capture::Progress| {
            reader.progress(progress.bytes, progress.total, progress.packets);
        };
        let material = read_and_tell(&captures, &setup, wanted, &mut tell)?;
        reader.finish(Ground::new(material, Arc::new(setup.knowledge)));
        Ok(())
    });
    let read = read.await.unwrap_or_else(|_| Err(Failure::failed(anyhow!("reading the captures failed"))));
    if let (Ok(()), Standing::Ready, false) = (&read, still.standing(), quiet) {
        // If nobody listens there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "tapmap: the map is ready");
    }
    read
}

/// Answers until a signal comes; then lets requests that are under way end, for a while.
async fn listen(
    listener: TcpListener,
    router: Router,
    app: App,
    (mut interrupt, mut terminate): (Signal, Signal),
) -> anyhow::Result<()> {
    let (stopped, mut stopping) = tokio::sync::watch::channel(());
    let signalled = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        app.stop();
        stopped.send_replace(());
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(signalled);
    tokio::select! {
        served = served.into_future() => served.context("serving failed"),
        () = async {
            let _ = stopping.changed().await;
            tokio::time::sleep(PATIENCE).await;
        } => Ok(()),
    }
}
