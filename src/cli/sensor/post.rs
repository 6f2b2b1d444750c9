//! Between the capture and the pipeline.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::SensorArguments;
use super::known::Known;
use super::summary::summary;
use crate::api::tls::Tls;
use crate::capture::Source;
use crate::capture::live::{Arrival, InterfaceHealth, Live as Capture, Stopper};
use crate::cli::clock::SystemClock;
use crate::cli::log::Log;
use crate::cli::service::{Service, Signals};
use crate::config::sensor::Configuration;
use crate::model::Nanos;
use crate::pipeline::live::{Arrivals, Board, Clock, Published};

const SECOND: Nanos = 1_000_000_000;

/// How often the line on the terminal is renewed.
const STATUS_EVERY: Nanos = SECOND;

/// How often files are looked at that others may have renewed.
const LOOK_EVERY: Nanos = 10 * SECOND;

/// Stands between the capture and the pipeline: ends the one when somebody says so, and tells people
/// how it goes.
pub struct Post<'a> {
    /// Where packets come from.
    pub capture: Capture,
    /// What ends it.
    pub stopper: Stopper,
    /// What people and supervisors want.
    pub signals: Signals,
    /// Who started us.
    pub service: Service,
    /// What is in force.
    pub configuration: Configuration,
    /// What was asked for.
    pub arguments: &'a SensorArguments,
    /// What a reload changes.
    pub known: &'a Known,
    /// What encrypts the API, if anything does.
    pub tls: Option<Arc<Tls>>,
    /// Where the map hangs.
    pub board: &'a Board,
    /// The clock.
    pub clock: &'a SystemClock,
    /// What is said.
    pub log: Log,
    /// How it stands.
    pub stand: Stand,
}

/// How it stands.
pub struct Stand {
    /// Whether somebody looks at a terminal.
    terminal: bool,
    /// When to end, by the clock.
    until: Option<Nanos>,
    /// Packets until the end.
    left: Option<u64>,
    stopping: bool,
    /// When the line on the terminal was last renewed, and how many packets there were then.
    shown: Option<(Nanos, u64)>,
    /// When files were last looked at.
    looked: Nanos,
}

impl Stand {
    /// The beginning.
    pub fn new(arguments: &SensorArguments, terminal: bool) -> Stand {
        Stand {
            terminal,
            until: arguments.seconds.map(|seconds| i64::from(seconds) * SECOND),
            left: arguments.packets,
            stopping: false,
            shown: None,
            looked: 0,
        }
    }
}

impl Arrivals for Post<'_> {
    fn next(&mut self) -> Arrival<'_> {
        if self.stand.left == Some(0) {
            return Arrival::Over;
        }
        if !self.stand.stopping && self.signals.stop() {
            self.stop();
        }
        let arrival = self.capture.next();
        if let (Arrival::Frame(_), Some(left)) = (&arrival, &mut self.stand.left) {
            *left -= 1;
        }
        arrival
    }

    fn health(&mut self) -> Vec<InterfaceHealth> {
        let now = self.clock.elapsed();
        if !self.stand.stopping && self.stand.until.is_some_and(|until| now >= until) {
            self.stop();
        }
        if self.signals.take_reload() {
            self.reload();
        }
        let (running, published) = (Duration::from_nanos(now.unsigned_abs()), self.board.current());
        self.service.beat(running, published.health.ticks);
        self.service.status(running, || summary(&published));
        self.show(now, &published);
        if now - self.stand.looked >= LOOK_EVERY {
            self.stand.looked = now;
            self.renew();
        }
        self.capture.health()
    }

    fn sources(&mut self) -> Vec<Source> {
        Arrivals::sources(&mut self.capture)
    }
}

impl Post<'_> {
    fn stop(&mut self) {
        self.stand.stopping = true;
        self.service.stopping();
        self.stopper.stop();
    }

    /// Reads the configuration again. Where that or the site file is wrong, all stays as it is.
    fn reload(&mut self) {
        self.service.reloading();
        if let Some(new) = self.arguments.configuration.reload(&self.configuration) {
            match self.known.reload(&new.sensor) {
                Ok(()) => {
                    self.log.set_level(new.sensor.log_level);
                    self.configuration = new;
                }
                Err(failure) => tracing::error!("nothing was reloaded: {failure}"),
            }
        }
        if let Some(Err(error)) = self.tls.as_ref().map(|tls| tls.reload()) {
            tracing::error!("the old certificate stays in use: {error}");
        }
        self.service.ready("watching");
    }

    /// Takes a certificate into use that somebody has renewed.
    fn renew(&self) {
        match self.tls.as_ref().map(|tls| (tls.reload_if_changed(), tls.not_after())) {
            Some((Ok(true), until)) => tracing::info!("a new certificate is in use, valid until {until}"),
            Some((Err(error), _)) => tracing::error!("the old certificate stays in use: {error}"),
            Some((Ok(false), _)) | None => {}
        }
    }

    /// Renews the line on the terminal.
    fn show(&mut self, now: Nanos, published: &Published) {
        let (then, before) = self.stand.shown.unwrap_or_default();
        if !self.stand.terminal || now - then < STATUS_EVERY {
            return;
        }
        let packets = published.totals.packets.read;
        let rate = (packets.saturating_sub(before)).saturating_mul(1_000_000_000)
            / u64::try_from(now - then).unwrap_or(1).max(1);
        self.stand.shown = Some((now, packets));
        // If nobody listens there is nobody to tell.
        let _ = write!(std::io::stderr(), "\r\x1b[K{}; {rate} packets/s", summary(published));
    }

    /// Leaves the line on the terminal.
    pub fn end(&mut self) {
        if self.stand.shown.is_some() {
            let _ = writeln!(std::io::stderr());
        }
    }
}
