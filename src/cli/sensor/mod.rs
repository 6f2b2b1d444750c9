//! `tapmap sensor`: a map that grows while packets come.

mod known;
mod post;
mod serving;
mod summary;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;

use super::args::{Colour, Output};
use super::clock::SystemClock;
use super::configuring::ConfigurationArguments;
use super::confining::{self, SandboxArguments};
use super::door::{Door, DoorOptions, Doorway};
use super::failure::{DONE, Failure};
use super::log::Log;
use super::output;
use super::reading::{counted, material, source_facts};
use super::service::{Service, Signals};
use crate::capture;
use crate::capture::live::{Live as Capture, LiveOptions};
use crate::config::Sensor;
use crate::config::sensor::{FILE, Period};
use crate::finding;
use crate::graph::{Delta, Snapshot};
use crate::model::{Nanos, Timestamp};
use crate::pipeline::live::{Board, Clock, Keeper, Live, LiveSettings, Storing};
use crate::pipeline::{Limits, Outcome};
use crate::question::Ground;
use crate::report::{View, write_json, write_lines, write_story};
use crate::store::{Store, StoreOptions, Window};
use known::Known;
use post::{Post, Stand};
use serving::Serving;
use summary::summary;

const SECOND: Nanos = 1_000_000_000;

/// How far a map in memory reaches back: what was last seen before is the history's business.
const MAP_WINDOW: Nanos = 30 * 24 * 3_600 * SECOND;

/// `sensor`.
#[derive(Clone, Debug, Args)]
pub struct SensorArguments {
    /// How to watch.
    #[command(flatten)]
    pub configuration: ConfigurationArguments,
    /// How it is confined.
    #[command(flatten)]
    pub sandbox: SandboxArguments,
    /// End after this many seconds
    #[arg(long = "for", value_name = "SECONDS", help_heading = "When it ends")]
    pub seconds: Option<u32>,
    /// End after this many packets
    #[arg(long, value_name = "N", help_heading = "When it ends")]
    pub packets: Option<u64>,
    /// What to write in the end on standard output: table, json or jsonl [default: nothing]
    #[arg(short, long, value_enum, help_heading = "When it ends")]
    pub output: Option<Output>,
}

/// Watches until it is told to stop.
///
/// # Errors
/// If something was asked wrongly, or nothing can be captured or stored.
pub fn run(arguments: &SensorArguments) -> Result<ExitCode, Failure> {
    if arguments.configuration.check {
        return arguments.configuration.check();
    }
    if arguments.output == Some(Output::Csv) {
        return Err(Failure::usage(anyhow!("`-o csv` writes one list, and a sensor tells several")));
    }
    let configuration = arguments.configuration.configuration()?;
    let options = &configuration.sensor;
    let known = Arc::new(Known::read(options)?);
    let log = Log::start(options.log_format, options.log_level, time)?;
    let signals = Signals::obey().map_err(|error| Failure::failed(anyhow!("no signals: {error}")))?;
    let clock = SystemClock::start();
    let mut service = Service::from_environment(&|name| std::env::var_os(name), std::process::id())
        .map_err(|error| Failure::failed(anyhow!("cannot reach the supervisor: {error}")))?;
    let doorway = doorway(options)?;
    let file = arguments.configuration.file.clone().unwrap_or_else(|| PathBuf::from(FILE));
    let confinement = arguments.sandbox.options(options, vec![file]);
    let prepared = confining::prepare(&confinement)?;
    let capture = Capture::open(&live_options(options)).map_err(Failure::failed)?;
    // Before the first thread, and before anything is read that somebody else has written.
    let confined = confining::confine(prepared)?;
    if arguments.sandbox.check_sandbox {
        return confining::check(&confined, &confinement);
    }
    capture.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    let door = doorway.map(Doorway::open).transpose()?;
    let (before, keeper) = history(options, &clock, &known)?;
    let judge =
        |snapshot: &Snapshot, as_of: Timestamp| finding::find(snapshot, as_of, &known.knowledge.load());
    let live = Live { settings: settings(options), operator: &known.operator, judge: &judge, clock: &clock };
    let board = Arc::new(live.board(&before));
    let tls = door.as_ref().and_then(|door| door.tls.clone());
    let serving = door.map(|door| serve(door, &board, &known, options)).transpose()?;
    service.ready("watching");
    let mut post = Post {
        stopper: capture.stopper(),
        capture,
        signals,
        service,
        configuration: configuration.clone(),
        arguments,
        known: &known,
        tls,
        board: &board,
        clock: &clock,
        log,
        stand: Stand::new(arguments, std::io::stderr().is_terminal()),
    };
    let outcome = live.run(&mut post, &board, before, keeper);
    post.end();
    if let Some(serving) = serving {
        serving.stop();
    }
    tracing::info!("ended: {}", summary(&board.current()));
    if let Some(form) = arguments.output {
        tell(form, watched(outcome, &board, options, &known))?;
    }
    Ok(ExitCode::from(DONE))
}

/// Takes the address of the API, where there is to be one.
fn doorway(sensor: &Sensor) -> Result<Option<Doorway<'_>>, Failure> {
    let Some(listen) = sensor.listen else { return Ok(None) };
    let tls = match (&sensor.tls_certificate, &sensor.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate.as_path(), key.as_path())),
        (None, None) => None,
        (Some(_), None) => {
            return Err(Failure::usage(anyhow!("a certificate is named and no key; name it with --tls-key")));
        }
        (None, Some(_)) => {
            return Err(Failure::usage(anyhow!(
                "a key is named and no certificate; name it with --tls-certificate"
            )));
        }
    };
    let directory = sensor.data_dir.as_deref();
    Doorway::new(DoorOptions { listen, tls, directory, hosts: &sensor.hosts }).map(Some)
}

fn serve(door: Door, board: &Arc<Board>, known: &Arc<Known>, sensor: &Sensor) -> Result<Serving, Failure> {
    let (url, notice) = (door.url(), door.notice());
    let serving = Serving::start(door, Arc::clone(board), known, sensor)?;
    tracing::info!("answers at {url}");
    if let Some(notice) = notice {
        tracing::info!("{notice}");
    }
    Ok(serving)
}

/// What was seen from beginning to end.
fn watched(outcome: Outcome, board: &Board, sensor: &Sensor, known: &Known) -> Ground {
    let shown = board.current();
    let chosen = capture::Options { filter: sensor.filter.clone(), ..capture::Options::default() };
    let counted = counted(&outcome.totals, &chosen);
    let sources = shown.sources.iter().cloned().map(source_facts).collect();
    let told = (&**known.operator.load(), &**known.knowledge.load());
    let mut material = material(outcome, sources, counted, told, None);
    material.watched = shown.watched.to_vec();
    Ground::of_map(material, known.knowledge())
}

/// The time of day, for the log.
fn time() -> Timestamp {
    Clock::time(&SystemClock::start())
}

fn tell(form: Output, ground: Ground) -> Result<(), Failure> {
    let report = ground.report();
    output::write(|mut out| match form {
        Output::Json => write_json(&report, &mut out),
        Output::Jsonl => write_lines(&report, &mut out),
        Output::Table | Output::Csv => {
            let view = View {
                report: &report,
                paint: output::paint(Colour::Auto),
                width: Some(output::width().unwrap_or(output::PAGE_WIDTH)),
                names: true,
                again: String::new(),
            };
            out.write_all(write_story(&view).as_bytes())
        }
    })
}

fn live_options(sensor: &Sensor) -> LiveOptions {
    LiveOptions {
        interfaces: sensor.interfaces.clone(),
        buffer_bytes: usize::try_from(sensor.buffer.0).unwrap_or(usize::MAX),
        snaplen: sensor.snaplen,
        promiscuous: sensor.promiscuous,
        filter: sensor.filter.clone(),
        rings: u16::try_from(sensor.rings).unwrap_or(u16::MAX),
        directory: sensor.watch.clone(),
        stdin: sensor.stdin,
    }
}

fn nanos(Period(period): Period) -> Nanos {
    i64::try_from(period.as_nanos()).unwrap_or(i64::MAX)
}

fn settings(sensor: &Sensor) -> LiveSettings {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    LiveSettings {
        workers: sensor.workers.map_or(cores, |workers| workers as usize),
        drop_duplicates: sensor.drop_duplicates,
        limits: Limits {
            flows_max: sensor.flows_max as usize,
            followed_max: sensor.followed_max as usize,
            waiting_bytes_max: usize::try_from(sensor.waiting_bytes_max.0).unwrap_or(usize::MAX),
            tcp_idle: nanos(sensor.tcp_idle),
            udp_idle: nanos(sensor.udp_idle),
            ..Limits::default()
        },
        tick: nanos(sensor.tick),
        window: MAP_WINDOW,
        records: nanos(sensor.live_window),
        patient: false,
    }
}

/// What was known before, and who keeps what comes.
fn history<'a>(
    sensor: &Sensor,
    clock: &'a SystemClock,
    known: &'a Known,
) -> Result<(Delta, Option<Box<dyn Keeper + 'a>>), Failure> {
    let Some(directory) = &sensor.data_dir else { return Ok((Delta::default(), None)) };
    let options = StoreOptions {
        writer: "tapmap sensor".to_owned(),
        durable: sensor.durable,
        bytes_max: sensor.store_max.map(|bytes| bytes.0),
    };
    let store = Store::open(directory, &options);
    let writer = store.writer().map_err(Failure::failed)?;
    for note in &writer.health().notes {
        tracing::warn!("{note}");
    }
    let since = Some(Clock::time(clock) + -MAP_WINDOW);
    let stored = store.read(&Window { since, ..Window::default() }).map_err(Failure::failed)?;
    Ok((Delta::from(stored.map), Some(Box::new(Storing::new(writer, clock, &known.retention)))))
}
