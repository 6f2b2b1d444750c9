//! Each promise of the sandbox, broken from inside, or not: the program runs itself again as a sensor
//! that has just been confined and now belongs to somebody else.
//!
//! In a network of its own, as root if the tester is root, and else as root of a user namespace, where
//! becoming another user is not possible and not tried.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]
#![expect(clippy::print_stdout, reason = "this is what `cargo test` shows")]
#![expect(clippy::disallowed_methods, reason = "threads and clocks are what is tried")]
#![expect(unsafe_code, reason = "an intruder does not use safe wrappers")]

mod intruder;
mod work;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::unistd::geteuid;
use tapmap::pipeline::sandbox::{Mode, SandboxOptions, after_open, before_capture, probes};

/// Which part of the test a process plays; the program that `cargo test` starts has none.
const ROLE: &str = "TAPMAP_SANDBOX_ROLE";
/// Whether it is root of the whole machine.
const ROOT: &str = "TAPMAP_SANDBOX_ROOT";

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("judge") => judge(),
        Ok("sensor") => sensor(),
        Ok(other) => panic!("no role `{other}`"),
        Err(_) => return start(),
    }
    ExitCode::SUCCESS
}

/// Runs the judge in a network of its own, and says what came of it as `cargo test` would.
fn start() -> ExitCode {
    println!("\nrunning 1 test");
    let root = geteuid().is_root();
    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--fork", "--kill-child"]);
    if !root {
        unshare.args(["--user", "--map-root-user"]);
    }
    let status = unshare
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "judge")
        .env(ROOT, if root { "yes" } else { "no" })
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .status()
        .expect("`unshare` of util-linux");
    let (passed, word) = if status.success() { (1, "ok") } else { (0, "FAILED") };
    println!("test every_promise_of_the_sandbox_holds ... {word}");
    println!("\ntest result: {word}. {passed} passed; {} failed; 0 ignored;\n", 1 - passed);
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the sensor, is its client, and watches what it sends.
fn judge() {
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    let folder = tempfile::tempdir().unwrap();
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), permissions).unwrap();
    fs::create_dir(folder.path().join("read")).unwrap();
    fs::write(folder.path().join("read/site.toml"), "[site]").unwrap();
    fs::write(folder.path().join("outside"), "outside").unwrap();
    let mut sensor = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, "sensor")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(sensor.stdout.take().unwrap());
    let mut sent = None;
    loop {
        let mut line = String::new();
        assert!(told.read_line(&mut line).unwrap() > 0, "the sensor ended: {:?}", sensor.wait());
        print!("  {line}");
        if let Some(port) = line.strip_prefix("listening ") {
            talk(port.trim().parse().unwrap());
        } else if line.starts_with("before sending") {
            sent = Some(loopback_packets());
        } else if line.starts_with("after sending") {
            assert_eq!(Some(loopback_packets()), sent, "something left by the packet socket");
        } else if line.starts_with("done") {
            break;
        }
        sensor.stdin.as_mut().unwrap().write_all(b"go on\n").unwrap();
    }
    assert!(sensor.wait().unwrap().success());
}

/// Packets that were sent on the loopback.
fn loopback_packets() -> u64 {
    let table = fs::read_to_string("/proc/net/dev").unwrap();
    let line = table.lines().find(|line| line.trim_start().starts_with("lo:")).unwrap();
    line.split_ascii_whitespace().nth(10).unwrap().parse().unwrap()
}

/// A client of a server that is confined.
fn talk(port: u16) {
    for question in ["one\n", "two\n"] {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        connection.write_all(question.as_bytes()).unwrap();
        let mut answer = vec![0; question.len()];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(answer, question.as_bytes());
    }
}

/// Tells the judge, and waits until he has looked.
fn tell(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).unwrap();
}

fn options(folder: &Path, root: bool) -> SandboxOptions {
    SandboxOptions {
        mode: Mode::Strict,
        user: root.then(|| "nobody".to_owned()),
        group: None,
        data_dir: Some(folder.join("data")),
        read: vec![folder.join("read/site.toml")],
    }
}

/// Is confined, then tries everything.
fn sensor() {
    let root = std::env::var(ROOT).unwrap() == "yes";
    let folder: PathBuf = std::env::current_dir().unwrap();
    let mut options = options(&folder, root);
    if !root {
        options.mode = Mode::On;
    }
    let prepared = before_capture(&options).unwrap();
    let packets = intruder::packet_socket();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    intruder::can_do_everything(&packets, &folder);
    let report = after_open(prepared).unwrap();
    print!("{report}");
    if root {
        assert!(report.is_whole());
    }
    for probe in probes(&options) {
        assert!(probe.refused.is_some() || !root, "{} is possible", probe.what);
        println!("{}: {}", probe.what, probe.refused.unwrap_or_default());
    }
    tell("before sending");
    intruder::send_by_all_means(&packets);
    tell("after sending");
    intruder::process(&packets, &folder, root);
    intruder::parser(&folder);
    intruder::capture(&packets, &folder);
    work::everything_goes_on(listener, &folder, root);
    tell("done");
}
