//! Which files are within reach: Landlock.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

use super::SandboxOptions;
use super::report::State;

/// What is handled: everything up to this version, as far as the kernel knows it.
const VERSION: ABI = ABI::V7;

/// What the system tells about its interfaces and about this process, and which day it is where.
const READ_ONLY: &[&str] = &[
    "/proc/self",
    "/proc/sys/net",
    "/sys/class/net",
    "/sys/devices",
    "/dev/urandom",
    "/etc/localtime",
    "/usr/share/zoneinfo",
];

/// Confines this thread and all that it starts. What is open stays open.
pub(super) fn confine(options: &SandboxOptions) -> Result<(State, State), RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?;
    if !speaks_to_abstract_sockets() {
        rules = rules.scope(Scope::AbstractUnixSocket)?;
    }
    let mut rules = rules.scope(Scope::Signal)?.create()?;
    let readable =
        READ_ONLY.iter().map(PathBuf::from).chain(options.read.iter().flat_map(|path| around(path)));
    for path in readable {
        rules = allow(rules, &path, AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    rules = allow(rules, Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile)?;
    if let Some(directory) = &options.data_dir {
        rules = allow(rules, directory, own())?;
    }
    let status = rules.restrict_self()?;
    let LandlockStatus::Available { effective_abi, .. } = status.landlock else {
        let why = "the kernel has no Landlock (Linux 5.13 with CONFIG_SECURITY_LANDLOCK and lsm=…,landlock)";
        return Ok((State::Missing(why.to_owned()), State::Missing(why.to_owned())));
    };
    Ok(told(options, effective_abi, status.ruleset))
}

/// What the sensor may do in its own directory: all that regular files and directories need.
fn own() -> BitFlags<AccessFs> {
    AccessFs::from_all(VERSION)
        & !(AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeFifo
            | AccessFs::MakeSock
            | AccessFs::MakeSym
            | AccessFs::IoctlDev)
}

/// A file that is replaced is another file of the same directory: that is what must be readable, and
/// also the one that a link leads to.
fn around(path: &Path) -> Vec<PathBuf> {
    let directory = |path: &Path| if path.is_dir() { path.to_owned() } else { parent(path) };
    let mut all = vec![directory(path)];
    if let Ok(real) = path.canonicalize() {
        all.push(directory(&real));
    }
    all.dedup();
    all
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What is not there needs no rule.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: impl Into<BitFlags<AccessFs>>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(handle) = PathFd::new(path) else { return Ok(rules) };
    let access = access.into();
    // Rights that only directories have make the kernel refuse a rule for a file.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(VERSION) };
    rules.add_rule(PathBeneath::new(handle, access))
}

/// Where systemd is told that the sensor is ready.
fn speaks_to_abstract_sockets() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some_and(|name| name.as_encoded_bytes().starts_with(b"@"))
}

fn told(options: &SandboxOptions, version: ABI, status: RulesetStatus) -> (State, State) {
    let number = version as i32;
    if status == RulesetStatus::NotEnforced {
        let why = format!("the kernel took no rule (Landlock version {number})");
        return (State::Missing(why.clone()), State::Missing(why));
    }
    let own = options.data_dir.as_ref().map_or("nothing".to_owned(), |path| path.display().to_string());
    let mut files = format!("may write in {own}, and read what it needs (Landlock version {number})");
    if version < ABI::V3 {
        files.push_str("; this kernel does not yet guard truncation");
    }
    let network = match version < ABI::V4 {
        true => State::Missing(format!(
            "Landlock version {number} does not guard TCP; version 4 (Linux 6.7) does"
        )),
        false => State::Held("no TCP port can be bound, no TCP connection made".to_owned()),
    };
    (State::Held(files), network)
}
