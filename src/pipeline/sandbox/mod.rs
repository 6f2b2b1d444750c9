//! What the sensor gives away once its captures are open: everything that it does not need.
//!
//! ```text
//! before_capture ─> captures and listener are opened ─> after_open ─> threads are started
//!  user, data directory                                  user, capabilities, files, calls
//!                                                                      └─ parser_thread, capture_thread
//! ```
//!
//! **Invariant:** `after_open` comes before the first thread. Landlock and capabilities are each
//! thread's own, and what is started later inherits them.
//!
//! Every step says whether it holds. SECURITY.md lists what is promised, and `tests/sandbox` tries to
//! break each promise from inside.

mod calls;
mod files;
mod filter;
mod probe;
mod report;
mod user;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage, getsockname};
use seccompiler::{apply_filter, apply_filter_all_threads};

pub use probe::{Probe, probes};
pub use report::{Report, State, Step};
pub use user::USER;

use filter::Filters;
use user::Identity;

/// How much confinement is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// None: to find out whether it is to blame.
    Off,
    /// As much as this kernel has.
    #[default]
    On,
    /// All of it, or the sensor does not start.
    Strict,
}

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// How much.
    pub mode: Mode,
    /// Whom to become; none: [`USER`], if there is such a user.
    pub user: Option<String>,
    /// Which group; none: the user's.
    pub group: Option<String>,
    /// The only place to write to.
    pub data_dir: Option<PathBuf>,
    /// Files and directories that are read later: watched captures, certificate and key, configuration,
    /// site file. Of a file its whole directory, because it is replaced there.
    pub read: Vec<PathBuf>,
}

/// Why the sensor is not confined.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Nobody of that name.
    #[error(
        "there is no user `{0}`; make one (`useradd --system --no-create-home {0}`) or name another with --user"
    )]
    NoUser(String),
    /// No such group.
    #[error("there is no group `{0}`; name another with --group")]
    NoGroup(String),
    /// Nothing would be given away.
    #[error("`{0}` is root; name a user with --user that is not")]
    Root(String),
    /// Only root can become somebody else.
    #[error("only root can become another user; leave --user and --group out, or start as root")]
    NotRoot,
    /// The data directory cannot be made or handed over.
    #[error("cannot prepare {path}: {source}", path = path.display())]
    Directory {
        /// What of it.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is somebody else's, and taking it away from him is not ours.
    #[error("{path} does not belong to `{name}`; `chown -R {name} {path}`, or name its owner with --user", path = path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Who should own it.
        name: String,
    },
    /// What the system says.
    #[error("cannot {what}: {errno}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        errno: Errno,
    },
    /// The kernel said yes, and did not mean it.
    #[error("the sensor gave up root and can become root again")]
    StillRoot,
    /// The same of capabilities.
    #[error("the sensor gave up its capabilities and has some left")]
    StillCapable,
    /// Capabilities cannot be read or changed.
    #[error("cannot empty the capabilities: {0}")]
    Capabilities(caps::errors::CapsError),
    /// Landlock refuses the rules.
    #[error("cannot confine files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// The filters are wrong, which a test would have found.
    #[error("cannot make the filter of system calls: {0}")]
    Filter(#[from] seccompiler::BackendError),
    /// Threads that were started before stay outside.
    #[error("{0} threads run already, and only one may: confinement comes first")]
    Threads(usize),
    /// Not everything holds, and everything is wanted.
    #[error("not everything of the sandbox holds, and all of it is wanted (--sandbox strict):\n{0}")]
    NotWhole(Report),
}

impl SandboxError {
    fn system(what: &'static str, errno: Errno) -> SandboxError {
        SandboxError::System { what, errno }
    }
}

/// What was found out before anything was opened.
pub struct Prepared {
    options: SandboxOptions,
    identity: Result<Identity, State>,
}

/// Filters for threads, once the process is confined.
static FILTERS: OnceLock<Filters> = OnceLock::new();

/// Finds out whom to become, and makes the data directory his. Wrong options are refused here, before
/// anything is opened.
pub fn before_capture(options: &SandboxOptions) -> Result<Prepared, SandboxError> {
    let options = options.clone();
    let identity = match options.mode {
        Mode::Off => Err(State::Off),
        Mode::On | Mode::Strict => user::wanted(&options)?,
    };
    if let Some(directory) = &options.data_dir {
        user::prepare(directory, identity.as_ref().ok())?;
    }
    Ok(Prepared { options, identity })
}

/// Gives away what is not needed any more. Captures and the listener are open; no thread was started.
pub fn after_open(prepared: Prepared) -> Result<Report, SandboxError> {
    let Prepared { options, identity } = prepared;
    let mut report = Report::default();
    if options.mode == Mode::Off {
        for name in ["privileges", "user", "capabilities", "memory", "files", "network", "calls", "parsers"] {
            report.add(name, State::Off);
        }
        return Ok(report);
    }
    let threads = threads();
    if threads > 1 {
        return Err(SandboxError::Threads(threads));
    }
    prctl::set_no_new_privs().map_err(|errno| SandboxError::system("forgo new privileges", errno))?;
    report.add("privileges", State::Held("nothing that is started gains any (no_new_privs)".to_owned()));
    let bounding = user::empty_bounding_set();
    let state = identity.map_or_else(Ok, |identity| user::become_user(&identity))?;
    report.add("user", state);
    report.add("capabilities", user::empty_capabilities()?);
    report.add("later capabilities", bounding);
    prctl::set_dumpable(false).map_err(|errno| SandboxError::system("forbid memory dumps", errno))?;
    report.add("memory", State::Held("no dump of it is written, no other process may read it".to_owned()));
    let (files, network) = files::confine(&options)?;
    report.add("files", files);
    report.add("network", network);
    let (calls, parsers) = confine_calls()?;
    report.add("calls", calls);
    report.add("parsers", parsers);
    match options.mode {
        Mode::Strict if !report.is_whole() => Err(SandboxError::NotWhole(report)),
        _ => Ok(report),
    }
}

/// Threads of this process.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

fn confine_calls() -> Result<(State, State), SandboxError> {
    let sockets = packet_sockets();
    let filters = match Filters::new(&sockets) {
        Ok(filters) => filters,
        Err(seccompiler::BackendError::InvalidTargetArch(machine)) => {
            let why = format!("no filter for {machine}");
            return Ok((State::Missing(why.clone()), State::Missing(why)));
        }
        Err(error) => return Err(error.into()),
    };
    let applied =
        apply_filter_all_threads(&filters.needed).and_then(|()| apply_filter_all_threads(&filters.forbidden));
    if let Err(error) = applied {
        let why = format!("the kernel takes no filter (Linux 3.17 with CONFIG_SECCOMP_FILTER): {error}");
        return Ok((State::Missing(why.clone()), State::Missing(why)));
    }
    // Set once: a process is confined once.
    let _ = FILTERS.set(filters);
    let sending = match sockets.len() {
        0 => String::new(),
        1 => ", no sending on the capture's socket".to_owned(),
        many => format!(", no sending on the capture's {many} sockets"),
    };
    let calls = format!("no program, no process, no IP or packet socket, no code from memory{sending}");
    let parsers = "memory, locks and time only: no file, no socket, no program".to_owned();
    Ok((State::Held(calls), State::Held(parsers)))
}

/// Open packet sockets: what captures read from.
fn packet_sockets() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_packet = |number: &i32| {
        // What is no socket, and the directory that is being read, is answered with an error.
        let address = getsockname::<SockaddrStorage>(*number);
        address.is_ok_and(|address| address.family() == Some(AddressFamily::Packet))
    };
    numbers.filter(is_packet).collect()
}

/// To be called first by a thread that parses packets: from here on it can do nothing else. Does
/// nothing in a process that is not confined.
pub fn parser_thread() {
    if let Some(filters) = FILTERS.get() {
        enter(&filters.parser);
    }
}

/// To be called by the thread that takes packets from the kernel, after it has started all others.
pub fn capture_thread() {
    if let Some(filters) = FILTERS.get() {
        enter(&filters.capture);
    }
}

fn enter(filter: seccompiler::BpfProgramRef<'_>) {
    if let Err(error) = apply_filter(filter) {
        // The same kernel took a filter at the start. To go on would be to parse hostile bytes unguarded.
        tracing::error!(%error, "a thread that parses packets could not be confined; the sensor ends");
        std::process::exit(1);
    }
}
