//! What everything is compared with: the least that reading a capture can cost with libpcap.

use std::hint::black_box;
use std::process::ExitCode;

use anyhow::{Context, Result};
use pcap::Capture;

/// First argument that turns this program into the baseline: `--baseline FILE`.
pub const BASELINE: &str = "--baseline";

/// Reads every packet of a file and looks at none.
///
/// # Errors
/// The file could not be read to its end.
pub fn read_all(mut arguments: impl Iterator<Item = String>) -> Result<ExitCode> {
    let path = arguments.next().context("no file given")?;
    let mut capture = Capture::from_file(&path).with_context(|| format!("cannot read `{path}`"))?;
    let mut packets = 0u64;
    loop {
        match capture.next_packet() {
            Ok(packet) => {
                black_box(packet.data);
                packets += 1;
            }
            Err(pcap::Error::NoMorePackets) => break,
            Err(error) => return Err(error.into()),
        }
    }
    println!("{packets}");
    Ok(ExitCode::SUCCESS)
}
