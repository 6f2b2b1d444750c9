//! Which system calls are left: seccomp.
//!
//! Three filters. Two for the process, from the end of its start on: one knows what is needed and
//! answers everything else with `ENOSYS`, as a kernel that lacks it, so that the C library takes its
//! other ways; the other forbids (`EPERM`). A third for each thread that parses packets. Where several
//! apply, the strictest answer counts (seccomp(2)).

use std::collections::BTreeMap;

use nix::libc::{
    AF_NETLINK, AF_UNIX, CLONE_THREAD, ENOSYS, EPERM, F_DUPFD, F_DUPFD_CLOEXEC, O_ACCMODE, O_CREAT, O_TRUNC,
    PROT_EXEC, SOCK_DGRAM, SYS_clone, SYS_dup, SYS_dup3, SYS_fcntl, SYS_ioctl, SYS_kill, SYS_mmap,
    SYS_mprotect, SYS_openat, SYS_pwrite64, SYS_pwritev, SYS_pwritev2, SYS_sendto, SYS_socket, SYS_tgkill,
    SYS_write, SYS_writev, TIOCLINUX, TIOCSTI,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch,
};

use super::calls::{CAPTURING, CAPTURING_OLD, LIVING, NEVER, NEVER_OLD, SERVING, SERVING_OLD};

/// Calls, each with the rules of which one must hold; none: it always holds.
type Calls = BTreeMap<i64, Vec<Rule>>;

/// Programs for the kernel.
pub(super) struct Filters {
    /// For the process: what it needs.
    pub(super) needed: BpfProgram,
    /// For the process: what is forbidden.
    pub(super) forbidden: BpfProgram,
    /// For threads that parse packets.
    pub(super) parser: BpfProgram,
    /// For the thread that takes packets from the kernel.
    pub(super) capture: BpfProgram,
}

impl Filters {
    /// Makes all of them. `packet_sockets` are open already, and nothing may be written to them.
    pub(super) fn new(packet_sockets: &[i32]) -> Result<Filters, seccompiler::BackendError> {
        let needed = [LIVING, CAPTURING, CAPTURING_OLD, SERVING, SERVING_OLD].concat();
        Ok(Filters {
            needed: compile(always(&needed), SeccompAction::Allow, refuse(ENOSYS))?,
            forbidden: compile(forbidden(packet_sockets)?, refuse(EPERM), SeccompAction::Allow)?,
            parser: compile(parser()?, SeccompAction::Allow, refuse(EPERM))?,
            capture: compile(capture()?, SeccompAction::Allow, refuse(EPERM))?,
        })
    }
}

fn refuse(errno: i32) -> SeccompAction {
    SeccompAction::Errno(errno.unsigned_abs())
}

fn always(calls: &[i64]) -> Calls {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn compile(
    calls: Calls,
    matched: SeccompAction,
    otherwise: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let machine = TargetArch::try_from(std::env::consts::ARCH)?;
    // The filter names the action of what is not in it first.
    BpfProgram::try_from(SeccompFilter::new(calls, otherwise, matched, machine)?)
}

/// The bits of a socket's type that are not flags.
const KIND: i32 = 0xf;

/// `argument & mask == value`, in its lower 32 bits.
fn masked(argument: u8, mask: i32, value: i32) -> Result<Condition, seccompiler::BackendError> {
    let (mask, value) = (u64::from(mask.unsigned_abs()), u64::from(value.unsigned_abs()));
    Condition::new(argument, Length::Dword, Compare::MaskedEq(mask), value)
}

fn compared(argument: u8, compare: Compare, value: u64) -> Result<Condition, seccompiler::BackendError> {
    Condition::new(argument, Length::Dword, compare, value)
}

fn number(value: i32) -> u64 {
    u64::from(value.unsigned_abs())
}

/// What nobody may do, by call or by what it is asked for.
fn forbidden(packet_sockets: &[i32]) -> Result<Calls, seccompiler::BackendError> {
    let mut calls = always(&[NEVER, NEVER_OLD].concat());
    let mut add = |call: i64, conditions: Vec<Condition>| {
        calls.entry(call).or_default().push(Rule::new(conditions)?);
        Ok::<(), seccompiler::BackendError>(())
    };
    // No socket but for systemd and for asking the kernel about interfaces: none of IP, none for packets.
    let families = [AF_UNIX, AF_NETLINK].map(|family| compared(0, Compare::Ne, number(family)));
    add(SYS_socket, families.into_iter().collect::<Result<_, _>>()?)?;
    // Threads, and no processes.
    add(SYS_clone, vec![masked(0, CLONE_THREAD, 0)?])?;
    // No memory that holds code.
    for call in [SYS_mmap, SYS_mprotect] {
        add(call, vec![masked(2, PROT_EXEC, PROT_EXEC)?])?;
    }
    // Signals to itself only.
    for call in [SYS_kill, SYS_tgkill] {
        add(call, vec![compared(0, Compare::Ne, u64::from(std::process::id()))?])?;
    }
    // No letters typed into the terminal that it was started from.
    for request in [TIOCSTI, TIOCLINUX] {
        add(SYS_ioctl, vec![compared(1, Compare::Eq, request)?])?;
    }
    // A packet socket is read: nothing is sent with it, under no other number either.
    for &socket in packet_sockets {
        for call in
            [SYS_sendto, SYS_write, SYS_writev, SYS_pwrite64, SYS_pwritev, SYS_pwritev2, SYS_dup, SYS_dup3]
        {
            add(call, vec![compared(0, Compare::Eq, number(socket))?])?;
        }
        #[cfg(target_arch = "x86_64")]
        add(nix::libc::SYS_dup2, vec![compared(0, Compare::Eq, number(socket))?])?;
        for command in [F_DUPFD, F_DUPFD_CLOEXEC] {
            let of_it = compared(0, Compare::Eq, number(socket))?;
            add(SYS_fcntl, vec![of_it, compared(1, Compare::Eq, number(command))?])?;
        }
    }
    Ok(calls)
}

/// What parses packets lives, and can say on standard error why it dies.
fn parser() -> Result<Calls, seccompiler::BackendError> {
    let mut calls = always(LIVING);
    for call in [SYS_mmap, SYS_mprotect] {
        calls.insert(call, vec![Rule::new(vec![masked(2, PROT_EXEC, 0)?])?]);
    }
    for call in [SYS_write, SYS_writev] {
        calls.insert(call, vec![Rule::new(vec![compared(0, Compare::Eq, 2)?])?]);
    }
    let itself = compared(0, Compare::Eq, u64::from(std::process::id()))?;
    calls.insert(SYS_tgkill, vec![Rule::new(vec![itself])?]);
    Ok(calls)
}

/// What takes packets from the kernel reads, and asks the kernel about its interfaces.
fn capture() -> Result<Calls, seccompiler::BackendError> {
    let mut calls = parser()?;
    calls.extend(always(CAPTURING));
    calls.extend(always(CAPTURING_OLD));
    let read_only = |argument| masked(argument, O_ACCMODE | O_CREAT | O_TRUNC, 0);
    calls.insert(SYS_openat, vec![Rule::new(vec![read_only(2)?])?]);
    #[cfg(target_arch = "x86_64")]
    calls.insert(nix::libc::SYS_open, vec![Rule::new(vec![read_only(1)?])?]);
    // The C library asks for an interface's number with any socket at hand, and takes a local one.
    let local = vec![compared(0, Compare::Eq, number(AF_UNIX))?, masked(1, KIND, SOCK_DGRAM)?];
    let netlink = vec![compared(0, Compare::Eq, number(AF_NETLINK))?];
    calls.insert(SYS_socket, vec![Rule::new(netlink)?, Rule::new(local)?]);
    // To ask netlink, and to tell systemd; never on a packet socket, which the process has forbidden.
    calls.insert(SYS_sendto, Vec::new());
    // To wake whoever waits for a stop or a tick: pipes and eventfds; never a packet socket, see above.
    for call in [SYS_write, SYS_writev] {
        calls.insert(call, Vec::new());
    }
    Ok(calls)
}
