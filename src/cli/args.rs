//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Network;
use crate::finding::{Band, Finding};
use crate::model::Timestamp;
use crate::query::Mode;

/// Passive network dependency mapper: who depends on what, from packets alone.
///
/// tapmap sends no packet on the wire it watches and looks up no name.
#[derive(Debug, Parser)]
#[command(name = "tapmap", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str =
    "Exit status: 0 done; 1 failed, or never seen; 2 wrong usage; 3 done, and --fail-on found something.";

/// Reads a moment. A day is none, and what makes it one is said.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let start = format!("{text}T00:00:00Z");
    match text.parse::<Timestamp>() {
        Err(_) if start.parse::<Timestamp>().is_ok() => {
            Err(format!("`{text}` is a day and not a moment; write `{start}`"))
        }
        parsed => parsed.map_err(|error| error.to_string()),
    }
}

/// Reads a number of threads.
fn workers(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(workers @ 1..=256) => Ok(workers),
        _ => Err(format!("`{text}` is no number of threads; write one from 1 to 256")),
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read captures and tell what they show: the story first, then the map and its findings
    Analyze(AnalyzeArguments),
    /// List hosts: addresses, names, roles
    Hosts(ListArguments),
    /// List services: who offers what, with TLS and software
    Services(ListArguments),
    /// List dependencies: who uses what, and why the arrow points that way
    Deps(ListArguments),
    /// List certificates: status, days left, where they were seen
    Certs(ListArguments),
    /// List findings: insecure practices and certificates, the worst first
    Findings(ListArguments),
    /// List flows, with Community ID
    Flows(ListArguments),
    /// Tell who stops with a target, and what it can reach
    BlastRadius(super::blast_radius::BlastRadiusArguments),
    /// List single points of failure, the worst first
    Spof(super::spof::SpofArguments),
    /// Explain a rule, or what a site file or the configuration of a sensor may say
    Explain {
        /// A rule's id such as ADM-01, `site` or `config`; without one, all rules are listed
        #[arg(value_name = "RULE|site|config")]
        subject: Option<String>,
        /// Colours
        #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
        color: Colour,
    },
    /// Trace an infection in time: whom it can have reached, or who can have been first
    Trace(super::trace::TraceArguments),
    /// Show how somebody can have come from one host to another, in time
    Path(super::path::PathArguments),
    /// Compare two captures, two times, or a capture with a saved report
    Diff(DiffArguments),
    /// Write firewall rules for an isolation or a cut, with rollback and rehearsal; nothing is applied
    Policy(PolicyArguments),
    /// Tell what breaks if something is cut off, what that leaves open, and where it can be enforced
    Isolate(super::isolate::IsolateArguments),
    /// Find the least disruptive cut between two sets of hosts
    Cut(super::cut::CutArguments),
    /// One card of a host: identity over time, roles, services, what it uses, open sessions, findings
    Host(super::host::HostArguments),
    /// Who asked for and who touched an address, name, JA4, certificate or user
    Seen(super::seen::SeenArguments),
    /// One ordered story: first flows, sessions, findings, names, certificates, scans
    Timeline(super::timeline::TimelineArguments),
    /// Bytes that leave the local networks, by destination, with how many others use it
    Egress(super::egress::EgressArguments),
    /// Look at a tap and say whether it shows both directions, what is lost, and what it cannot show
    Doctor(super::doctor::DoctorArguments),
    /// Write the map for other programs
    Export(ExportArguments),
    /// Watch a mirror port: a live map, kept in a history
    Sensor(super::sensor::SensorArguments),
    /// Make, list or revoke the tokens that open the API
    Token(super::token::TokenArguments),
    /// Look after a store: add captures, check, export, compact, backup, restore
    Store(super::store::StoreArguments),
    /// Tell how much a store would grow and a sensor could carry, from a capture
    Sizing(super::sizing::SizingArguments),
    /// Serve the map of captures over HTTP, for programs and browsers
    Serve(super::serve::ServeArguments),
    /// Write completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page of the program, or of one of its commands
    Man {
        /// The command; none: the program
        command: Option<String>,
    },
}

/// `analyze`.
#[derive(Debug, Args)]
pub struct AnalyzeArguments {
    /// Captures (pcap or pcapng, also gzip, zstd or xz), directories of captures, or - for standard input
    #[arg(value_name = "FILE|DIR|-", required_unless_present_any = ["check", "data_dir"])]
    pub captures: Vec<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// How to tell.
    #[command(flatten)]
    pub telling: TellingArguments,
}

/// A list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Capture, directory of captures, or - for standard input; may be given several times
    #[arg(short, long = "read", value_name = "FILE", required_unless_present_any = ["check", "captures", "server", "data_dir"])]
    pub read: Vec<PathBuf>,
    /// The same as --read
    #[arg(value_name = "FILE|DIR|-")]
    pub captures: Vec<PathBuf>,
    /// Ask a running server instead, such as http://127.0.0.1:8080; a token is taken from TAPMAP_TOKEN
    #[arg(long, value_name = "URL", conflicts_with_all = ["read", "captures", "filter", "words", "since", "until", "local_networks", "site", "ca_bundle", "certificates", "workers", "no_dedup", "hash", "as_of"])]
    pub server: Option<String>,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// How to tell.
    #[command(flatten)]
    pub telling: TellingArguments,
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// What to write
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// Capture, directory of captures, or - for standard input; may be given several times
    #[arg(short, long = "read", value_name = "FILE", required_unless_present_any = ["check", "captures", "data_dir"])]
    pub read: Vec<PathBuf>,
    /// The same as --read
    #[arg(value_name = "FILE|DIR|-")]
    pub captures: Vec<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Judge certificates at this time [default: each when it was last shown; STATUS at the last packet]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// Say nothing on standard error but why it failed
    #[arg(short, long)]
    pub quiet: bool,
}

impl ListArguments {
    /// All captures, however they were named.
    pub fn captures(&self) -> Vec<PathBuf> {
        [self.read.as_slice(), &self.captures].concat()
    }
}

impl ExportArguments {
    /// All captures, however they were named.
    pub fn captures(&self) -> Vec<PathBuf> {
        [self.read.as_slice(), &self.captures].concat()
    }
}

/// A format of other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// For Gephi, yEd, Cytoscape: hosts and dependencies with typed attributes
    Graphml,
    /// For Graphviz: hosts in clusters by label or network
    Dot,
    /// Dependencies as comma-separated values
    Csv,
    /// The whole report as one JSON document
    Json,
}

/// How a question is asked.
#[derive(Debug, Args)]
pub struct AskArguments {
    /// Capture, directory of captures, or - for standard input; may be given several times
    #[arg(short, long = "read", value_name = "FILE", required_unless_present_any = ["check", "server", "data_dir"])]
    pub read: Vec<PathBuf>,
    /// Ask a running server instead, such as http://127.0.0.1:8080; a token is taken from TAPMAP_TOKEN
    #[arg(long, value_name = "URL", conflicts_with_all = ["read", "filter", "words", "local_networks", "site", "ca_bundle", "certificates", "workers", "no_dedup", "hash"])]
    pub server: Option<String>,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// What to write
    #[arg(short, long, value_enum, default_value_t = Output::Table, help_heading = "Telling")]
    pub output: Output,
    /// Answer as of this time [default: that of the last packet]
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = "Telling")]
    pub as_of: Option<Timestamp>,
    /// Show no names beside addresses (names are only ever those seen on the wire)
    #[arg(short = 'n', long, help_heading = "Telling")]
    pub no_names: bool,
    /// Say nothing on standard error but why it failed
    #[arg(short, long, help_heading = "Telling")]
    pub quiet: bool,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto, help_heading = "Telling")]
    pub color: Colour,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The earlier map: a capture, a directory, a report saved with `analyze -o json`, or TIME/TIME of -r
    pub before: String,
    /// The later map
    pub after: String,
    /// Captures that TIME/TIME is about
    #[arg(short, long = "read", value_name = "FILE")]
    pub read: Vec<PathBuf>,
    /// How to read.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// What to write: table or json
    #[arg(short, long, value_enum, default_value_t = Output::Table, help_heading = "Telling")]
    pub output: Output,
    /// Say nothing on standard error but why it failed
    #[arg(short, long, help_heading = "Telling")]
    pub quiet: bool,
    /// Colours
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto, help_heading = "Telling")]
    pub color: Colour,
}

/// `policy`.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// Whom to isolate: address, host:port, name, network, label:NAME, role:NAME
    #[arg(value_name = "TARGET", required_unless_present_any = ["from", "check"], conflicts_with_all = ["from", "to"])]
    pub targets: Vec<String>,
    /// full, egress, ingress, lateral or quarantine
    #[arg(long, default_value_t = Mode::Quarantine, value_name = "MODE", conflicts_with_all = ["from", "to"])]
    pub mode: Mode,
    /// Instead of isolating: part these from the ones of --to at the least cost
    #[arg(long, value_name = "SET", requires = "to")]
    pub from: Vec<String>,
    /// What the ones of --from must not reach
    #[arg(long, value_name = "SET", requires = "from")]
    pub to: Vec<String>,
    /// What must stay open: host:port, or client>host:port
    #[arg(long, value_name = "DEPENDENCY")]
    pub keep: Vec<String>,
    /// What to write
    #[arg(long, value_enum, default_value_t = PolicyFormat::Nftables)]
    pub format: PolicyFormat,
    /// Write what undoes the rules instead of the rules
    #[arg(long)]
    pub rollback: bool,
    /// Rules stop by themselves after this many hours
    #[arg(long, value_name = "HOURS", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub expires: u16,
    /// Hosts that an intruder holds: their ways on count as attack, not as use
    #[arg(long, value_name = "SET")]
    pub infected: Vec<String>,
    /// Judge by what began at or after this time, and plan by what came before [default: the last third]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub judge_since: Option<Timestamp>,
    /// How to ask.
    #[command(flatten)]
    pub ask: AskArguments,
}

/// For whom a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyFormat {
    /// For the gateway: a file that nft -f takes
    Nftables,
    /// For people at the switch, NAC or EDR: whom to isolate, and what the rehearsal says
    Plain,
}

/// How captures are read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadingArguments {
    /// Ask the history in this directory instead of captures; captures that are named go before it
    #[arg(long, value_name = "DIR", env = "TAPMAP_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Only packets that this BPF expression lets through, as tcpdump takes it
    #[arg(short, long, value_name = "BPF", conflicts_with = "words")]
    pub filter: Option<String>,
    /// The same as --filter, in words after --
    #[arg(last = true, value_name = "BPF")]
    pub words: Vec<String>,
    /// Only packets at or after this time, such as 2026-03-14T10:04:00Z; a zone is required
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// Only packets before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
    /// Your own networks [default: private, unique local, link-local and loopback addresses]
    #[arg(short = 'm', long, value_name = "CIDR,...", value_delimiter = ',')]
    pub local_networks: Vec<Network>,
    /// What you know and packets do not tell: networks, labels, names, servers (see `tapmap explain site`)
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Authorities that you trust to vouch for certificates, besides the public ones; PEM or DER, several times
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Vec<PathBuf>,
    /// Certificates that you know of: a file or directory of PEM, DER or CSV as `certs -o csv` writes it; several times
    #[arg(long, value_name = "PATH")]
    pub certificates: Vec<PathBuf>,
    /// Threads that follow flows; 1 does everything on one thread [default: one for each core]
    #[arg(long, value_name = "N", value_parser = workers)]
    pub workers: Option<u16>,
    /// Count the copies of packets that a mirror delivers
    #[arg(long)]
    pub no_dedup: bool,
    /// Also compute the SHA-256 of each capture
    #[arg(long)]
    pub hash: bool,
    /// Check flags, filter and site file, and exit
    #[arg(short = 'T', long = "check")]
    pub check: bool,
}

impl ReadingArguments {
    /// The filter, however it was given.
    pub fn expression(&self) -> Option<String> {
        match (&self.filter, self.words.as_slice()) {
            (None, []) => None,
            (None, words) => Some(words.join(" ")),
            (Some(filter), _) => Some(filter.clone()),
        }
    }
}

/// How the answer is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Telling")]
pub struct TellingArguments {
    /// What to write
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Judge certificates at this time [default: each when it was last shown; STATUS at the last packet]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// Exit with status 3 if a finding is at least this urgent
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<Level>,
    /// Show no names beside addresses in tables (names are only ever those seen on the wire)
    #[arg(short = 'n', long)]
    pub no_names: bool,
    /// Say nothing on standard error but why it failed
    #[arg(short, long)]
    pub quiet: bool,
    /// Colours in tables
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text for people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How urgent a finding must be to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// Low and above
    Low,
    /// Medium and above
    Medium,
    /// High and above
    High,
    /// Critical only
    Critical,
}

impl Level {
    /// Whether a finding is at least so urgent.
    pub fn reached_by(self, finding: &Finding) -> bool {
        finding.band
            >= match self {
                Level::Low => Band::Low,
                Level::Medium => Band::Medium,
                Level::High => Band::High,
                Level::Critical => Band::Critical,
            }
    }
}
