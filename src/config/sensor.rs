//! Every option of the sensor, in one table: its name, kind, default, bounds, and when a change
//! takes effect. The structure that is filled, the flags, the environment and the printed example all
//! follow from it.
//!
//! An option has one name: `data_dir` in the file is `TAPMAP_DATA_DIR` in the environment and
//! `--data-dir` on the command line. The command line goes before the environment, and that before
//! the file.

mod entry;
mod example;
mod file;
mod gather;
#[cfg(test)]
mod tests;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::Network;
use entry::{bounded, options};

pub use entry::{Applies, Entry};
pub use example::example;
pub use gather::{Configuration, Mistake, Mistakes, Origin, Sources};
pub use value::{Bytes, Given, LogFormat, LogLevel, Period, Setting};

/// What every variable in the environment begins with.
pub const PREFIX: &str = "TAPMAP_";

/// The file that is read where none is named.
pub const FILE: &str = "/etc/tapmap/tapmap.toml";

options! {
    ["What is captured"]
    interfaces: Vec<String> {
        default: "",
        example: "eth1, eth2",
        short: 'i',
        alias: "interface",
        word: "IFACE",
        applies: Restart,
        about: "Interfaces to listen on, each at a mirror port or a tap. Nothing is sent on them.",
    }
    buffer: Bytes {
        default: "64 MiB",
        within: "1 MiB to 2047 MiB",
        applies: Restart,
        about: "Kernel memory of each interface, where packets wait while the sensor is busy.",
    }
    rings: u32 {
        default: "1",
        within: "1 to 16",
        applies: Restart,
        about: "Rings of each interface, among which the kernel deals its packets by flow.",
    }
    snaplen: u32 {
        default: "262144",
        within: "256 to 262144",
        applies: Restart,
        about: "Bytes kept of each packet. Less than a whole packet hides what applications say.",
    }
    promiscuous: bool {
        default: "true",
        applies: Restart,
        about: "Whether to take packets that are addressed to others, which is what a mirror port delivers.",
    }
    filter: Option<String> {
        default: "",
        example: "not port 9000",
        short: 'f',
        word: "BPF",
        applies: Restart,
        about: "Only packets that this BPF expression lets through, as tcpdump takes it.",
    }
    watch: Option<PathBuf> {
        default: "",
        example: "/var/spool/captures",
        word: "DIR",
        applies: Restart,
        about: "A directory to which another program writes captures one after the other, read as they grow.",
    }
    stdin: bool {
        default: "false",
        applies: Restart,
        about: "Whether to read a capture from standard input while it is being written.",
    }
    drop_duplicates: bool {
        default: "true",
        applies: Restart,
        about: "Whether to drop the copies of packets that a mirror delivers; they are counted either way.",
    }

    ["Your network"]
    local_networks: Vec<Network> {
        default: "",
        example: "10.0.0.0/8, fd00::/8",
        short: 'm',
        applies: Reload,
        about: "Your own networks. Left out: what the site file says, else private, unique local, link-local \
                and loopback addresses.",
    }
    site: Option<PathBuf> {
        default: "",
        example: "/etc/tapmap/site.toml",
        word: "FILE",
        applies: Reload,
        about: "What you know and packets do not tell: labels, names, servers (`tapmap explain site`).",
    }

    ["What is kept"]
    data_dir: Option<PathBuf> {
        default: "",
        example: "/var/lib/tapmap",
        word: "DIR",
        applies: Restart,
        about: "The directory of the history. Left out: nothing outlives the sensor.",
    }
    durable: bool {
        default: "false",
        applies: Restart,
        about: "Whether to wait for the disk with every write, so that a power failure takes no more than a \
                crash.",
    }
    store_max: Option<Bytes> {
        default: "",
        example: "100 GiB",
        within: "64 MiB to 1024 TiB",
        applies: Restart,
        about: "Bytes that the history may take. Left out: as many as the disk has.",
    }
    retention_flows: Period {
        default: "30 d",
        within: "1 h to 3650 d",
        applies: Reload,
        about: "How long each flow is kept by itself: start, end, bytes, user. It is what traces need.",
    }
    retention_exchanges: Period {
        default: "7 d",
        within: "1 h to 3650 d",
        applies: Reload,
        about: "How long it is kept when the sides of a flow took turns, which shows what needs what.",
    }
    retention_hours: Period {
        default: "180 d",
        within: "1 d to 3650 d",
        applies: Reload,
        about: "How long it is kept who used what in which minute.",
    }
    retention_inventory: Period {
        default: "400 d",
        within: "1 d to 3650 d",
        applies: Reload,
        about: "How long hosts, services, dependencies, names and certificates are kept after they were last \
                seen.",
    }
    retention_findings: Period {
        default: "400 d",
        within: "1 d to 3650 d",
        applies: Reload,
        about: "How long insecure practices are kept after they were last seen.",
    }

    ["Who may ask"]
    listen: Option<SocketAddr> {
        default: "127.0.0.1:8470",
        applies: Restart,
        about: "Where the API answers; empty: nowhere. Any address but loopback needs a certificate.",
    }
    hosts: Vec<String> {
        default: "",
        example: "tapmap.example.org",
        alias: "host",
        word: "NAME",
        applies: Restart,
        about: "Names by which the API may be asked for, besides localhost and every address.",
    }
    tls_certificate: Option<PathBuf> {
        default: "",
        example: "/etc/tapmap/tls/certificate.pem",
        word: "FILE",
        applies: Reload,
        about: "The certificate of the API with its chain, in PEM.",
    }
    tls_key: Option<PathBuf> {
        default: "",
        example: "/etc/tapmap/tls/key.pem",
        word: "FILE",
        applies: Reload,
        about: "The private key of that certificate, in PEM, readable by the user that the sensor runs as.",
    }

    ["What it may do"]
    user: Option<String> {
        default: "",
        example: "tapmap",
        word: "USER",
        applies: Restart,
        about: "Whom the sensor becomes once its interfaces are open. Left out: `tapmap` if it starts as root and \
                there is such a user; else it stays who it is.",
    }
    group: Option<String> {
        default: "",
        example: "tapmap",
        word: "GROUP",
        applies: Restart,
        about: "The group that goes with it. Left out: the first one of that user.",
    }

    ["How it works"]
    workers: Option<u32> {
        default: "",
        example: "4",
        within: "1 to 256",
        applies: Restart,
        about: "Threads that follow flows. Left out: one for each core.",
    }
    tick: Period {
        default: "250 ms",
        within: "50 ms to 10 s",
        applies: Restart,
        about: "How often the map is made new.",
    }
    live_window: Period {
        default: "1 h",
        within: "1 min to 24 h",
        applies: Restart,
        about: "How long flows that have ended stay in memory for questions; the history has them longer.",
    }
    flows_max: u32 {
        default: "131072",
        within: "1024 to 16777216",
        applies: Restart,
        about: "Open flows of each of the 8 shards, at 320 B. Past it the longest idle one ends early.",
    }
    followed_max: u32 {
        default: "32768",
        within: "256 to 16777216",
        applies: Restart,
        about: "Flows of each shard whose bytes are read, at 500 B. Past it new ones are only counted.",
    }
    waiting_bytes_max: Bytes {
        default: "32 MiB",
        within: "1 MiB to 4 GiB",
        applies: Restart,
        about: "Bytes of each shard that wait for packets which come late.",
    }
    tcp_idle: Period {
        default: "3 h",
        within: "1 min to 30 d",
        applies: Restart,
        about: "A TCP flow without a packet for this long is over.",
    }
    udp_idle: Period {
        default: "1 min",
        within: "1 s to 1 d",
        applies: Restart,
        about: "A UDP or SCTP flow without a packet for this long is over.",
    }

    ["What it says on standard error"]
    log_format: LogFormat {
        default: "text",
        applies: Restart,
        about: "How lines look: for people, or one JSON object each.",
    }
    log_level: LogLevel {
        default: "info",
        applies: Reload,
        about: "The least urgent messages that are said. No packet ever makes a line.",
    }
}
