//! As fast as the sender can: nothing is lost, or it is counted; and what that costs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;

use crate::Options;
use crate::cable::{Cable, TAP};
use crate::figure::Figure;
use crate::running::{Costed, Sensor};
use crate::traffic;

/// Processor time of the sensor, compared with a program that only takes the packets.
const CPU_RATIO_MAX: f64 = 5.0;

/// Packets of the flood, about.
const SYNS: usize = 1_000_000;

pub fn measure(options: &Options, cable: &Cable, file: &Path, sent: u64) -> Result<Vec<Figure>> {
    let (mut costs, mut bare, mut lost, mut seen) = (Vec::new(), Vec::new(), 0, 0);
    for round in 1..=options.rounds {
        bare.push(tcpdump(cable, file)?);
        let sensor = Sensor::start(&options.tapmap, &["--buffer", "512 MiB"])?;
        cable.replay(file, None)?;
        let counted = sensor.settled(sent)?;
        costs.push(sensor.stop()?);
        eprintln!("round {round}: {counted:?}, {:?}; tcpdump {:?}", costs[round - 1], bare[round - 1]);
        lost += counted.dropped;
        seen += counted.received;
    }
    let small = Sensor::start(&options.tapmap, &["--buffer", "1 MiB"])?;
    cable.replay(file, None)?;
    let counted = small.settled(sent)?;
    small.stop()?;
    let all = sent * options.rounds as u64;
    let middle = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    let (ours, theirs) = (middle(costs), middle(bare));
    Ok(vec![
        Figure::all_of(
            &format!("packets received, {} replays at top speed", options.rounds),
            usize(seen),
            usize(all),
        ),
        Figure::all_of("packets dropped", usize(lost), 0),
        Figure::all_of(
            &format!("small ring: received and dropped ({}) of those sent", counted.dropped),
            usize(counted.received + counted.dropped),
            usize(sent),
        ),
        Figure::only("processor time of `tcpdump -w /dev/null`", format!("{theirs:.2} s")),
        Figure::only("processor time of the sensor", format!("{ours:.2} s")),
        Figure::at_most("ratio", ours / theirs, CPU_RATIO_MAX, ""),
    ])
}

/// Connections that are never made, from sources that are nobody's: each packet is a new flow.
pub fn flood(options: &Options, cable: &Cable, directory: &Path) -> Result<Figure> {
    let file = directory.join("flood.pcap");
    let written = traffic::flood(&file, SYNS, 100)?;
    let sensor = Sensor::start(&options.tapmap, &["--buffer", "512 MiB"])?;
    cable.replay(&file, None)?;
    let counted = sensor.settled(written.packets)?;
    sensor.stop()?;
    Ok(Figure::all_of("packets of a flood received", usize(counted.received), usize(written.packets)))
}

fn usize(count: u64) -> usize {
    usize::try_from(count).unwrap()
}

/// What it costs to take the packets and write them nowhere.
fn tcpdump(cable: &Cable, file: &Path) -> Result<Duration> {
    let mut command = Command::new("tcpdump");
    command.args(["-i", TAP, "-w", "/dev/null", "-B", "524288", "-s", "0"]);
    let tcpdump = Costed(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    // It says nothing that could be waited for when it begins; what it misses it does not pay for.
    std::thread::sleep(Duration::from_millis(500));
    cable.replay(file, None)?;
    std::thread::sleep(Duration::from_millis(500));
    tcpdump.stop()
}
