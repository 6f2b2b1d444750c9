//! From a packet to the event that tells of it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tapmap::model::Timestamp;

use crate::Options;
use crate::cable::Cable;
use crate::figure::Figure;
use crate::running::Sensor;
use crate::traffic;

/// Packets of the capture whose first flows are timed.
const PACKETS: usize = 20_000;

/// Its flows.
const FLOWS: usize = 3_000;

/// Packets per second: about ten seconds.
const RATE: u64 = 2_000;

/// The slowest of a hundred events.
const DELAY_MAX: f64 = 1.0;

pub fn measure(options: &Options, cable: &Cable, directory: &Path) -> Result<Vec<Figure>> {
    let file = directory.join("delay.pcap");
    let written = traffic::mixture(&file, PACKETS, FLOWS)?;
    let sensor = Sensor::start(&options.tapmap, &[])?;
    let url = format!("{}/api/v1/events", sensor.url);
    let (heard, hearing) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let response = ureq::get(&url).header("accept", "application/x-ndjson").call().unwrap();
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let Ok(line) = line else { return };
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "new-dependency" {
                let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                let id = event["data"]["dependency"].as_str().unwrap().to_owned();
                heard.send((id, at)).unwrap();
            }
        }
    });
    cable.replay(&file, Some(RATE))?;
    sensor.settled(written.packets)?;
    let report = sensor.get("/api/v1/report")?;
    sensor.stop()?;
    let told: HashMap<String, Duration> = hearing.into_iter().collect();
    let rows = report["dependencies"].as_array().context("no dependencies")?;
    let mut delays = Vec::new();
    for row in rows {
        let id = row["id"].as_str().context("no id")?;
        let first: Timestamp = row["first"].as_str().context("no first time")?.parse()?;
        let first = Duration::from_nanos(first.nanos().unsigned_abs());
        if let Some(at) = told.get(id) {
            delays.push(at.saturating_sub(first).as_secs_f64());
        }
    }
    delays.sort_by(f64::total_cmp);
    let at = |share: usize| delays[(delays.len() - 1) * share / 100];
    Ok(vec![
        Figure::all_of("dependencies that an event told of", delays.len(), rows.len()),
        Figure::only("packet to event, half of them", format!("{:.2} s", at(50))),
        Figure::at_most("packet to event, 99 of 100", at(99), DELAY_MAX, " s"),
    ])
}
