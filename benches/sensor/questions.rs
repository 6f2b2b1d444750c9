//! Two hundred who ask at once, while packets come.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::Options;
use crate::cable::Cable;
use crate::figure::Figure;
use crate::running::Sensor;

/// Who ask at once.
const ASKERS: usize = 200;

/// Questions of each.
const EACH: usize = 5;

/// Questions that are asked one after the other, while nothing comes.
const IDLE: usize = 200;

/// The slowest of a hundred under load, compared with the middle one without.
const RATIO_MAX: f64 = 10.0;

pub fn measure(options: &Options, cable: &Cable, file: &Path, directory: &Path) -> Result<Vec<Figure>> {
    let data = directory.join("questions");
    let data = data.to_str().context("path is not UTF-8")?;
    let sensor = Sensor::start(&options.tapmap, &["--buffer", "512 MiB", "--data-dir", data])?;
    cable.replay(file, Some(200_000))?;
    sensor.settled(options.packets as u64)?;
    let report = sensor.get("/api/v1/hosts?limit=1000")?;
    let hosts = report["hosts"].as_array().context("no hosts")?.iter();
    let hosts: Arc<[String]> =
        hosts.filter_map(|row| row["addresses"][0].as_str().map(str::to_owned)).collect();
    let mut idle = Vec::new();
    for number in 0..IDLE {
        idle.push(ask(&sensor.url, &hosts[number % hosts.len()])?);
    }
    let before = sensor.counted()?;
    let replay = cable.replay_for_ever(file, options.rate)?;
    let turn = Arc::new(AtomicUsize::new(0));
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let (url, hosts, turn) = (sensor.url.clone(), Arc::clone(&hosts), Arc::clone(&turn));
            std::thread::spawn(move || -> Result<Vec<Duration>> {
                (0..EACH)
                    .map(|_| ask(&url, &hosts[turn.fetch_add(7, Ordering::Relaxed) % hosts.len()]))
                    .collect()
            })
        })
        .collect();
    let mut loaded = Vec::new();
    for asker in askers {
        loaded.extend(asker.join().unwrap()?);
    }
    let sent = replay.stop();
    let after = sensor.settled(before.received + sent)?;
    sensor.stop()?;
    idle.sort();
    loaded.sort();
    let (middle, slowest) = (idle[idle.len() / 2], loaded[(loaded.len() - 1) * 99 / 100]);
    Ok(vec![
        Figure::only("a blast radius, idle, half of them", format!("{:.1} ms", middle.as_secs_f64() * 1e3)),
        Figure::only(
            &format!("{ASKERS} at once while {} packets a second come, half of them", options.rate),
            format!("{:.0} ms", loaded[loaded.len() / 2].as_secs_f64() * 1e3),
        ),
        Figure::only("the same, 99 of 100", format!("{:.0} ms", slowest.as_secs_f64() * 1e3)),
        Figure::at_most("ratio to idle", slowest.as_secs_f64() / middle.as_secs_f64(), RATIO_MAX, ""),
        Figure::all_of(
            &format!("packets dropped of {sent} meanwhile"),
            usize::try_from(after.dropped - before.dropped)?,
            0,
        ),
    ])
}

/// How long a question takes.
fn ask(url: &str, host: &str) -> Result<Duration> {
    let begun = Instant::now();
    let mut response = ureq::get(format!("{url}/api/v1/blast-radius?target={host}")).call()?;
    response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
    Ok(begun.elapsed())
}
