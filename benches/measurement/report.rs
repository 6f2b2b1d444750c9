//! Reading the map that was printed: speed counts only if the map is right.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::traffic::{Dependency, Expected};

/// The parts of the report that are compared with what was generated.
#[derive(Debug, Deserialize)]
pub struct Report {
    capture: Capture,
    dependencies: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Capture {
    packets: Packets,
}

#[derive(Debug, Deserialize)]
struct Packets {
    read: u64,
}

#[derive(Debug, Deserialize)]
struct Row {
    client_address: String,
    server_address: String,
    server_port: u16,
    transport: String,
    protocol: String,
    state: String,
    flows: u64,
}

/// How a map compares with the truth: numbers of dependencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// On the map and in truth, and not as a mere attempt.
    pub found: usize,
    /// Of those, with the right number of flows.
    pub flows_right: usize,
    /// Of those, with the right protocol.
    pub protocol_right: usize,
    /// On the map as more than an attempt, and not in truth.
    pub invented: usize,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// It is not there, or not a report.
    pub fn read(path: &Path) -> Result<Report> {
        let file = BufReader::new(File::open(path)?);
        serde_json::from_reader(file).context("the output of `tapmap analyze -o json` is not a report")
    }

    /// How many packets it says were read.
    pub fn packets_read(&self) -> u64 {
        self.capture.packets.read
    }

    /// Compares the map with what was generated.
    pub fn compare(&self, truth: &BTreeMap<Dependency, Expected>) -> Agreement {
        let mut agreement = Agreement::default();
        for row in &self.dependencies {
            let transport = match row.transport.as_str() {
                "udp" => "udp",
                _ => "tcp",
            };
            let key = (row.client_address.clone(), row.server_address.clone(), row.server_port, transport);
            match truth.get(&key) {
                // One-way syslog is never answered, and still what was expected.
                Some(expected) if row.state != "attempt" || expected.protocol == "syslog" => {
                    agreement.found += 1;
                    agreement.flows_right += usize::from(row.flows == expected.flows);
                    agreement.protocol_right += usize::from(row.protocol == expected.protocol);
                }
                None if row.state != "attempt" => agreement.invented += 1,
                _ => {}
            }
        }
        agreement
    }
}
