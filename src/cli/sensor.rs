//! `tapmap sensor`: a map that grows while packets come.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use clap::Args;

use super::args::{Colour, Output};
use super::clock::SystemClock;
use super::configuring::ConfigurationArguments;
use super::failure::{DONE, Failure};
use super::log::Log;
use super::reading::{counted, material, source_facts};
use super::service::{Service, Signals};
use super::{output, setup};
use crate::capture::live::{Arrival, InterfaceHealth, Live as Capture, LiveOptions, Stopper};
use crate::capture::{self, Source};
use crate::config::Sensor;
use crate::config::sensor::{Configuration, Period};
use crate::finding;
use crate::graph::{Delta, Operator, Snapshot};
use crate::model::{Nanos, Timestamp};
use crate::pipeline::Limits;
use crate::pipeline::live::{
    Arrivals, Board, Clock, Keeper, Learning, Live, LiveSettings, Published, Storing, Trouble,
};
use crate::query::Knowledge;
use crate::question::Ground;
use crate::report::{View, write_json, write_lines, write_story};
use crate::store::{Store, StoreOptions, Window};

const SECOND: Nanos = 1_000_000_000;

/// How often the line on the terminal is renewed.
const STATUS_EVERY: Nanos = SECOND;

/// How far a map in memory reaches back: what was last seen before is the history's business.
const MAP_WINDOW: Nanos = 30 * 24 * 3_600 * SECOND;

/// `sensor`.
#[derive(Clone, Debug, Args)]
pub struct SensorArguments {
    /// How to watch.
    #[command(flatten)]
    pub configuration: ConfigurationArguments,
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
    let (operator, knowledge) =
        setup::known(&options.local_networks, options.site.as_deref(), setup::Brought::default())?;
    let known_now =
        KnownNow { operator: ArcSwap::from_pointee(operator), knowledge: ArcSwap::from_pointee(knowledge) };
    let KnownNow { operator, knowledge } = &known_now;
    let log = Log::start(options.log_format, options.log_level, time)?;
    let signals = Signals::obey().map_err(|error| Failure::failed(anyhow!("no signals: {error}")))?;
    let clock = SystemClock::start();
    let mut service = Service::from_environment(&|name| std::env::var_os(name), std::process::id())
        .map_err(|error| Failure::failed(anyhow!("cannot reach the supervisor: {error}")))?;
    let capture = Capture::open(&live_options(options)).map_err(Failure::failed)?;
    let (known, keeper) = history(options, &clock)?;
    let judge = |snapshot: &Snapshot, as_of: Timestamp| finding::find(snapshot, as_of, &knowledge.load());
    let live = Live { settings: settings(options), operator, judge: &judge, clock: &clock };
    let board = live.board(&known);
    service.ready("watching");
    let mut post = Post {
        stopper: capture.stopper(),
        capture,
        signals,
        service,
        board: &board,
        clock: &clock,
        terminal: std::io::stderr().is_terminal(),
        until: arguments.seconds.map(|seconds| i64::from(seconds) * SECOND),
        left: arguments.packets,
        stopping: false,
        shown: None,
        configuration: configuration.clone(),
        arguments,
        known: &known_now,
        log,
    };
    let outcome = live.run(&mut post, &board, known, keeper);
    post.end();
    let shown = board.current();
    let line = summary(&shown);
    tracing::info!("ended: {line}");
    let Some(form) = arguments.output else { return Ok(ExitCode::from(DONE)) };
    let chosen = capture::Options { filter: options.filter.clone(), ..capture::Options::default() };
    let counted = counted(&outcome.totals, &chosen);
    let sources = shown.sources.iter().cloned().map(source_facts).collect();
    let mut material = material(outcome, sources, counted, (&operator.load(), &knowledge.load()), None);
    material.watched = shown.watched.to_vec();
    tell(form, Ground::of_map(material, knowledge.load_full()))?;
    Ok(ExitCode::from(DONE))
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
) -> Result<(Delta, Option<Box<dyn Keeper + 'a>>), Failure> {
    let Some(directory) = &sensor.data_dir else { return Ok((Delta::default(), None)) };
    let options = StoreOptions {
        writer: "tapmap sensor".to_owned(),
        durable: sensor.durable,
        ..StoreOptions::default()
    };
    let store = Store::open(directory, &options);
    let writer = store.writer().map_err(Failure::failed)?;
    for note in &writer.health().notes {
        tracing::warn!("{note}");
    }
    let since = Some(Clock::time(clock) + -MAP_WINDOW);
    let stored = store.read(&Window { since, ..Window::default() }).map_err(Failure::failed)?;
    Ok((Delta::from(stored.map), Some(Box::new(Storing::new(writer, clock)))))
}

/// What the operator knows, as of the last reload.
struct KnownNow {
    operator: ArcSwap<Operator>,
    knowledge: ArcSwap<Knowledge>,
}

/// Stands between the capture and the pipeline: ends the one when somebody says so, and tells people
/// how it goes.
struct Post<'a> {
    capture: Capture,
    stopper: Stopper,
    signals: Signals,
    service: Service,
    board: &'a Board,
    clock: &'a SystemClock,
    terminal: bool,
    until: Option<Nanos>,
    /// Packets until the end.
    left: Option<u64>,
    stopping: bool,
    /// When the line on the terminal was last renewed, and how many packets there were then.
    shown: Option<(Nanos, u64)>,
    /// What is in force.
    configuration: Configuration,
    arguments: &'a SensorArguments,
    known: &'a KnownNow,
    log: Log,
}

impl Arrivals for Post<'_> {
    fn next(&mut self) -> Arrival<'_> {
        if self.left == Some(0) {
            return Arrival::Over;
        }
        if !self.stopping && self.signals.stop() {
            self.stop();
        }
        let arrival = self.capture.next();
        if let (Arrival::Frame(_), Some(left)) = (&arrival, &mut self.left) {
            *left -= 1;
        }
        arrival
    }

    fn health(&mut self) -> Vec<InterfaceHealth> {
        let now = self.clock.elapsed();
        if !self.stopping && self.until.is_some_and(|until| now >= until) {
            self.stop();
        }
        if self.signals.take_reload() {
            self.reload();
        }
        let (running, published) = (Duration::from_nanos(now.unsigned_abs()), self.board.current());
        self.service.beat(running, published.health.ticks);
        self.service.status(running, || summary(&published));
        self.show(now, &published);
        self.capture.health()
    }

    fn sources(&mut self) -> Vec<Source> {
        Arrivals::sources(&mut self.capture)
    }
}

impl Post<'_> {
    fn stop(&mut self) {
        self.stopping = true;
        self.service.stopping();
        self.stopper.stop();
    }

    /// Reads the configuration again. Where that or the site file is wrong, all stays as it is.
    fn reload(&mut self) {
        self.service.reloading();
        if let Some(new) = self.arguments.configuration.reload(&self.configuration) {
            let options = &new.sensor;
            match setup::known(&options.local_networks, options.site.as_deref(), setup::Brought::default()) {
                Ok((operator, knowledge)) => {
                    self.known.operator.store(Arc::new(operator));
                    self.known.knowledge.store(Arc::new(knowledge));
                    self.log.set_level(options.log_level);
                    self.configuration = new;
                }
                Err(failure) => tracing::error!("nothing was reloaded: {failure}"),
            }
        }
        self.service.ready("watching");
    }

    /// Renews the line on the terminal.
    fn show(&mut self, now: Nanos, published: &Published) {
        let (then, before) = self.shown.unwrap_or_default();
        if !self.terminal || now - then < STATUS_EVERY {
            return;
        }
        let packets = published.totals.packets.read;
        let rate = (packets.saturating_sub(before)).saturating_mul(1_000_000_000)
            / u64::try_from(now - then).unwrap_or(1).max(1);
        self.shown = Some((now, packets));
        // If nobody listens there is nobody to tell.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}; {rate} packets/s", summary(published));
    }

    /// Leaves the line on the terminal.
    fn end(&mut self) {
        if self.shown.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}

/// How it goes, in one line.
fn summary(published: &Published) -> String {
    let Published { snapshot, totals, health, learning, findings, .. } = published;
    let mut line = format!(
        "{} hosts, {} services, {} dependencies, {} findings, {} packets",
        snapshot.hosts.len(),
        snapshot.services.len(),
        snapshot.dependencies.len(),
        findings.len(),
        totals.packets.read,
    );
    if health.dropped > 0 {
        line.push_str(&format!(
            ", {} lost ({:.2} % of the last minute)",
            health.dropped,
            health.loss * 100.0
        ));
    }
    line.push_str(&format!("; {}", learnt(learning)));
    for trouble in &health.troubles {
        line.push_str(&match trouble {
            Trouble::Loss => "; LOSES PACKETS".to_owned(),
            Trouble::Silence => "; HEARS NOTHING".to_owned(),
            Trouble::Down(name) => format!("; {name} IS DOWN"),
            Trouble::Store => "; CANNOT STORE".to_owned(),
        });
    }
    line
}

fn learnt(learning: &Learning) -> String {
    let seconds = learning.watched / SECOND;
    let time = match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    };
    format!("learning for {time}, {:.0} % of this hour is new", learning.share() * 100.0)
}
