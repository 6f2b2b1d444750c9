//! Who the sensor is once the capture is open, and what it owns.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use caps::{CapSet, Capability};
use nix::fcntl::OFlag;
use nix::unistd::{Gid, Group, Uid, User, geteuid, setgroups, setresgid, setresuid};

use super::report::State;
use super::{SandboxError, SandboxOptions};

/// The user that packages make for the sensor.
pub const USER: &str = "tapmap";

/// Whom to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    uid: Uid,
    gid: Gid,
    name: String,
}

/// Whom the options ask for. None: the sensor stays who it is, and why.
pub(super) fn wanted(options: &SandboxOptions) -> Result<Result<Identity, State>, SandboxError> {
    let asked = options.user.is_some() || options.group.is_some();
    if !geteuid().is_root() {
        return match asked {
            true => Err(SandboxError::NotRoot),
            false => Ok(Err(State::Held(format!("started as user {} and not as root", geteuid())))),
        };
    }
    let name = options.user.as_deref().unwrap_or(USER);
    let Some(user) = find_user(name)? else {
        if options.user.is_some() {
            return Err(SandboxError::NoUser(name.to_owned()));
        }
        let why = format!(
            "still root: there is no user `{USER}`; make one (`useradd --system --no-create-home {USER}`) or name another with --user"
        );
        return Ok(Err(State::Missing(why)));
    };
    let gid = match &options.group {
        None => user.gid,
        Some(name) => {
            let group =
                Group::from_name(name).map_err(|errno| SandboxError::system("look up the group", errno))?;
            group.ok_or_else(|| SandboxError::NoGroup(name.clone()))?.gid
        }
    };
    if user.uid.is_root() {
        return Err(SandboxError::Root(user.name));
    }
    Ok(Ok(Identity { uid: user.uid, gid, name: user.name }))
}

/// By name, or by number where it has no name.
fn find_user(name: &str) -> Result<Option<User>, SandboxError> {
    let found = User::from_name(name).map_err(|errno| SandboxError::system("look up the user", errno))?;
    match (found, name.parse::<u32>()) {
        (None, Ok(number)) => User::from_uid(Uid::from_raw(number))
            .map_err(|errno| SandboxError::system("look up the user", errno)),
        (found, _) => Ok(found),
    }
}

/// Makes the data directory if there is none, and hands it over to whom it is for if only root could
/// have written in it. What others own is left alone.
pub(super) fn prepare(directory: &Path, identity: Option<&Identity>) -> Result<(), SandboxError> {
    let wrong = |source| SandboxError::Directory { path: directory.to_owned(), source };
    if !directory.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(wrong)?;
    }
    let Some(identity) = identity else { return Ok(()) };
    let handle = open_directory(directory).map_err(wrong)?;
    let metadata = handle.metadata().map_err(wrong)?;
    if metadata.uid() == identity.uid.as_raw() {
        return Ok(());
    }
    if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
        return Err(SandboxError::Owner { path: directory.to_owned(), name: identity.name.clone() });
    }
    for file in root_files(directory).map_err(wrong)? {
        hand_over(&file, identity)
            .map_err(|source| SandboxError::Directory { path: file.clone(), source })?;
    }
    let (uid, gid) = (identity.uid.as_raw(), identity.gid.as_raw());
    fchown(&handle, Some(uid), Some(gid)).map_err(wrong)
}

fn open_directory(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits()).open(path)
}

/// Regular files right in it. Nobody but root could put them there.
fn root_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn hand_over(path: &Path, identity: &Identity) -> io::Result<()> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    // A second name elsewhere could be somebody's way to a file of root's.
    if metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == 0 {
        fchown(&file, Some(identity.uid.as_raw()), Some(identity.gid.as_raw()))?;
    }
    Ok(())
}

/// Becomes that user for good, in all threads.
pub(super) fn become_user(identity: &Identity) -> Result<State, SandboxError> {
    let Identity { uid, gid, name } = identity;
    setgroups(&[]).map_err(|errno| SandboxError::system("leave the groups of root", errno))?;
    setresgid(*gid, *gid, *gid).map_err(|errno| SandboxError::system("change the group", errno))?;
    setresuid(*uid, *uid, *uid).map_err(|errno| SandboxError::system("change the user", errno))?;
    // Being told so is not enough.
    if setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).is_ok() {
        return Err(SandboxError::StillRoot);
    }
    Ok(State::Held(format!("user {name} ({uid}), group {gid}, no other groups")))
}

/// Empties what a program that is started later could have; possible while the process may change it.
pub(super) fn empty_bounding_set() -> State {
    match caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP) {
        Ok(true) => match caps::clear(None, CapSet::Bounding) {
            Ok(()) => State::Held("bounding set empty".to_owned()),
            Err(error) => State::Missing(error.to_string()),
        },
        // Nothing can be gained from it: no program is started, and none would gain anything by it.
        _ => State::Held("bounding set left as it is, and of no use without new privileges".to_owned()),
    }
}

/// Empties all that this thread has.
pub(super) fn empty_capabilities() -> Result<State, SandboxError> {
    let sets = [CapSet::Ambient, CapSet::Effective, CapSet::Inheritable, CapSet::Permitted];
    for set in sets {
        caps::clear(None, set).map_err(SandboxError::Capabilities)?;
    }
    for set in sets {
        if !caps::read(None, set).map_err(SandboxError::Capabilities)?.is_empty() {
            return Err(SandboxError::StillCapable);
        }
    }
    Ok(State::Held("effective, permitted, inheritable and ambient sets empty".to_owned()))
}
