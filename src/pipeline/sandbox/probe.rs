//! Trying from inside what must not be possible: what `--check-sandbox` shows.

use std::ffi::CString;
use std::fs::{self, File};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{Uid, execv, setresuid};

use super::{FILTERS, SandboxOptions, enter};

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What.
    pub what: &'static str,
    /// How it was refused; none: it was not.
    pub refused: Option<String>,
}

type Attempt = fn() -> Result<(), Errno>;

/// What no thread may do.
const PROCESS: &[(&str, Attempt)] = &[
    ("start a program", start_program),
    ("become root", become_root),
    ("open a packet socket", || open(AddressFamily::Packet, SockType::Raw)),
    ("open a UDP socket", || open(AddressFamily::Inet, SockType::Datagram)),
    ("open a TCP socket", || open(AddressFamily::Inet6, SockType::Stream)),
    ("read /etc/passwd", || read("/etc/passwd")),
    ("write /tmp", write_temporary),
];

/// What a thread that parses packets may not do beside.
const PARSER: &[(&str, Attempt)] = &[
    ("parser: start a program", start_program),
    ("parser: open a file", || read("/dev/null")),
    ("parser: open a socket", || open(AddressFamily::Unix, SockType::Datagram)),
    ("parser: become root", become_root),
];

/// Tries everything in a process that [`super::after_open`] has confined. In one that it has not, nothing
/// that is tried does any harm.
pub fn probes(options: &SandboxOptions) -> Vec<Probe> {
    let mut all = try_all(PROCESS);
    if let Some(directory) = &options.data_dir {
        all.push(can_write(directory));
    }
    let parser = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if let Some(filters) = FILTERS.get() {
                enter(&filters.parser);
            }
            try_all(PARSER)
        });
        thread.join()
    });
    all.extend(parser.unwrap_or_default());
    all
}

fn try_all(attempts: &[(&'static str, Attempt)]) -> Vec<Probe> {
    let each = attempts.iter().map(|(what, attempt)| {
        let refused = attempt().err().map(|errno| errno.desc().to_owned());
        Probe { what, refused }
    });
    each.collect()
}

/// A program that is not there: where starting one is possible, the kernel says that it is not there.
fn start_program() -> Result<(), Errno> {
    let nothing = CString::from(c"/nonexistent/program");
    match execv(&nothing, &[&nothing]) {
        Ok(never) => match never {},
        Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn become_root() -> Result<(), Errno> {
    let root = Uid::from_raw(0);
    setresuid(root, root, root)
}

fn open(family: AddressFamily, kind: SockType) -> Result<(), Errno> {
    socket(family, kind, SockFlag::SOCK_CLOEXEC, None).map(drop)
}

fn read(path: &str) -> Result<(), Errno> {
    File::open(path).map(drop).map_err(errno)
}

fn write_temporary() -> Result<(), Errno> {
    let path = std::env::temp_dir().join(format!("tapmap-probe-{}", std::process::id()));
    File::create_new(&path).map_err(errno)?;
    fs::remove_file(&path).map_err(errno)
}

/// The other way round: what must be possible.
fn can_write(directory: &Path) -> Probe {
    let path = directory.join(format!(".probe-{}", std::process::id()));
    let written = fs::write(&path, b"probe").and_then(|()| fs::remove_file(&path));
    // Shown as held when it works, like the others when they do not.
    let refused = written.is_ok().then(|| "possible, as it must be".to_owned());
    Probe { what: "write in the data directory", refused }
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
