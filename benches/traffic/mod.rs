//! Captures to measure with: an enterprise's traffic, and a flood.
//!
//! Everything is drawn from one seed, so a file is the same on every machine, and written as it is
//! drawn, so its length costs no memory.
//!
//! ```text
//! script/   what a protocol's two parties say   ->  talk.rs      turns
//! tcp.rs, udp.rs                                ->  frame.rs     turns as frames
//! mixture.rs, flood.rs                          ->  schedule.rs  many flows, one line of time
//!                                                   pcap.rs      the file
//! ```

mod certificate;
mod encode;
mod filler;
mod flood;
mod frame;
mod mixture;
mod network;
mod pcap;
mod random;
mod schedule;
mod script;
mod talk;
mod tcp;
mod udp;

use std::collections::BTreeMap;

use filler::Filler;
use network::Network;
use random::Random;

pub use flood::flood;
pub use mixture::mixture;

/// Distinct certificates; servers share them in turn.
const CERTIFICATES: usize = 36;

/// What every flow may draw on.
#[derive(Debug)]
pub struct World {
    network: Network,
    filler: Filler,
    /// TLS Certificate message bodies.
    chains: Vec<Vec<u8>>,
}

impl World {
    fn new(random: &mut Random) -> Result<Self, rcgen::Error> {
        let network = Network::new(random);
        let names: Vec<String> =
            network.servers.iter().take(CERTIFICATES).map(|server| server.name.clone()).collect();
        let chains = certificate::chains(&names, random)?;
        Ok(World { network, filler: Filler::new(random), chains })
    }
}

/// Who depends on what, as the report words it: client, server, port, transport.
pub type Dependency = (String, String, u16, &'static str);

/// What a correct map says of one dependency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Flows that came about.
    pub flows: u64,
    /// The protocol's name in the report.
    pub protocol: &'static str,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// Frames in the file.
    pub packets: u64,
    /// Bytes of those frames.
    pub bytes: u64,
    /// Flows, failed attempts among them.
    pub flows: u64,
    /// The most flows that were open at one moment.
    pub open_max: usize,
    /// Every dependency of which at least one flow came about.
    pub dependencies: BTreeMap<Dependency, Expected>,
}
