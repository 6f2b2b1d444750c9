//! The sensor's sandbox: what the command line says of it, and what it tells.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::{DONE, Failure};
use super::output;
use crate::config::{Sensor, Site};
use crate::pipeline::sandbox::{
    Mode, Prepared, Probe, Report, SandboxOptions, State, before_capture, probes,
};

/// How the sensor is confined.
#[derive(Clone, Debug, Args)]
pub struct SandboxArguments {
    /// Give away what is not needed once the captures are open
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Wanted::On, help_heading = "What it may do")]
    pub sandbox: Wanted,
    /// Confine the sensor, try from inside what must not be possible, tell, and end
    #[arg(long, help_heading = "What it may do")]
    pub check_sandbox: bool,
}

/// How much confinement is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wanted {
    /// Nothing is given away
    Off,
    /// As much as this system can hold; the rest is said
    On,
    /// All of it, or the sensor does not start
    Strict,
}

impl SandboxArguments {
    /// What is wanted of the sandbox of a sensor. `files` are read again later.
    pub fn options(&self, sensor: &Sensor, files: Vec<PathBuf>) -> SandboxOptions {
        let mode = match self.sandbox {
            Wanted::Off => Mode::Off,
            Wanted::On => Mode::On,
            Wanted::Strict => Mode::Strict,
        };
        let named = [&sensor.watch, &sensor.site, &sensor.tls_certificate, &sensor.tls_key];
        // What the site file names; a mistake in it has been told already.
        let site = sensor.site.as_deref().and_then(|path| Site::read(path).ok());
        let of_site = site.into_iter().flat_map(|(site, _)| [site.authorities, site.certificates].concat());
        let read = named.into_iter().flatten().cloned().chain(files).chain(of_site).collect();
        let (user, group) = (sensor.user.clone(), sensor.group.clone());
        SandboxOptions { mode, user, group, data_dir: sensor.data_dir.clone(), read }
    }
}

/// Makes ready before anything is opened.
///
/// # Errors
/// If the options cannot be met.
pub fn prepare(options: &SandboxOptions) -> Result<Prepared, Failure> {
    before_capture(options).map_err(Failure::failed)
}

/// Gives away what is not needed, and tells what holds.
///
/// # Errors
/// If it cannot be done, or not wholly and that was wanted.
pub fn confine(prepared: Prepared) -> Result<Report, Failure> {
    let report = crate::pipeline::sandbox::after_open(prepared).map_err(Failure::failed)?;
    for step in &report.steps {
        match &step.state {
            State::Held(what) => tracing::debug!("sandbox, {}: {what}", step.name),
            State::Missing(why) => tracing::warn!("sandbox, {}: NOT AVAILABLE: {why}", step.name),
            State::Off => {}
        }
    }
    Ok(report)
}

/// Tries from inside, and tells: status 0 if all holds, else 1.
///
/// # Errors
/// If it cannot be written.
pub fn check(report: &Report, options: &SandboxOptions) -> Result<ExitCode, Failure> {
    let tried = probes(options);
    output::write(|out| {
        write!(out, "{report}\ntried from inside:\n")?;
        for Probe { what, refused } in &tried {
            match refused {
                Some(how) => writeln!(out, "held           {what}: {how}")?,
                None => writeln!(out, "DOES NOT HOLD  {what}")?,
            }
        }
        Ok(())
    })?;
    let holds = report.is_whole() && tried.iter().all(|probe| probe.refused.is_some());
    Ok(if holds { ExitCode::from(DONE) } else { ExitCode::FAILURE })
}
