//! One long run: memory stays flat, nothing is lost, the store keeps to its size.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::Options;
use crate::cable::Cable;
use crate::figure::Figure;
use crate::running::Sensor;

/// After this time everything has been seen that will be.
const WARM: Duration = Duration::from_secs(300);

/// Memory at the end, compared with that after [`WARM`].
const GROWTH_MAX: f64 = 1.1;

/// What the store may take, bytes.
const STORE_MAX: u64 = 1 << 30;

/// From one look to the next.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub fn measure(
    options: &Options,
    cable: &Cable,
    file: &Path,
    directory: &Path,
    minutes: u64,
) -> Result<Vec<Figure>> {
    let data = directory.join("soak");
    let words = ["--buffer", "256 MiB", "--store-max", "1 GiB", "--data-dir"];
    let words = [&words[..], &[data.to_str().context("path is not UTF-8")?]].concat();
    let sensor = Sensor::start(&options.tapmap, &words)?;
    let replay = cable.replay_for_ever(file, options.rate)?;
    let begun = Instant::now();
    let (mut warm, mut most, mut store) = (0, 0, 0);
    while begun.elapsed() < Duration::from_secs(minutes * 60) {
        std::thread::sleep(LOOK_EVERY);
        let (memory, counted, size) = (sensor.memory()?, sensor.counted()?, size(&data)?);
        let status = sensor.get("/api/v1/status")?;
        eprintln!(
            "{:4} s: {:.1} MB, store {:.1} MB, {counted:?} of {}, {} hosts, {} dependencies",
            begun.elapsed().as_secs(),
            memory as f64 / 1e6,
            size as f64 / 1e6,
            replay.sent(),
            status["hosts"],
            status["dependencies"],
        );
        store = store.max(size);
        if begun.elapsed() < WARM {
            warm = warm.max(memory);
        } else {
            most = most.max(memory);
        }
    }
    let sent = replay.stop();
    let counted = sensor.settled(sent)?;
    let cost = sensor.stop()?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(vec![
        Figure::only("packets per second", format!("{:.0}", sent as f64 / seconds)),
        Figure::only("processors in use", format!("{:.2}", cost.as_secs_f64() / seconds)),
        Figure::all_of(
            "packets received and dropped, of those sent",
            usize(counted.received + counted.dropped),
            usize(sent),
        ),
        Figure::all_of("packets dropped", usize(counted.dropped), 0),
        Figure::only("memory after five minutes", format!("{:.1} MB", warm as f64 / 1e6)),
        Figure::at_most(
            "most memory after that, compared with before",
            most as f64 / warm as f64,
            GROWTH_MAX,
            "",
        ),
        Figure::at_most("most bytes of the store", store as f64 / 1e6, STORE_MAX as f64 / 1e6, " MB"),
    ])
}

fn usize(count: u64) -> usize {
    usize::try_from(count).unwrap()
}

/// Bytes of the database; its log is a second's work.
fn size(data: &Path) -> Result<u64> {
    Ok(fs::metadata(data.join("tapmap.db"))?.len())
}
