//! What somebody would try who has taken over the sensor by a packet.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use tapmap::pipeline::sandbox::{capture_thread, parser_thread};

/// A packet socket on the loopback, as a capture has one.
pub fn packet_socket() -> OwnedFd {
    let all = (libc::ETH_P_ALL as u16).to_be();
    // SAFETY: the address is as long as is said, and lives during the call; the number is a new socket's.
    unsafe {
        let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, i32::from(all));
        assert!(socket >= 0, "{}", io::Error::last_os_error());
        let mut address: libc::sockaddr_ll = mem::zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = all;
        address.sll_ifindex = libc::if_nametoindex(c"lo".as_ptr()) as i32;
        let length = size_of_val(&address) as u32;
        assert_eq!(libc::bind(socket, (&raw const address).cast(), length), 0);
        OwnedFd::from_raw_fd(socket)
    }
}

const FRAME: [u8; 60] = [0xff; 60];

fn result(answer: i64) -> Result<(), Errno> {
    if answer < 0 { Err(Errno::last()) } else { Ok(()) }
}

fn call(number: i64, arguments: [usize; 4]) -> Result<(), Errno> {
    let [a, b, c, d] = arguments;
    // SAFETY: only called with numbers and pointers that the kernel checks, for what it refuses.
    result(unsafe { libc::syscall(number, a, b, c, d) })
}

fn io_result<T>(tried: io::Result<T>) -> Result<(), Errno> {
    tried.map(drop).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
}

/// Raw IP sockets are of some protocol; the others choose it by themselves.
fn protocol(family: i32, kind: i32) -> i32 {
    if (family, kind) == (libc::AF_INET, libc::SOCK_RAW) { libc::IPPROTO_ICMP } else { 0 }
}

fn open_socket(family: i32, kind: i32) -> Result<(), Errno> {
    // SAFETY: takes numbers only; what is opened is closed.
    let socket = unsafe { libc::socket(family, kind, protocol(family, kind)) };
    result(socket.into())?;
    // SAFETY: as above.
    result(unsafe { libc::close(socket) }.into())
}

fn send(packets: &OwnedFd) -> Result<(), Errno> {
    // SAFETY: the frame is as long as is said.
    result(unsafe { libc::send(packets.as_raw_fd(), FRAME.as_ptr().cast(), FRAME.len(), 0) } as i64)
}

fn run_true() -> Result<(), Errno> {
    io_result(Command::new("/bin/true").status())
}

fn code_from_memory() -> Result<(), Errno> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, which is never used.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), 4_096, protection, flags, -1, 0) };
    if memory == libc::MAP_FAILED { Err(Errno::last()) } else { Ok(()) }
}

/// Whatever is refused later is possible before, or it would prove nothing.
pub fn can_do_everything(packets: &OwnedFd, folder: &Path) {
    assert_eq!(send(packets), Ok(()));
    assert_eq!(run_true(), Ok(()));
    assert_eq!(code_from_memory(), Ok(()));
    for (family, kind) in SOCKETS {
        assert_eq!(open_socket(family, kind), Ok(()), "{family} {kind}");
    }
    fs::read("/etc/passwd").unwrap();
    fs::read(folder.join("outside")).unwrap();
    fs::write(folder.join("new"), "new").unwrap();
    fs::remove_file(folder.join("new")).unwrap();
}

const SOCKETS: [(i32, i32); 5] = [
    (libc::AF_PACKET, libc::SOCK_RAW),
    (libc::AF_INET, libc::SOCK_DGRAM),
    (libc::AF_INET, libc::SOCK_STREAM),
    (libc::AF_INET6, libc::SOCK_STREAM),
    (libc::AF_INET, libc::SOCK_RAW),
];

/// Every way to get a frame out of a packet socket, and out of a copy of it.
pub fn send_by_all_means(packets: &OwnedFd) {
    let number = packets.as_raw_fd();
    let all = number as usize;
    let frame = FRAME.as_ptr() as usize;
    refused("send on the capture's socket", send(packets));
    refused("write to it", call(libc::SYS_write, [all, frame, FRAME.len(), 0]));
    let pieces = [libc::iovec { iov_base: frame as *mut libc::c_void, iov_len: FRAME.len() }];
    refused("writev to it", call(libc::SYS_writev, [all, pieces.as_ptr() as usize, 1, 0]));
    // SAFETY: zeros are an empty message; the pieces live during the call.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = pieces.as_ptr().cast_mut();
    message.msg_iovlen = 1;
    refused("sendmsg on it", call(libc::SYS_sendmsg, [all, (&raw const message) as usize, 0, 0]));
    refused("sendmmsg on it", call(libc::SYS_sendmmsg, [all, (&raw const message) as usize, 1, 0]));
    refused("copy its number", call(libc::SYS_dup, [all, 0, 0, 0]));
    refused("copy it to a number", call(libc::SYS_dup3, [all, 200, 0, 0]));
    refused("copy it by fcntl", call(libc::SYS_fcntl, [all, libc::F_DUPFD as usize, 100, 0]));
    refused("splice into it", call(libc::SYS_splice, [0, 0, all, 0]));
    refused("sendfile into it", call(libc::SYS_sendfile, [all, 0, 0, 60]));
}

fn refused(what: &str, tried: Result<(), Errno>) {
    match tried {
        Err(Errno::EPERM | Errno::EACCES) => println!("{what}: refused"),
        other => panic!("{what}: {other:?}"),
    }
}

/// What no thread may do.
pub fn process(packets: &OwnedFd, folder: &Path, root: bool) {
    refused("start a program", run_true());
    for (name, number) in [
        ("execve", libc::SYS_execve),
        ("execveat", libc::SYS_execveat),
        ("ptrace", libc::SYS_ptrace),
        ("read another process's memory", libc::SYS_process_vm_readv),
        ("take another process's files", libc::SYS_pidfd_getfd),
        ("load a program into the kernel", libc::SYS_bpf),
        ("io_uring", libc::SYS_io_uring_setup),
        ("keys", libc::SYS_keyctl),
        ("a namespace", libc::SYS_unshare),
        ("mount", libc::SYS_mount),
        ("chroot", libc::SYS_chroot),
        ("a memory file", libc::SYS_memfd_create),
        ("set the clock", libc::SYS_clock_settime),
        ("become root", libc::SYS_setuid),
        ("become root by three", libc::SYS_setresuid),
        ("join groups", libc::SYS_setgroups),
        ("raise capabilities", libc::SYS_capset),
        ("load a module", libc::SYS_finit_module),
    ] {
        refused(name, call(number, [0, 0, 0, 0]));
    }
    refused("make a process", call(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0]));
    // SAFETY: takes a number only.
    refused("signal another process", result(unsafe { libc::kill(libc::getppid(), 0) }.into()));
    refused("listen", call(libc::SYS_listen, [packets.as_raw_fd() as usize, 1, 0, 0]));
    refused("code from memory", code_from_memory());
    refused("type into the terminal", call(libc::SYS_ioctl, [0, libc::TIOCSTI as usize, 0, 0]));
    for (family, kind) in SOCKETS {
        refused(&format!("socket {family} {kind}"), open_socket(family, kind));
    }
    assert_eq!(call(9_999, [0; 4]), Err(Errno::ENOSYS), "what nobody knows");
    #[cfg(target_arch = "x86_64")]
    assert_eq!(call(0x4000_0000 | 520, [0; 4]), Err(Errno::ENOSYS), "execve under the number of x32");
    refused("read /etc/passwd", io_result(fs::read("/etc/passwd")));
    refused("read what lies beside", io_result(fs::read(folder.join("outside"))));
    refused("write what lies beside", io_result(fs::write(folder.join("new"), "new")));
    refused("write what may be read", io_result(fs::write(folder.join("read/site.toml"), "new")));
    assert_eq!(fs::read(folder.join("read/site.toml")).unwrap(), b"[site]");
    fs::write(folder.join("data/own"), "own").unwrap();
    let link = std::os::unix::fs::symlink("/etc/passwd", folder.join("data/link"));
    assert!(link.is_err(), "a link out of the data directory");
    status(Path::new("/proc/self/status"), root);
}

/// What the kernel itself says of a thread.
pub fn status(path: &Path, root: bool) {
    let text = fs::read_to_string(path).unwrap();
    let says = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{key}")).trim().to_owned()
    };
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"] {
        assert_eq!(says(set), "0000000000000000", "{set} of {}", path.display());
    }
    assert_eq!((says("NoNewPrivs"), says("Seccomp")), ("1".to_owned(), "2".to_owned()));
    if root {
        assert_eq!(says("Groups"), "");
        assert!(says("Uid").split_whitespace().all(|uid| uid != "0"));
        assert!(says("Gid").split_whitespace().all(|gid| gid != "0"));
    }
}

/// What a thread that parses packets may not do, and what it must be able to.
pub fn parser(folder: &Path) {
    let mut open = OpenOptions::new().append(true).open(folder.join("data/own")).unwrap();
    let (out, into) = mpsc::channel();
    let path = folder.join("data/own");
    let parser = std::thread::spawn(move || {
        parser_thread();
        let tried = vec![
            ("parser: open its own directory's file", io_result(File::open(&path))),
            ("parser: write to an open file", io_result(open.write_all(b"x"))),
            ("parser: start a program", call(libc::SYS_execve, [0; 4])),
            ("parser: a socket", open_socket(libc::AF_UNIX, libc::SOCK_DGRAM)),
            ("parser: connect", call(libc::SYS_connect, [0; 4])),
            ("parser: send", call(libc::SYS_sendto, [0; 4])),
            ("parser: become root", call(libc::SYS_setuid, [0; 4])),
            ("parser: a thread", call(libc::SYS_clone, [libc::CLONE_THREAD as usize, 0, 0, 0])),
            ("parser: another filter", call(libc::SYS_seccomp, [0; 4])),
            ("parser: code from memory", code_from_memory()),
        ];
        out.send(tried).unwrap();
        live()
    });
    for (what, tried) in into.recv().unwrap() {
        refused(what, tried);
    }
    assert!(parser.join().unwrap() > 0);
}

/// Memory, locks, time, random numbers, a panic: what Rust and the C library do under the hood.
fn live() -> usize {
    let mut kept = Vec::new();
    for size in [100, 10_000, 1_000_000, 100_000_000] {
        kept.push(vec![1_u8; size]);
        kept.last_mut().unwrap().reserve(size);
    }
    kept.truncate(1);
    let map: std::collections::HashMap<u8, u8> = (0..200).map(|n| (n, n)).collect();
    let _ = std::time::Instant::now();
    let _ = std::time::SystemTime::now();
    std::thread::sleep(Duration::from_millis(1));
    std::thread::yield_now();
    let lock = std::sync::Mutex::new(0);
    *lock.lock().unwrap() += 1;
    let panicked = std::panic::catch_unwind(|| panic!("on purpose, and caught"));
    assert!(panicked.is_err());
    let (full, empty) = crossbeam_channel::bounded::<u8>(1);
    full.send(1).unwrap();
    assert!(empty.recv_timeout(Duration::from_millis(1)).is_ok());
    assert!(empty.recv_timeout(Duration::from_millis(1)).is_err());
    map.len()
}

/// What the thread that takes packets may not do, and what it must be able to.
pub fn capture(packets: &OwnedFd, folder: &Path) {
    assert!(packets.try_clone().is_err(), "a packet socket has no second number");
    let number = packets.as_raw_fd() as usize;
    let folder = folder.to_owned();
    let thread = std::thread::spawn(move || {
        capture_thread();
        let tried = vec![
            ("capture: write a file", io_result(fs::write(folder.join("data/own"), "x"))),
            ("capture: make a file", io_result(File::create_new(folder.join("data/new")))),
            ("capture: start a program", call(libc::SYS_execve, [0; 4])),
            ("capture: a local stream", open_socket(libc::AF_UNIX, libc::SOCK_STREAM)),
            ("capture: an IP socket", open_socket(libc::AF_INET, libc::SOCK_DGRAM)),
            ("capture: a packet socket", open_socket(libc::AF_PACKET, libc::SOCK_RAW)),
            ("capture: connect", call(libc::SYS_connect, [0; 4])),
            ("capture: send on its socket", call(libc::SYS_sendto, [number, 0, 0, 0])),
            ("capture: write to its socket", call(libc::SYS_write, [number, 0, 0, 0])),
            ("capture: a thread", call(libc::SYS_clone, [libc::CLONE_THREAD as usize, 0, 0, 0])),
        ];
        // What it must be able to: files that it watches, and what the kernel says of interfaces.
        assert_eq!(fs::read(folder.join("read/site.toml")).unwrap(), b"[site]");
        assert_eq!(fs::read_dir(folder.join("read")).unwrap().count(), 1);
        let interfaces: Vec<String> =
            nix::ifaddrs::getifaddrs().unwrap().map(|interface| interface.interface_name).collect();
        assert!(interfaces.contains(&"lo".to_owned()), "{interfaces:?}");
        fs::read_to_string("/proc/self/net/dev").unwrap();
        fs::read_to_string("/proc/sys/net/ipv6/conf/lo/disable_ipv6").unwrap();
        assert_eq!(nix::net::if_::if_nametoindex("lo"), Ok(1));
        live();
        tried
    });
    for (what, tried) in thread.join().unwrap() {
        refused(what, tried);
    }
}
