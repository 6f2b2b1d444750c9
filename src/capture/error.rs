//! What can keep captures from being read.

use std::path::{Path, PathBuf};

/// Why there is nothing to read. Later faults end one source and stand in its `problem`.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing was named.
    #[error("no capture named; give files, directories, or `-` for standard input")]
    NothingNamed,
    /// There is one standard input, and its bytes come once.
    #[error("`-` (standard input) is named twice; its bytes can be read only once")]
    StandardInputTwice,
    /// The one source that was named.
    #[error("{} {why}", shown(path))]
    Source {
        /// As it was named.
        path: PathBuf,
        /// What is wrong with it.
        why: Refusal,
    },
    /// None of several sources.
    #[error("none of the {} sources can be read: {}", .0.len(), listed(.0))]
    NoneReadable(Vec<(PathBuf, Refusal)>),
    /// The filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// Why a filter cannot be used. The messages are libpcap's own.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FilterError {
    /// It is not in the language.
    #[error("bad filter `{expression}`: {message}")]
    Syntax {
        /// The filter.
        expression: String,
        /// What libpcap says of it.
        message: String,
    },
    /// It asks for what no frame of these captures has.
    #[error("filter `{expression}` cannot be used on link type {links}: {message}")]
    LinkTypes {
        /// The filter.
        expression: String,
        /// The names of the link types.
        links: String,
        /// What libpcap says of the first.
        message: String,
    },
}

/// Why one source cannot be read; reads on after its name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// No such file.
    #[error("does not exist")]
    Missing,
    /// Permissions.
    #[error("cannot be read: permission denied; tapmap needs the right to read it")]
    Permission,
    /// Whatever else the system says.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Standard input is a keyboard.
    #[error("is a terminal; pipe a capture into it, as in `tcpdump -w - | tapmap analyze -`")]
    Terminal,
    /// An empty file.
    #[error("is empty (0 bytes)")]
    Empty,
    /// A directory in which nothing is a capture.
    #[error("is a directory without captures ({files} files looked at)")]
    NoCaptures {
        /// How many regular files are in it and below it.
        files: usize,
    },
    /// Another kind of file.
    #[error(
        "is no capture file: it begins with `{0}` (a pcap begins with d4 c3 b2 a1, a pcapng with 0a 0d 0d 0a)"
    )]
    NoCapture(String),
    /// A capture in a format that other tools convert.
    #[error("is a file of {0}; convert it with `editcap -F pcapng`")]
    OtherCapture(&'static str),
    /// Compressed, where bytes are wanted as they come.
    #[error("is compressed; undo that on the way, as in `zcat | tapmap …`")]
    CompressedStream,
    /// Compressed in another way.
    #[error("is compressed with {0}; gzip, zstd and xz are undone here")]
    OtherCompression(&'static str),
    /// The file header is not whole.
    #[error("is cut short: {have} bytes, and the header of a {format} has {need}")]
    CutHeader {
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Bytes there.
        have: usize,
        /// Bytes of the header.
        need: usize,
    },
    /// A version that nobody has described.
    #[error("is a pcap of version {major}.{minor} (2.0 to 2.4 are read)")]
    PcapVersion {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// The first section header is broken.
    #[error("is a pcapng that cannot be read: {0}")]
    PcapNgHeader(String),
}

/// What another kind of file is called.
type Other = fn(&'static str) -> Refusal;

/// How files begin that are often taken for captures, and what they are.
const OTHERS: &[(&[u8], Other, &str)] = &[
    (b"snoop\0\0\0", Refusal::OtherCapture, "Solaris snoop"),
    (b"GMBU", Refusal::OtherCapture, "Microsoft Network Monitor 2"),
    (b"RTSS", Refusal::OtherCapture, "Microsoft Network Monitor 1"),
    (b"TRSNIFF ", Refusal::OtherCapture, "Network General Sniffer"),
    (b"XCP\0", Refusal::OtherCapture, "NetXRay"),
    (b"BZh", Refusal::OtherCompression, "bzip2"),
    (b"\x04\x22\x4d\x18", Refusal::OtherCompression, "lz4"),
    (b"PK\x03\x04", Refusal::OtherCompression, "zip"),
    (b"\x1f\x9d", Refusal::OtherCompression, "compress"),
    (b"7z\xbc\xaf\x27\x1c", Refusal::OtherCompression, "7-Zip"),
    (b"\x1f\x8b", Refusal::OtherCompression, "gzip twice"),
];

impl Refusal {
    /// How many first bytes of a file tell what it is.
    pub(super) const FIRST_BYTES: usize = 8;

    /// Says what a file is that begins like no capture.
    pub(super) fn no_capture(first: &[u8]) -> Self {
        if first.is_empty() {
            return Refusal::Empty;
        }
        match OTHERS.iter().find(|(magic, _, _)| first.starts_with(magic)) {
            Some((_, refusal, name)) => refusal(name),
            None => Refusal::NoCapture(printed(first)),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Refusal::Missing,
            std::io::ErrorKind::PermissionDenied => Refusal::Permission,
            _ => Refusal::Unreadable(error.to_string()),
        }
    }
}

/// Text as text, anything else in hex.
fn printed(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return format!("{}…", String::from_utf8_lossy(bytes));
    }
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

/// A path as the user wrote it.
fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { format!("`{}`", path.display()) }
}

fn listed(sources: &[(PathBuf, Refusal)]) -> String {
    /// More than these are not read by anybody.
    const LISTED_MAX: usize = 10;
    let mut lines: Vec<String> =
        sources.iter().take(LISTED_MAX).map(|(path, why)| format!("{} {why}", shown(path))).collect();
    if sources.len() > LISTED_MAX {
        lines.push(format!("and {} more", sources.len() - LISTED_MAX));
    }
    lines.join("; ")
}
