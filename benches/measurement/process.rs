//! Running a command and learning what it cost.
//!
//! The kernel adds up the costs of all children that a process has waited for, and its "peak memory
//! of children" is the largest of any of them. So each command gets a small process of its own to
//! wait for it: this program, started once more with [`MEASURE`].

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};

/// First argument that turns this program into the waiting process: `--measure OUTPUT PROGRAM ARGUMENT ...`.
pub const MEASURE: &str = "--measure";

/// What one run of a command cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Processor time, user and system together.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Most memory resident at one moment, bytes.
    pub peak_bytes: u64,
}

/// Runs a command with its standard output going to the file `output`.
///
/// # Errors
/// The command could not be started, or failed.
pub fn measure(output: &Path, program: &Path, arguments: &[&str]) -> Result<Cost> {
    let own = std::env::current_exe()?;
    let answer = Command::new(own)
        .arg(MEASURE)
        .args([output, program])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let words = String::from_utf8(answer.stdout)?;
    let numbers: Vec<u64> = words.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    ensure!(answer.status.success(), "`{} {}` failed", program.display(), arguments.join(" "));
    let [cpu, wall, peak_kib] = numbers.as_slice() else { bail!("no figures in `{words}`") };
    Ok(Cost {
        cpu: Duration::from_micros(*cpu),
        wall: Duration::from_micros(*wall),
        peak_bytes: peak_kib * 1024,
    })
}

/// The waiting process: runs the command, then prints its processor time and its time in microseconds
/// and its peak memory in KiB.
///
/// # Errors
/// The command could not be started.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
pub fn measure_here(mut arguments: impl Iterator<Item = String>) -> Result<ExitCode> {
    let output = arguments.next().context("no output given")?;
    let program = arguments.next().context("no program given")?;
    let output = File::create(&output).with_context(|| format!("cannot write `{output}`"))?;
    let mut command = Command::new(&program);
    command.args(arguments).stdout(output);
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run `{program}`"))?;
    let wall = start.elapsed().as_micros();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let cpu = [user, system].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec()).iter().sum::<i64>();
    println!("{cpu} {wall} {}", usage.max_rss());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The middle one of several durations; `None` if there are none.
pub fn median(mut of: Vec<Duration>) -> Option<Duration> {
    of.sort();
    of.get(of.len() / 2).copied()
}
