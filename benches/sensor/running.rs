//! A sensor that runs, and what it says of itself.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::cable::TAP;

/// How often it is asked whether it has read all.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// So long nothing may come before all is taken to have come.
const QUIET: Duration = Duration::from_secs(2);

/// Parts of a second in which the kernel counts processor time (`USER_HZ`, proc(5)).
const TICKS: f64 = 100.0;

/// A process whose cost is of interest.
pub struct Costed(pub Child);

impl Costed {
    /// Ends it, and says what it cost until then.
    pub fn stop(mut self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // After the name, which may hold anything: user and system time are the 14th and 15th field of all.
        let (_, fields) = stat.rsplit_once(')').context("no name in its status")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
        let process = nix::unistd::Pid::from_raw(self.0.id().try_into()?);
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM)?;
        self.0.wait()?;
        Ok(Duration::from_secs_f64(ticks as f64 / TICKS))
    }
}

/// A running sensor.
pub struct Sensor {
    process: Costed,
    pub url: String,
}

/// What its rings counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub received: u64,
    pub dropped: u64,
}

impl Sensor {
    /// Starts and waits until it answers.
    pub fn start(tapmap: &Path, arguments: &[&str]) -> Result<Sensor> {
        let mut command = Command::new(tapmap);
        command.args(["sensor", "-i", TAP, "--listen", "127.0.0.1:0", "--config", "/dev/null"]);
        let mut child = command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut said = String::new();
        let url = loop {
            let from = said.len();
            ensure!(stderr.read_line(&mut said)? > 0, "the sensor ended: {said}");
            if let Some((_, url)) = said[from..].split_once("answers at ") {
                break url.trim().trim_end_matches('/').to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        Ok(Sensor { process: Costed(child), url })
    }

    /// What a path says.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut response = ureq::get(format!("{}{path}", self.url)).call()?;
        Ok(serde_json::from_str(&response.body_mut().with_config().limit(1 << 30).read_to_string()?)?)
    }

    /// What its rings have counted so far.
    pub fn counted(&self) -> Result<Counted> {
        let health = self.get("/api/v1/health")?;
        let number = |name: &str| health["sensor"][name].as_u64().context("no figures of the sensor");
        Ok(Counted { received: number("received")?, dropped: number("dropped")? })
    }

    /// The same, once nothing comes any more.
    pub fn settled(&self, sent: u64) -> Result<Counted> {
        let mut last = (self.counted()?, Instant::now());
        loop {
            std::thread::sleep(ASK_EVERY);
            let now = self.counted()?;
            if now != last.0 {
                last = (now, Instant::now());
            } else if now.received + now.dropped >= sent || last.1.elapsed() >= QUIET {
                return Ok(now);
            }
        }
    }

    /// Memory that is its own now, bytes.
    pub fn memory(&self) -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory is told")?;
        Ok(line.split_whitespace().next().context("no number")?.parse::<u64>()? * 1024)
    }

    /// Ends it, and says what it cost.
    pub fn stop(self) -> Result<Duration> {
        self.process.stop()
    }
}
