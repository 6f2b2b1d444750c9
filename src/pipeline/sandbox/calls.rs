//! Which system calls there are for what.

use nix::libc::*;

/// What every thread of ours needs to live: memory, locks, time, signals, its end.
pub(super) const LIVING: &[i64] = &[
    SYS_brk,
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_get_robust_list,
    SYS_getcpu,
    SYS_getpid,
    SYS_getrandom,
    SYS_gettid,
    SYS_gettimeofday,
    SYS_madvise,
    SYS_membarrier,
    SYS_mremap,
    SYS_munmap,
    SYS_nanosleep,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sched_getaffinity,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_sigaltstack,
];

/// What the thread that takes packets from the kernel needs beside: rings, statistics, files to read.
pub(super) const CAPTURING: &[i64] = &[
    SYS_bind, // netlink sockets only: it can open no other
    SYS_close,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fcntl,
    SYS_fstat,
    SYS_fstatfs,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_ioctl,
    SYS_lseek,
    SYS_newfstatat,
    SYS_ppoll,
    SYS_pread64,
    SYS_read,
    SYS_readlinkat,
    SYS_readv,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_statx,
];

/// The same under names that only older machines have.
#[cfg(target_arch = "x86_64")]
pub(super) const CAPTURING_OLD: &[i64] = &[SYS_access, SYS_lstat, SYS_poll, SYS_readlink, SYS_stat];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const CAPTURING_OLD: &[i64] = &[];

/// What the whole process needs beside: files of its own, the connections of its readers, threads.
pub(super) const SERVING: &[i64] = &[
    SYS_accept,
    SYS_accept4,
    SYS_capget,
    SYS_clone,
    SYS_close_range,
    SYS_connect,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fdatasync,
    SYS_flock,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getitimer,
    SYS_getpeername,
    SYS_getpgid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrusage,
    SYS_getsid,
    SYS_getuid,
    SYS_kill,
    SYS_mincore,
    SYS_mkdirat,
    SYS_mmap,
    SYS_mprotect,
    SYS_msync,
    SYS_openat,
    SYS_pipe2,
    SYS_prctl,
    SYS_preadv,
    SYS_preadv2,
    SYS_prlimit64,
    SYS_pselect6,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_recvmmsg,
    SYS_renameat,
    SYS_renameat2,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_setaffinity,
    SYS_seccomp,
    SYS_sendto,
    SYS_set_tid_address,
    SYS_setitimer,
    SYS_setpriority,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_signalfd4,
    SYS_socket,
    SYS_socketpair,
    SYS_statfs,
    SYS_sync_file_range,
    SYS_sysinfo,
    SYS_tgkill,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timer_settime,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_times,
    SYS_truncate,
    SYS_umask,
    SYS_uname,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_write,
    SYS_writev,
];

/// The same under names that only older machines have.
#[cfg(target_arch = "x86_64")]
pub(super) const SERVING_OLD: &[i64] = &[
    SYS_alarm,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_dup2,
    SYS_epoll_wait,
    SYS_getpgrp,
    SYS_getrlimit,
    SYS_mkdir,
    SYS_open,
    SYS_pause,
    SYS_pipe,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_time,
    SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const SERVING_OLD: &[i64] = &[];

/// What nobody in this process may do any more. Everything that is not named anywhere is refused too,
/// as if the kernel did not have it; these are refused as forbidden, so that whoever looks finds out.
pub(super) const NEVER: &[i64] = &[
    // Another program.
    SYS_execve,
    SYS_execveat,
    SYS_memfd_create,
    // Another process's memory, files and life.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_pidfd_getfd,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    // Another user.
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
    // Another listener, and whatever could carry an open socket to where it has another number.
    SYS_listen,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_sendfile,
    SYS_splice,
    SYS_tee,
    SYS_vmsplice,
    // Parts of the kernel that have been the way out of many sandboxes.
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    // Another world.
    SYS_unshare,
    SYS_setns,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_move_mount,
    SYS_open_tree,
    SYS_mknodat,
    SYS_open_by_handle_at,
    SYS_personality,
    // The machine itself.
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_acct,
    SYS_quotactl,
];

/// The same under names that only older machines have.
#[cfg(target_arch = "x86_64")]
pub(super) const NEVER_OLD: &[i64] =
    &[SYS_fork, SYS_vfork, SYS_mknod, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_kexec_file_load];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const NEVER_OLD: &[i64] = &[];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_never_done_is_needed_by_nobody() {
        let never: BTreeSet<i64> = [NEVER, NEVER_OLD].concat().into_iter().collect();
        let needed = [LIVING, CAPTURING, CAPTURING_OLD, SERVING, SERVING_OLD].concat();
        let both: Vec<i64> = needed.iter().copied().filter(|call| never.contains(call)).collect();
        assert_eq!(both, Vec::<i64>::new());
        assert_eq!(needed.iter().collect::<BTreeSet<_>>().len(), needed.len(), "one is named twice");
    }

    #[test]
    fn who_parses_packets_opens_and_sends_nothing() {
        for call in
            [SYS_openat, SYS_socket, SYS_connect, SYS_sendto, SYS_write, SYS_execve, SYS_clone, SYS_ioctl]
        {
            assert!(!LIVING.contains(&call), "{call}");
        }
    }
}
